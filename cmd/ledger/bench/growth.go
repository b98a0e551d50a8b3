package bench

import (
	"context"
	"fmt"
	"time"

	"orderledger/domain"
)

// growth measures what a long history costs: the first payment on a cold account of 1 M events, and the
// commands of 256 callers on the log that holds it, of 3 M events, against an empty one.
func (b *bed) growth(ctx context.Context) error {
	empty, err := b.database(ctx)
	if err != nil {
		return err
	}
	long, err := b.database(ctx)
	if err != nil {
		return err
	}
	onEmpty, err := b.newExecutor(ctx, empty)
	if err != nil {
		return err
	}
	defer onEmpty.close()
	onLong, err := b.newExecutor(ctx, long)
	if err != nil {
		return err
	}
	defer onLong.close()
	// An order placed and paid is three events, one of them on the account.
	size := 3 * b.Events
	b.say("making a log of %d events", size)
	if err := grow(ctx, onLong.log, size, 1); err != nil {
		return err
	}
	if err := b.coldAccount(ctx, long); err != nil {
		return err
	}
	for _, e := range []*executor{onEmpty, onLong} {
		if err := endow(ctx, e.Executor); err != nil {
			return err
		}
	}
	var short, grown []float64
	for round := range rounds {
		run := fmt.Sprint("growth-", round)
		before, _, err := inTurns(ctx, 256, b.span(), placeAndPay(run, onEmpty.Executor))
		if err != nil {
			return err
		}
		after, _, err := inTurns(ctx, 256, b.span(), placeAndPay(run, onLong.Executor))
		if err != nil {
			return err
		}
		short, grown = append(short, before), append(grown, after)
	}
	b.report(fmt.Sprintf("256 callers on %d events, against an empty log", size), median(grown), "commands/s", median(short))
	return nil
}

// coldAccount pays from an account that no executor holds in memory.
func (b *bed) coldAccount(ctx context.Context, url string) error {
	var took latencies
	for i := range rounds {
		e, err := b.newExecutor(ctx, url) // it has seen nothing yet
		if err != nil {
			return err
		}
		o := purchase(org(0))
		_, err = e.Do(ctx, request(fmt.Sprint("cold-place-", i), o))
		from := time.Now()
		if err == nil {
			_, err = e.Do(ctx, request(fmt.Sprint("cold-pay-", i), domain.PayOrder{OrderID: o.OrderID, OrgID: o.OrgID}))
		}
		took = append(took, time.Since(from))
		e.close()
		if err != nil {
			return err
		}
	}
	b.report(fmt.Sprintf("first payment on a cold account of %d events", b.Events), took.at(1), "ms", 0)
	return nil
}
