package webhooks

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	changesLook  = 500 * time.Millisecond // between looks for what people changed
	changesAgain = 10 * time.Second       // looked at twice: a change may be seen after a later one
	saveEvery    = 20 * time.Second
	pruneEvery   = time.Hour
	cutEvery     = 500 // deliveries of an endpoint until its log is cut
)

// changedRow is what a shift needs to know of an endpoint.
type changedRow struct {
	id, orgID, url string
	types          []string
	state          State
	revision       int64
	position       int64
	next           time.Time
}

// followChanges brings the active endpoints in, and then what people change of them, within a second.
func (s *shift) followChanges(ctx context.Context) error {
	const columns = `SELECT endpoint_id, org_id, url, types, state, revision, position, coalesce(next_attempt_at, 'epoch'), clock_timestamp()
FROM webhook_endpoints WHERE `
	var since time.Time
	if err := s.Pool.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&since); err != nil {
		return fmt.Errorf("ask for the time: %w", err)
	}
	tick := time.NewTicker(changesLook)
	defer tick.Stop()
	q, args := columns+`state = 'active'`, []any{}
	for {
		var row changedRow
		var at time.Time
		rows, err := s.Pool.Query(ctx, q, args...)
		if err == nil {
			_, err = pgx.ForEachRow(rows, []any{&row.id, &row.orgID, &row.url, &row.types, &row.state, &row.revision, &row.position, &row.next, &at}, func() error {
				s.take(row)
				row.types = nil // the next one's are its own
				return nil
			})
		}
		if err != nil {
			return fmt.Errorf("look for webhook endpoints: %w", err)
		}
		if at.After(since) {
			since = at
		}
		q, args = columns+`changed_at > $1`, []any{since.Add(-changesAgain)}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// keepHouse writes positions of endpoints that nothing was for, counts, and deletes what is old, until ctx ends.
func (s *shift) keepHouse(ctx context.Context) error {
	var pruned time.Time
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		s.count(ctx)
		if time.Since(pruned) > pruneEvery {
			pruned = time.Now()
			if err := s.prune(ctx, s.Now()); err != nil && ctx.Err() == nil {
				slog.WarnContext(ctx, "old deliveries of webhooks were not deleted", "error", err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		s.save(ctx)
	}
}

// save writes how far the endpoints are that have nothing to wait for: else the next shift would look for their events
// in all that has happened since their last one.
func (s *shift) save(ctx context.Context) {
	var ids []string
	var revisions, positions []int64
	s.mu.Lock()
	for _, e := range s.entries {
		if to := max(e.doneTo, s.tail); !e.pending && !e.running && to > e.saved {
			ids, revisions, positions = append(ids, e.id), append(revisions, e.revision), append(positions, to)
			e.saved = to
		}
	}
	s.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	const q = `
UPDATE webhook_endpoints e
SET position = clean.position
FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS clean (endpoint_id, revision, position)
WHERE e.endpoint_id = clean.endpoint_id AND e.revision = clean.revision AND e.position < clean.position AND e.attempts = 0`
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	if _, err := s.Pool.Exec(ctx, q, ids, revisions, positions); err != nil && ctx.Err() == nil {
		slog.WarnContext(ctx, "positions of webhooks were not kept", "error", err)
	}
}

// count looks how many endpoints there are in each state.
func (s *shift) count(ctx context.Context) {
	const q = `SELECT state, count(*), count(*) FILTER (WHERE failing_since IS NOT NULL) FROM webhook_endpoints WHERE state <> 'deleted' GROUP BY state`
	rows, err := s.Pool.Query(ctx, q)
	if err != nil {
		return // the figures stay as they were; what is wrong with the database is told elsewhere
	}
	found := map[State]float64{Active: 0, Paused: 0, Disabled: 0}
	var state State
	var n, failing, failingActive int64
	if _, err := pgx.ForEachRow(rows, []any{&state, &n, &failing}, func() error {
		if found[state] = float64(n); state == Active {
			failingActive = failing
		}
		return nil
	}); err != nil {
		return
	}
	for state, n := range found {
		s.counts.endpoints.WithLabelValues(string(state)).Set(n)
	}
	s.counts.failing.Set(float64(failingActive))
}

const cutDeliveries = `
DELETE FROM webhook_deliveries
WHERE endpoint_id = $1 AND delivery_id <= (
    SELECT delivery_id FROM webhook_deliveries WHERE endpoint_id = $1 ORDER BY delivery_id DESC OFFSET $2 LIMIT 1)`

// prune deletes in pieces, none of which takes long: old deliveries, and rows of endpoints that were deleted as long ago.
func (s *shift) prune(ctx context.Context, now time.Time) error {
	const old = `
DELETE FROM webhook_deliveries
WHERE delivery_id IN (SELECT delivery_id FROM webhook_deliveries WHERE at < $1 LIMIT $2)`
	for {
		done, err := s.Pool.Exec(ctx, old, now.Add(-deliveriesAge), deliveriesCut)
		if err != nil {
			return err
		}
		if done.RowsAffected() < deliveriesCut {
			break
		}
	}
	_, err := s.Pool.Exec(ctx, `DELETE FROM webhook_endpoints WHERE state = 'deleted' AND changed_at < $1`, now.Add(-deliveriesAge))
	return err
}
