package client

import (
	"context"
	"errors"
	"sync/atomic"
)

// Client works with one ledger. It is safe for concurrent use.
type Client struct {
	via transport
	// seen is the position of the last event of a command sent from here: what is read is no older.
	seen atomic.Int64
	// life ends with Close.
	life context.Context
	end  context.CancelFunc
}

// ErrClosed is what calls end with that were under way when the client was closed.
var ErrClosed = errors.New("the client is closed")

// Via is a way to a ledger: HTTP or NATS.
type Via interface {
	open() (transport, error)
}

// transport is what the ways differ in.
type transport interface {
	// try sends a command and waits for what becomes of it. An error that may pass is a *passing.
	try(ctx context.Context, c *sending) (line, error)
	// order reads an order, no older than a position.
	order(ctx context.Context, orderID string, atLeast int64) (Order, error)
	// decided waits until an order is paid or never will be.
	decided(ctx context.Context, orderID string, atLeast int64) (Order, error)
	// follow calls each with the events after a position until something breaks. It may leave out those that
	// the filter does.
	follow(ctx context.Context, f *Filter, after int64, each func(Event) error) error
	close()
}

// New makes a client. It does not wait for a connection: what is sent before there is one is tried again.
func New(via Via) (*Client, error) {
	t, err := via.open()
	if err != nil {
		return nil, err
	}
	c := &Client{via: t}
	c.life, c.end = context.WithCancel(context.Background())
	return c, nil
}

// Close ends the client's connections, and what is under way with [ErrClosed]. It may be called more than once.
func (c *Client) Close() {
	c.end()
	c.via.close()
}

// while is a context that ends with the client, too.
func (c *Client) while(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(c.life, func() { cancel(ErrClosed) })
	return ctx, func() { stop(); cancel(nil) }
}

// saw notes a position.
func (c *Client) saw(position int64) {
	for {
		was := c.seen.Load()
		if position <= was || c.seen.CompareAndSwap(was, position) {
			return
		}
	}
}
