package projections

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"orderledger/eventstore"
)

// streamPage bounds how many events are read at once in the order of streams.
const streamPage = 4000

// readStreamPage reads the events of streams of one kind up to a position, stream by stream, after a
// stream's version. Only what a fold needs is read: no key, no hash.
func readStreamPage(ctx context.Context, db querier, kind, after string, afterVersion, upTo int64) ([]eventstore.Event, error) {
	// Without a prepared statement, Postgres plans for these values: its general plan would sort the whole log.
	// The kinds' names end where the hyphen does: '.' is the character after it.
	const q = `
SELECT stream, version, position, type, org_id, actor, occurred_at, recorded_at, payload
FROM events
WHERE stream >= $1 AND stream < $2 AND (stream, version) > ($3, $4) AND position <= $5
ORDER BY stream, version
LIMIT $6`
	rows, err := db.Query(ctx, q, pgx.QueryExecModeCacheDescribe, kind+"-", kind+".", after, afterVersion, upTo, streamPage)
	if err != nil {
		return nil, fmt.Errorf("read %s streams after %q: %w", kind, after, err)
	}
	defer rows.Close()
	events := make([]eventstore.Event, 0, streamPage)
	for rows.Next() {
		var e eventstore.Event
		if err := rows.Scan(&e.Stream, &e.Version, &e.Position, &e.Type, &e.OrgID, &e.Actor, &e.OccurredAt, &e.RecordedAt, &e.Payload); err != nil {
			return nil, fmt.Errorf("read %s streams after %q: %w", kind, after, err)
		}
		e.OccurredAt, e.RecordedAt = e.OccurredAt.UTC(), e.RecordedAt.UTC()
		events = append(events, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read %s streams after %q: %w", kind, after, err)
	}
	return events, nil
}
