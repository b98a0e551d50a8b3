package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestLedgerKilled kills the whole ledger, its database and its broker with it, while services sell over NATS and HTTP and
// a customer pays. All of them wait until it is there again, and everything adds up.
func TestLedgerKilled(t *testing.T) {
	t.Parallel()
	const orders, kills = 15, 3
	l, dir, provisioner := newLedger(t)
	if err := l.prepare(t.Context(), 80*time.Second); err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
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
	for _, s := range sells {
		env, args, err := l.admit(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, "-orders", fmt.Sprint(orders), "-place-every", "100ms", "-usage-every", "1s", "-lease", "3s",
			"-failures", fmt.Sprint(s.failures))
		started, err := start(dir, s.name, env, provisioner, args...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := started.stop(); err != nil {
				t.Error(err)
			}
		})
	}
	for k := range kills {
		for deadline := time.Now().Add(time.Minute); p.tally().position < int64(60*(k+1)); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("nothing happens any more", said(dir, sells))
			}
		}
		time.Sleep(time.Duration(random.Int64N(int64(50 * time.Millisecond)))) // into the middle of something
		l.killAndStart(t, dir)
	}
	counted, err := p.await(t.Context(), nil, orders*len(sells), 2*time.Minute)
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

// killAndStart kills the ledger and starts it again where it was.
func (l *ledger) killAndStart(t *testing.T, dir string) {
	t.Helper()
	_ = l.cmd.Process.Kill()
	<-l.ended
	var addresses []string
	for _, at := range []string{l.http, l.nats} {
		u, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		addresses = append(addresses, u.Host)
	}
	if err := os.Remove(filepath.Join(l.dir, "http.addr")); err != nil { // it will say when it is ready
		t.Fatal(err)
	}
	again, err := startLedgerAt(t.Context(), l.program, dir, addresses[0], addresses[1])
	if again != nil {
		l.process = again.process
	}
	if err != nil {
		t.Fatal(err)
	}
}
