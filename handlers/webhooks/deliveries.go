package webhooks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// How much of the log of deliveries is kept.
const (
	deliveriesAge = 30 * 24 * time.Hour
	deliveriesMax = 10_000 // of an endpoint
	deliveriesCut = 5_000  // deleted at once
	// testsMax bounds the tests of an endpoint in a minute.
	testsMax    = 10
	testsAtOnce = 16 // of all endpoints, in this process
)

// Delivery is one attempt.
type Delivery struct {
	ID         int64     `json:"delivery_id"`
	EndpointID string    `json:"endpoint_id"`
	Position   int64     `json:"position" doc:"The event's place in the log; 0 for a test"`
	MessageID  string    `json:"message_id" doc:"The header webhook-id: the same at every attempt and replay of an event"`
	Type       string    `json:"type"`
	Attempt    int       `json:"attempt" doc:"From 1"`
	Replay     bool      `json:"replay" doc:"The event had been passed before a replay was asked for"`
	At         time.Time `json:"at"`
	DurationMS int64     `json:"duration_ms"`
	StatusCode int       `json:"status_code" doc:"0: there was no answer"`
	Error      string    `json:"error" doc:"Empty: it was delivered"`
	Answer     string    `json:"answer" doc:"The beginning of the answer's body"`
}

const deliveryColumns = `delivery_id, endpoint_id, position, message_id, type, attempt, replay, at, duration_ms, status_code, error, answer`

// Deliveries reads an endpoint's attempts, the latest first, before one (0: from the latest), at most limit and ListMax; with
// an organisation, only that one's endpoints are there. The log has those of 30 days, and 10,000 of an endpoint, at least
// until it is next looked through.
func (s *Store) Deliveries(ctx context.Context, orgID, id string, before int64, limit int) ([]Delivery, error) {
	return s.attempts(ctx, orgID, id, before, limit, false)
}

// FailedDeliveries is Deliveries for those alone that failed.
func (s *Store) FailedDeliveries(ctx context.Context, orgID, id string, before int64, limit int) ([]Delivery, error) {
	return s.attempts(ctx, orgID, id, before, limit, true)
}

func (s *Store) attempts(ctx context.Context, orgID, id string, before int64, limit int, failed bool) ([]Delivery, error) {
	if _, err := s.Get(ctx, orgID, id); err != nil {
		return nil, err
	}
	const q = `
SELECT ` + deliveryColumns + `
FROM webhook_deliveries
WHERE endpoint_id = $1 AND ($2 = 0 OR delivery_id < $2) AND (NOT $4 OR error <> '')
ORDER BY delivery_id DESC
LIMIT $3`
	rows, err := s.pool.Query(ctx, q, id, before, min(limit, ListMax), failed)
	if err == nil {
		var all []Delivery
		if all, err = pgx.CollectRows(rows, scanDelivery); err == nil {
			return all, nil
		}
	}
	return nil, fmt.Errorf("list webhook deliveries: %w", err)
}

// LastDeliveries has the last attempt of each of some endpoints that had any.
func (s *Store) LastDeliveries(ctx context.Context, ids []string) (map[string]Delivery, error) {
	const q = `
SELECT ` + deliveryColumns + `
FROM unnest($1::text[]) AS e (asked), LATERAL (
    SELECT ` + deliveryColumns + ` FROM webhook_deliveries WHERE endpoint_id = e.asked ORDER BY delivery_id DESC LIMIT 1) d`
	rows, err := s.pool.Query(ctx, q, ids)
	var all []Delivery
	if err == nil {
		all, err = pgx.CollectRows(rows, scanDelivery)
	}
	if err != nil {
		return nil, fmt.Errorf("look for the last webhook deliveries: %w", err)
	}
	last := make(map[string]Delivery, len(all))
	for _, d := range all {
		last[d.EndpointID] = d
	}
	return last, nil
}

func scanDelivery(row pgx.CollectableRow) (Delivery, error) {
	d, err := pgx.RowToStructByPos[Delivery](row)
	d.At = d.At.UTC()
	return d, err
}

const insertDelivery = `
INSERT INTO webhook_deliveries (endpoint_id, org_id, position, message_id, type, attempt, replay, at, duration_ms, status_code, error, answer)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
RETURNING ` + deliveryColumns

func deliveryArgs(id, orgID string, p parcel, attempt int, replay bool, o outcome) []any {
	return []any{id, orgID, p.position, p.id, p.eventType, attempt, replay, o.at, o.took.Milliseconds(), o.status, o.fault, o.answer}
}

// Test sends a ping now, whatever the endpoint's state, and says what became of it; ErrTooOften when there were many of
// late. When it arrives, what failed before is tried again at once.
func (s *Store) Test(ctx context.Context, orgID, id string) (Delivery, error) {
	select {
	case s.tests <- struct{}{}:
		defer func() { <-s.tests }()
	default:
		return Delivery{}, ErrTooOften
	}
	e, err := s.Get(ctx, orgID, id)
	if err != nil {
		return Delivery{}, err
	}
	const q = `
SELECT secret, previous_secret, (SELECT count(*) FROM webhook_deliveries d WHERE d.endpoint_id = $1 AND d.position = 0 AND d.at > $2)
FROM webhook_endpoints
WHERE endpoint_id = $1 AND state <> 'deleted'`
	var secret, previous []byte
	var tests int
	now := s.now()
	switch err := s.pool.QueryRow(ctx, q, id, now.Add(-time.Minute)).Scan(&secret, &previous, &tests); {
	case errors.Is(err, pgx.ErrNoRows):
		return Delivery{}, ErrNotFound
	case err != nil:
		return Delivery{}, fmt.Errorf("test a webhook endpoint: %w", err)
	case tests >= testsMax:
		return Delivery{}, ErrTooOften
	}
	secrets := [][]byte{secret}
	if e.PreviousUntil != nil {
		secrets = append(secrets, previous)
	}
	p := pingOf(&e, now)
	o := s.sender.send(ctx, e.URL, secrets, p, false, now)
	rows, err := s.pool.Query(ctx, insertDelivery, deliveryArgs(e.ID, e.OrgID, p, 1, false, o)...)
	var d Delivery
	if err == nil {
		d, err = pgx.CollectExactlyOneRow(rows, scanDelivery)
	}
	if err == nil && o.fault == "" {
		const again = `
UPDATE webhook_endpoints
SET next_attempt_at = NULL, revision = revision + 1, changed_at = clock_timestamp()
WHERE endpoint_id = $1 AND state = 'active' AND next_attempt_at IS NOT NULL`
		_, err = s.pool.Exec(ctx, again, id)
	}
	if err != nil {
		return d, fmt.Errorf("keep a webhook's test: %w", err)
	}
	return d, nil
}
