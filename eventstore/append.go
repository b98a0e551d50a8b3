package eventstore

import (
	"context"
	"errors"
	"fmt"

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

	columns *columns // the events that Encode has seen
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
	known, err := sendAppend(ctx, conn.Conn(), batch, false)
	if err == nil {
		l.woke(batch.Next.Position)
	}
	return known, err
}

// Encode gets the sealed events ready to be sent, those that are not yet. Append does it too; whoever has
// time before may call it after each Seal. The events must not change afterwards.
func (b *Batch) Encode() {
	if b.columns == nil {
		b.columns = newColumns()
	}
	for i := b.columns.events; i < len(b.Events); i++ {
		b.columns.add(&b.Events[i])
	}
}

// sendAppend sends the append, and in the same round trip the look-up and, inside a transaction, the
// commit. Without one, Postgres makes what is sent together a transaction of its own.
func sendAppend(ctx context.Context, conn *pgx.Conn, batch *Batch, commit bool) (known map[KeyRef]Command, err error) {
	name, sql, values := batch.statement()
	statement, err := conn.Prepare(ctx, name, sql) // once a connection
	if err != nil {
		var refused *pgconn.PgError
		if errors.As(err, &refused) {
			return nil, fmt.Errorf("prepare the append: %w", err) // trying again would not help
		}
		return nil, fmt.Errorf("%w: prepare: %w", ErrNotSent, err)
	}
	var pipeline pgconn.Batch
	pipeline.ExecPrepared(statement.Name, values, binaryFormat, nil)
	if len(batch.Ask) > 0 {
		pipeline.ExecParams(lookupSQL, keyValues(batch.Ask), []uint32{oidTextArray, oidTextArray}, binaryFormat, nil)
	}
	if commit {
		pipeline.ExecParams(`COMMIT`, nil, nil, nil, nil)
	}
	results := conn.PgConn().ExecBatch(ctx, &pipeline)
	var tag pgconn.CommandTag
	for i := 0; results.NextResult(); i++ {
		r := results.ResultReader()
		switch {
		case i == 0:
			tag, err = r.Close()
		case i == 1 && len(batch.Ask) > 0:
			known, err = readKnown(pgx.RowsFromResultReader(conn.TypeMap(), r))
		default:
			_, err = r.Close()
		}
		if err != nil {
			break
		}
	}
	if closed := results.Close(); err == nil {
		err = closed
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

// binaryFormat says that all parameters are in binary form.
var binaryFormat = []int16{pgx.BinaryFormatCode}

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
    e.position, e.stream, e.version, moved.epoch, e.type, e.org_id, e.actor, e.command_key, e.fingerprint,
    e.correlation, e.causation, e.occurred_at, e.recorded_at, e.payload, e.hash
FROM moved, unnest(
    $6::bigint[], $7::text[], $8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[], $13::bytea[],
    $14::text[], $15::text[], $16::timestamptz[], $17::timestamptz[], $18::json[], $19::bytea[])
    AS e (position, stream, version, type, org_id, actor, command_key, fingerprint,
          correlation, causation, occurred_at, recorded_at, payload, hash)`

// statement is the append of the batch: the name that its text is prepared under, and its parameters.
func (b *Batch) statement() (name, sql string, values [][]byte) {
	b.Encode()
	values = append([][]byte{
		int8Value(b.Base.Position), int8Value(b.Base.Fence), int8Value(b.Next.Position), b.Next.Hash[:], int8Value(sinceEpoch(b.Next.RecordedAt)),
	}, b.columns.values()...)
	if len(b.Claims)+len(b.Erasables) == 0 {
		return "ledger_append", appendSQL, values
	}
	claim := [3]array{newArray(oidText), newArray(oidText), newArray(oidText)}
	claimAt := newArray(oidInt8)
	for _, x := range b.Claims {
		claim[0].text(x.OrgID)
		claim[1].text(x.Kind)
		claim[2].text(x.Value)
		claimAt.int8(b.Events[x.Event].Position)
	}
	erasable := [4]array{newArray(oidText), newArray(oidText), newArray(oidText), newArray(oidText)}
	erasableAt := newArray(oidInt8)
	for _, x := range b.Erasables {
		erasable[0].text(x.OrgID)
		erasable[1].text(x.Name)
		erasable[2].text(x.Value)
		erasable[3].text(x.Salt)
		erasableAt.int8(b.Events[x.Event].Position)
	}
	return "ledger_append_more", appendMoreSQL, append(values,
		claim[0].value(), claim[1].value(), claim[2].value(), claimAt.value(),
		erasable[0].value(), erasable[1].value(), erasable[2].value(), erasable[3].value(), erasableAt.value())
}
