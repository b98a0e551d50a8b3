package eventstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// SavedState is what a stream folds to at a version, as opaque bytes. It is disposable: it only spares
// reading the events below it.
type SavedState struct {
	Stream  string
	OrgID   string
	Version int64
	Rules   int
	State   []byte
}

// Loaded is what is needed to know a stream's state: a saved one (State nil when there is none) and
// the events after it.
type Loaded struct {
	Saved SavedState
	Tail  []Event
}

// Load reads several streams in one query and one snapshot. A stream without events is missing in the
// answer. Saved states of other rules than the given ones are passed over.
//
// OFFSET 0 keeps the look into the events by stream. The planner can't know how short most streams are, and as a plain
// join it reads the whole log for some dozens of them.
func (l *Log) Load(ctx context.Context, streams []string, rules int) (map[string]*Loaded, error) {
	const q = `
WITH saved AS (
    SELECT s.stream, s.version, s.state
    FROM saved_states s
    WHERE s.stream = ANY($1) AND s.rules = $2
)
SELECT s.stream, s.version, s.state, 0::bigint, '', '', 'epoch'::timestamptz, 'epoch'::timestamptz, NULL::json
FROM saved s
UNION ALL
SELECT e.stream, e.version, NULL, e.position, e.type, e.org_id, e.occurred_at, e.recorded_at, e.payload
FROM unnest($1::text[]) AS k (stream)
LEFT JOIN saved s ON s.stream = k.stream
CROSS JOIN LATERAL (
    SELECT e.stream, e.version, e.position, e.type, e.org_id, e.occurred_at, e.recorded_at, e.payload
    FROM events e
    WHERE e.stream = k.stream AND e.version > coalesce(s.version, 0)
    OFFSET 0
) e
ORDER BY 1, 2`
	rows, err := l.pool.Query(ctx, q, streams, rules)
	if err != nil {
		return nil, fmt.Errorf("load %d streams: %w", len(streams), err)
	}
	all := make(map[string]*Loaded, len(streams))
	var e Event
	var state, payload []byte
	_, err = pgx.ForEachRow(rows, []any{&e.Stream, &e.Version, &state, &e.Position, &e.Type, &e.OrgID, &e.OccurredAt, &e.RecordedAt, &payload}, func() error {
		at := all[e.Stream]
		if at == nil {
			at = &Loaded{}
			all[e.Stream] = at
		}
		if e.Position == 0 {
			at.Saved = SavedState{Stream: e.Stream, Version: e.Version, Rules: rules, State: state}
			state = nil
			return nil
		}
		e.OccurredAt, e.RecordedAt = e.OccurredAt.UTC(), e.RecordedAt.UTC()
		e.Payload = payload
		payload = nil // the next row must not write over this one's bytes
		at.Tail = append(at.Tail, e)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load %d streams: %w", len(streams), err)
	}
	return all, nil
}

// SaveState keeps a stream's state, unless a later one of the same rules is kept already.
func (l *Log) SaveState(ctx context.Context, s SavedState) error {
	const q = `
INSERT INTO saved_states (stream, org_id, version, rules, state)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (stream) DO UPDATE
SET version = excluded.version, rules = excluded.rules, state = excluded.state, saved_at = clock_timestamp()
WHERE saved_states.rules <> excluded.rules OR saved_states.version < excluded.version`
	if _, err := l.pool.Exec(ctx, q, s.Stream, s.OrgID, s.Version, s.Rules, s.State); err != nil {
		return fmt.Errorf("save the state of %s: %w", s.Stream, err)
	}
	return nil
}

// SavedAt finds the saved state of a stream if it holds nothing that happened after a position; State is nil else.
func (l *Log) SavedAt(ctx context.Context, stream string, rules int, position int64) (SavedState, error) {
	const q = `
SELECT s.stream, s.org_id, s.version, s.rules, s.state
FROM saved_states s
JOIN events e ON e.stream = s.stream AND e.version = s.version AND e.position <= $3
WHERE s.stream = $1 AND s.rules = $2`
	var s SavedState
	err := l.pool.QueryRow(ctx, q, stream, rules, position).Scan(&s.Stream, &s.OrgID, &s.Version, &s.Rules, &s.State)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return s, fmt.Errorf("read the saved state of %s: %w", stream, err)
	}
	return s, nil
}

// SavedStates reads every saved state in the order of streams, a page of at most limit after a stream.
func (l *Log) SavedStates(ctx context.Context, after string, limit int) ([]SavedState, error) {
	const q = `
SELECT stream, org_id, version, rules, state
FROM saved_states
WHERE stream > $1
ORDER BY stream
LIMIT $2`
	rows, err := l.pool.Query(ctx, q, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read saved states: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[SavedState])
	if err != nil {
		return nil, fmt.Errorf("read saved states: %w", err)
	}
	return all, nil
}
