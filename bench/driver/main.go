// Command driver plays the components and the peers around a messaging provider, over the real
// protocol, and prints one JSON object with what it measured. `npm run bench -- beside` builds and
// starts it.
//
//	driver <mode> [flags]
//
// Modes:
//
//	deliver  publishes on the backing server, answers handle-message as the component
//	publish  calls the provider's publish as the component, counts what arrives
//	request  calls the provider's request as the component, answers on the backing server
//	start    publishes until the component is called for the first time
//	links    publishes to many links until each of their components has been called
//	mixed    deliver, publish and request at once, at fixed rates, until it is told to end
//	core     publish and subscribe through the server alone
//	ask      request and reply through the server alone
//	pair     two bare wRPC peers, no provider between
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
)

type options struct {
	lattice, backing  string
	latticeName       string
	component         string
	provider          string
	count             int
	size              int
	window            int
	rate              float64
	handler, patience time.Duration
}

// result is what every mode prints; a mode leaves out what it does not measure.
type result struct {
	Messages   int        `json:"messages"`
	Seconds    float64    `json:"seconds"`
	PerSecond  float64    `json:"perSecond"`
	CPUSeconds float64    `json:"cpuSeconds"`
	Lost       int        `json:"lost"`
	Unfinished int        `json:"unfinished"`
	Errors     int        `json:"errors"`
	FirstError string     `json:"firstError,omitempty"`
	Latency    *quantiles `json:"latencyMs,omitempty"`
	SendLag    *quantiles `json:"sendLagMs,omitempty"`
	// Wall clock, in ms since 1970.
	LastAt float64 `json:"lastAt,omitempty"`
}

var modes = map[string]func(options) (result, error){
	"deliver": deliver,
	"publish": func(o options) (result, error) { return call(o, "publish") },
	"request": func(o options) (result, error) { return call(o, "request") },
	"start":   func(o options) (result, error) { return links(o, 1, time.Millisecond) },
	"links":   func(o options) (result, error) { return links(o, o.count, 50*time.Millisecond) },
	"mixed":   mixed,
	"core":    core,
	"ask":     ask,
	"pair":    pair,
}

func main() {
	if len(os.Args) < 2 || modes[os.Args[1]] == nil {
		fail(fmt.Errorf("the first argument is the mode; see the head of main.go"))
	}
	var o options
	flags := flag.NewFlagSet("driver", flag.ExitOnError)
	flags.StringVar(&o.lattice, "lattice", "nats://127.0.0.1:4222", "server of the lattice")
	flags.StringVar(&o.backing, "backing", "nats://127.0.0.1:4222", "server that the links name")
	flags.StringVar(&o.latticeName, "lattice-name", "default", "name of the lattice")
	flags.StringVar(&o.component, "component", "shop", "id of the component")
	flags.StringVar(&o.provider, "provider", "messaging", "id of the provider")
	flags.IntVar(&o.count, "count", 10_000, "messages or calls or links")
	flags.IntVar(&o.size, "size", 1024, "bytes of a body, at least 8")
	flags.IntVar(&o.window, "window", 0, "so many unanswered at a time; 0 is no limit")
	flags.Float64Var(&o.rate, "rate", 0, "messages a second; 0 is as fast as the window lets")
	flags.DurationVar(&o.handler, "handler", 0, "time that the component takes for a message")
	flags.DurationVar(&o.patience, "patience", 3*time.Second, "what has not come after so long without progress is lost")
	_ = flags.Parse(os.Args[2:])
	if o.size < 8 {
		fail(fmt.Errorf("-size is %d; a body carries its time, so make it 8 or more", o.size))
	}
	r, err := modes[os.Args[1]](o)
	if err != nil {
		fail(err)
	}
	if r.Seconds > 0 {
		r.PerSecond = float64(r.Messages) / r.Seconds
	}
	_ = json.NewEncoder(os.Stdout).Encode(r)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "driver:", err)
	os.Exit(1)
}

// connect opens a connection that never gives up what it has been told to keep.
func connect(url string) (*nats.Conn, error) {
	nc, err := nats.Connect(url, nats.Name("bench-driver"), nats.NoReconnect())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", url, err)
	}
	return nc, nil
}

// subscribe without nats.go's limit on what waits: a bench counts what is lost, it does not add to it.
func subscribe(nc *nats.Conn, subject, queue string, handle nats.MsgHandler) error {
	sub, err := nc.QueueSubscribe(subject, queue, handle)
	if err != nil {
		return fmt.Errorf("subscribing to %s: %w", subject, err)
	}
	return sub.SetPendingLimits(-1, -1)
}

// cpuSeconds is the processor time of this process so far, in all threads, user and system.
func cpuSeconds() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}
