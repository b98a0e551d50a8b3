package eventstore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// AllOrgs in the place of an organisation sees every organisation's events.
const AllOrgs = "*"

// Page is a part of the log as one organisation sees it.
type Page struct {
	Events []Event
	// Reached is how far the log was looked through; go on after it.
	Reached int64
	// Head is where the log ended.
	Head int64
}

// ReadFor reads, as ledger_reader, the events after a position that an organisation may see: at most
// limit, and ReadMax, looking at no more than span positions. The database itself keeps other organisations' away.
func (l *Log) ReadFor(ctx context.Context, org string, after, span int64, limit int) (Page, error) {
	const q = `SELECT ` + eventColumnList + ` FROM events WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3`
	limit = min(limit, ReadMax)
	var p Page
	err := l.readFor(ctx, org, &p.Head, func(b *pgx.Batch) {
		queueEvents(b, &p.Events, q, after, after+span, limit)
	})
	if err != nil {
		return p, fmt.Errorf("read the log after %d: %w", after, err)
	}
	p.Reached = max(after, min(after+span, p.Head))
	if n := len(p.Events); n == limit {
		p.Reached = p.Events[n-1].Position
	}
	return p, nil
}

// ReadStreamFor reads, as ledger_reader, the events of a stream after a version that an organisation may
// see, at most limit, and ReadMax, and where the log ended.
func (l *Log) ReadStreamFor(ctx context.Context, org, stream string, afterVersion int64, limit int) (Page, error) {
	const q = `SELECT ` + eventColumnList + ` FROM events WHERE stream = $1 AND version > $2 ORDER BY version LIMIT $3`
	var p Page
	err := l.readFor(ctx, org, &p.Head, func(b *pgx.Batch) {
		queueEvents(b, &p.Events, q, stream, afterVersion, min(limit, ReadMax))
	})
	if err != nil {
		return p, fmt.Errorf("read stream %s after version %d: %w", stream, afterVersion, err)
	}
	return p, nil
}

// readFor runs queries as an organisation, in one snapshot and one round trip.
func (l *Log) readFor(ctx context.Context, org string, head *int64, queue func(*pgx.Batch)) error {
	var b pgx.Batch
	b.Queue(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`)
	b.Queue(`SELECT set_config('ledger.org', $1, true)`, org)
	b.Queue(`SELECT position FROM head`).QueryRow(func(row pgx.Row) error { return row.Scan(head) })
	queue(&b)
	b.Queue(`COMMIT`)
	return l.pool.SendBatch(ctx, &b).Close()
}

func queueEvents(b *pgx.Batch, into *[]Event, sql string, args ...any) {
	b.Queue(sql, args...).Query(func(rows pgx.Rows) (err error) {
		*into, err = collectEvents(rows)
		return err
	})
}

// Personal reads the personal values that streams began with, by stream and name; what was erased is missing.
func (l *Log) Personal(ctx context.Context, streams []string) (map[string]map[string]string, error) {
	const q = `
SELECT e.stream, k.name, k.value
FROM events e
JOIN erasable k ON k.position = e.position
WHERE e.stream = ANY($1) AND e.version = 1`
	rows, err := l.pool.Query(ctx, q, streams)
	if err != nil {
		return nil, fmt.Errorf("read personal values of %d streams: %w", len(streams), err)
	}
	all := map[string]map[string]string{}
	var stream, name, value string
	_, err = pgx.ForEachRow(rows, []any{&stream, &name, &value}, func() error {
		if all[stream] == nil {
			all[stream] = map[string]string{}
		}
		all[stream][name] = value
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read personal values of %d streams: %w", len(streams), err)
	}
	return all, nil
}
