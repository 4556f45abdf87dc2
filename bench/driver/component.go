package main

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	handler  = "wrpc.0.0.1.wasmcloud:messaging/handler@0.2.0.handle-message"
	consumer = "wrpc.0.0.1.wasmcloud:messaging/consumer@0.2.0."
)

// component answers handle-message: as a host does for a component, every call with ok.
type component struct {
	nc    *nats.Conn
	inbox string
	// Called with each message before it is answered.
	received func(subject string, body []byte)
	// Called when the answer is out.
	answered func()
	delay    time.Duration

	calls atomic.Int64
	// Calls whose caller has ended its parameters: the last that is heard of it.
	ended   atomic.Int64
	mu      sync.Mutex
	partial map[string]*partial
}

type partial struct {
	reply string
	data  []byte
}

// serve takes the calls of one component, or with "*" of all of the lattice.
func (c *component) serve(lattice, id string) error {
	c.inbox = nats.NewInbox()
	c.partial = map[string]*partial{}
	if err := subscribe(c.nc, c.inbox+".>", "", c.parameters); err != nil {
		return err
	}
	queue := ""
	if id != "*" {
		queue = lattice + "." + id
	}
	if err := subscribe(c.nc, lattice+"."+id+"."+handler, queue, c.invoked); err != nil {
		return err
	}
	return c.nc.Flush()
}

func (c *component) invoked(m *nats.Msg) {
	call := fmt.Sprintf("%s.%d", c.inbox, c.calls.Add(1))
	_ = c.nc.PublishRequest(m.Reply, call, nil)
	if subject, body, ok := takeMessage(m.Data); ok {
		c.handle(m.Reply, subject, body)
		return
	}
	c.mu.Lock()
	c.partial[call] = &partial{m.Reply, m.Data}
	c.mu.Unlock()
}

// parameters takes what did not fit into an invocation, and the empty message that ends it.
func (c *component) parameters(m *nats.Msg) {
	if len(m.Data) == 0 {
		c.ended.Add(1)
		return
	}
	call := strings.TrimSuffix(m.Subject, ".params")
	c.mu.Lock()
	p := c.partial[call]
	if p == nil {
		c.mu.Unlock()
		return
	}
	p.data = append(p.data, m.Data...)
	subject, body, ok := takeMessage(p.data)
	if ok {
		delete(c.partial, call)
	}
	c.mu.Unlock()
	if ok {
		c.handle(p.reply, subject, body)
	}
}

func (c *component) handle(reply, subject string, body []byte) {
	if c.received != nil {
		c.received(subject, body)
	}
	if c.delay > 0 {
		time.AfterFunc(c.delay, func() { c.answer(reply) })
		return
	}
	c.answer(reply)
}

var okAnswer = []byte{0}

func (c *component) answer(reply string) {
	results := reply + ".results"
	_ = c.nc.Publish(results, okAnswer)
	_ = c.nc.Publish(results, nil)
	if c.answered != nil {
		c.answered()
	}
}
