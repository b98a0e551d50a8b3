package handlers_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/internal/testkit"
)

// seed appends events to a log without a command, as history that is simply there; the zero time is now.
func seed(t *testing.T, log *eventstore.Log, org string, at time.Time, events ...domain.StreamEvent) {
	t.Helper()
	seedAs(t, log, "key:test", org, at, events...)
}

func seedAs(t *testing.T, log *eventstore.Log, actor, org string, at time.Time, events ...domain.StreamEvent) {
	t.Helper()
	for { // others may append too
		head, err := log.Head(t.Context())
		must(err)
		_, err = log.Append(t.Context(), seedBatch(t, log, head, actor, org, at, events))
		if !errors.Is(err, eventstore.ErrHeadMoved) {
			must(err)
			return
		}
	}
}

func seedBatch(t *testing.T, log *eventstore.Log, head eventstore.Head, actor, org string, at time.Time, events []domain.StreamEvent) *eventstore.Batch {
	t.Helper()
	b := &eventstore.Batch{Base: head}
	now := time.Now().UTC().Truncate(time.Microsecond)
	if at.IsZero() {
		at = now
	}
	versions := map[domain.Ref]int64{}
	for i, e := range events {
		name, payload, err := domain.EncodeEvent(e.Event)
		must(err)
		if versions[e.Stream] == 0 {
			s, err := handlers.StateAt(t.Context(), log, e.Stream, head.Position)
			must(err)
			if s != nil {
				versions[e.Stream] = s.StreamVersion()
			}
		}
		versions[e.Stream]++
		b.Events = append(b.Events, eventstore.Event{
			Stream: e.Stream.String(), Version: versions[e.Stream], Type: name, OrgID: org, Actor: actor,
			Key: fmt.Sprintf("seed-%d-%d", head.Position, i), OccurredAt: at, Payload: payload,
		})
	}
	b.Next = eventstore.Seal(head, b.Events, now)
	return b
}

// metered is the opening of a resource that has been metered by the hour since a time.
func metered(org, id string, since time.Time) domain.StreamEvent {
	since = since.UTC().Truncate(time.Hour)
	price := decimal("0.50")
	return domain.StreamEvent{Stream: domain.ResourceRef(org, id), Event: domain.ResourceChanged{
		OrgID: org, ResourceID: id, OrderID: "0198b2c0-0000-7000-8000-000000000001", OrderType: domain.Purchase,
		Profile: domain.Profile{Currency: "CNY", ProjectID: "default", ConsumerID: "user-7", ResourceExt: map[string]string{}, Tags: map[string]string{}},
		Terms: []domain.Term{{
			ProductCode: "tokens", ProductName: "Tokens", ChargeMode: domain.ModeMetered, Count: decimal("1"), Quantity: decimal("0"),
			Unit: "hour", UnitPrice: decimal("0"), EffectiveAt: &since, Cycle: "hour", LineNo: 1, Config: []domain.Component{},
			OrderID: "0198b2c0-0000-7000-8000-000000000001",
			Rates:   []domain.Rate{{From: since, Meters: []domain.Meter{{Meter: "in", Unit: "token", UnitPrice: &price}}}},
		}},
		Leases: []domain.Lease{},
	}}
}

// report has a record for each id, all in one hour.
func report(org, resource string, from time.Time, ids ...string) domain.ReportUsage {
	c := domain.ReportUsage{OrgID: org}
	for _, id := range ids {
		c.Records = append(c.Records, domain.UsageReport{
			RecordID: id, ResourceID: resource, Meter: "in", Unit: "token", Quantity: decimal("1"), From: from, To: from.Add(time.Minute),
		})
	}
	return c
}

func counted(t *testing.T, r handlers.Result) string {
	t.Helper()
	e, ok := r.Event.(domain.UsageReported)
	if !ok {
		t.Fatalf("answered with %T", r.Event)
	}
	return fmt.Sprintf("%d accepted, %d duplicate", e.Accepted, e.Duplicate)
}

