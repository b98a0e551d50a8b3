package main

import (
	"math/rand/v2"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"orderledger/internal/client"
)

// TestKilledDuringImport kills the whole system twenty times at random moments of an import: nothing that was
// acknowledged is lost, nothing is there twice, and no start needs a hand.
func TestKilledDuringImport(t *testing.T) {
	t.Parallel()
	const kills, orders = 20, 10_000
	file, lines, events := historyFile(t, orders)
	dir, addr := newData(t), freeAddr(t)
	args := []string{"--no-demo", "--http", addr}
	d := startDev(t, dir, args...)

	// The import goes on over all deaths, as a client of another process would.
	var acked atomic.Int64
	positions := map[string]int64{}
	finished := make(chan error, 1)
	api := d.client(t)
	go func() {
		f, err := os.Open(file)
		if err != nil {
			finished <- err
			return
		}
		defer f.Close()
		m := client.Import{Client: api, Answered: func(a client.Answer) {
			if a.Outcome != client.Accepted && a.Outcome != client.Replayed {
				t.Errorf("line %d: %+v", a.Line, a)
			}
			positions[a.Key] = a.Position
			acked.Add(1)
		}}
		_, err = m.Run(t.Context(), f)
		finished <- err
	}()

	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var moments []int64
	for range kills {
		moments = append(moments, random.Int64N(lines*9/10))
	}
	slices.Sort(moments)
	for _, moment := range moments {
		for acked.Load() <= moment {
			select {
			case err := <-finished:
				t.Fatalf("the import ended early: %v\n%s", err, d.output)
			case <-d.ended:
				t.Fatalf("ledger dev ended by itself:\n%s", d.output)
			case <-time.After(time.Millisecond):
			}
		}
		time.Sleep(time.Duration(random.Int64N(int64(20 * time.Millisecond)))) // into the middle of something
		d.kill()
		d = startDev(t, dir, args...)
	}
	if err := <-finished; err != nil {
		t.Fatal(err)
	}

	if n := int64(len(positions)); n != lines {
		t.Errorf("%d keys were acknowledged, want %d", n, lines)
	}
	again := client.Import{Client: d.client(t), Answered: func(a client.Answer) {
		if a.Outcome != client.Replayed || a.Position != positions[a.Key] {
			t.Errorf("key %s was acknowledged at %d and is now %+v", a.Key, positions[a.Key], a)
		}
	}}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tally, err := again.Run(t.Context(), f)
	if err != nil || tally.Replayed != lines || tally.Position != events {
		t.Errorf("the same file again: %+v, %v; want %d replayed, %d events", tally, err, lines, events)
	}
	verifyClean(t, dir)
	d.stop(t)
}
