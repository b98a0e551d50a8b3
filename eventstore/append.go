package eventstore

import (
	"context"
	"fmt"
	"time"
	"unsafe"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Claim is something that may happen once in an organisation, ever.
type Claim struct {
	OrgID, Kind, Value string
	// Event is the index of the event in the batch that makes the claim.
	Event int
}

// Erasable is a personal value and the salt of its digest, kept beside the log and erased on demand.
type Erasable struct {
	OrgID, Name, Value, Salt string
	// Event is the index of the event in the batch whose payload holds the digest.
	Event int
}

// Batch is what one append writes: sealed events, and what goes with them.
type Batch struct {
	// Base is the head that the batch was decided on, Next the one that Seal returned for it.
	Base, Next Head
	Events     []Event
	Claims     []Claim
	Erasables  []Erasable
	// Ask are keys to be looked up in the same round trip, after the events are written.
	Ask []KeyRef
}

// Append writes a batch, all or nothing, in one statement and one round trip; the answers are those to
// batch.Ask. The guard on the head is part of the statement: a miss writes nothing (ErrHeadMoved).
// Other errors: ErrKeyTaken, ErrClaimTaken, ErrNotSent, ErrOutcomeUnknown; an error that is none of
// these means that nothing was written either.
func (l *Log) Append(ctx context.Context, batch *Batch) (map[KeyRef]Command, error) {
	conn, err := l.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	defer conn.Release()
	known, err := sendAppend(ctx, conn, batch, false)
	if err == nil {
		l.woke(batch.Next.Position)
	}
	return known, err
}

// connection is a connection, alone or in a transaction.
type connection interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// sendAppend sends the append, and in the same round trip the look-up and, inside a transaction, the
// commit. Without one, Postgres makes what is sent together a transaction of its own.
func sendAppend(ctx context.Context, to connection, batch *Batch, commit bool) (known map[KeyRef]Command, err error) {
	sql, args := batch.statement()
	var tag pgconn.CommandTag
	if len(batch.Ask) == 0 && !commit {
		tag, err = to.Exec(ctx, sql, args...)
	} else {
		var pipeline pgx.Batch
		pipeline.Queue(sql, args...).Exec(func(t pgconn.CommandTag) error { tag = t; return nil })
		if len(batch.Ask) > 0 {
			queueLookup(&pipeline, batch.Ask, &known)
		}
		if commit {
			pipeline.Queue(`COMMIT`)
		}
		err = to.SendBatch(ctx, &pipeline).Close()
	}
	if err != nil {
		return nil, translate(err)
	}
	switch tag.RowsAffected() {
	case int64(len(batch.Events)):
		return known, nil
	case 0:
		return nil, ErrHeadMoved
	}
	return nil, fmt.Errorf("%w: %d of %d events were counted", ErrOutcomeUnknown, tag.RowsAffected(), len(batch.Events))
}

// appendSQL moves the head if it still is where the batch was decided, and writes the batch out of that
// update's result: when the guard misses, there is nothing to select from.
const appendSQL = movedSQL + writtenSQL

// appendMoreSQL also writes claims and personal values. It is a statement of its own because its empty
// parts would make every other append a fifth slower.
const appendMoreSQL = movedSQL + `, claimed AS (
    INSERT INTO claims (org_id, kind, value, position)
    SELECT c.org_id, c.kind, c.value, c.position
    FROM moved, unnest($20::text[], $21::text[], $22::text[], $23::bigint[]) AS c (org_id, kind, value, position)
), kept AS (
    INSERT INTO erasable (org_id, name, value, salt, position)
    SELECT k.org_id, k.name, k.value, k.salt, k.position
    FROM moved, unnest($24::text[], $25::text[], $26::text[], $27::text[], $28::bigint[]) AS k (org_id, name, value, salt, position)
)` + writtenSQL

const movedSQL = `
WITH moved AS (
    UPDATE head
    SET position = $3, hash = $4, recorded_at = $5
    WHERE position = $1 AND fence = $2 AND fenced IS NULL
    RETURNING epoch
)`

const writtenSQL = `
INSERT INTO events (
    position, stream, version, epoch, type, org_id, actor, command_key, fingerprint,
    correlation, causation, occurred_at, recorded_at, payload, hash)
SELECT
    e.position, e.stream, e.version, moved.epoch, e.type, e.org_id, e.actor, nullif(e.command_key, ''), e.fingerprint,
    nullif(e.correlation, ''), nullif(e.causation, ''), e.occurred_at, e.recorded_at, e.payload, e.hash
FROM moved, unnest(
    $6::bigint[], $7::text[], $8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[], $13::bytea[],
    $14::text[], $15::text[], $16::timestamptz[], $17::timestamptz[], $18::json[], $19::bytea[])
    AS e (position, stream, version, type, org_id, actor, command_key, fingerprint,
          correlation, causation, occurred_at, recorded_at, payload, hash)`

// columns are the events by column, as unnest takes them.
type columns struct {
	position, version                                     []int64
	stream, kind, org, actor, key, correlation, causation []string
	fingerprint, hash                                     [][]byte
	occurredAt, recordedAt                                []time.Time
	payload                                               []string
}

func eventColumns(events []Event) *columns {
	n := len(events)
	texts := make([]string, 8*n)
	take := func() []string { s := texts[:n:n]; texts = texts[n:]; return s }
	c := &columns{
		position: make([]int64, n), version: make([]int64, n), stream: take(), kind: take(), org: take(), actor: take(),
		key: take(), correlation: take(), causation: take(), payload: take(),
		fingerprint: make([][]byte, n), hash: make([][]byte, n), occurredAt: make([]time.Time, n), recordedAt: make([]time.Time, n),
	}
	for i := range events {
		e := &events[i]
		c.position[i], c.version[i], c.stream[i], c.kind[i] = e.Position, e.Version, e.Stream, e.Type
		c.org[i], c.actor[i], c.key[i] = e.OrgID, e.Actor, e.Key
		c.correlation[i], c.causation[i], c.occurredAt[i], c.recordedAt[i] = e.Correlation, e.Causation, e.OccurredAt, e.RecordedAt
		c.hash[i] = e.Hash[:]
		if e.Key != "" {
			c.fingerprint[i] = e.Fingerprint[:]
		}
		// The bytes are not changed while the append runs, so they need no copy.
		c.payload[i] = unsafe.String(unsafe.SliceData(e.Payload), len(e.Payload))
	}
	return c
}

// statement is the append of the batch and its arguments.
func (b *Batch) statement() (sql string, args []any) {
	c := eventColumns(b.Events)
	args = []any{
		b.Base.Position, b.Base.Fence, b.Next.Position, b.Next.Hash[:], b.Next.RecordedAt,
		c.position, c.stream, c.version, c.kind, c.org, c.actor, c.key, c.fingerprint,
		c.correlation, c.causation, c.occurredAt, c.recordedAt, c.payload, c.hash,
	}
	if len(b.Claims)+len(b.Erasables) == 0 {
		return appendSQL, args
	}
	var claim, erasable [4][]string
	var claimAt, erasableAt []int64
	for _, x := range b.Claims {
		claim[0], claim[1], claim[2] = append(claim[0], x.OrgID), append(claim[1], x.Kind), append(claim[2], x.Value)
		claimAt = append(claimAt, b.Events[x.Event].Position)
	}
	for _, x := range b.Erasables {
		erasable[0], erasable[1] = append(erasable[0], x.OrgID), append(erasable[1], x.Name)
		erasable[2], erasable[3] = append(erasable[2], x.Value), append(erasable[3], x.Salt)
		erasableAt = append(erasableAt, b.Events[x.Event].Position)
	}
	return appendMoreSQL, append(args,
		claim[0], claim[1], claim[2], claimAt,
		erasable[0], erasable[1], erasable[2], erasable[3], erasableAt)
}
