package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats.go"
)

// mixed says READY, does a third of -rate each of deliveries, publishes and requests, and ends when
// its standard input does.
func mixed(o options) (result, error) {
	lattice, err := connect(o.lattice)
	if err != nil {
		return result{}, err
	}
	backing, err := connect(o.backing)
	if err != nil {
		return result{}, err
	}
	var sent, done, errors atomic.Int64
	c := &component{nc: lattice, answered: func() { done.Add(1) }}
	if err := c.serve(o.latticeName, o.component); err != nil {
		return result{}, err
	}
	err = subscribe(backing, "svc.echo", "", func(m *nats.Msg) { _ = m.Respond(m.Data) })
	if err != nil {
		return result{}, err
	}
	callers := map[string]*caller{}
	for _, function := range []string{"publish", "request"} {
		caller := toProvider(lattice, o, function)
		caller.done = func(_ int, failure string) {
			done.Add(1)
			if failure != "" {
				errors.Add(1)
			}
		}
		if err := caller.start(); err != nil {
			return result{}, err
		}
		callers[function] = caller
	}
	stop := make(chan struct{})
	var all sync.WaitGroup
	run := func(send func(due int64)) {
		all.Go(func() {
			pace(o.rate/3, math.MaxInt, stop, func(_ int, due int64) {
				sent.Add(1)
				send(due)
			})
		})
	}
	body := make([]byte, o.size)
	run(func(due int64) {
		stamp(body, due)
		_ = backing.Publish("in.bench", body)
	})
	run(func(int64) { _, _ = callers["publish"].call() })
	run(func(int64) { _, _ = callers["request"].call() })
	cpu, began := cpuSeconds(), now()
	fmt.Println("READY")
	_, _ = io.Copy(io.Discard, os.Stdin)
	close(stop)
	all.Wait()
	end := settle(func() int { return int(done.Load()) }, int(sent.Load()), o.patience, now())
	return result{
		Messages:   int(sent.Load()),
		Seconds:    float64(end-began) / 1e9,
		CPUSeconds: cpuSeconds() - cpu,
		Lost:       int(sent.Load() - done.Load()),
		Errors:     int(errors.Load()),
	}, nil
}
