package main

import "time"

// settle waits until all has come, or nothing has for as long as patience lasts. It returns when the
// count last grew, in ns of now(); if it has not, since.
func settle(count func() int, all int, patience time.Duration, since int64) int64 {
	began, last := now(), count()
	if last >= all {
		return began
	}
	at := since
	for last < all && now()-max(at, began) < int64(patience) {
		time.Sleep(200 * time.Microsecond)
		if c := count(); c != last {
			last, at = c, now()
		}
	}
	return at
}

// acquire takes a slot; false if none has been given back for as long as patience lasts.
func acquire(slots chan struct{}, patience time.Duration) bool {
	select {
	case slots <- struct{}{}:
		return true
	default:
	}
	select {
	case slots <- struct{}{}:
		return true
	case <-time.After(patience):
		return false
	}
}

// release gives a slot back, unless all have been given back because they were taken for lost.
func release(slots chan struct{}) {
	select {
	case <-slots:
	default:
	}
}
