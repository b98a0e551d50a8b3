package handlers_test

import (
	"fmt"
	"testing"
	"time"

	"orderledger/handlers"
)

// A file sent again is answered from the log. The keys are more than one batch, and forgotten.
func TestFileSentAgain(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	const lines = 3000
	orders := make([]handlers.Request, lines)
	for i := range orders {
		orders[i] = request(fmt.Sprint("line-", i), order("org-acme", "1.00"))
		orders[i].Brief = true
	}
	send := func(l *ledger) (replayed int) {
		var waits []func() (handlers.Result, error)
		for _, r := range orders {
			wait, err := l.Start(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			waits = append(waits, func() (handlers.Result, error) { return wait(t.Context()) })
		}
		for i, wait := range waits {
			r, err := wait()
			if err != nil || r.Last != int64(i+1) {
				t.Fatalf("line %d: position %d, %v", i, r.Last, err)
			}
			if r.Replayed {
				replayed++
			}
		}
		return replayed
	}
	if n := send(l); n != 0 {
		t.Errorf("%d lines of the first sending were replays", n)
	}
	l.Close()
	l = openLedger(t, l.db)
	start := time.Now()
	if n := send(l); n != lines {
		t.Errorf("%d of %d lines were replays", n, lines)
	}
	head, err := l.log.Head(t.Context())
	if err != nil || head.Position != lines {
		t.Errorf("the log ends at %d (%v), want %d", head.Position, err, lines)
	}
	t.Logf("%d known lines in %s, %d batches", lines, time.Since(start), l.Stats().Batches.Load())
}