// A record counts once, wherever it comes a second time: in its own request, in another of the batch or of the batch on
// its way, from another replica, after a restart.
func TestRecordsCountOnce(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	l, other := openLedger(t, db), openLedger(t, db)
	from := time.Now().Add(-time.Hour)
	seed(t, l.log, "org-acme", from, metered("org-acme", "res-1", from))
	want := func(name, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	want("first", counted(t, l.must(t, "one", report("org-acme", "res-1", from, "a", "b", "a"))), "2 accepted, 1 duplicate")
	want("the same executor", counted(t, l.must(t, "two", report("org-acme", "res-1", from, "b", "c"))), "1 accepted, 1 duplicate")
	want("another replica", counted(t, other.must(t, "three", report("org-acme", "res-1", from, "a", "c", "d"))), "1 accepted, 2 duplicate")
	if r := other.must(t, "one", report("org-acme", "res-1", from, "a", "b", "a")); !r.Replayed || counted(t, r) != "2 accepted, 1 duplicate" {
		t.Errorf("the first answer again: %+v", r)
	}
	l.Close()
	l = openLedger(t, db)
	want("after a restart", counted(t, l.must(t, "four", report("org-acme", "res-1", from, "d", "e"))), "1 accepted, 1 duplicate")

	// Both replicas, many requests at once, each record in several of them.
	const requests, each = 40, 25
	distinct := map[string]bool{}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var accepted, duplicate int64
	for i := range requests {
		var ids []string
		for j := range each {
			ids = append(ids, fmt.Sprint("many-", (i/4*each+j*7)%200))
			distinct[ids[j]] = true
		}
		wg.Go(func() {
			e := []*ledger{l, other}[i%2]
			r, err := e.do(t, fmt.Sprint("many-", i), report("org-acme", "res-1", from, ids...))
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			accepted += r.Event.(domain.UsageReported).Accepted
			duplicate += r.Event.(domain.UsageReported).Duplicate
		})
	}
	wg.Wait()
	if accepted+duplicate != requests*each || accepted != int64(len(distinct)) {
		t.Errorf("%d accepted and %d duplicate of %d, of which %d differ", accepted, duplicate, requests*each, len(distinct))
	}
	s, err := handlers.StateAt(t.Context(), l.log, domain.ResourceRef("org-acme", "res-1"), 1<<40)
	must(err)
	var used int
	for _, u := range s.(*domain.Resource).Uses {
		used += u.Records
	}
	if used != int(accepted)+5 {
		t.Errorf("%d records were counted, want %d", used, accepted+5)
	}
}

// One record that the log knows does not cost a round trip for each of hundreds of commands in its batch.
func TestOneDuplicateInALargeBatch(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	l := openLedger(t, db)
	from := time.Now().Add(-time.Hour)
	seed(t, l.log, "org-acme", from, metered("org-acme", "res-1", from))
	l.must(t, "first", report("org-acme", "res-1", from, "known"))
	l.Close()
	l = openLedger(t, db)
	var waits []waiter
	for i := range 500 {
		id := fmt.Sprint("r-", i)
		if i%100 == 99 {
			id = "known"
		}
		wait, err := l.Start(t.Context(), request(fmt.Sprint("key-", i), report("org-acme", "res-1", from, id)))
		must(err)
		waits = append(waits, wait)
	}
	duplicates := int64(0)
	for _, wait := range waits {
		r, err := wait(t.Context())
		must(err)
		duplicates += r.Event.(domain.UsageReported).Duplicate
	}
	if n := l.Stats().Batches.Load(); duplicates != 5 || n > 20 {
		t.Errorf("%d duplicates in %d batches", duplicates, n)
	}
}

// Commands that make very many events and claims share no batch with hundreds of others, and are found again whole.
func TestManyEventsInOneCommand(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	from := time.Now().Add(-time.Hour)
	const resources = 600
	var opened []domain.StreamEvent
	for i := range resources {
		opened = append(opened, metered("org-acme", fmt.Sprint("res-", i), from))
	}
	seed(t, l.log, "org-acme", from, opened...)
	big := func(n int) domain.ReportUsage {
		c := domain.ReportUsage{OrgID: "org-acme"}
		for i := range resources {
			c.Records = append(c.Records, report("org-acme", fmt.Sprint("res-", i), from, fmt.Sprintf("big-%d-%d", n, i)).Records...)
		}
		return c
	}
	var waits []waiter
	for n := range 20 { // 12,020 events
		wait, err := l.Start(t.Context(), request(fmt.Sprint("big-", n), big(n)))
		must(err)
		waits = append(waits, wait)
	}
	results := make([]handlers.Result, len(waits))
	for n, wait := range waits {
		r, err := wait(t.Context())
		if err != nil || r.Last-r.First != resources {
			t.Fatalf("command %d: %+v, %v", n, r, err)
		}
		results[n] = r
	}
	if n := l.Stats().Batches.Load(); n < 3 {
		t.Errorf("12,020 events went in %d batches", n)
	}
	l.Close()
	again := openLedger(t, l.db)
	for n, r := range results {
		got := again.must(t, fmt.Sprint("big-", n), big(n))
		if !got.Replayed || got.First != r.First || got.Last != r.Last {
			t.Errorf("command %d was at %d to %d, and is found at %d to %d", n, r.First, r.Last, got.First, got.Last)
		}
	}
	checkLog(t, l.log, resources+20*(resources+1))
}

// A claim that refuses still does, beside claims that don't.
func TestClaimsThatRefuse(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.must(t, "one", topUp("org-acme", "1.00", "bank"))
	l.Close()
	l = openLedger(t, l.db)
	from := time.Now().Add(-time.Hour)
	seed(t, l.log, "org-acme", from, metered("org-acme", "res-1", from))
	starts := []handlers.Request{
		request("usage", report("org-acme", "res-1", from, "a")),
		request("two", topUp("org-acme", "1.00", "bank")),
		request("usage-2", report("org-acme", "res-1", from, "a", "b")),
	}
	var waits []waiter
	for _, r := range starts {
		wait, err := l.Start(t.Context(), r)
		must(err)
		waits = append(waits, wait)
	}
	if r, err := waits[0](t.Context()); err != nil || counted(t, r) != "1 accepted, 0 duplicate" {
		t.Errorf("%+v, %v", r, err)
	}
	_, err := waits[1](t.Context())
	wantCode(t, err, domain.DuplicateReference)
	if r, err := waits[2](t.Context()); err != nil || counted(t, r) != "1 accepted, 1 duplicate" {
		t.Errorf("%+v, %v", r, err)
	}
	var why *domain.Rejection
	if _, err := l.do(t, "three", report("org-acme", "res-2", from, "c")); !errors.As(err, &why) {
		t.Errorf("use of a resource that is not there: %v", err)
	}
}

// What a command needs may grow by what the commands before it in its batch did: the second top-up pays arrears that
// nobody had to look at before the first had paid the ones before them.
func TestNeedsGrowWithinABatch(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	now := time.Now()
	since := now.Add(-230 * time.Hour)
	seed(t, l.log, "org-acme", since, metered("org-acme", "res-1", since))
	var used domain.ReportUsage
	used.OrgID = "org-acme"
	const cycles = 220
	for i := range cycles {
		used.Records = append(used.Records, report("org-acme", "res-1", now.Add(-time.Duration(cycles+2-i)*time.Hour), fmt.Sprint("r-", i)).Records...)
	}
	l.must(t, "use", used)
	for i := range cycles {
		l.must(t, fmt.Sprint("settle-", i), domain.SettleUsage{OrgID: "org-acme", ResourceID: "res-1"})
	}
	l.Close()
	l = openLedger(t, l.db) // with nothing in memory
	var waits []waiter
	for i := range 3 {
		wait, err := l.Start(t.Context(), request(fmt.Sprint("top-up-", i), topUp("org-acme", "50.00", fmt.Sprint("bank-", i))))
		must(err)
		waits = append(waits, wait)
	}
	var last handlers.Result
	for _, wait := range waits {
		r, err := wait(t.Context())
		must(err)
		last = r
	}
	s, err := handlers.StateAt(t.Context(), l.log, domain.AccountRef("org-acme"), last.Last)
	must(err)
	if a := s.(*domain.Account); a.Arrears.Len() != 0 || a.Balance("CNY").Cash != amount("40.00") {
		t.Errorf("%d settlements still wait, with %s of cash", a.Arrears.Len(), a.Balance("CNY").Cash)
	}
}
