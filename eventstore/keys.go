package eventstore

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// KeyRef names a command: its idempotency key, unique in its organisation.
type KeyRef struct{ OrgID, Key string }

// Command is a command that was carried out: its first and last event, and what its body was.
type Command struct {
	First, Last int64
	Fingerprint Hash
	// Stream is that of its first event.
	Stream string
}

// lookupSQL finds commands by key. A command's later events follow its first without a gap and have its
// position as causation: the first event that has not is the next command's, and where there is none the
// command is the log's last. So only the command's own events are read, however many those are.
const lookupSQL = `
SELECT e.org_id, e.command_key, e.fingerprint, e.position, e.stream,
       coalesce(
           (SELECT f.position - 1
            FROM events f
            WHERE f.position > e.position AND (f.command_key IS NOT NULL OR f.causation IS DISTINCT FROM e.position::text)
            ORDER BY f.position
            LIMIT 1),
           (SELECT max(f.position) FROM events f)) AS last
FROM unnest($1::text[], $2::text[]) AS k (org_id, command_key)
JOIN events e ON e.org_id = k.org_id AND e.command_key = k.command_key`

// CommandEventsMax is how many events one command may append.
const CommandEventsMax = 10_000

// Lookup finds those of the keys whose commands were carried out.
func (l *Log) Lookup(ctx context.Context, keys []KeyRef) (map[KeyRef]Command, error) {
	var pipeline pgx.Batch
	var known map[KeyRef]Command
	queueLookup(&pipeline, keys, &known)
	if err := l.pool.SendBatch(ctx, &pipeline).Close(); err != nil {
		return nil, fmt.Errorf("look %d keys up: %w", len(keys), err)
	}
	return known, nil
}

// Confirm looks keys up and reads the head, in one snapshot: what a refusal needs before it is answered.
func (l *Log) Confirm(ctx context.Context, keys []KeyRef) (Head, map[KeyRef]Command, error) {
	var pipeline pgx.Batch
	var head Head
	var known map[KeyRef]Command
	// The look-up comes second: a key that it does not find was not in the log at the head read before it.
	pipeline.Queue(`SELECT ` + headColumns + ` FROM head`).QueryRow(func(row pgx.Row) (err error) {
		head, err = scanHead(row)
		return err
	})
	queueLookup(&pipeline, keys, &known)
	if err := l.pool.SendBatch(ctx, &pipeline).Close(); err != nil {
		return Head{}, nil, fmt.Errorf("confirm %d refusals: %w", len(keys), err)
	}
	return head, known, nil
}

func queueLookup(pipeline *pgx.Batch, keys []KeyRef, known *map[KeyRef]Command) {
	orgs, texts := make([]string, len(keys)), make([]string, len(keys))
	for i, k := range keys {
		orgs[i], texts[i] = k.OrgID, k.Key
	}
	pipeline.Queue(lookupSQL, orgs, texts).Query(func(rows pgx.Rows) (err error) {
		*known, err = readKnown(rows)
		return err
	})
}

// keyValues are the parameters of lookupSQL in binary form.
func keyValues(keys []KeyRef) [][]byte {
	orgs, texts := newArray(oidText), newArray(oidText)
	for _, k := range keys {
		orgs.text(k.OrgID)
		texts.text(k.Key)
	}
	return [][]byte{orgs.value(), texts.value()}
}

// readKnown reads the rows of lookupSQL.
func readKnown(rows pgx.Rows) (map[KeyRef]Command, error) {
	known := map[KeyRef]Command{}
	var ref KeyRef
	var c Command
	var fingerprint []byte
	_, err := pgx.ForEachRow(rows, []any{&ref.OrgID, &ref.Key, &fingerprint, &c.First, &c.Stream, &c.Last}, func() error {
		copy(c.Fingerprint[:], fingerprint)
		known[ref] = c
		return nil
	})
	return known, err
}

// TakenClaims finds those of the claims that are in the log.
func (l *Log) TakenClaims(ctx context.Context, claims []Claim) (map[Claim]bool, error) {
	org, kind, value := make([]string, len(claims)), make([]string, len(claims)), make([]string, len(claims))
	for i, c := range claims {
		org[i], kind[i], value[i] = c.OrgID, c.Kind, c.Value
	}
	const q = `
SELECT c.org_id, c.kind, c.value
FROM unnest($1::text[], $2::text[], $3::text[]) AS k (org_id, kind, value)
JOIN claims c ON c.org_id = k.org_id AND c.kind = k.kind AND c.value = k.value`
	rows, err := l.pool.Query(ctx, q, org, kind, value)
	if err != nil {
		return nil, fmt.Errorf("look %d claims up: %w", len(claims), err)
	}
	taken := map[Claim]bool{}
	var c Claim
	_, err = pgx.ForEachRow(rows, []any{&c.OrgID, &c.Kind, &c.Value}, func() error {
		taken[c] = true
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look %d claims up: %w", len(claims), err)
	}
	return taken, nil
}

// CausedBy is the causation of a command's later events: the position of its first.
func CausedBy(first int64) string { return strconv.FormatInt(first, 10) }
