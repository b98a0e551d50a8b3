package eventstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// ReadMax bounds a page of the log, in events.
const ReadMax = 10_000

// closeTimeout bounds how long giving a connection back may take.
const closeTimeout = 5 * time.Second

const eventColumnList = `position, stream, version, epoch, type, org_id, actor, coalesce(command_key, ''), fingerprint,
    coalesce(correlation, ''), coalesce(causation, ''), occurred_at, recorded_at, payload, hash`

// Read reads the events after a position, in order: at most limit, and ReadMax, of them. Fewer than
// limit means that the log ended there when it was read.
func (l *Log) Read(ctx context.Context, after int64, limit int) ([]Event, error) {
	const q = `SELECT ` + eventColumnList + ` FROM events WHERE position > $1 ORDER BY position LIMIT $2`
	rows, err := l.pool.Query(ctx, q, after, min(limit, ReadMax))
	if err == nil {
		var events []Event
		if events, err = collectEvents(rows); err == nil {
			return events, nil
		}
	}
	return nil, fmt.Errorf("read the log after %d: %w", after, err)
}

// ReadStream reads a stream's events after a version and up to a position, in order: at most limit,
// and ReadMax, of them.
func (l *Log) ReadStream(ctx context.Context, stream string, afterVersion, upTo int64, limit int) ([]Event, error) {
	const q = `SELECT ` + eventColumnList + ` FROM events
WHERE stream = $1 AND version > $2 AND position <= $3 ORDER BY version LIMIT $4`
	rows, err := l.pool.Query(ctx, q, stream, afterVersion, upTo, min(limit, ReadMax))
	if err == nil {
		var events []Event
		if events, err = collectEvents(rows); err == nil {
			return events, nil
		}
	}
	return nil, fmt.Errorf("read stream %s after version %d: %w", stream, afterVersion, err)
}

// ReadFirst reads the first event of each stream that has one.
func (l *Log) ReadFirst(ctx context.Context, streams []string) ([]Event, error) {
	const q = `SELECT ` + eventColumnList + ` FROM events WHERE stream = ANY($1) AND version = 1`
	rows, err := l.pool.Query(ctx, q, streams)
	if err == nil {
		var events []Event
		if events, err = collectEvents(rows); err == nil {
			return events, nil
		}
	}
	return nil, fmt.Errorf("read the first events of %d streams: %w", len(streams), err)
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

// collectEvents reads rows of eventColumnList.
func collectEvents(rows pgx.Rows) ([]Event, error) {
	defer rows.Close()
	var events []Event
	var fingerprint, hash, payload []byte
	for rows.Next() {
		var e Event
		if err := rows.Scan(&e.Position, &e.Stream, &e.Version, &e.Epoch, &e.Type, &e.OrgID, &e.Actor, &e.Key, &fingerprint,
			&e.Correlation, &e.Causation, &e.OccurredAt, &e.RecordedAt, &payload, &hash); err != nil {
			return nil, err
		}
		e.OccurredAt, e.RecordedAt = e.OccurredAt.UTC(), e.RecordedAt.UTC()
		e.Payload = payload
		copy(e.Fingerprint[:], fingerprint)
		copy(e.Hash[:], hash)
		events = append(events, e)
		payload = nil // the next row must not write over this one's bytes
	}
	return events, rows.Err()
}
