package main

import (
	"sync/atomic"
	"testing"
	"time"
)

func TestValues(t *testing.T) {
	// Two lengths with what they count, and no reply-to.
	const want = "\norders.new\x05hello\x00"
	bytes := appendMessage(nil, "orders.new", []byte("hello"))
	if string(bytes) != want {
		t.Fatalf("%q", bytes)
	}
	for cut := range bytes {
		if _, _, ok := takeMessage(bytes[:cut]); ok {
			t.Errorf("taken for whole after %d bytes", cut)
		}
	}
	subject, body, ok := takeMessage(bytes)
	if !ok || subject != "orders.new" || string(body) != "hello" {
		t.Errorf("%q %q %v", subject, body, ok)
	}
	if failure, ok := takeAnswer([]byte("\x01\x04boom"), false); !ok || failure != "boom" {
		t.Errorf("%q %v", failure, ok)
	}
	if _, ok := takeAnswer([]byte{0}, true); ok {
		t.Error("an answer without its message taken for whole")
	}
}

func TestQuantiles(t *testing.T) {
	var l latencies
	if l.quantiles() != nil {
		t.Error("quantiles of nothing")
	}
	for i := range 101 {
		l.add(int64(100-i) * 1e6)
	}
	if q := l.quantiles(); q.P50 != 50 || q.P99 != 99 || q.Max != 100 {
		t.Errorf("%+v", q)
	}
}

// Who is held up is late for those after, and their time counts from when they were due.
func TestPaceCountsWaiting(t *testing.T) {
	var last int64
	began := now()
	pace(1000, 20, nil, func(i int, due int64) {
		if i == 0 {
			time.Sleep(15 * time.Millisecond)
		}
		if i == 10 && now()-due < int64(4*time.Millisecond) {
			t.Error("due has moved with the delay")
		}
		last = due
	})
	if got := last - began; got < 18.9e6 || got > 25e6 {
		t.Errorf("the last of 20 at 1,000/s was due after %d ns", got)
	}
}

func TestSettleEndsWithoutProgress(t *testing.T) {
	var count atomic.Int64
	go func() {
		time.Sleep(5 * time.Millisecond)
		count.Store(3)
	}()
	began := now()
	at := settle(func() int { return int(count.Load()) }, 5, 50*time.Millisecond, began)
	if at-began > int64(40*time.Millisecond) || now()-at < int64(50*time.Millisecond) {
		t.Errorf("settled at %d of %d", at-began, now()-began)
	}
}
