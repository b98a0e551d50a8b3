package projections_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
	"orderledger/projections"
)

// truth is what the log folds to, worked out one event at a time by the rules alone.
type truth struct {
	orders   map[string]*domain.Order
	accounts map[string]domain.State
	orgs     map[string]*domain.Org
	zones    map[string]string
	funds    map[string]domain.Funds // by bill line
	periods  map[string]domain.Period
	entries  int
}

func foldAll(t *testing.T, l *ledger) truth {
	t.Helper()
	all := truth{map[string]*domain.Order{}, map[string]domain.State{}, map[string]*domain.Org{}, map[string]string{}, map[string]domain.Funds{}, map[string]domain.Period{}, 0}
	states := map[string]domain.State{}
	for after := int64(0); ; after++ {
		page, err := l.log.Read(t.Context(), after, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return all
		}
		e := page[0]
		event, err := domain.DecodeEvent(e.Type, e.Payload)
		if err != nil {
			t.Fatal(err)
		}
		s := domain.Evolve(states[e.Stream], event, domain.Meta{Position: e.Position, Version: e.Version, OccurredAt: e.OccurredAt, RecordedAt: e.RecordedAt, Actor: e.Actor})
		states[e.Stream] = s
		switch s := s.(type) {
		case *domain.Order:
			all.orders[s.OrderID] = s
			for _, l := range s.LineFunds {
				all.funds[lineKey(s.OrderID, l.LineNo)] = l.Funds
				zone, _ := domain.Zone(domain.SettingsOf(all.orgs[s.OrgID]).TimeZone)
				all.periods[lineKey(s.OrderID, l.LineNo)] = domain.PeriodOf(s.CreatedAt, zone)
			}
		case *domain.Account:
			all.accounts[s.OrgID] = s
			all.entries++
		case *domain.Org:
			all.orgs[s.OrgID] = s
		}
	}
}

func lineKey(order string, no int) string { return order + "-" + string(rune('0'+no)) }

func TestRowsEqualTheFold(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	w := newWorker(t, l.db, 37) // orders go on over many pages
	run(t, w)
	l.traffic(t, 1, 400)
	r := newReader(t, l.db, w)
	waitFor(t, r, l.head(t))
	equalsTruth(t, r, foldAll(t, l))
}

func equalsTruth(t *testing.T, r *projections.Reader, want truth) {
	t.Helper()
	seen := 0
	for _, item := range allOrders(t, r, projections.AllOrgs, projections.OrderQuery{Limit: 100, Sort: projections.OldestFirst}) {
		var o domain.Order
		if err := json.Unmarshal(item, &o); err != nil {
			t.Fatal(err)
		}
		doc, err := domain.EncodeState(want.orders[o.OrderID])
		if err != nil || string(doc) != string(item) {
			t.Fatalf("order %s is\n%s\nwant\n%s", o.OrderID, item, doc)
		}
		seen++
	}
	if seen != len(want.orders) || seen == 0 {
		t.Errorf("%d orders, want %d", seen, len(want.orders))
	}
	seen = 0
	q := projections.BillLineQuery{Limit: 77}
	for more := true; more; {
		page, err := r.ListBillLines(t.Context(), projections.AllOrgs, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			var b projections.BillLine
			if err := json.Unmarshal(item, &b); err != nil {
				t.Fatal(err)
			}
			o := want.orders[b.OrderID]
			line := o.Lines[b.LineNo-1]
			if b.Funds != want.funds[b.BillLineID] || b.CreatedPeriod != want.periods[b.BillLineID] || b.BillingPeriod != o.BillingPeriod ||
				b.ProductCode != line.ProductCode || b.Amount != line.PayableAmount || b.Tags["team"] != o.Tags["team"] {
				t.Fatalf("bill line %s of order %+v", item, o)
			}
			seen++
		}
		if more = page.NextCursor != nil; more {
			q.Cursor = *page.NextCursor
		}
	}
	if seen != len(want.funds) || seen == 0 {
		t.Errorf("%d bill lines, want %d", seen, len(want.funds))
	}
	for org, s := range want.accounts {
		got, err := r.Account(t.Context(), org)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range got.Balances {
			wantB := s.(*domain.Account).Balance(b.Currency)
			if b.Cash != wantB.Cash.String() || b.Frozen != wantB.Frozen.String() || b.Gift != wantB.Gift.String() {
				t.Errorf("%s has %+v, want %+v", org, b, wantB)
			}
		}
		if len(got.Balances) != len(s.(*domain.Account).Balances) {
			t.Errorf("%s has %+v", org, got)
		}
	}
	if got := len(allEntries(t, r, projections.AllOrgs)); got != want.entries || got == 0 {
		t.Errorf("%d entries, want %d", got, want.entries)
	}
	for org, s := range want.orgs {
		got, err := r.Org(t.Context(), org)
		if err != nil || !reflect.DeepEqual(got.Settings, s.Settings) || got.Version != s.Version {
			t.Errorf("%s is %+v, %v; want %+v", org, got, err, s)
		}
	}
}

