package main

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats.go"
)

// caller makes wRPC calls of one function, and keeps some of them outstanding.
type caller struct {
	nc      *nats.Conn
	subject string
	headers nats.Header
	params  []byte
	// Whether a good result holds a message.
	withMessage bool
	// Called once for each call, when its value is there as a whole, or it has failed.
	done func(id int, failure string)

	inbox string
	mu    sync.Mutex
	open  map[int]*outgoing
	next  int
	ended atomic.Int64
}

type outgoing struct {
	data  []byte
	shook bool
}

func (c *caller) start() error {
	c.inbox = nats.NewInbox()
	c.open = map[int]*outgoing{}
	if err := subscribe(c.nc, c.inbox+".>", "", c.incoming); err != nil {
		return err
	}
	return c.nc.Flush()
}

func (c *caller) call() (id int, err error) {
	c.mu.Lock()
	id = c.next
	c.next++
	c.open[id] = &outgoing{}
	c.mu.Unlock()
	return id, c.nc.PublishMsg(&nats.Msg{
		Subject: c.subject,
		Reply:   c.inbox + "." + strconv.Itoa(id),
		Header:  c.headers,
		Data:    c.params,
	})
}

func (c *caller) incoming(m *nats.Msg) {
	name := m.Subject[len(c.inbox)+1:]
	if results := strings.TrimSuffix(name, ".results"); results != name {
		c.results(results, m.Data)
		return
	}
	if m.Reply != "" {
		_ = c.nc.Publish(m.Reply+".params", nil)
		return
	}
	c.finish(name, "status "+m.Header.Get("Status"))
}

func (c *caller) results(name string, data []byte) {
	if len(data) == 0 {
		c.ended.Add(1)
		c.finish(name, "ended without a result")
		return
	}
	id, _ := strconv.Atoi(name)
	c.mu.Lock()
	o := c.open[id]
	if o == nil {
		c.mu.Unlock()
		return
	}
	o.data = append(o.data, data...)
	failure, whole := takeAnswer(o.data, c.withMessage)
	c.mu.Unlock()
	if whole {
		c.finish(name, failure)
	}
}

// finish does nothing for a call that is over already.
func (c *caller) finish(name, failure string) {
	id, _ := strconv.Atoi(name)
	c.mu.Lock()
	_, isOpen := c.open[id]
	delete(c.open, id)
	c.mu.Unlock()
	if isOpen {
		c.done(id, failure)
	}
}
