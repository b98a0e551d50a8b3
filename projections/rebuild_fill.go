package projections

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"orderledger/domain"
	"orderledger/eventstore"
)

// fill writes the rows that the log up to a position folds to into the empty tables. It reads the log in
// the order of streams, so that each order is folded once, whole, and written once, with COPY: no row is
// ever updated. One goroutine reads, several fold, one writes.
func (b *rebuild) fill(ctx context.Context, upTo int64) error {
	var fold *refold
	err := pgx.BeginFunc(ctx, b.Projector, func(tx pgx.Tx) (err error) {
		fold, err = b.model.refold(ctx, tx, upTo)
		return err
	})
	if err != nil {
		return err
	}
	parent := ctx
	g, ctx := errgroup.WithContext(ctx)
	pages, rows := make(chan []eventstore.Event, 1), make(chan copies, 1)
	g.Go(func() error {
		defer close(pages)
		return b.readPages(ctx, fold, upTo, pages)
	})
	g.Go(func() error {
		defer close(rows)
		return foldPages(ctx, fold, pages, rows)
	})
	g.Go(func() error { return b.copyRows(ctx, rows) })
	if err := g.Wait(); err != nil {
		return err
	}
	return b.sumUp(parent)
}

// readPages reads the streams of the fold's kind, in pages that end where a stream does; those of
// accounts, and those folded in order, end anywhere, as one account may have any number of events.
func (b *rebuild) readPages(ctx context.Context, fold *refold, upTo int64, pages chan<- []eventstore.Event) error {
	if fold.kind == "" {
		return nil
	}
	var total, done int64
	const count = `SELECT count(*) FROM events WHERE stream >= $1 AND stream < $2 AND position <= $3`
	if b.Progress != nil {
		if err := b.Projector.QueryRow(ctx, count, fold.kind+"-", fold.kind+".", upTo).Scan(&total); err != nil {
			return fmt.Errorf("count the events to fold: %w", err)
		}
	}
	began := time.Now()
	told := began
	var carried []eventstore.Event
	for after, version := "", int64(0); ; {
		page, err := readStreamPage(ctx, b.Projector, fold.kind, after, version, upTo)
		if err != nil {
			return err
		}
		ended := len(page) < streamPage
		done += int64(len(page))
		if now := time.Now(); b.Progress != nil && (ended || now.Sub(told) >= time.Second) {
			told = now
			b.Progress(done, total, float64(done)/now.Sub(began).Seconds())
			if err := b.tell(ctx, done, total, upTo); err != nil {
				return err
			}
		}
		if !ended {
			after, version = page[len(page)-1].Stream, page[len(page)-1].Version
		}
		page, carried = append(carried, page...), nil
		if !ended && !fold.inOrder && fold.kind != domain.KindAccount {
			page, carried = cutAtStream(page)
		}
		select {
		case pages <- page:
		case <-ctx.Done():
			return ctx.Err()
		}
		if ended {
			return nil
		}
	}
}

// tell lets everybody see in the checkpoints how far the fill is, as a part of the positions. Nobody goes on from there: the
// checkpoint is set when the rows are whole.
func (b *rebuild) tell(ctx context.Context, done, total, upTo int64) error {
	const q = `UPDATE projections SET position = $2, updated_at = clock_timestamp() WHERE name = $1 AND state = 'building'`
	part := upTo
	if total > 0 {
		part = int64(float64(upTo) * min(float64(done)/float64(total), 1))
	}
	if _, err := b.Projector.Exec(ctx, q, b.at.name, part); err != nil {
		return fmt.Errorf("tell how far the rebuild is: %w", err)
	}
	return nil
}

// cutAtStream parts events before their last stream, which may go on.
func cutAtStream(events []eventstore.Event) (whole, rest []eventstore.Event) {
	i := len(events) - 1
	for i > 0 && events[i-1].Stream == events[i].Stream {
		i--
	}
	return events[:i:i], append([]eventstore.Event(nil), events[i:]...)
}

// foldPages folds pages into rows on all processors, or one when their order matters, and ends with the rows that need all of them.
func foldPages(ctx context.Context, fold *refold, pages <-chan []eventstore.Event, rows chan<- copies) error {
	give := func(out copies) error {
		select {
		case rows <- out:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	var g errgroup.Group
	folders := runtime.GOMAXPROCS(0)
	if fold.inOrder {
		folders = 1
	}
	for range folders {
		g.Go(func() error {
			for page := range pages {
				out := copies{}
				if err := fold.chunk(page, out); err != nil {
					return err
				}
				if err := give(out); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if fold.end == nil {
		return nil
	}
	out := copies{}
	if err := fold.end(out); err != nil {
		return err
	}
	return give(out)
}

// copyRows writes rows as they come.
func (b *rebuild) copyRows(ctx context.Context, rows <-chan copies) error {
	conn, err := b.Owner.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	for out := range rows {
		for t, text := range out {
			name := t.name
			if t.sumUp != "" {
				name = t.parts()
			}
			into := `COPY rebuild.` + name + ` (` + t.names + `) FROM STDIN`
			if _, err := conn.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(text), into); err != nil {
				return fmt.Errorf("copy rows into the new table %s: %w", t.name, err)
			}
		}
	}
	return ctx.Err()
}

// sumUp makes the tables of sums out of their parts. The database does it: there may be more keys than memory holds.
func (b *rebuild) sumUp(ctx context.Context) error {
	for _, t := range b.model.tables {
		if t.sumUp == "" {
			continue
		}
		for _, s := range []string{t.sumUp, `DROP TABLE rebuild.` + t.parts()} {
			if _, err := b.Owner.Exec(ctx, s); err != nil {
				return fmt.Errorf("add the parts of %s up: %w", t.name, err)
			}
		}
	}
	return nil
}
