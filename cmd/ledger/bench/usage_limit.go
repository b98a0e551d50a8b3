package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"orderledger/domain"
	"orderledger/eventstore"
)

// plainUsage writes the rows of reports of usage, events and claims, without any rules.
type plainUsage struct {
	*plain
	// claims are those that each row makes.
	claims [][]string
}

// newPlainUsage makes the tables in the log's own database, and takes the log's events after a position, and their
// claims, as its rows.
func newPlainUsage(ctx context.Context, pool *pgxpool.Pool, log *eventstore.Log, after int64) (*plainUsage, error) {
	var events []eventstore.Event
	for len(events) < usageSampleEvents {
		page, err := log.Read(ctx, after+int64(len(events)), 5000)
		if err != nil {
			return nil, err
		}
		if len(page) == 0 {
			break
		}
		events = append(events, page...)
	}
	if len(events) == 0 {
		return nil, pgx.ErrNoRows
	}
	p, err := newPlain(ctx, pool, events)
	if err != nil {
		return nil, err
	}
	if _, err := pool.Exec(ctx, `DROP TABLE IF EXISTS plain_claims`); err != nil {
		return nil, err
	}
	if _, err := pool.Exec(ctx, `CREATE TABLE plain_claims (LIKE claims INCLUDING ALL)`); err != nil {
		return nil, err
	}
	u := &plainUsage{plain: p, claims: make([][]string, len(events))}
	for i := range events {
		if events[i].Type != domain.TypeUsageRecorded {
			continue
		}
		e, err := domain.DecodeEvent(events[i].Type, events[i].Payload)
		if err != nil {
			return nil, err
		}
		for _, r := range e.(domain.UsageRecorded).Records {
			u.claims[i] = append(u.claims[i], r.RecordID)
		}
	}
	return u, nil
}

// bulk writes rows a thousand at a time with their claims, each time in one transaction, and returns records a second.
func (u *plainUsage) bulk(ctx context.Context, span time.Duration) (float64, error) {
	statement, written := insertStatement(rowsPerInsert), 0
	start, spent := time.Now(), time.Duration(0)
	for time.Since(start) < span {
		var batch pgx.Batch
		args := make([]any, 0, rowsPerInsert*len(plainColumns))
		var orgIDs, kinds, values []string
		var positions []int64
		at := u.next.Add(rowsPerInsert) - rowsPerInsert
		for i := at; i < at+rowsPerInsert; i++ {
			args = append(args, u.row(i)...)
			sample := i % int64(len(u.rows))
			for _, value := range u.claims[sample] {
				orgIDs, kinds = append(orgIDs, u.rows[sample].OrgID), append(kinds, "usage")
				values, positions = append(values, fmt.Sprintf("%s.%d", value, i/int64(len(u.rows)))), append(positions, i+1)
			}
		}
		batch.Queue(statement, args...)
		batch.Queue(`INSERT INTO plain_claims (org_id, kind, value, position)
			SELECT org_id, kind, value, position
			FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS c (org_id, kind, value, position)`, orgIDs, kinds, values, positions)
		from := time.Now()
		if err := u.pool.SendBatch(ctx, &batch).Close(); err != nil {
			return 0, err
		}
		spent += time.Since(from)
		written += len(values)
	}
	return float64(written) / spent.Seconds(), nil
}
