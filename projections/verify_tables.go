package projections

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
	"orderledger/eventstore"
)

// claimed is what events claim; a claim points at the first event of its command.
const claimed = `
WITH claimed AS (
    SELECT position, CASE WHEN command_key IS NULL THEN causation ELSE position::text END AS first, org_id, kind, value
    FROM events CROSS JOIN LATERAL (
        SELECT 'top_up', payload ->> 'reference' WHERE type = '` + domain.TypeAccountToppedUp + `'
        UNION ALL SELECT 'withdraw', payload ->> 'reference' WHERE type = '` + domain.TypeAccountWithdrawn + `'
        UNION ALL SELECT 'voucher', payload -> 'voucher' ->> 'voucher_id' WHERE type = '` + domain.TypeVoucherIssued + `'
        UNION ALL SELECT 'usage', r ->> 'record_id' FROM json_array_elements(payload -> 'records') AS r WHERE type = '` + domain.TypeUsageRecorded + `'
    ) AS c (kind, value)
    WHERE position <= $1 AND type IN ('` + domain.TypeAccountToppedUp + `', '` + domain.TypeAccountWithdrawn + `',
        '` + domain.TypeVoucherIssued + `', '` + domain.TypeUsageRecorded + `')
)`

// tables checks what only the database can compare without holding it all: versions, keys and claims.
func (v Verification) tables(ctx context.Context, _ *eventstore.Log, w *logWalk) ([]Check, error) {
	head := w.head
	const ends = `
SELECT coalesce(max(position), 0), 'the log has event ' || max(position) || ', beyond its head at ' || (SELECT position FROM head)
FROM events
HAVING max(position) > (SELECT position FROM head)`
	const versions = `
SELECT n.position, format('event %s is version %s of stream %s, as its event number %s', n.position, n.version, n.stream, n.nr)
FROM (SELECT position, stream, version, row_number() OVER (PARTITION BY stream ORDER BY position) AS nr FROM events WHERE position <= $1) AS n
WHERE n.version <> n.nr
ORDER BY n.position
LIMIT 1`
	const keys = `
SELECT max(position), format('event %s has the key of event %s', max(position), min(position))
FROM events
WHERE command_key IS NOT NULL AND position <= $1
GROUP BY org_id, command_key
HAVING count(*) > 1
ORDER BY 1
LIMIT 1`
	const claims = claimed + `
SELECT coalesce(e.position, c.position), CASE WHEN c.value IS NULL THEN format('event %s: its %s %s is not claimed', e.position, e.kind, e.value)
    ELSE format('event %s: a claim of kind %s points at it, and it makes none', c.position, c.kind) END
FROM claimed e FULL JOIN (SELECT org_id, kind, value, position FROM claims WHERE position <= $1) AS c
    ON c.org_id = e.org_id AND c.kind = e.kind AND c.value = e.value AND c.position::text = e.first
WHERE c.value IS NULL OR e.value IS NULL
UNION ALL
SELECT max(position), format('event %s: its %s %s was there before, in event %s', max(position), kind, value, min(position))
FROM claimed
GROUP BY org_id, kind, value
HAVING count(*) > 1
ORDER BY 1
LIMIT 1`
	var all []Check
	for _, q := range []struct{ name, fault, count string }{
		{"head", ends, `SELECT count(*) FROM head`},
		{"stream_versions", versions, `SELECT count(DISTINCT stream) FROM events WHERE position <= $1`},
		{"command_keys", keys, `SELECT count(*) FROM events WHERE command_key IS NOT NULL AND position <= $1`},
		{"claims", claims, `SELECT count(*) FROM claims WHERE position <= $1`},
	} {
		c := Check{Name: q.name, OK: true}
		v.progress(q.name, 0, head.Position)
		var args []any
		if q.name != "head" {
			args = []any{head.Position}
		}
		var position int64
		var detail string
		err := v.App.QueryRow(ctx, q.fault, args...).Scan(&position, &detail)
		if err == nil {
			c.fault("%s", detail)
		} else if !errors.Is(err, pgx.ErrNoRows) {
			return nil, fmt.Errorf("check %s: %w", q.name, err)
		}
		if err := v.App.QueryRow(ctx, q.count, args...).Scan(&c.Checked); err != nil {
			return nil, fmt.Errorf("count for %s: %w", q.name, err)
		}
		all = append(all, c)
	}
	return all, nil
}

// savedStates folds each stream that has a saved state anew, up to that state's version.
func (v Verification) savedStates(ctx context.Context, log *eventstore.Log, _ *logWalk) ([]Check, error) {
	c := Check{Name: "saved_states", OK: true}
	const page = 20 // a state may be large
	for after := ""; ; {
		states, err := log.SavedStates(ctx, after, page)
		if err != nil {
			return nil, err
		}
		for _, s := range states {
			after = s.Stream
			if s.Rules != domain.RulesVersion { // no build with these rules reads it
				continue
			}
			c.Checked++
			v.progress(c.Name, c.Checked, 0)
			if err := checkSaved(ctx, log, &s, &c); err != nil {
				return nil, err
			}
		}
		if len(states) < page {
			return []Check{c}, nil
		}
	}
}

func checkSaved(ctx context.Context, log *eventstore.Log, s *eventstore.SavedState, c *Check) error {
	var state domain.State
	var at, position int64
	for at < s.Version {
		events, err := log.ReadStream(ctx, s.Stream, at, 1<<62, int(min(s.Version-at, verifyPage)))
		if err != nil {
			return err
		}
		if len(events) == 0 {
			c.fault("stream %s has a state of version %d, and ends at version %d (event %d)", s.Stream, s.Version, at, position)
			return nil
		}
		for i := range events {
			event, err := decode(&events[i])
			if err != nil {
				c.fault("stream %s: %s", s.Stream, err)
				return nil
			}
			state = domain.Evolve(state, event, metaOf(&events[i]))
			at, position = events[i].Version, events[i].Position
		}
	}
	if state == nil {
		c.fault("stream %s has a state of version %d", s.Stream, s.Version)
		return nil
	}
	want, err := domain.EncodeState(state)
	if err != nil {
		return err
	}
	if !bytes.Equal(want, s.State) || domain.OrgOf(state) != s.OrgID {
		c.fault("stream %s: its saved state of version %d (event %d) is not what its events fold to", s.Stream, s.Version, position)
	}
	return nil
}
