package client_test

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// proxy stands between a client and a server, and cuts connections.
type proxy struct {
	target   string
	listener net.Listener
	// answers, if above 0, is how many more answers begin to pass: then connections are cut as an answer comes, after the
	// server did what it was asked for, until it is set anew.
	answers atomic.Int64
	cuts    atomic.Int64

	mu     sync.Mutex
	open   map[net.Conn]bool
	closed bool
	all    sync.WaitGroup
}

func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	p := &proxy{target: target, listener: listener, open: map[net.Conn]bool{}}
	p.answers.Store(1 << 60)
	p.all.Go(p.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		p.mu.Lock()
		p.closed = true
		p.mu.Unlock()
		p.cut()
		p.all.Wait()
	})
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

// cut cuts what is connected.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		_ = c.Close()
	}
	p.cuts.Add(int64(len(p.open) / 2))
	clear(p.open)
}

func (p *proxy) accept() {
	for {
		near, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		far, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = near.Close()
			continue
		}
		p.mu.Lock()
		if p.closed {
			_, _ = near.Close(), far.Close()
		}
		p.open[near], p.open[far] = true, true
		p.mu.Unlock()
		p.all.Go(func() { p.pass(far, near, false) })
		p.all.Go(func() { p.pass(near, far, true) })
	}
}

// pass copies until either end is gone, and takes the other with it.
func (p *proxy) pass(to, from net.Conn, answer bool) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && answer && p.answers.Add(-1) < 0 {
			p.cuts.Add(1)
			err = io.EOF
		} else if n > 0 {
			_, werr := to.Write(buffer[:n])
			err = errors.Join(err, werr)
		}
		if err != nil {
			_, _ = to.Close(), from.Close()
			p.mu.Lock()
			delete(p.open, to)
			delete(p.open, from)
			p.mu.Unlock()
			return
		}
	}
}
