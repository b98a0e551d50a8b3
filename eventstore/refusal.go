package eventstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Refusal is a command that was not carried out, and why. It is kept for audit; it changes nothing and
// does not use its key up.
type Refusal struct {
	OrgID, Key, Command, Actor, Code, Detail string
	// Position is where the log ended when it was decided.
	Position int64
	At       time.Time
}

// RecordRefusals writes refusals down, in one round trip.
func (l *Log) RecordRefusals(ctx context.Context, all []Refusal) error {
	const q = `
INSERT INTO refusals (org_id, command_key, command, actor, code, detail, position, refused_at)
SELECT r.org_id, r.command_key, r.command, r.actor, r.code, r.detail, r.position, r.refused_at
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::timestamptz[])
    AS r (org_id, command_key, command, actor, code, detail, position, refused_at)`
	n := len(all)
	org, key, command, actor := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	code, detail, position, at := make([]string, n), make([]string, n), make([]int64, n), make([]time.Time, n)
	for i, r := range all {
		org[i], key[i], command[i], actor[i] = r.OrgID, r.Key, r.Command, r.Actor
		code[i], detail[i], position[i], at[i] = r.Code, r.Detail, r.Position, r.At
	}
	if _, err := l.pool.Exec(ctx, q, org, key, command, actor, code, detail, position, at); err != nil {
		return fmt.Errorf("record %d refusals: %w", n, err)
	}
	return nil
}

// LastRefusal finds the latest refusal of a key.
func (l *Log) LastRefusal(ctx context.Context, ref KeyRef) (r Refusal, found bool, err error) {
	const q = `
SELECT org_id, command_key, command, actor, code, detail, position, refused_at
FROM refusals
WHERE org_id = $1 AND command_key = $2
ORDER BY id DESC
LIMIT 1`
	err = l.pool.QueryRow(ctx, q, ref.OrgID, ref.Key).
		Scan(&r.OrgID, &r.Key, &r.Command, &r.Actor, &r.Code, &r.Detail, &r.Position, &r.At)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, false, nil
	}
	if err != nil {
		return r, false, fmt.Errorf("look a refusal up: %w", err)
	}
	return r, true, nil
}
