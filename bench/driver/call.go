package main

import (
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats.go"
)

// call measures publish or request, of a component that the driver plays.
func call(o options, function string) (result, error) {
	lattice, err := connect(o.lattice)
	if err != nil {
		return result{}, err
	}
	backing, err := connect(o.backing)
	if err != nil {
		return result{}, err
	}
	c := toProvider(lattice, o, function)
	var arrived atomic.Int64
	if function == "publish" {
		err = subscribe(backing, "out.>", "", func(*nats.Msg) { arrived.Add(1) })
	} else {
		err = subscribe(backing, "svc.echo", "", func(m *nats.Msg) {
			arrived.Add(1)
			_ = m.Respond(m.Data)
		})
	}
	if err != nil {
		return result{}, err
	}
	if err := backing.Flush(); err != nil {
		return result{}, err
	}
	return closedLoop(o, c, func() int { return int(arrived.Load()) })
}

func toProvider(lattice *nats.Conn, o options, function string) *caller {
	body := make([]byte, o.size)
	c := &caller{
		nc:      lattice,
		subject: o.latticeName + "." + o.provider + "." + consumer + function,
		headers: nats.Header{"source-id": {o.component}, "link-name": {"default"}},
	}
	if function == "publish" {
		c.params = appendMessage(nil, "out.bench", body)
		return c
	}
	c.params = appendBytes(nil, []byte("svc.echo"))
	c.params = appendBytes(c.params, body)
	// timeout-ms: 5000.
	c.params = append(c.params, 0x88, 0x27)
	c.withMessage = true
	return c
}

// closedLoop keeps as many calls outstanding as the window says.
func closedLoop(o options, c *caller, arrived func() int) (result, error) {
	var took latencies
	var finished atomic.Int64
	var r result
	var mu sync.Mutex
	sentAt := make([]int64, o.count)
	left := o.count
	next := func() {
		mu.Lock()
		if left == 0 {
			mu.Unlock()
			return
		}
		left--
		sentAt[o.count-1-left] = now()
		// Ids count as left does: the lock is held until this one has its own.
		_, err := c.call()
		mu.Unlock()
		if err != nil {
			fail(err)
		}
	}
	c.done = func(id int, failure string) {
		took.add(now() - sentAt[id])
		if failure != "" {
			mu.Lock()
			r.Errors++
			if r.FirstError == "" {
				r.FirstError = failure
			}
			mu.Unlock()
		}
		finished.Add(1)
		next()
	}
	if err := c.start(); err != nil {
		return r, err
	}
	cpu, began := cpuSeconds(), now()
	for range max(o.window, 1) {
		next()
	}
	// A slot whose call is lost calls no more; the others go on, so this ends.
	end := settle(func() int { return int(finished.Load()) }, o.count, o.patience, began)
	mu.Lock()
	wanted := int(finished.Load()) - r.Errors
	mu.Unlock()
	settle(arrived, wanted, o.patience, end)
	settle(func() int { return int(c.ended.Load()) }, int(finished.Load()), o.patience, end)
	mu.Lock()
	defer mu.Unlock()
	r.Messages = int(finished.Load())
	r.Seconds = float64(end-began) / 1e9
	r.CPUSeconds = cpuSeconds() - cpu
	r.Unfinished = o.count - left - r.Messages
	r.Lost = max(0, r.Messages-r.Errors-arrived())
	r.Latency = took.quantiles()
	return r, nil
}
