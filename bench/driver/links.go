package main

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// links says READY, publishes to in.0, in.1, … again and again, and ends when each has come to a
// component: that is when every link serves.
func links(o options, count int, every time.Duration) (result, error) {
	lattice, err := connect(o.lattice)
	if err != nil {
		return result{}, err
	}
	backing, err := connect(o.backing)
	if err != nil {
		return result{}, err
	}
	var mu sync.Mutex
	missing := map[int]bool{}
	for i := range count {
		missing[i] = true
	}
	last := time.Now()
	c := &component{nc: lattice}
	c.received = func(subject string, _ []byte) {
		i, _ := strconv.Atoi(strings.TrimPrefix(subject, "in."))
		mu.Lock()
		if missing[i] {
			delete(missing, i)
			last = time.Now()
		}
		mu.Unlock()
	}
	if err := c.serve(o.latticeName, "*"); err != nil {
		return result{}, err
	}
	fmt.Println("READY")
	body := make([]byte, o.size)
	began := time.Now()
	for {
		mu.Lock()
		left := make([]int, 0, len(missing))
		for i := range missing {
			left = append(left, i)
		}
		at := last
		mu.Unlock()
		if len(left) == 0 || time.Since(began) > time.Minute {
			return result{
				Messages: count,
				Lost:     len(left),
				LastAt:   float64(at.UnixMicro()) / 1e3,
			}, nil
		}
		for _, i := range left {
			_ = backing.Publish("in."+strconv.Itoa(i), body)
		}
		time.Sleep(every)
	}
}
