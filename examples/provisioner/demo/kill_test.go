package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// TestServicesKilled kills services between any two steps: at some piece of what they say to the ledger or the ledger to
// them, just before it arrives or just after. Whoever starts next finishes what was begun, and nothing happens twice.
func TestServicesKilled(t *testing.T) {
	t.Parallel()
	const orders, lives = 12, 30
	l, dir, provisioner := newLedger(t)
	if err := l.prepare(t.Context(), 16*time.Second); err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	p, err := newPayer(t.Context(), l, seed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.stop(); err != nil {
			t.Error(err)
		}
	})
	sells := []service{{"gpu", "NATS", 0.3}, {"disk", "HTTP", 0.3}}
	done := make(chan struct{})
	var all sync.WaitGroup
	for n, s := range sells {
		d := &doomed{random: rand.New(rand.NewPCG(seed, uint64(n)))}
		via := *l
		via.nats, via.http = d.proxy(t, l.nats), d.proxy(t, l.http)
		env, args, err := via.admit(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, "-orders", fmt.Sprint(orders), "-place-every", "100ms", "-usage-every", "1s", "-lease", "3s",
			"-failures", fmt.Sprint(s.failures))
		all.Go(func() {
			killed, err := d.live(lives, done, func() (*process, error) { return start(dir, s.name, env, provisioner, args...) })
			if err != nil {
				t.Error(err)
			}
			if t.Logf("%s was killed %d times", s.name, killed); killed < 5 {
				t.Error("that is too seldom to show anything")
			}
		})
	}
	counted, err := p.await(t.Context(), nil, orders*len(sells), 2*time.Minute)
	close(done)
	all.Wait()
	if err != nil {
		t.Fatal(err, said(dir, sells))
	}
	b, err := readBooks(t.Context(), l, counted)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.print(io.Discard, sells); err != nil {
		t.Error(err)
	}
	eachOnce(t, l)
}

// said is the end of what the services said.
func said(dir string, services []service) (all string) {
	for _, s := range services {
		p := process{log: filepath.Join(dir, s.name+".log")}
		all += "\n" + s.name + ": " + p.tail()
	}
	return all
}

// eachOnce looks through the log: what may happen to an order or an instance once did not happen twice, and the use of
// an instance was reported without a gap and without an overlap.
func eachOnce(t *testing.T, l *ledger) {
	t.Helper()
	events, err := list[struct {
		Type, Stream string
		Payload      struct {
			Records []struct{ From, To time.Time }
		}
	}](t.Context(), l, "/v1/events", url.Values{"org_id": {org}})
	if err != nil {
		t.Fatal(err)
	}
	once, used := map[string]int{}, map[string]time.Time{}
	for _, e := range events {
		for _, r := range e.Payload.Records {
			if until, known := used[e.Stream]; known && !until.Equal(r.From) {
				t.Errorf("%s: use until %s, and then from %s", e.Stream, until, r.From)
			}
			used[e.Stream] = r.To
		}
		if e.Type != "resource.usage_recorded.v1" && e.Stream != "org-"+org && e.Stream != "account-"+org {
			once[e.Type+" of "+e.Stream]++
		}
	}
	for what, n := range once {
		if n > 1 {
			t.Errorf("%s: %d times", what, n)
		}
	}
	if len(once) == 0 || len(used) == 0 {
		t.Errorf("the log has %d things that happen once, and the use of %d instances", len(once), len(used))
	}
}

// doomed is a service that dies while it speaks.
type doomed struct {
	random *rand.Rand
	mu     sync.Mutex
	self   *process
	left   int // pieces until it dies; below 0 it lives on
}

// live starts the service again and again, each time to be killed, and at last to live until done.
func (d *doomed) live(lives int, done <-chan struct{}, start func() (*process, error)) (killed int, err error) {
	for ; ; killed++ {
		d.mu.Lock()
		if d.left = -1; killed < lives {
			d.left = 2 + d.random.IntN(40)
		}
		p, err := start()
		d.self = p
		d.mu.Unlock()
		if err != nil {
			return killed, err
		}
		select {
		case <-p.ended:
		case <-done:
			return killed, p.stop()
		}
		if killed >= lives {
			return killed, fmt.Errorf("it ended by itself:\n%s", p.tail())
		}
	}
}

// passes lets a piece pass, unless the service dies before or after that.
func (d *doomed) passes(write func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	dies := d.left == 0
	if d.left >= 0 {
		d.left--
	}
	if dies && d.random.IntN(2) == 0 {
		d.kill()
		return io.EOF
	}
	err := write()
	if dies {
		d.kill()
	}
	return err
}

func (d *doomed) kill() {
	_ = d.self.cmd.Process.Kill() // it may have ended
	<-d.self.ended
}

// proxy is an address that leads to another, piece by piece.
func (d *doomed) proxy(t *testing.T, to string) string {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := u.Host
	u.Host = listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { d.connect(ctx, from, address) })
		}
	})
	t.Cleanup(func() { cancel(); _ = listener.Close(); all.Wait() })
	return u.String()
}

func (d *doomed) connect(ctx context.Context, from net.Conn, address string) {
	defer from.Close()
	to, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	shut := func() { _, _ = from.Close(), to.Close() }
	defer context.AfterFunc(ctx, shut)()
	pass := func(to, from net.Conn) {
		defer shut()
		piece := make([]byte, 64<<10)
		for {
			n, err := from.Read(piece)
			if err != nil || d.passes(func() error { _, err := to.Write(piece[:n]); return err }) != nil {
				return
			}
		}
	}
	var both sync.WaitGroup
	both.Go(func() { pass(to, from) })
	both.Go(func() { pass(from, to) })
	both.Wait()
}
