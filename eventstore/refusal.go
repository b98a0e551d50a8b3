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
	rows := make([][]any, len(all))
	for i, r := range all {
		rows[i] = []any{r.OrgID, r.Key, r.Command, r.Actor, r.Code, r.Detail, r.Position, r.At}
	}
	_, err := l.pool.CopyFrom(ctx, pgx.Identifier{"refusals"},
		[]string{"org_id", "command_key", "command", "actor", "code", "detail", "position", "refused_at"}, pgx.CopyFromRows(rows))
	if err != nil {
		return fmt.Errorf("record %d refusals: %w", len(all), err)
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
