package projections_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"orderledger/internal/schema"
	"orderledger/internal/testkit"
	"orderledger/projections"
)

func rebuilding(t *testing.T, db *testkit.DB) projections.Rebuilding {
	t.Helper()
	return projections.Rebuilding{Owner: db.Pool(t, schema.Owner), Projector: db.Pool(t, schema.Projector)}
}

// While orders are placed and paid, and lists are read, every model is made anew: same rows, no gap in reads.
func TestRebuildUnderTraffic(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	w := newWorker(t, l.db, 100)
	run(t, w)
	r := newReader(t, l.db, w)
	l.traffic(t, 6, 80)
	waitFor(t, r, l.head(t))

	ctx, cancel := context.WithCancel(t.Context())
	var beside sync.WaitGroup
	defer func() { cancel(); beside.Wait() }()
	beside.Go(func() { // orders never become fewer
		for before := int64(0); ctx.Err() == nil; {
			page, err := r.Orders(ctx, projections.AllOrgs, projections.OrderQuery{Limit: 1, Count: true})
			if err == nil && *page.Total < before {
				t.Errorf("%d orders at %d, %d before", *page.Total, page.AsOf, before)
			}
			if err != nil && ctx.Err() == nil {
				t.Errorf("a read during a rebuild: %v", err)
			}
			if err == nil {
				before = *page.Total
			}
		}
	})
	beside.Go(func() { l.trafficUntil(ctx, 100) })
	for _, name := range projections.Names {
		b := rebuilding(t, l.db)
		b.Progress = func(int64, int64, float64) {}
		got, err := b.Rebuild(t.Context(), name)
		if err != nil || !got.Compared || got.Difference != "" {
			t.Fatalf("%+v, %v", got, err)
		}
		t.Logf("%+v", got)
	}
	cancel()
	beside.Wait()
	waitFor(t, r, l.head(t))
	if left := tablesInRebuild(t, l.db); left != 0 {
		t.Errorf("%d tables are left in the schema rebuild", left)
	}
	equalsTruth(t, r, foldAll(t, l))
	for _, name := range projections.Names { // and once more, with the rows that were switched in and went on
		if got, err := rebuilding(t, l.db).Rebuild(t.Context(), name); err != nil || !got.Compared {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

func tablesInRebuild(t *testing.T, db *testkit.DB) (n int) {
	t.Helper()
	const q = `SELECT count(*) FROM pg_tables WHERE schemaname = 'rebuild'`
	if err := db.Pool(t, schema.Owner).QueryRow(t.Context(), q).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// What protects a table and speeds it up comes with the table that takes its place.
func TestRebuiltTablesAreAlike(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	run(t, newWorker(t, l.db, 100))
	l.traffic(t, 7, 40)
	r := newReader(t, l.db, nil)
	waitFor(t, r, l.head(t))
	before := shape(t, l.db)
	for _, name := range projections.Names {
		if _, err := rebuilding(t, l.db).Rebuild(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	if after := shape(t, l.db); !maps.Equal(before, after) {
		t.Errorf("before\n%v\nafter\n%v", before, after)
	}
}

// shape describes the tables of the schema public.
func shape(t *testing.T, db *testkit.DB) map[string]bool {
	t.Helper()
	const q = `
SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT concat_ws(' ', tablename, policyname, roles, cmd, qual, with_check) FROM pg_policies WHERE schemaname = 'public'
UNION ALL SELECT concat_ws(' ', relname, relrowsecurity, relforcerowsecurity, relowner::regrole, array(SELECT x::text FROM unnest(relacl) x ORDER BY 1))
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT concat_ws(' ', table_name, ordinal_position, column_name, data_type, is_nullable, column_default, collation_name)
    FROM information_schema.columns WHERE table_schema = 'public'`
	rows, err := db.Pool(t, schema.Owner).Query(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := map[string]bool{}
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all[s] = true
	}
	if len(all) < 50 || rows.Err() != nil {
		t.Fatalf("%d facts, %v", len(all), rows.Err())
	}
	return all
}

func TestRebuildFindsWrongRows(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	run(t, newWorker(t, l.db, 100))
	l.must(t, "top-up", topUp("org-a", "50.00", "CNY", "bank-1"))
	r := newReader(t, l.db, nil)
	waitFor(t, r, 1)
	if _, err := l.db.Pool(t, schema.Projector).Exec(t.Context(), `UPDATE accounts SET cash = 51.00`); err != nil {
		t.Fatal(err)
	}
	b := rebuilding(t, l.db)
	got, err := b.Rebuild(t.Context(), projections.Accounts)
	if !errors.Is(err, projections.ErrRowsDiffer) || !strings.Contains(got.Difference, "51.00") {
		t.Errorf("got %+v, %v; want the row with 51.00", got, err)
	}
	if a, err := r.Account(t.Context(), "org-a"); err != nil || a.Balances[0].Cash != "51.00" {
		t.Errorf("refused, but changed: %+v, %v", a, err)
	}
	if left := tablesInRebuild(t, l.db); left != 0 {
		t.Errorf("%d tables are left", left)
	}
	b.Force = true
	if got, err = b.Rebuild(t.Context(), projections.Accounts); err != nil || got.Difference == "" {
		t.Errorf("by force: %+v, %v", got, err)
	}
	if a, err := r.Account(t.Context(), "org-a"); err != nil || a.Balances[0].Cash != "50.00" || a.AsOf != 1 {
		t.Errorf("by force: %+v, %v", a, err)
	}
}

// A stopped model is replaced by one that goes to the end of the log, and its worker goes on from there.
func TestRebuildMendsAStoppedModel(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.traffic(t, 8, 40)
	projector := l.db.Pool(t, schema.Projector)
	w := newWorker(t, l.db, 10)
	run(t, w)
	r := newReader(t, l.db, w)
	waitFor(t, r, l.head(t))
	if _, err := projector.Exec(t.Context(), `DELETE FROM orders WHERE order_id IN (SELECT order_id FROM order_lines)`); err != nil {
		t.Fatal(err)
	}
	if _, err := projector.Exec(t.Context(), `UPDATE projections SET state = 'stopped', error = 'by a test', position = position - 7 WHERE name = 'orders'`); err != nil {
		t.Fatal(err)
	}
	got, err := rebuilding(t, l.db).Rebuild(t.Context(), projections.Orders)
	if err != nil || got.Compared {
		t.Fatalf("%+v, %v", got, err)
	}
	l.traffic(t, 9, 40)
	waitFor(t, newReader(t, l.db, nil), l.head(t))
	equalsTruth(t, r, foldAll(t, l))
}

// A rebuild that is ended half way leaves the served rows alone; of two at once, one is refused.
func TestRebuildInterrupted(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	run(t, newWorker(t, l.db, 100))
	l.traffic(t, 10, 80)
	r := newReader(t, l.db, nil)
	waitFor(t, r, l.head(t))
	owner := l.db.Pool(t, schema.Owner)
	// What a killed one leaves.
	for _, s := range []string{
		`CREATE TABLE rebuild.orders (nothing int)`, `CREATE TABLE rebuild.order_lines (LIKE order_lines)`,
		`INSERT INTO projections SELECT 'rebuild.orders', 1, 3, hash, 'building', NULL FROM projections WHERE name = 'orders'`,
	} {
		if _, err := owner.Exec(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	b := rebuilding(t, l.db)
	var second error
	b.Progress = func(done, total int64, _ float64) {
		_, second = rebuilding(t, l.db).Rebuild(context.Background(), projections.Orders)
		cancel()
	}
	if _, err := b.Rebuild(ctx, projections.Orders); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation", err)
	}
	if !errors.Is(second, projections.ErrRebuilding) {
		t.Errorf("the second got %v, want ErrRebuilding", second)
	}
	equalsTruth(t, r, foldAll(t, l))
	if left := tablesInRebuild(t, l.db); left != 0 {
		t.Errorf("%d tables are left", left)
	}
	if _, err := rebuilding(t, l.db).Rebuild(t.Context(), projections.Orders); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if _, err := b.Rebuild(t.Context(), "nothing"); !errors.Is(err, projections.ErrUnknownModel) {
		t.Errorf("got %v, want ErrUnknownModel", err)
	}
}

// trafficUntil places and pays until ctx ends.
func (l *ledger) trafficUntil(ctx context.Context, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 0))
	for i := 0; ctx.Err() == nil; i++ {
		_ = l.oneOrder(ctx, r, fmt.Sprintf("u%d-%d", seed, i)) // the last one is cut off
	}
}

// Rows of another version of a fold are not moved on by this one; a rebuild makes them this one's.
func TestRebuildAfterANewVersion(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	if _, err := l.db.Pool(t, schema.Projector).Exec(t.Context(), `UPDATE projections SET version = 0 WHERE name = 'accounts'`); err != nil {
		t.Fatal(err)
	}
	w := newWorker(t, l.db, 100)
	run(t, w)
	r := newReader(t, l.db, w)
	l.must(t, "top-up", topUp("org-a", "50.00", "CNY", "bank-1"))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var stopped *projections.StoppedError
	if err := r.WaitFor(ctx, 1, projections.Accounts); !errors.As(err, &stopped) || !strings.Contains(stopped.Reason, "ledger rebuild accounts") {
		t.Fatalf("got %v, want a stop that says what to do", err)
	}
	if got, err := rebuilding(t, l.db).Rebuild(t.Context(), projections.Accounts); err != nil || got.Compared || got.Position != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	l.must(t, "again", topUp("org-a", "50.00", "CNY", "bank-2"))
	waitFor(t, r, 2)
	if a, err := r.Account(t.Context(), "org-a"); err != nil || a.Balances[0].Cash != "100.00" {
		t.Errorf("%+v, %v", a, err)
	}
}
