package bench

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"orderledger/eventstore"
	"orderledger/internal/schema"
	"orderledger/projections"
)

// projections measures how fast read models are caught up and rebuilt, against a bare bulk upsert of the
// same rows, and how soon after its acknowledgement a command can be read.
func (b *bed) projections(ctx context.Context) error {
	url, err := b.database(ctx)
	if err != nil {
		return err
	}
	e, err := b.newExecutor(ctx, url)
	if err != nil {
		return err
	}
	defer e.close()
	b.say("making a log of %d events", b.Events)
	if err := grow(ctx, e.log, b.Events, orgs); err != nil {
		return err
	}
	owner, err := pool(ctx, url, schema.Owner, 8)
	if err != nil {
		return err
	}
	defer owner.Close()
	projector, err := pool(ctx, url, schema.Projector, 16)
	if err != nil {
		return err
	}
	defer projector.Close()
	if err := b.rebuilds(ctx, e, owner, projector); err != nil {
		return err
	}
	return b.readableAfter(ctx, e, projector)
}

func (b *bed) rebuilds(ctx context.Context, e *executor, owner, projector *pgxpool.Pool) error {
	head, err := e.log.Head(ctx)
	if err != nil {
		return err
	}
	b.say("catching the read models up")
	start := time.Now()
	if err := b.catchUp(ctx, projector, head.Position); err != nil {
		return err
	}
	caughtUp := time.Since(start)
	b.say("rebuilding them")
	r := projections.Rebuilding{Owner: owner, Projector: projector}
	var filled, whole time.Duration
	for _, name := range projections.Names {
		made, err := r.Rebuild(ctx, name)
		if err != nil {
			return err
		}
		filled += made.Filled
		whole += made.Took
	}
	b.say("writing the same rows without any fold")
	bare, err := bareUpsert(ctx, owner)
	if err != nil {
		return err
	}
	n := float64(head.Position)
	limit := n / bare.Seconds()
	b.report(fmt.Sprintf("worker, all read models, %d events", head.Position), n/caughtUp.Seconds(), "events/s", limit)
	b.report(fmt.Sprintf("rebuild, all read models, %d events: folding and writing", head.Position), n/filled.Seconds(), "events/s", limit)
	b.report("rebuild, with indexes, comparison and switch", n/whole.Seconds(), "events/s", limit)
	return nil
}

