package eventstore

import (
	"context"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"
)

// Browse is a look at a part of the log, or of one stream, from some place in either direction.
type Browse struct {
	// Stream is the one to look at, "" for the whole log.
	Stream string
	// Types are the events to find, none for all.
	Types []string
	// From is where to begin, itself included: a position of the log, or a version of the stream; 0 is its first event, or
	// its last with NewestFirst.
	From        int64
	NewestFirst bool
	// Span bounds the places that are looked at, Limit the events that are found, as ReadMax does.
	Span  int64
	Limit int
}

// Browsed is what a look found.
type Browsed struct {
	Events []Event
	// Next is where to go on, 0 when there is nothing more.
	Next int64
	// Looked is how many places were looked at.
	Looked int64
	// Head is where the log ended.
	Head int64
}

// BrowseFor reads, as ledger_reader, events that an organisation may see. Of a stream that it may not see it finds nothing.
func (l *Log) BrowseFor(ctx context.Context, org string, look Browse) (Browsed, error) {
	b := look.sql()
	limit := min(look.Limit, ReadMax)
	from := look.From
	if from <= 0 && look.NewestFirst {
		from = math.MaxInt64
	}
	from = min(max(from, 1), math.MaxInt64-look.Span)
	var found Browsed
	var end int64
	err := l.readFor(ctx, org, &found.Head, func(batch *pgx.Batch) {
		batch.Queue(`SELECT `+b.end, b.of).QueryRow(func(row pgx.Row) error { return row.Scan(&end) })
		queueEvents(batch, &found.Events, b.events, b.of, from, look.Span, look.Types, limit)
	})
	if err != nil {
		return Browsed{}, fmt.Errorf("look through the log: %w", err)
	}
	found.reached(look, from, end, limit)
	return found, nil
}

type browseSQL struct {
	of          *string
	end, events string
}

// sql finds the last place first: from there, or from the one that is asked for, at most span places of an index are read.
// A stream belongs to one organisation, so its first event tells whether any may be seen: else the rest is not looked at.
func (look Browse) sql() browseSQL {
	b := browseSQL{end: `(SELECT position FROM head WHERE $1::text IS NULL)`}
	place, among := "position", "$1::text IS NULL"
	if look.Stream != "" {
		place, among, b.of = "version", "stream = $1", &look.Stream
		b.end = `coalesce((SELECT version FROM events
    WHERE stream = $1 AND EXISTS (SELECT FROM events WHERE stream = $1 AND version = 1) ORDER BY version DESC LIMIT 1), 0)`
	}
	span, order := place+` >= $2 AND `+place+` <= least($2 + $3 - 1, `+b.end+`)`, ""
	if look.NewestFirst {
		span, order = place+` <= least($2, `+b.end+`) AND `+place+` > least($2, `+b.end+`) - $3`, " DESC"
	}
	b.events = `SELECT ` + eventColumnList + ` FROM events
WHERE ` + among + ` AND ` + span + ` AND ($4::text[] IS NULL OR type = ANY($4))
ORDER BY ` + place + order + ` LIMIT $5`
	return b
}

// reached works out how far the look went.
func (found *Browsed) reached(look Browse, from, end int64, limit int) {
	place := func(e *Event) int64 {
		if look.Stream != "" {
			return e.Version
		}
		return e.Position
	}
	n := len(found.Events)
	full := n > 0 && n == limit
	if look.NewestFirst {
		top := min(from, end)
		found.Next = max(top-look.Span, 0)
		if full {
			found.Next = place(&found.Events[n-1]) - 1
		}
		found.Looked = top - found.Next
		return
	}
	last := min(from+look.Span-1, end)
	if full {
		last = place(&found.Events[n-1])
	}
	found.Looked = max(last-from+1, 0)
	if last < end {
		found.Next = max(last, 0) + 1
	}
}
