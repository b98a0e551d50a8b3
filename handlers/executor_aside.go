package handlers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"orderledger/eventstore"
)

// watchClock holds the clock against the database's, each second: deadlines go by the replica that decides.
func (e *Executor) watchClock() {
	defer e.aside.Done()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			ctx, cancel := context.WithTimeout(context.Background(), appendTimeout)
			if err := e.checkClock(ctx); err != nil {
				slog.WarnContext(ctx, "the clock could not be checked", "error", err)
			}
			cancel()
		case <-e.stop:
			return
		}
	}
}

func (e *Executor) checkClock(ctx context.Context) error {
	before := e.now()
	there, err := e.log.Clock(ctx)
	if err != nil {
		return err
	}
	after := e.now()
	// The database read its clock somewhere between: only what lies outside counts.
	off := max(before.Sub(there), there.Sub(after))
	if off <= clockSkewMax {
		e.skewed.Store(nil)
		return nil
	}
	reason := fmt.Sprintf("this replica's clock is %s off the database's; mend the clock", off.Round(time.Millisecond))
	e.skewed.Store(&reason)
	return nil
}

// recordRefusals writes refusals down, off the hot path.
func (e *Executor) recordRefusals() {
	defer e.aside.Done()
	for {
		select {
		case r := <-e.audit:
			e.record(context.Background(), r)
		case <-e.ended:
			ctx, cancel := context.WithTimeout(context.Background(), appendTimeout)
			defer cancel()
			for len(e.audit) > 0 {
				e.record(ctx, <-e.audit)
			}
			return
		}
	}
}

// record writes a refusal and those that wait behind it, all in one go.
func (e *Executor) record(ctx context.Context, first eventstore.Refusal) {
	all := []eventstore.Refusal{first}
	for len(e.audit) > 0 && len(all) < batchMax {
		all = append(all, <-e.audit)
	}
	ctx, cancel := context.WithTimeout(ctx, appendTimeout)
	defer cancel()
	if err := e.log.RecordRefusals(ctx, all); err != nil {
		e.stats.AuditDropped.Add(int64(len(all)))
		slog.ErrorContext(ctx, "refusals were not recorded", "count", len(all), "error", err)
	}
}

// saveStates keeps states of long streams, so that a cold one loads quickly.
func (e *Executor) saveStates() {
	defer e.aside.Done()
	for {
		select {
		case s := <-e.saves:
			ctx, cancel := context.WithTimeout(context.Background(), appendTimeout)
			if err := e.log.SaveState(ctx, s); err != nil && !errors.Is(err, context.Canceled) {
				slog.WarnContext(ctx, "a state was not saved", "stream", s.Stream, "error", err)
			}
			cancel()
		case <-e.ended:
			return
		}
	}
}

// announce tells other processes that the log has grown, at most once in announceEvery: each time costs
// the database a transaction.
func (e *Executor) announce() {
	defer e.aside.Done()
	pace := time.NewTicker(announceEvery)
	defer pace.Stop()
	for {
		select {
		case <-e.news:
			ctx, cancel := context.WithTimeout(context.Background(), appendTimeout)
			if err := e.log.Announce(ctx, e.reached.Load()); err != nil {
				slog.WarnContext(ctx, "an append was not announced", "error", err)
			}
			cancel()
		case <-e.ended:
			return
		}
		select {
		case <-pace.C:
		case <-e.ended:
			return
		}
	}
}
