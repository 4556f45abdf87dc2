package main

import (
	"encoding/binary"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

var epoch = time.Now()

// now is monotonic, in ns.
func now() int64 { return int64(time.Since(epoch)) }

// stamp writes a time into the first bytes of a body.
func stamp(body []byte, at int64) { binary.LittleEndian.PutUint64(body, uint64(at)) }

// stamped reads it.
func stamped(body []byte) int64 { return int64(binary.LittleEndian.Uint64(body)) }

// quantiles in milliseconds. They are exact: all values are kept.
type quantiles struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

// latencies collects times, from several goroutines.
type latencies struct {
	mu sync.Mutex
	ns []int64
}

func (l *latencies) add(ns int64) {
	l.mu.Lock()
	l.ns = append(l.ns, ns)
	l.mu.Unlock()
}

func (l *latencies) quantiles() *quantiles {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ns) == 0 {
		return nil
	}
	slices.Sort(l.ns)
	at := func(share float64) float64 {
		return float64(l.ns[int(float64(len(l.ns)-1)*share)]) / 1e6
	}
	return &quantiles{at(0.5), at(0.9), at(0.99), at(0.999), at(1)}
}

// pace calls send at a fixed rate, each time with the time at which it was due: who is late does not
// make the next one late, and waiting counts (no coordinated omission). It ends after count, or when
// stop is closed.
func pace(rate float64, count int, stop <-chan struct{}, send func(i int, due int64)) {
	// Go's own timers round up to the millisecond when there is nothing else to do.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := now()
	for i := 0; i < count; i++ {
		select {
		case <-stop:
			return
		default:
		}
		due := began + int64(float64(i)*1e9/rate)
		if wait := due - now(); wait > 0 {
			span := syscall.NsecToTimespec(wait)
			_ = syscall.Nanosleep(&span, nil)
		}
		send(i, due)
	}
}
