package main

import "sync/atomic"

func deliver(o options) (result, error) {
	lattice, err := connect(o.lattice)
	if err != nil {
		return result{}, err
	}
	backing, err := connect(o.backing)
	if err != nil {
		return result{}, err
	}
	var took latencies
	var answers atomic.Int64
	slots := make(chan struct{}, max(o.window, 1))
	c := &component{nc: lattice, delay: o.handler}
	c.received = func(_ string, body []byte) { took.add(now() - stamped(body)) }
	c.answered = func() {
		answers.Add(1)
		if o.window > 0 {
			release(slots)
		}
	}
	if err := c.serve(o.latticeName, o.component); err != nil {
		return result{}, err
	}
	body := make([]byte, o.size)
	var lag latencies
	send := func(_ int, due int64) {
		lag.add(now() - due)
		stamp(body, due)
		_ = backing.Publish("in.bench", body)
	}
	cpu, began := cpuSeconds(), now()
	if o.rate > 0 {
		pace(o.rate, o.count, nil, send)
	} else {
		for i := 0; i < o.count; i++ {
			if o.window > 0 && !acquire(slots, o.patience) {
				// What has not been answered will not be: room for others.
				for range o.window {
					release(slots)
				}
				slots <- struct{}{}
			}
			send(i, now())
		}
	}
	_ = backing.Flush()
	end := settle(func() int { return int(answers.Load()) }, o.count, o.patience, now())
	end = settle(func() int { return int(c.ended.Load()) }, int(c.calls.Load()), o.patience, end)
	r := result{
		Messages:   o.count,
		Seconds:    float64(end-began) / 1e9,
		CPUSeconds: cpuSeconds() - cpu,
		Lost:       o.count - int(answers.Load()),
		Unfinished: int(c.calls.Load() - c.ended.Load()),
		Latency:    took.quantiles(),
	}
	if o.rate > 0 {
		r.SendLag = lag.quantiles()
	}
	return r, nil
}
