package handlers_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
)

func TestFencedLedgerRefusesUntilAnEpochIsOpened(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	o := order("org-acme", "5.00")
	l.must(t, "place", o)
	if err := l.log.Stop(t.Context(), 1, "the stream is ahead"); err != nil {
		t.Fatal(err)
	}
	_, err := l.do(t, "pay-1", pay(o))
	var fenced *handlers.FencedError
	if !errors.Is(err, handlers.ErrFenced) || !errors.As(err, &fenced) || fenced.Reason != "the stream is ahead" {
		t.Fatalf("a fenced ledger answers %v", err)
	}

	head, err := eventstore.OpenEpoch(t.Context(), l.log, nil, "the log is right")
	if err != nil || head.Epoch != 2 || head.Fenced != "" {
		t.Fatalf("opened %+v, %v", head, err)
	}
	// Another replica goes on first. What the refused command had read is old by then.
	other := openLedger(t, l.db)
	other.must(t, "top-up", topUp("org-acme", "5.00", "bank"))
	if r := l.must(t, "pay-2", pay(o)); r.State.(*domain.Order).Status != domain.Paid {
		t.Errorf("paid %+v", r.State)
	}
	events, err := l.log.Read(t.Context(), 1, 10)
	if err != nil || len(events) != 3 || events[0].Epoch != 2 {
		t.Errorf("%d events after the first, %v", len(events), err)
	}
}

// A refusal that was decided before the fence must not be answered after it.
func TestFenceRaisedUnderLoad(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	ctx, cancel := context.WithCancel(t.Context())
	raised := make(chan struct{})
	go func() {
		defer close(raised)
		for ctx.Err() == nil {
			_, _ = l.log.Fence(ctx)
		}
	}()
	for i := range 200 {
		l.must(t, fmt.Sprint("top-up", i), topUp("org-acme", "1.00", fmt.Sprint("bank", i)))
	}
	cancel()
	<-raised
	head, err := l.log.Head(t.Context())
	if err != nil || head.Position != 200 {
		t.Errorf("the log ends at %d (%v), want 200", head.Position, err)
	}
}

func TestSkewedClockRefuses(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	var off atomic.Int64
	off.Store(int64(time.Hour))
	now := func() time.Time { return time.Now().Add(time.Duration(off.Load())) }
	e, err := handlers.NewExecutor(t.Context(), eventstore.NewLog(db.Pool(t, schema.App)), now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	do := func(i int) error {
		_, err := e.Do(t.Context(), request(fmt.Sprint("top-up", i), topUp("org-acme", "1.00", fmt.Sprint("bank", i))))
		return err
	}
	if err := do(0); !errors.Is(err, handlers.ErrFenced) {
		t.Fatalf("an hour ahead: %v, want a refusal", err)
	}
	off.Store(int64(-900 * time.Millisecond)) // less than a second is borne
	deadline := time.Now().Add(10 * time.Second)
	for i := 1; ; i++ {
		if err := do(i); err == nil {
			break
		} else if !errors.Is(err, handlers.ErrFenced) || time.Now().After(deadline) {
			t.Fatalf("with the clock mended: %v", err)
		}
		time.Sleep(20 * time.Millisecond) // the clock is looked at every second; nothing signals that
	}
	off.Store(0)
	if err := do(1000); err != nil {
		t.Fatal(err)
	}
	off.Store(int64(-900 * time.Millisecond))
	if err := do(1001); err != nil {
		t.Fatal(err)
	}
	events, err := eventstore.NewLog(db.Pool(t, schema.App)).Read(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(events); i++ {
		if events[i].RecordedAt.Before(events[i-1].RecordedAt) {
			t.Errorf("event %d was recorded at %s, before the one ahead of it", events[i].Position, events[i].RecordedAt)
		}
	}
}
