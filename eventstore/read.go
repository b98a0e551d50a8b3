package eventstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// ReadMax bounds a page of the log, in events.
const ReadMax = 10_000

// closeTimeout bounds how long giving a connection back may take.
const closeTimeout = 5 * time.Second

const eventColumnList = `position, stream, version, epoch, type, org_id, actor, coalesce(command_key, ''), fingerprint,
    coalesce(correlation, ''), coalesce(causation, ''), occurred_at, recorded_at, payload, hash`

// Read reads the events after a position, in order: at most limit, and ReadMax, of them. Fewer than
// both means that the log ended there when it was read.
func (l *Log) Read(ctx context.Context, after int64, limit int) ([]Event, error) {
	const q = `SELECT ` + eventColumnList + ` FROM events WHERE position > $1 ORDER BY position LIMIT $2`
	events, err := l.events(ctx, q, after, min(limit, ReadMax))
	if err != nil {
		return nil, fmt.Errorf("read the log after %d: %w", after, err)
	}
	return events, nil
}

// ReadStream reads a stream's events after a version and up to a position, in order: at most limit,
// and ReadMax, of them.
func (l *Log) ReadStream(ctx context.Context, stream string, afterVersion, upTo int64, limit int) ([]Event, error) {
	const q = `SELECT ` + eventColumnList + ` FROM events
WHERE stream = $1 AND version > $2 AND position <= $3 ORDER BY version LIMIT $4`
	events, err := l.events(ctx, q, stream, afterVersion, upTo, min(limit, ReadMax))
	if err != nil {
		return nil, fmt.Errorf("read stream %s after version %d: %w", stream, afterVersion, err)
	}
	return events, nil
}

// ReadFirst reads the first event of each stream that has one, in no order.
func (l *Log) ReadFirst(ctx context.Context, streams []string) ([]Event, error) {
	const q = `SELECT ` + eventColumnList + ` FROM events WHERE stream = ANY($1) AND version = 1`
	events, err := l.events(ctx, q, streams)
	if err != nil {
		return nil, fmt.Errorf("read the first events of %d streams: %w", len(streams), err)
	}
	return events, nil
}

// Erasables reads the personal values that an event holds digests of, by name; what was erased is missing.
func (l *Log) Erasables(ctx context.Context, position int64) (map[string]Erasable, error) {
	const q = `SELECT org_id, name, value, salt FROM erasable WHERE position = $1`
	rows, err := l.pool.Query(ctx, q, position)
	if err != nil {
		return nil, fmt.Errorf("read personal values of event %d: %w", position, err)
	}
	all := map[string]Erasable{}
	var e Erasable
	_, err = pgx.ForEachRow(rows, []any{&e.OrgID, &e.Name, &e.Value, &e.Salt}, func() error {
		all[e.Name] = e
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read personal values of event %d: %w", position, err)
	}
	return all, nil
}

// readPage reads as Read does, but ends a page once it holds maxBytes of payloads too, so that a page of
// large events can't fill the memory. It returns at least one event where there is one.
func (l *Log) readPage(ctx context.Context, after int64, limit, maxBytes int) (page []Event, full bool, err error) {
	const q = `SELECT ` + eventColumnList + ` FROM events WHERE position > $1 ORDER BY position LIMIT $2`
	limit = min(limit, ReadMax)
	rows, err := l.pool.Query(ctx, q, after, limit)
	if err != nil {
		return nil, false, fmt.Errorf("read the log after %d: %w", after, err)
	}
	defer rows.Close()
	size := 0
	for size < maxBytes && rows.Next() {
		page = append(page, Event{})
		e := &page[len(page)-1]
		if err := scanEvent(rows, e); err != nil {
			return nil, false, fmt.Errorf("read the log after %d: %w", after, err)
		}
		if e.Position != after+int64(len(page)) {
			return nil, false, fmt.Errorf("read the log after %d: position %d is missing", after, after+int64(len(page)))
		}
		size += len(e.Payload)
	}
	rows.Close()
	if err := rows.Err(); err != nil {
		return nil, false, fmt.Errorf("read the log after %d: %w", after, err)
	}
	return page, len(page) == limit || size >= maxBytes, nil
}

// hashAt reads the chain's hash at a position; it is zero, and found, at 0.
func (l *Log) hashAt(ctx context.Context, position int64) (h Hash, found bool, err error) {
	if position == 0 {
		return h, true, nil
	}
	var hash []byte
	err = l.pool.QueryRow(ctx, `SELECT hash FROM events WHERE position = $1`, position).Scan(&hash)
	if errors.Is(err, pgx.ErrNoRows) {
		return h, false, nil
	}
	if err != nil {
		return h, false, fmt.Errorf("read the hash at %d: %w", position, err)
	}
	copy(h[:], hash)
	return h, true, nil
}

// events runs a query for eventColumnList.
func (l *Log) events(ctx context.Context, sql string, args ...any) ([]Event, error) {
	rows, err := l.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return collectEvents(rows)
}

// collectEvents reads rows of eventColumnList.
func collectEvents(rows pgx.Rows) ([]Event, error) {
	defer rows.Close()
	var events []Event
	for rows.Next() {
		events = append(events, Event{})
		if err := scanEvent(rows, &events[len(events)-1]); err != nil {
			return nil, err
		}
	}
	return events, rows.Err()
}

// scanEvent reads one row of eventColumnList.
func scanEvent(rows pgx.Rows, e *Event) error {
	var fingerprint, hash pgtype.DriverBytes
	err := rows.Scan(&e.Position, &e.Stream, &e.Version, &e.Epoch, &e.Type, &e.OrgID, &e.Actor, &e.Key, &fingerprint,
		&e.Correlation, &e.Causation, &e.OccurredAt, &e.RecordedAt, &e.Payload, &hash)
	if err != nil {
		return err
	}
	e.OccurredAt, e.RecordedAt = e.OccurredAt.UTC(), e.RecordedAt.UTC()
	copy(e.Fingerprint[:], fingerprint)
	copy(e.Hash[:], hash)
	return nil
}

// Before is the last position that was recorded before a time, 0 for none. Time never runs back in the log, so a few looks
// find it.
func (l *Log) Before(ctx context.Context, at time.Time) (int64, error) {
	head, err := l.Head(ctx)
	if err != nil {
		return 0, err
	}
	low, high := int64(0), head.Position // it is neither before the one nor after the other
	for low < high {
		middle := high - (high-low)/2
		var before bool
		err := l.pool.QueryRow(ctx, `SELECT recorded_at < $2 FROM events WHERE position = $1`, middle, at).Scan(&before)
		switch {
		case err != nil:
			return 0, fmt.Errorf("look for the position before %s: %w", at.Format(time.RFC3339), err)
		case before:
			low = middle
		default:
			high = middle - 1
		}
	}
	return low, nil
}
