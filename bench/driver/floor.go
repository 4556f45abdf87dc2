package main

import (
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats.go"
)

// core measures what a server alone takes for publish and subscribe, with the window of deliver.
func core(o options) (result, error) {
	from, err := connect(o.backing)
	if err != nil {
		return result{}, err
	}
	to, err := connect(o.backing)
	if err != nil {
		return result{}, err
	}
	var took latencies
	var seen atomic.Int64
	slots := make(chan struct{}, max(o.window, 1))
	err = subscribe(to, "in.bench", "", func(m *nats.Msg) {
		took.add(now() - stamped(m.Data))
		seen.Add(1)
		if o.window > 0 {
			release(slots)
		}
	})
	if err != nil {
		return result{}, err
	}
	if err := to.Flush(); err != nil {
		return result{}, err
	}
	body := make([]byte, o.size)
	send := func(_ int, due int64) {
		stamp(body, due)
		_ = from.Publish("in.bench", body)
	}
	cpu, began := cpuSeconds(), now()
	if o.rate > 0 {
		pace(o.rate, o.count, nil, send)
	} else {
		for i := 0; i < o.count; i++ {
			if o.window > 0 {
				acquire(slots, o.patience)
			}
			send(i, now())
		}
	}
	_ = from.Flush()
	end := settle(func() int { return int(seen.Load()) }, o.count, o.patience, now())
	return result{
		Messages:   o.count,
		Seconds:    float64(end-began) / 1e9,
		CPUSeconds: cpuSeconds() - cpu,
		Lost:       o.count - int(seen.Load()),
		Latency:    took.quantiles(),
	}, nil
}

// ask measures plain request and reply through a server.
func ask(o options) (result, error) {
	client, err := connect(o.backing)
	if err != nil {
		return result{}, err
	}
	service, err := connect(o.backing)
	if err != nil {
		return result{}, err
	}
	err = subscribe(service, "svc.echo", "", func(m *nats.Msg) { _ = m.Respond(m.Data) })
	if err != nil {
		return result{}, err
	}
	if err := service.Flush(); err != nil {
		return result{}, err
	}
	var took latencies
	var left, failed atomic.Int64
	left.Store(int64(o.count))
	body := make([]byte, o.size)
	var all sync.WaitGroup
	cpu, began := cpuSeconds(), now()
	for range max(o.window, 1) {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				at := now()
				if _, err := client.Request("svc.echo", body, o.patience); err != nil {
					failed.Add(1)
				}
				took.add(now() - at)
			}
		})
	}
	all.Wait()
	return result{
		Messages:   o.count,
		Seconds:    float64(now()-began) / 1e9,
		CPUSeconds: cpuSeconds() - cpu,
		Lost:       int(failed.Load()),
		Latency:    took.quantiles(),
	}, nil
}

// pair measures two bare wRPC peers: one calls handle-message of the other.
func pair(o options) (result, error) {
	to, err := connect(o.lattice)
	if err != nil {
		return result{}, err
	}
	from, err := connect(o.lattice)
	if err != nil {
		return result{}, err
	}
	serving := &component{nc: to}
	if err := serving.serve(o.latticeName, o.component); err != nil {
		return result{}, err
	}
	c := &caller{
		nc:      from,
		subject: o.latticeName + "." + o.component + "." + handler,
		headers: nats.Header{"source-id": {o.provider}, "target-id": {o.component}},
		params:  appendMessage(nil, "in.bench", make([]byte, o.size)),
	}
	return closedLoop(o, c, func() int { return int(serving.calls.Load()) })
}
