package webhooks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

func (s *shift) load(ctx context.Context, id string) (*target, error) {
	const q = `
SELECT endpoint_id, org_id, url, types, secret, previous_secret, previous_until, state, revision, replays, replay_to, position, attempts,
    failing_since, next_attempt_at
FROM webhook_endpoints
WHERE endpoint_id = $1 AND state <> 'deleted'`
	t := &target{}
	err := s.Pool.QueryRow(ctx, q, id).Scan(&t.id, &t.orgID, &t.url, &t.types, &t.secret, &t.previous, &t.previousUntil, &t.state, &t.revision,
		&t.replays, &t.replayTo, &t.position, &t.attempts, &t.failingSince, &t.next)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errEnded
	}
	if err != nil {
		return nil, fmt.Errorf("look a webhook endpoint up: %w", err)
	}
	return t, nil
}

// settled writes a delivery down, and that the endpoint is past it. A replay that was asked for meanwhile stands. The row may
// have come on since it was read, by what nothing was for; past the event only if another shift has delivered it, too.
func (s *shift) settled(t *target, p parcel, o outcome, logged int) error {
	const q = `
UPDATE webhook_endpoints
SET position = $4, attempts = 0, failing_since = NULL, next_attempt_at = NULL, last_error = ''
WHERE endpoint_id = $1 AND replays = $2 AND position >= $3 AND position < $4
RETURNING revision`
	before, attempt := t.position, t.attempts+1
	t.position, t.attempts, t.failingSince, t.next = p.position, 0, nil, nil
	return s.write(t, p, o, attempt, logged, q, t.id, t.replays, before, p.position)
}

// failed writes a failed attempt down, and when the next one is due, or why there is none.
func (s *shift) failed(t *target, p parcel, o outcome, since, next time.Time, reason string, logged int) error {
	const q = `
UPDATE webhook_endpoints
SET attempts = $4, failing_since = $5, next_attempt_at = $6, last_error = $7,
    state = CASE WHEN $8 <> '' AND state = 'active' THEN 'disabled' ELSE state END,
    reason = CASE WHEN $8 <> '' AND state = 'active' THEN $8 ELSE reason END,
    revision = revision + CASE WHEN $8 <> '' THEN 1 ELSE 0 END,
    changed_at = CASE WHEN $8 <> '' THEN clock_timestamp() ELSE changed_at END
WHERE endpoint_id = $1 AND replays = $2 AND position >= $3 AND position < $9
RETURNING revision - CASE WHEN $8 <> '' THEN 1 ELSE 0 END`
	t.attempts++
	var due *time.Time
	if reason == "" {
		due = &next
	}
	return s.write(t, p, o, t.attempts, logged, q, t.id, t.replays, t.position, t.attempts, since, due, o.fault, reason, p.position)
}

// write writes an attempt into the log and the endpoint's row, in one transaction. It does so although the shift ends:
// what is known of a delivery must not be lost. errChanged when people have changed the endpoint.
func (s *shift) write(t *target, p parcel, o outcome, attempt, logged int, update string, args ...any) error {
	ctx, cancel := context.WithTimeout(context.Background(), storeWithin)
	defer cancel()
	var revision int64
	var b pgx.Batch
	b.Queue(insertDelivery, deliveryArgs(t.id, t.orgID, p, attempt, p.position <= t.replayTo, o)...)
	b.Queue(update, args...).QueryRow(func(row pgx.Row) error {
		if err := row.Scan(&revision); !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		return nil
	})
	if logged%cutEvery == cutEvery-1 {
		b.Queue(cutDeliveries, t.id, deliveriesMax)
	}
	if err := s.Pool.SendBatch(ctx, &b).Close(); err != nil {
		return fmt.Errorf("keep a webhook's delivery: %w", err)
	}
	if revision != t.revision {
		return errChanged
	}
	return nil
}

// advance says that there is nothing to deliver up to a position.
func (s *shift) advance(ctx context.Context, t *target, to int64) error {
	const q = `UPDATE webhook_endpoints SET position = $4 WHERE endpoint_id = $1 AND replays = $2 AND position >= $3 AND position < $4 AND revision = $5`
	done, err := s.Pool.Exec(ctx, q, t.id, t.replays, t.position, to, t.revision)
	if err != nil {
		return fmt.Errorf("move a webhook's position: %w", err)
	}
	if done.RowsAffected() == 0 {
		return errChanged
	}
	t.position = to
	return nil
}
