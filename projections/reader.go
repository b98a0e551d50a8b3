package projections

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"orderledger/eventstore"
)

// AllOrgs in the place of an organisation reads every organisation's rows, for platform keys.
const AllOrgs = eventstore.AllOrgs

// LimitMax bounds a page of a list.
const LimitMax = 500

// ErrNotFound: the organisation has no such thing.
var ErrNotFound = errors.New("not found")

// List is a page of a list, as the API answers it.
type List[T any] struct {
	Items []T `json:"items"`
	// NextCursor asks for the page after this one; nil when there is none.
	NextCursor *string `json:"next_cursor"`
	// Total counts all items that match; nil unless it was asked for.
	Total *int64 `json:"total,omitempty"`
	// Searched is how many rows were gone through where that was cut short, else 0: the page may have fewer items than there
	// are, and NextCursor goes on.
	Searched int `json:"-"`
	// AsOf is the position that the answer is as of.
	AsOf int64 `json:"as_of_position"`
}

// Reader answers queries from the read models. Every query names the organisation that it may see
// (AllOrgs for all of them) and is one read-only transaction. It is safe for concurrent use.
type Reader struct {
	pool   *pgxpool.Pool
	worker *Worker
}

// NewReader opens a reader on a pool that runs as ledger_reader, opened with CustomPlans. worker is the one
// that runs in this process, which spares waiting reads some polling, or nil.
func NewReader(pool *pgxpool.Pool, worker *Worker) *Reader { return &Reader{pool, worker} }

// CustomPlans adjusts a pool (schema.Pool) for queries: organisations differ in size so much that a plan
// made for the average one, which Postgres keeps after five uses, can be seventy times slower. A page of fifty rows is read
// sooner than other processes are started to help, or its plan is compiled.
func CustomPlans(c *pgxpool.Config) {
	c.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_custom_plan"
	c.ConnConfig.RuntimeParams["max_parallel_workers_per_gather"] = "0"
	c.ConnConfig.RuntimeParams["jit"] = "off"
}

// Checkpoint is how far a read model has got.
type Checkpoint struct {
	Name     string
	Version  int
	Position int64
	// State is running, stopped (Error says why) or building.
	State string
	Error string
}

// Checkpoints lists the read models' checkpoints, by name.
func (r *Reader) Checkpoints(ctx context.Context) ([]Checkpoint, error) {
	const q = `SELECT name, version, position, state, coalesce(error, '') FROM projections ORDER BY name`
	rows, err := r.pool.Query(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("read checkpoints: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Checkpoint])
	if err != nil {
		return nil, fmt.Errorf("read checkpoints: %w", err)
	}
	return all, nil
}

// read runs queries on read models in one snapshot and one round trip. It returns the position that all of
// the named models have reached in it. Their tables are locked before the snapshot is taken: a rebuild that
// puts another table in a model's place would otherwise show that table to a snapshot from before its rows
// were there.
func (r *Reader) read(ctx context.Context, org string, names []string, queue func(*pgx.Batch)) (asOf int64, err error) {
	var b pgx.Batch
	b.Queue(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`)
	queueRead(&b, org, names, &asOf)
	queue(&b)
	b.Queue(`COMMIT`)
	if err := r.pool.SendBatch(ctx, &b).Close(); err != nil {
		return 0, err
	}
	return asOf, nil
}

// queueRead begins what a transaction reads: locks, whose rows, as of which position.
func queueRead(b *pgx.Batch, org string, names []string, asOf *int64) {
	const checkpoint = `SELECT min(position) FROM projections WHERE name = ANY($1)`
	for _, name := range names {
		b.Queue(`LOCK TABLE ` + models[name].tableList("") + ` IN ACCESS SHARE MODE`)
	}
	b.Queue(`SELECT set_config('ledger.org', $1, true)`, org)
	b.Queue(checkpoint, names).QueryRow(func(row pgx.Row) error { return row.Scan(asOf) })
}

// collect queues a query whose rows are scanned one by one.
func collect(b *pgx.Batch, sql string, args []any, scan []any, each func() error) {
	b.Queue(sql, args...).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, scan, each)
		return err
	})
}
