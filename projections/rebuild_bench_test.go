package projections_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
	"orderledger/projections"
)

// BenchmarkRebuild compares rebuilds with the bare bulk upsert of the same rows, 5,000 a statement, into the
// same tables with the same indexes.
func BenchmarkRebuild(b *testing.B) {
	const orders = 50_000
	db := testkit.Database(b)
	log := eventstore.NewLog(db.Pool(b, schema.App))
	e, err := handlers.NewExecutor(b.Context(), log, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	began := time.Now()
	fillLedger(b, e, orders)
	head, err := log.Head(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d events in %s", head.Position, time.Since(began))

	projector := db.Pool(b, schema.Projector)
	reading := eventstore.NewLog(projector)
	watch := eventstore.NewWatch(reading)
	defer watch.Close()
	w := projections.NewWorker(projector, reading, eventstore.NewFeed(reading, watch, nil))
	began = time.Now()
	stop := runWorker(w)
	reader := projections.NewReader(db.Pool(b, schema.Reader), w)
	if err := reader.WaitFor(b.Context(), head.Position, projections.Names...); err != nil {
		b.Fatal(err)
	}
	b.Logf("workers: %.0f events/s", float64(head.Position)/time.Since(began).Seconds())
	stop()

	r := projections.Rebuilding{Owner: db.Pool(b, schema.Owner), Projector: projector}
	for _, name := range projections.Names {
		got, err := r.Rebuild(b.Context(), name)
		if err != nil {
			b.Fatal(err)
		}
		floor := time.Duration(0)
		for table := range got.Rows {
			floor += bareUpsert(b, db, table)
		}
		b.Logf("%s %v: filled in %s, took %s (%.0f events/s); bare upsert %s; ratio %.2f", name, got.Rows, got.Filled, got.Took,
			float64(head.Position)/got.Took.Seconds(), floor, floor.Seconds()/got.Took.Seconds())
	}
}

// fillLedger places orders of which half are paid.
func fillLedger(b *testing.B, e *handlers.Executor, orders int) {
	b.Helper()
	do := func(key string, c domain.Command) func() {
		wait, err := e.Start(b.Context(), handlers.Request{Command: c, Key: key, Actor: "key:test", Fingerprint: sha256.Sum256([]byte(key))})
		if err != nil {
			b.Fatal(err)
		}
		return func() {
			if _, err := wait(b.Context()); err != nil {
				b.Fatal(key, err)
			}
		}
	}
	var waits []func()
	for i := range 20 {
		do(fmt.Sprint("t", i), topUp(fmt.Sprint("org-", i), "1000000000.00", "CNY", "bank"))()
	}
	for i := range orders {
		o := order(fmt.Sprint("org-", i%20), "28.86")
		o.Lines[0].NewConfig = []domain.Component{{Component: "CPU", Value: "64", Unit: "core"}, {Component: "GPU", Value: "4", Unit: "card"}}
		waits = append(waits, do(fmt.Sprint("p", i), o))
		if i%2 == 0 {
			waits = append(waits, do(fmt.Sprint("y", i), domain.PayOrder{OrderID: o.OrderID, OrgID: o.OrgID}))
		}
		if len(waits) > 2000 {
			waits[0]()
			waits = waits[1:]
		}
	}
	for _, wait := range waits {
		wait()
	}
}

// bareUpsert writes a table's rows from memory into a copy of it, and says how long that took.
func bareUpsert(b *testing.B, db *testkit.DB, table string) time.Duration {
	b.Helper()
	super := db.Pool(b, schema.Owner)
	ctx := b.Context()
	exec := func(q string, args ...any) {
		if _, err := super.Exec(ctx, q, args...); err != nil {
			b.Fatal(q, err)
		}
	}
	var columns, kinds []string
	rows, err := super.Query(ctx, `SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position`, table)
	if err != nil {
		b.Fatal(err)
	}
	for rows.Next() {
		var c, k string
		if err := rows.Scan(&c, &k); err != nil {
			b.Fatal(err)
		}
		columns, kinds = append(columns, c), append(kinds, k)
	}
	values := make([][]*string, len(columns))
	texts := make([]string, len(columns))
	for i, c := range columns {
		texts[i] = c + "::text"
	}
	rows, err = db.Pool(b, schema.Projector).Query(ctx, `SELECT `+strings.Join(texts, ", ")+` FROM `+table)
	if err != nil {
		b.Fatal(err)
	}
	for rows.Next() {
		row := make([]any, len(columns))
		cells := make([]*string, len(columns))
		for i := range row {
			row[i] = &cells[i]
		}
		if err := rows.Scan(row...); err != nil {
			b.Fatal(err)
		}
		for i, c := range cells {
			values[i] = append(values[i], c)
		}
	}
	exec(`CREATE TABLE bare_` + table + ` (LIKE ` + table + ` INCLUDING ALL)`)
	defer exec(`DROP TABLE bare_` + table)
	var casts, params []string
	for i, c := range columns {
		casts, params = append(casts, "v."+c+"::"+kinds[i]), append(params, fmt.Sprintf("$%d::text[]", i+1))
	}
	names := strings.Join(columns, ", ")
	q := `INSERT INTO bare_` + table + ` (` + names + `) SELECT ` + strings.Join(casts, ", ") + ` FROM unnest(` + strings.Join(params, ", ") + `) AS v (` + names + `) ON CONFLICT DO NOTHING`
	began := time.Now()
	for from := 0; from < len(values[0]); from += 5000 {
		args := make([]any, len(columns))
		for i := range args {
			args[i] = values[i][from:min(from+5000, len(values[i]))]
		}
		exec(q, args...)
	}
	return time.Since(began)
}
