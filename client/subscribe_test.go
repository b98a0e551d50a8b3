package client_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"orderledger/client"
	"orderledger/domain"
)

// positionsOf are those of all events of org-acme.
func (l *ledger) positionsOf(t testing.TB) []int64 {
	t.Helper()
	page, err := l.log.ReadFor(t.Context(), "org-acme", 0, 1_000_000, 10_000)
	must(t, err)
	var all []int64
	for _, e := range page.Events {
		all = append(all, e.Position)
	}
	return all
}

// charge makes many events quickly.
func (l *ledger) charge(t testing.TB, orders int) {
	t.Helper()
	c := l.open(t, l.http())
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			for range orders / 10 {
				if placed, err := c.Place(patient(t), purchase()); err != nil {
					t.Error(err)
				} else if _, err := c.Pay(patient(t), client.PayOrder{OrderID: placed.OrderID}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// A handler is slow, fails now and then, and connections are cut: it gets every event, in order, and goes on to the
// next only when one is done.
func TestEveryEventInOrder(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, l *ledger, via client.Via) {
		via, p := through(t, via)
		l.charge(t, 200)
		want := l.positionsOf(t)
		ctx, cancel := context.WithCancel(patient(t))
		defer cancel()
		var got []int64
		failed := map[int64]bool{}
		file := filepath.Join(t.TempDir(), "position")
		err := l.open(t, via).Subscribe(ctx, client.Filter{}, client.PositionFile(file), func(_ context.Context, e client.Event) error {
			n := len(got)
			switch {
			case n%100 == 50 && !failed[e.Position]:
				failed[e.Position] = true
				return errors.New("not now")
			case n%150 == 10:
				p.cut()
			case n < 5:
				time.Sleep(20 * time.Millisecond) // slower than what comes
			}
			got = append(got, e.Position)
			if e.Position == want[len(want)-1] {
				cancel()
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) || !slices.Equal(got, want) || len(failed) == 0 || p.cuts.Load() == 0 {
			t.Errorf("%v; %d events, want %d; %d failures, %d cuts", err, len(got), len(want), len(failed), p.cuts.Load())
		}
		// The next one goes on where this one was.
		ctx, cancel = context.WithCancel(patient(t))
		defer cancel()
		placed, err := l.open(t, l.http()).Place(ctx, purchase())
		must(t, err)
		err = l.open(t, via).Subscribe(ctx, client.Filter{}, client.PositionFile(file), func(_ context.Context, e client.Event) error {
			if e.Position != placed.Position {
				t.Errorf("position %d comes, and %d is next", e.Position, placed.Position)
			}
			cancel()
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// The transaction that handled an event was committed, and its handler does not know: the position tells, and it is not
// handled again.
func TestCommitThatSeemedToFail(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, l *ledger, via client.Via) {
		ctx, cancel := context.WithCancel(patient(t))
		defer cancel()
		l.charge(t, 10)
		want := l.positionsOf(t)
		var got []int64 // with its last position, the caller's database
		positions := client.PositionFuncs{LoadFunc: func(context.Context) (int64, error) {
			if len(got) == 0 {
				return 0, nil
			}
			return got[len(got)-1], nil
		}}
		err := l.open(t, via).Subscribe(ctx, client.Filter{}, positions, func(_ context.Context, e client.Event) error {
			got = append(got, e.Position)
			if len(got) == len(want) {
				cancel()
			}
			if len(got)%7 == 1 {
				return errors.New("the connection to the database was lost while it committed")
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) || !slices.Equal(got, want) {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	})
}

// A filter takes its events alone, and the position goes on over the others.
func TestFilters(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, l *ledger, via client.Via) {
		ctx, c := patient(t), l.open(t, via)
		l.charge(t, 20)
		mine, err := c.Place(ctx, purchase())
		must(t, err)
		l.charge(t, 20)
		paid, err := c.Pay(ctx, client.PayOrder{OrderID: mine.OrderID})
		must(t, err)
		_, err = c.Fulfil(ctx, client.Fulfilment{OrderID: mine.OrderID, State: client.Completed, ResourceID: "gpu 1"})
		must(t, err)
		for _, f := range []client.Filter{{ResourceID: "gpu 1"}, {ResourceID: "gpu 1", OrgID: "org-acme"}} {
			ctx, cancel := context.WithCancel(ctx)
			err := c.Subscribe(ctx, f, client.PositionFile(filepath.Join(t.TempDir(), "p")), func(_ context.Context, e client.Event) error {
				if data, ok := e.Data.(client.ResourceChanged); !ok || data.ResourceID != "gpu 1" || data.OrderID != mine.OrderID {
					t.Errorf("%+v", e)
				}
				cancel()
				return nil
			})
			cancel()
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%+v: %v", f, err)
			}
		}
		for _, f := range []client.Filter{
			{OrderID: mine.OrderID},
			{OrderID: mine.OrderID, OrgID: "org-acme"},
			{OrderID: mine.OrderID, Types: []string{"order.placed.v1", "order.paid"}},
		} {
			ctx, cancel := context.WithCancel(ctx)
			var types []string
			var at int64
			positions := client.PositionFuncs{
				LoadFunc: func(context.Context) (int64, error) { return at, nil },
				SaveFunc: func(_ context.Context, position int64) error {
					if position < at {
						t.Errorf("from %d back to %d", at, position)
					}
					at = position
					return nil
				},
			}
			err := c.Subscribe(ctx, f, positions, func(_ context.Context, e client.Event) error {
				if types = append(types, e.Type); e.Name() == "order.paid" {
					cancel()
				}
				return nil
			})
			cancel()
			if !errors.Is(err, context.Canceled) || !slices.Equal(types, []string{domain.TypeOrderPlaced, domain.TypeOrderPaid}) || at == 0 || at > paid.Position {
				t.Errorf("%+v: %v, %v, at %d", f, err, types, at)
			}
		}
	})
}

// Of two subscriptions with one consumer the later one goes on; one with another consumer does beside it.
func TestOneSubscriptionPerConsumer(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.charge(t, 20)
	want := l.positionsOf(t)
	begin := func(ctx context.Context, via client.NATS) <-chan error {
		c, at := l.open(t, via), 0
		ended, caughtUp := make(chan error, 1), make(chan struct{})
		go func() {
			ended <- c.Subscribe(ctx, client.Filter{}, client.PositionFile(filepath.Join(t.TempDir(), "p")), func(_ context.Context, e client.Event) error {
				if at < len(want) && e.Position != want[at] {
					t.Errorf("position %d, want %d", e.Position, want[at])
				}
				if at++; at == len(want) {
					close(caughtUp)
				}
				return nil
			})
		}()
		select {
		case <-caughtUp:
		case err := <-ended:
			t.Fatal(err)
		}
		return ended
	}
	ctx, cancel := context.WithCancel(patient(t))
	defer cancel()
	first := begin(ctx, l.overNATS())
	other := l.overNATS()
	other.Consumer = "b"
	beside := begin(ctx, other)
	second := begin(ctx, l.overNATS())
	if err := <-first; !errors.Is(err, client.ErrTakenOver) {
		t.Error(err)
	}
	cancel()
	for _, ended := range []<-chan error{beside, second} {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}