// catchUp runs a worker on Postgres alone until every read model has reached a position.
func (b *bed) catchUp(ctx context.Context, projector *pgxpool.Pool, position int64) error {
	log := eventstore.NewLog(projector)
	watch := eventstore.NewWatch(log)
	defer watch.Close()
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	defer func() { cancel(); <-done }()
	w := projections.NewWorker(projector, log, eventstore.NewFeed(log, watch, nil))
	go func() { defer close(done); w.Run(ctx) }()
	for {
		var behind int64
		if err := projector.QueryRow(ctx, `SELECT count(*) FROM projections WHERE position < $1`, position).Scan(&behind); err != nil {
			return err
		}
		if behind == 0 {
			return nil
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// bareRows bounds the rows of a table that the bare upsert is measured with.
const (
	bareRows = 100_000
	barePage = 5000
)

// bareUpsert is how long a bulk upsert of all rows of all read models takes: a sample of each table is
// written to an identical, identically indexed one, and its rate applied to the table.
func bareUpsert(ctx context.Context, owner *pgxpool.Pool) (total time.Duration, err error) {
	for _, table := range []string{"orders", "order_lines", "bill_lines", "accounts", "entries", "orgs"} {
		t, err := readTable(ctx, owner, table)
		if err != nil {
			return 0, err
		}
		if len(t.pages) == 0 {
			continue
		}
		took, err := t.write(ctx, owner)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", table, err)
		}
		total += time.Duration(float64(took) * float64(t.rows) / float64(t.sampled))
	}
	return total, nil
}

// readModelTable is a sample of a table's rows, by column, as text.
type readModelTable struct {
	name          string
	names, kinds  []string
	key           string
	rows, sampled int
	pages         [][][]*string
}

func readTable(ctx context.Context, owner *pgxpool.Pool, name string) (*readModelTable, error) {
	t := &readModelTable{name: name}
	const columns = `
SELECT a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_attribute a
WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY a.attnum`
	rows, err := owner.Query(ctx, columns, name)
	if err != nil {
		return nil, err
	}
	var column, kind string
	if _, err := pgx.ForEachRow(rows, []any{&column, &kind}, func() error {
		t.names, t.kinds = append(t.names, column), append(t.kinds, kind)
		return nil
	}); err != nil {
		return nil, err
	}
	const key = `
SELECT string_agg(a.attname, ', ' ORDER BY array_position(i.indkey::int[], a.attnum::int))
FROM pg_index i
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
WHERE i.indrelid = $1::regclass AND i.indisprimary`
	if err := owner.QueryRow(ctx, key, name).Scan(&t.key); err != nil {
		return nil, err
	}
	return t, t.sample(ctx, owner)
}

// sample reads rows. The owner passes by the policies of tenants by lifting them for a moment: the
// database is the benchmark's own.
func (t *readModelTable) sample(ctx context.Context, owner *pgxpool.Pool) error {
	if _, err := owner.Exec(ctx, `ALTER TABLE `+t.name+` NO FORCE ROW LEVEL SECURITY`); err != nil {
		return err
	}
	if err := owner.QueryRow(ctx, `SELECT count(*) FROM `+t.name).Scan(&t.rows); err != nil {
		return err
	}
	texts := make([]string, len(t.names))
	for i, name := range t.names {
		texts[i] = name + "::text"
	}
	rows, err := owner.Query(ctx, `SELECT `+strings.Join(texts, ", ")+` FROM `+t.name+fmt.Sprintf(" LIMIT %d", bareRows))
	if err != nil {
		return err
	}
	defer rows.Close()
	row := make([]*string, len(t.names))
	into := make([]any, len(row))
	for i := range row {
		into[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if t.sampled%barePage == 0 {
			t.pages = append(t.pages, make([][]*string, len(row)))
		}
		page := t.pages[len(t.pages)-1]
		for i := range row {
			page[i] = append(page[i], row[i])
			row[i] = nil
		}
		t.sampled++
	}
	return rows.Err()
}

func (t *readModelTable) write(ctx context.Context, owner *pgxpool.Pool) (time.Duration, error) {
	plain := "plain_" + t.name
	if _, err := owner.Exec(ctx, `CREATE TABLE `+plain+` (LIKE `+t.name+` INCLUDING ALL)`); err != nil {
		return 0, err
	}
	var values, arrays, changes []string
	for i, name := range t.names {
		values = append(values, "v."+name+"::"+t.kinds[i])
		arrays = append(arrays, fmt.Sprintf("$%d::text[]", i+1))
		changes = append(changes, name+" = excluded."+name)
	}
	names := strings.Join(t.names, ", ")
	upsert := "INSERT INTO " + plain + " (" + names + ") SELECT " + strings.Join(values, ", ") +
		" FROM unnest(" + strings.Join(arrays, ", ") + ") AS v (" + names + ") ON CONFLICT (" + t.key + ") DO UPDATE SET " + strings.Join(changes, ", ")
	var took time.Duration
	for _, page := range t.pages {
		args := make([]any, len(page))
		for i := range page {
			args[i] = page[i]
		}
		from := time.Now()
		if _, err := owner.Exec(ctx, upsert, args...); err != nil {
			return 0, err
		}
		took += time.Since(from)
	}
	_, err := owner.Exec(ctx, `DROP TABLE `+plain)
	return took, err
}

// readableAfter measures, at half the load that everything bears together, how long after its
// acknowledgement a command's order can be read.
func (b *bed) readableAfter(ctx context.Context, e *executor, projector *pgxpool.Pool) error {
	server, _, stop, err := b.follow(e.log, true)
	if err != nil {
		return err
	}
	defer stop()
	nc, err := server.Connect()
	if err != nil {
		return err
	}
	defer nc.Close()
	log := eventstore.NewLog(projector)
	watch := eventstore.NewWatch(log)
	defer watch.Close()
	working, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	defer func() { cancel(); <-done }()
	w := projections.NewWorker(projector, log, eventstore.NewFeed(log, watch, nc))
	go func() { defer close(done); w.Run(working) }()

	if err := endow(ctx, e.Executor); err != nil {
		return err
	}
	run := fmt.Sprint("readable-", time.Now().UnixNano())
	full, _, err := inTurns(ctx, 64, b.span(), placeAndPay(run, e.Executor))
	if err != nil {
		return err
	}
	seen, err := watchCheckpoint(ctx, projector, e.log)
	if err != nil {
		return err
	}
	acknowledged, err := paced(ctx, e.Executor, run+"-half", full/2, b.span())
	if err != nil {
		return err
	}
	steps, err := seen.end(ctx)
	if err != nil {
		return err
	}
	var lags latencies
	for position, at := range acknowledged {
		i := sort.Search(len(steps), func(i int) bool { return steps[i].position >= position })
		if i == len(steps) {
			return fmt.Errorf("position %d was never readable", position)
		}
		lags = append(lags, max(0, steps[i].at.Sub(at)))
	}
	b.report("p50 from acknowledgement to readable row at half load", lags.at(0.5), "ms", 0)
	b.report("p99 from acknowledgement to readable row at half load", lags.at(0.99), "ms", 0)
	return nil
}

// checkpoints notes when the read model of orders was seen to reach which position.
type checkpoints struct {
	log   *eventstore.Log
	pool  *pgxpool.Pool
	stop  chan struct{}
	steps chan []step
}

type step struct {
	position int64
	at       time.Time
}

// watchCheckpoint looks every two milliseconds, once the read model has caught up.
func watchCheckpoint(ctx context.Context, pool *pgxpool.Pool, log *eventstore.Log) (*checkpoints, error) {
	c := &checkpoints{log: log, pool: pool, stop: make(chan struct{}), steps: make(chan []step, 1)}
	if err := c.reach(ctx); err != nil {
		return nil, err
	}
	go func() {
		var all []step
		for {
			if position, err := c.position(ctx); err == nil && (len(all) == 0 || position > all[len(all)-1].position) {
				all = append(all, step{position, time.Now()})
			}
			select {
			case <-time.After(2 * time.Millisecond):
			case <-c.stop:
				c.steps <- all
				return
			}
		}
	}()
	return c, nil
}

func (c *checkpoints) position(ctx context.Context) (p int64, err error) {
	err = c.pool.QueryRow(ctx, `SELECT position FROM projections WHERE name = 'orders'`).Scan(&p)
	return p, err
}

// reach waits until the read model is where the log is.
func (c *checkpoints) reach(ctx context.Context) error {
	head, err := c.log.Head(ctx)
	if err != nil {
		return err
	}
	for {
		p, err := c.position(ctx)
		if err != nil || p >= head.Position {
			return err
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (c *checkpoints) end(ctx context.Context) ([]step, error) {
	err := c.reach(ctx)
	time.Sleep(10 * time.Millisecond) // so that the watcher has seen it too
	close(c.stop)
	return <-c.steps, err
}
