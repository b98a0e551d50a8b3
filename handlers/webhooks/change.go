package webhooks

import (
	"context"
)

// Change changes what is given; with an organisation, only that one's endpoints are there. An endpoint that is made active
// goes on where it stopped, at once, as does one with another address; what was asked for anew counts for the events that were not delivered yet.
func (s *Store) Change(ctx context.Context, orgID, id string, c Change) (Endpoint, error) {
	now, err := s.Get(ctx, orgID, id)
	if err != nil {
		return now, err
	}
	address, types, description := now.URL, now.Types, now.Description
	if c.URL != nil {
		address = *c.URL
	}
	if c.Types != nil {
		types = append([]string{}, *c.Types...)
	}
	if c.Description != nil {
		description = *c.Description
	}
	if err := s.sender.check(address, types, description); err != nil {
		return now, err
	}
	if c.State != nil && *c.State != Active && *c.State != Paused {
		return now, invalid("state", "active or paused")
	}
	const q = `
UPDATE webhook_endpoints
SET url = coalesce($3, url), types = coalesce($4, types), description = coalesce($5, description),
    state = coalesce($6, state), reason = CASE WHEN $6 IS NULL THEN reason ELSE '' END,
    attempts = CASE WHEN $6 = 'active' OR $3 <> url THEN 0 ELSE attempts END,
    failing_since = CASE WHEN $6 = 'active' OR $3 <> url THEN NULL ELSE failing_since END,
    next_attempt_at = CASE WHEN $6 = 'active' OR $3 <> url THEN NULL ELSE next_attempt_at END,
    revision = revision + 1, changed_at = clock_timestamp()
WHERE endpoint_id = $1 AND ($2 = '' OR org_id = $2) AND state <> 'deleted'
RETURNING ` + endpointColumns
	var newTypes []string // nil: as they are
	if c.Types != nil {
		newTypes = types
	}
	return named("change a webhook endpoint")(s.one(ctx, q, id, orgID, c.URL, newTypes, c.Description, (*string)(c.State)))
}

// Delete ends an endpoint for good; with an organisation, only that one's are there. A delivery that is under way may
// arrive yet. The row stays, without the secret, for the log of deliveries, and goes with that.
func (s *Store) Delete(ctx context.Context, orgID, id string) error {
	const q = `
UPDATE webhook_endpoints
SET state = 'deleted', secret = NULL, previous_secret = NULL, previous_until = NULL, revision = revision + 1, changed_at = clock_timestamp()
WHERE endpoint_id = $1 AND ($2 = '' OR org_id = $2) AND state <> 'deleted'
RETURNING ` + endpointColumns
	_, err := named("delete a webhook endpoint")(s.one(ctx, q, id, orgID))
	return err
}

// Rotate gives an endpoint a new secret, told this once. The one before signs too, beside it, for RotationOverlap; the one
// before that no more.
func (s *Store) Rotate(ctx context.Context, orgID, id string) (e Endpoint, secret string, err error) {
	const q = `
UPDATE webhook_endpoints
SET previous_secret = secret, previous_until = $3, secret = $4, revision = revision + 1, changed_at = clock_timestamp()
WHERE endpoint_id = $1 AND ($2 = '' OR org_id = $2) AND state <> 'deleted'
RETURNING ` + endpointColumns
	fresh := newSecret()
	e, err = named("change a webhook's secret")(s.one(ctx, q, id, orgID, s.now().Add(RotationOverlap), fresh))
	if err != nil {
		return e, "", err
	}
	return e, secretText(fresh), nil
}

// Replay lets an endpoint go on after a position: an earlier one, whose events then come again, or a later one, up to the
// log's end, which leaves out those before it. What failed is tried anew. A disabled endpoint stays so.
func (s *Store) Replay(ctx context.Context, orgID, id string, after int64) (Endpoint, error) {
	if after < 0 {
		return Endpoint{}, invalid("after", "a position, from 0")
	}
	const q = `
UPDATE webhook_endpoints
SET position = $3, replays = replays + 1, replay_to = greatest(replay_to, position), attempts = 0, failing_since = NULL, next_attempt_at = NULL,
    revision = revision + 1, changed_at = clock_timestamp()
WHERE endpoint_id = $1 AND ($2 = '' OR org_id = $2) AND state <> 'deleted' AND $3 <= (SELECT position FROM head)
RETURNING ` + endpointColumns
	e, err := named("replay to a webhook endpoint")(s.one(ctx, q, id, orgID, after))
	if err == ErrNotFound { //nolint:errorlint // it is that very one
		if _, missing := s.Get(ctx, orgID, id); missing != nil {
			return e, missing
		}
		return e, invalid("after", "the log does not reach so far")
	}
	return e, err
}