func allOrders(t *testing.T, r *projections.Reader, org string, q projections.OrderQuery) (all []json.RawMessage) {
	t.Helper()
	for {
		page, err := r.Orders(t.Context(), org, q)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Items...)
		if page.NextCursor == nil {
			return all
		}
		q.Cursor = *page.NextCursor
	}
}

func allEntries(t *testing.T, r *projections.Reader, org string) (all []projections.Entry) {
	t.Helper()
	for cursor := ""; ; {
		page, err := r.Entries(t.Context(), org, projections.EntryQuery{Limit: 100, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Items...)
		if page.NextCursor == nil {
			return all
		}
		cursor = *page.NextCursor
	}
}

// Two workers on one database, with pages of different sizes: each page is written once, by either.
func TestTwoWorkers(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	a, b := newWorker(t, l.db, 5), newWorker(t, l.db, 8)
	stop := run(t, a)
	run(t, b)
	l.traffic(t, 2, 200)
	stop() // in the midst of it; the other takes over
	l.traffic(t, 3, 80)
	r := newReader(t, l.db, nil) // which sees both only through the database
	waitFor(t, r, l.head(t))
	equalsTruth(t, r, foldAll(t, l))
}

// A transaction that dies in the midst of a page leaves rows and checkpoint as they were.
func TestWorkerKilledInAPage(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.traffic(t, 4, 80)
	pool := l.db.Pool(t, schema.Projector)
	// A lock on a table that the page writes holds the worker up when its checkpoint is moved already.
	blocker, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer blocker.Rollback(context.Background())
	if _, err := blocker.Exec(t.Context(), `LOCK TABLE orders IN SHARE ROW EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	run(t, newWorker(t, l.db, 1000))
	super, err := pgx.Connect(t.Context(), l.db.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer super.Close(context.Background())
	for killed := 0; killed == 0; {
		const kill = `
SELECT count(pg_terminate_backend(l.pid))
FROM pg_locks l JOIN pg_database d ON d.oid = l.database
WHERE NOT l.granted AND d.datname = current_database() AND l.relation = 'orders'::regclass`
		if err := super.QueryRow(t.Context(), kill).Scan(&killed); err != nil {
			t.Fatal(err)
		}
	}
	r := newReader(t, l.db, nil)
	all, err := r.Checkpoints(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if c.Name == projections.Orders && c.Position != 0 {
			t.Errorf("the checkpoint is %d although no row was written", c.Position)
		}
	}
	if err := blocker.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitFor(t, r, l.head(t))
	equalsTruth(t, r, foldAll(t, l))
}

// An event that this build doesn't know stops what needs it, at once and in sight, and nothing else.
func TestUnknownEventStopsItsModelsAlone(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.traffic(t, 5, 40)
	l.Close()
	before := l.head(t)
	insertUnknown(t, l.db, before)
	w := newWorker(t, l.db, 1000)
	run(t, w)
	r := newReader(t, l.db, w)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := r.WaitFor(ctx, before+1, projections.Accounts, projections.Orgs); err != nil {
		t.Errorf("models that don't need the event: %v", err)
	}
	for _, name := range []string{projections.Orders, projections.BillLines} {
		if err := r.WaitFor(ctx, before, name); err != nil {
			t.Errorf("up to the event: %v", err)
		}
		err := r.WaitFor(ctx, before+1, name)
		var stopped *projections.StoppedError
		if !errors.As(err, &stopped) || stopped.Position != before || !strings.Contains(stopped.Reason, "order.teleported.v1") {
			t.Errorf("%s: got %v, want a stop at %d for order.teleported.v1", name, err, before)
		}
	}
}

// insertUnknown appends an event as a newer build would have.
func insertUnknown(t *testing.T, db *testkit.DB, after int64) {
	t.Helper()
	pool := db.Pool(t, schema.App)
	const event = `
INSERT INTO events (position, stream, version, epoch, type, org_id, actor, occurred_at, recorded_at, payload, hash)
SELECT $1 + 1, stream, version + 1, epoch, 'order.teleported.v1', org_id, actor, occurred_at, recorded_at, '{}', hash
FROM events
WHERE position = (SELECT max(position) FROM events WHERE stream LIKE 'order-%')`
	if _, err := pool.Exec(t.Context(), event, after); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), `UPDATE head SET position = $1 + 1`, after); err != nil {
		t.Fatal(err)
	}
}

func TestWaitForIsBounded(t *testing.T) {
	t.Parallel()
	r := newReader(t, testkit.Database(t), nil)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if err := r.WaitFor(ctx, 1, projections.Orders); !errors.Is(err, projections.ErrNotReached) {
		t.Errorf("got %v, want ErrNotReached", err)
	}
}
