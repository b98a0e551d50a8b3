package webhooks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ListMax bounds a page of endpoints or deliveries.
const ListMax = 500

// Store has the endpoints and the log of their deliveries. It is safe for concurrent use.
type Store struct {
	pool   *pgxpool.Pool
	sender *Sender
	now    func() time.Time
	tests  chan struct{} // under way
}

// NewStore opens the endpoints. The pool works as ledger_app; sender says which addresses are allowed, and sends tests. The
// caller closes both. now is the clock, by which secrets grow old.
func NewStore(pool *pgxpool.Pool, sender *Sender, now func() time.Time) *Store {
	return &Store{pool, sender, now, make(chan struct{}, testsAtOnce)}
}

const endpointColumns = `endpoint_id, org_id, url, types, description, state, reason, created_at, created_by,
    previous_until, position, replay_to, attempts, failing_since, next_attempt_at, last_error`

// scan reads an endpoint. A secret that signs no more, and a replay that is over, are not shown.
func (s *Store) scan(row pgx.CollectableRow) (Endpoint, error) {
	e, err := pgx.RowToStructByPos[Endpoint](row)
	e.CreatedAt = e.CreatedAt.UTC()
	for _, at := range []**time.Time{&e.PreviousUntil, &e.FailingSince, &e.NextAttemptAt} {
		if *at != nil {
			utc := (*at).UTC()
			*at = &utc
		}
	}
	if e.PreviousUntil != nil && !e.PreviousUntil.After(s.now()) {
		e.PreviousUntil = nil
	}
	if e.ReplayTo <= e.Position {
		e.ReplayTo = 0
	}
	return e, err
}

// one runs a statement that answers with an endpoint; ErrNotFound when it has none.
func (s *Store) one(ctx context.Context, sql string, args ...any) (Endpoint, error) {
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return Endpoint{}, err
	}
	e, err := pgx.CollectExactlyOneRow(rows, s.scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return e, ErrNotFound
	}
	return e, err
}

// Create makes an endpoint, which gets the events from now on. The secret is told this once. by is who made it.
func (s *Store) Create(ctx context.Context, ask New, by string) (e Endpoint, secret string, err error) {
	if err := s.sender.check(ask.URL, ask.Types, ask.Description); err != nil {
		return e, "", err
	}
	if ask.Types == nil {
		ask.Types = []string{}
	}
	// Two at once would both find room for one more.
	const lock = `SELECT pg_advisory_xact_lock(hashtextextended('webhooks of ' || $1, 0))`
	const q = `
INSERT INTO webhook_endpoints (endpoint_id, org_id, url, types, description, secret, state, created_by, position)
SELECT $1, $2, $3, $4, $5, $6, 'active', $7, (SELECT position FROM head)
WHERE (SELECT count(*) FROM webhook_endpoints WHERE org_id = $2 AND state <> 'deleted') < $8
RETURNING ` + endpointColumns
	fresh := newSecret()
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lock, ask.OrgID); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, q, uuid.Must(uuid.NewV7()).String(), ask.OrgID, ask.URL, ask.Types, ask.Description, fresh, by, EndpointsMax)
		if err == nil {
			e, err = pgx.CollectExactlyOneRow(rows, s.scan)
		}
		return err
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return e, "", ErrTooMany
	case err != nil:
		return e, "", fmt.Errorf("create a webhook endpoint: %w", err)
	}
	return e, secretText(fresh), nil
}

// List reads endpoints by id, after one, at most limit and ListMax: those of an organisation, or, with "", of all.
func (s *Store) List(ctx context.Context, orgID, after string, limit int) ([]Endpoint, error) {
	const q = `
SELECT ` + endpointColumns + `
FROM webhook_endpoints
WHERE ($1 = '' OR org_id = $1) AND endpoint_id > $2 AND state <> 'deleted'
ORDER BY endpoint_id
LIMIT $3`
	rows, err := s.pool.Query(ctx, q, orgID, after, min(limit, ListMax))
	if err == nil {
		var all []Endpoint
		if all, err = pgx.CollectRows(rows, s.scan); err == nil {
			return all, nil
		}
	}
	return nil, fmt.Errorf("list webhook endpoints: %w", err)
}

// Disabled counts the endpoints that the ledger has disabled: those of an organisation, or, with "", of all.
func (s *Store) Disabled(ctx context.Context, orgID string) (n int64, err error) {
	const q = `SELECT count(*) FROM webhook_endpoints WHERE ($1 = '' OR org_id = $1) AND state = 'disabled'`
	if err := s.pool.QueryRow(ctx, q, orgID).Scan(&n); err != nil {
		return 0, fmt.Errorf("count disabled webhook endpoints: %w", err)
	}
	return n, nil
}

// Get is an endpoint; with an organisation, only that one's are there.
func (s *Store) Get(ctx context.Context, orgID, id string) (Endpoint, error) {
	const q = `
SELECT ` + endpointColumns + `
FROM webhook_endpoints
WHERE endpoint_id = $1 AND ($2 = '' OR org_id = $2) AND state <> 'deleted'`
	return named("look a webhook endpoint up")(s.one(ctx, q, id, orgID))
}

// named says what failed, unless it is what the caller is to be told.
func named(what string) func(Endpoint, error) (Endpoint, error) {
	return func(e Endpoint, err error) (Endpoint, error) {
		if err != nil && !errors.Is(err, ErrNotFound) {
			err = fmt.Errorf("%s: %w", what, err)
		}
		return e, err
	}
}
