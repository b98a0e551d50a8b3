package eventstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"orderledger/eventstore"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
)

// batchAfter is a batch of n events on a head.
func batchAfter(base eventstore.Head, n int, salt string) *eventstore.Batch {
	events := makeEvents(base.Position, n, 10, salt)
	return &eventstore.Batch{Base: base, Next: eventstore.Seal(base, events, time.Now().UTC().Truncate(time.Microsecond)), Events: events}
}

// contents counts the rows of everything that an append writes.
func (m *mirror) contents(db *testkit.DB) string {
	m.t.Helper()
	const q = `SELECT format('head %s, %s events, %s claims, %s erasable', (SELECT position FROM head),
    (SELECT count(*) FROM events), (SELECT count(*) FROM claims), (SELECT count(*) FROM erasable))`
	conn, err := pgx.Connect(m.t.Context(), db.SuperURL)
	if err != nil {
		m.t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var s string
	if err := conn.QueryRow(m.t.Context(), q).Scan(&s); err != nil {
		m.t.Fatal(err)
	}
	return s
}

// An append that is refused for whatever reason leaves nothing behind.
func TestRefusedAppendsWriteNothing(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	m := &mirror{t: t, log: eventstore.NewLog(db.Pool(t, schema.App))}
	m.reload()
	old := m.head
	first := batchAfter(old, 2, "")
	first.Claims = []eventstore.Claim{{OrgID: "org-acme", Kind: "top_up", Value: "r", Event: 1}}
	if _, err := m.log.Append(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	m.reload()
	before := m.contents(db)
	if before != "head 2, 2 events, 1 claims, 0 erasable" {
		t.Fatal(before)
	}
	personal := []eventstore.Erasable{{OrgID: "org-acme", Name: "contact", Value: "Ana", Salt: "s"}}
	cases := map[string]struct {
		base   eventstore.Head
		change func(b *eventstore.Batch)
		want   error
	}{
		"an old head":              {old, func(b *eventstore.Batch) {}, eventstore.ErrHeadMoved},
		"an old head, with claims": {old, func(b *eventstore.Batch) { b.Claims = []eventstore.Claim{{OrgID: "o", Kind: "k", Value: "v"}} }, eventstore.ErrHeadMoved},
		"a head to come":           {eventstore.Head{Position: 7, Epoch: 1}, func(b *eventstore.Batch) {}, eventstore.ErrHeadMoved},
		"an old fence":             {eventstore.Head{Position: 2, Hash: m.head.Hash, Epoch: 1, Fence: m.head.Fence - 1}, func(b *eventstore.Batch) {}, eventstore.ErrHeadMoved},
		"a key that is taken":      {m.head, func(b *eventstore.Batch) { b.Events[2].Key = "key-1" }, eventstore.ErrKeyTaken},
		"a key twice in one batch": {m.head, func(b *eventstore.Batch) { b.Events[2].Key = b.Events[0].Key }, eventstore.ErrKeyTaken},
		"a claim that is taken": {m.head, func(b *eventstore.Batch) {
			b.Claims = []eventstore.Claim{{OrgID: "org-acme", Kind: "top_up", Value: "r", Event: 2}}
		}, eventstore.ErrClaimTaken},
		"a version that is taken": {m.head, func(b *eventstore.Batch) { b.Events[2].Stream = "order-0198-1" }, nil},
		"version 0":               {m.head, func(b *eventstore.Batch) { b.Events[2].Version = 0 }, nil},
		"a payload that is none":  {m.head, func(b *eventstore.Batch) { b.Events[2].Payload = []byte(`{"a":`) }, nil},
		"a NUL":                   {m.head, func(b *eventstore.Batch) { b.Events[2].Actor = "a\x00" }, nil},
	}
	for name, c := range cases {
		b := batchAfter(c.base, 3, "new-")
		b.Erasables = personal
		c.change(b)
		_, err := m.log.Append(t.Context(), b)
		if err == nil || c.want != nil && !errors.Is(err, c.want) || c.want == nil && (errors.Is(err, eventstore.ErrOutcomeUnknown) || errors.Is(err, eventstore.ErrHeadMoved)) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if after := m.contents(db); after != before {
			t.Fatalf("%s left %s, before it was %s", name, after, before)
		}
	}
	if err := m.log.Stop(t.Context(), 1, "a test"); err != nil {
		t.Fatal(err)
	}
	m.reload()
	if _, err := m.log.Append(t.Context(), batchAfter(m.head, 1, "new-")); !errors.Is(err, eventstore.ErrHeadMoved) {
		t.Errorf("a fenced head: %v", err)
	}
	if after := m.contents(db); after != before {
		t.Errorf("a fenced head was left as %s", after)
	}
}

// What another organisation used is free.
func TestKeysAndClaimsAreAnOrganisationsOwn(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	for i, org := range []string{"org-a", "org-b"} {
		b := batchAfter(m.head, 1, org)
		b.Events[0].OrgID, b.Events[0].Key = org, "same"
		b.Next = eventstore.Seal(b.Base, b.Events, b.Next.RecordedAt)
		b.Claims = []eventstore.Claim{{OrgID: org, Kind: "top_up", Value: "same"}}
		b.Erasables = []eventstore.Erasable{{OrgID: org, Name: "contact", Value: "Ana", Salt: fmt.Sprint(i)}}
		if _, err := m.log.Append(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		m.head = b.Next
	}
	known, err := m.log.Lookup(t.Context(), []eventstore.KeyRef{{OrgID: "org-a", Key: "same"}, {OrgID: "org-b", Key: "same"}, {OrgID: "org-c", Key: "same"}})
	if err != nil || len(known) != 2 || known[eventstore.KeyRef{OrgID: "org-b", Key: "same"}].First != 2 {
		t.Errorf("known %+v, %v", known, err)
	}
	taken, err := m.log.TakenClaims(t.Context(), []eventstore.Claim{{OrgID: "org-a", Kind: "top_up", Value: "same"}, {OrgID: "org-c", Kind: "top_up", Value: "same"}, {OrgID: "org-a", Kind: "other", Value: "same"}})
	if err != nil || len(taken) != 1 {
		t.Errorf("taken %+v, %v", taken, err)
	}
	values, err := m.log.Erasables(t.Context(), 2)
	if err != nil || values["contact"].Salt != "1" {
		t.Errorf("personal values %+v, %v", values, err)
	}
}

// A command's last event is found, though events of others follow it and one of them names its position.
func TestLookupFindsACommandsLastEvent(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	events := makeEvents(0, 5, 1, "")
	for i, causation := range []string{"", "1", "1", "", "1"} { // 4 is a command of its own; so is 5, caused by event 1
		events[i].Causation = causation
		if i == 1 || i == 2 {
			events[i].Key = ""
		}
	}
	next := eventstore.Seal(m.head, events, time.Now().UTC().Truncate(time.Microsecond))
	if _, err := m.log.Append(t.Context(), &eventstore.Batch{Base: m.head, Next: next, Events: events}); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string][2]int64{"key-1": {1, 3}, "key-4": {4, 4}, "key-5": {5, 5}} {
		known, err := m.log.Lookup(t.Context(), []eventstore.KeyRef{{OrgID: "org-acme", Key: key}})
		c := known[eventstore.KeyRef{OrgID: "org-acme", Key: key}]
		if err != nil || c.First != want[0] || c.Last != want[1] {
			t.Errorf("%s: %d to %d (%v), want %v", key, c.First, c.Last, err, want)
		}
	}
}

// Writers that know nothing of each other leave positions without a gap and one chain.
func TestWritersRace(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	const writers, each = 4, 25
	var wg sync.WaitGroup
	for w := range writers {
		log := eventstore.NewLog(db.Pool(t, schema.App))
		wg.Go(func() {
			ctx := context.Background()
			for done := 0; done < each; {
				head, err := log.Head(ctx)
				if err == nil {
					b := batchAfter(head, 1+done%3, fmt.Sprint(w, "-", done, "-"))
					if _, err = log.Append(ctx, b); err == nil {
						done++
					}
				}
				if err != nil && !errors.Is(err, eventstore.ErrHeadMoved) {
					t.Errorf("writer %d: %v", w, err)
					return
				}
			}
		})
	}
	wg.Wait()
	log := eventstore.NewLog(db.Pool(t, schema.App))
	head, err := log.Head(t.Context())
	events, err2 := log.Read(t.Context(), 0, eventstore.ReadMax)
	if err != nil || err2 != nil || int64(len(events)) != head.Position || len(events) != writers*(each+24) {
		t.Fatalf("%d events, head %d, %v, %v", len(events), head.Position, err, err2)
	}
	var hash eventstore.Hash
	for i := range events {
		if hash = events[i].ChainHash(hash); events[i].Position != int64(i+1) || events[i].Hash != hash {
			t.Fatalf("event %d at %d breaks the chain", events[i].Position, i+1)
		}
	}
	if hash != head.Hash || !events[len(events)-1].RecordedAt.Equal(head.RecordedAt) {
		t.Errorf("the head is %+v", head)
	}
}

// An append that comes after the fence that settled it writes nothing, although the position still fits.
func TestFenceStopsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	late := batchAfter(m.head, 1, "late-")
	head, err := m.log.Fence(t.Context())
	if err != nil || head.Position != m.head.Position || head.Fence != m.head.Fence+1 {
		t.Fatalf("fenced %+v, %v", head, err)
	}
	if _, err := m.log.Append(t.Context(), late); !errors.Is(err, eventstore.ErrHeadMoved) {
		t.Errorf("the late append: %v", err)
	}
	if _, err := m.log.Append(t.Context(), batchAfter(head, 1, "")); err != nil {
		t.Errorf("the next append: %v", err)
	}
}

func TestLockedAppend(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	lock, err := m.log.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other := make(chan error, 1)
	stale := batchAfter(lock.Head, 1, "other-")
	go func() { _, err := m.log.Append(context.Background(), stale); other <- err }()
	b := batchAfter(lock.Head, 2, "")
	b.Ask = []eventstore.KeyRef{{OrgID: "org-acme", Key: "key-1"}}
	known, err := lock.Append(t.Context(), b)
	lock.Close()
	lock.Close()
	if err != nil || known[b.Ask[0]].First != 1 {
		t.Errorf("locked: %v, %+v", err, known)
	}
	if err := <-other; !errors.Is(err, eventstore.ErrHeadMoved) {
		t.Errorf("whoever waited: %v", err)
	}
	if lock, err = m.log.Lock(t.Context()); err != nil || lock.Head.Position != 2 {
		t.Fatalf("locked again at %+v, %v", lock, err)
	}
	lock.Close() // without an append: the lock must be gone
	m.reload()
	m.append(1)
}

func TestRefusalsAreFoundByKey(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	at := time.Now().UTC().Truncate(time.Microsecond)
	all := []eventstore.Refusal{
		{OrgID: "org-a", Key: "k", Command: "pay_order", Actor: "key:1", Code: "insufficient_funds", Detail: "top up", Position: 3, At: at},
		{OrgID: "org-a", Key: "k", Command: "pay_order", Actor: "key:1", Code: "order_not_unpaid", Detail: "it is paid", Position: 9, At: at},
	}
	if err := m.log.RecordRefusals(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	r, found, err := m.log.LastRefusal(t.Context(), eventstore.KeyRef{OrgID: "org-a", Key: "k"})
	if r.At = r.At.UTC(); err != nil || !found || r != all[1] {
		t.Errorf("found %+v, %t, %v", r, found, err)
	}
	if _, found, err := m.log.LastRefusal(t.Context(), eventstore.KeyRef{OrgID: "org-b", Key: "k"}); found || err != nil {
		t.Errorf("another organisation's: %t, %v", found, err)
	}
}

// How errors are told apart decides whether a command runs twice.
func TestTransientErrors(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{"40001": true, "40P01": true, "57P01": true, "53300": true, "55P03": true, "08006": true, "58030": true, "23505": false, "22P02": false, "42501": false} {
		if got := eventstore.IsTransient(fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code})); got != want {
			t.Errorf("%s: %t, want %t", code, got, want)
		}
	}
	if eventstore.IsTransient(nil) || eventstore.IsTransient(context.Canceled) || !eventstore.IsTransient(context.DeadlineExceeded) {
		t.Error("nil and a cancelled caller are not transient, a timeout is")
	}
	if !strings.Contains(eventstore.ErrOutcomeUnknown.Error(), "unknown") {
		t.Error(eventstore.ErrOutcomeUnknown)
	}
}
