package bench

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"orderledger/eventstore"
)

// rowsPerInsert is the size of the bulk insert that the limit is measured with.
const rowsPerInsert = 1000

var plainColumns = []string{
	"position", "stream", "version", "epoch", "type", "org_id", "actor", "command_key", "fingerprint",
	"correlation", "causation", "occurred_at", "recorded_at", "payload", "hash",
}

// plain is a table like the log's, with the same indexes, that rows are written to without any rules.
type plain struct {
	pool *pgxpool.Pool
	rows []eventstore.Event
	next atomic.Int64
}

// newPlain makes the table in the log's own database, and takes the log's events as its rows.
func newPlain(ctx context.Context, pool *pgxpool.Pool, events []eventstore.Event) (*plain, error) {
	_, err := pool.Exec(ctx, `DROP TABLE IF EXISTS plain_events`)
	if err == nil {
		_, err = pool.Exec(ctx, `CREATE TABLE plain_events (LIKE events INCLUDING ALL)`)
	}
	return &plain{pool: pool, rows: events}, err
}

// row is the i-th row to write: the events again and again, with positions, streams and keys that are
// not there yet.
func (p *plain) row(i int64) []any {
	e := &p.rows[i%int64(len(p.rows))]
	round := i / int64(len(p.rows))
	var key, fingerprint any
	stream := e.Stream
	if round > 0 {
		stream = fmt.Sprintf("%s.%d", stream, round)
	}
	if e.Key != "" {
		fingerprint, key = e.Fingerprint[:], e.Key
		if round > 0 {
			key = fmt.Sprintf("%s.%d", e.Key, round)
		}
	}
	return []any{
		i + 1, stream, e.Version, e.Epoch, e.Type, e.OrgID, e.Actor, key, fingerprint,
		null(e.Correlation), null(e.Causation), e.OccurredAt, e.RecordedAt, string(e.Payload), e.Hash[:],
	}
}

func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// bulk writes rows in multi-row INSERTs, one after another, and returns rows a second.
func (p *plain) bulk(ctx context.Context, span time.Duration) (float64, error) {
	statement := insertStatement(rowsPerInsert)
	args := make([]any, 0, rowsPerInsert*len(plainColumns))
	start, written := time.Now(), 0
	var spent time.Duration // in the database alone: making the rows is not what limits it
	for time.Since(start) < span {
		args = args[:0]
		at := p.next.Add(rowsPerInsert) - rowsPerInsert
		for i := range int64(rowsPerInsert) {
			args = append(args, p.row(at+i)...)
		}
		from := time.Now()
		if _, err := p.pool.Exec(ctx, statement, args...); err != nil {
			return 0, err
		}
		spent += time.Since(from)
		written += rowsPerInsert
	}
	return float64(written) / spent.Seconds(), nil
}

// single writes one row in a transaction of its own.
func (p *plain) single(ctx context.Context, _, _ int) error {
	_, err := p.pool.Exec(ctx, singleInsert, p.row(p.next.Add(1)-1)...)
	return err
}

var singleInsert = insertStatement(1)

func insertStatement(rows int) string {
	var s strings.Builder
	s.WriteString("INSERT INTO plain_events (" + strings.Join(plainColumns, ", ") + ") VALUES ")
	n := 0
	for r := range rows {
		if r > 0 {
			s.WriteString(", ")
		}
		s.WriteByte('(')
		for c := range plainColumns {
			if c > 0 {
				s.WriteString(", ")
			}
			n++
			fmt.Fprintf(&s, "$%d", n)
		}
		s.WriteByte(')')
	}
	return s.String()
}

// readAll reads up to limit events of the log.
func readAll(ctx context.Context, log *eventstore.Log, limit int) ([]eventstore.Event, error) {
	var all []eventstore.Event
	for len(all) < limit {
		var after int64
		if len(all) > 0 {
			after = all[len(all)-1].Position
		}
		page, err := log.Read(ctx, after, min(limit-len(all), 5000))
		if err != nil {
			return nil, err
		}
		if len(page) == 0 {
			break
		}
		all = append(all, page...)
	}
	if len(all) == 0 {
		return nil, pgx.ErrNoRows
	}
	return all, nil
}
