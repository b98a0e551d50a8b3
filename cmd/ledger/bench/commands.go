package bench

import (
	"context"
	"fmt"
	"slices"
	"time"

	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/internal/schema"
)

// rounds is how often the executor, the limit and the floor are measured in turn; the median counts.
const rounds = 3

// commands measures PlaceOrder and PayOrder through the executor alone, beside 1,000-row INSERTs of the
// same rows (the limit) and one INSERT per transaction (the floor).
func (b *bed) commands(ctx context.Context) error {
	url, err := b.database(ctx)
	if err != nil {
		return err
	}
	first, err := b.newExecutor(ctx, url)
	if err != nil {
		return err
	}
	defer first.close()
	if err := endow(ctx, first.Executor); err != nil {
		return err
	}
	if _, _, err := inTurns(ctx, 64, b.span()/2, placeAndPay("warm", first.Executor)); err != nil {
		return err
	}
	owner, err := pool(ctx, url, schema.Owner, 64)
	if err != nil {
		return err
	}
	defer owner.Close()
	sample, err := readAll(ctx, first.log, 50_000)
	if err != nil {
		return err
	}
	p, err := newPlain(ctx, owner, sample)
	if err != nil {
		return err
	}
	for _, callers := range []int{1, 16, 64, 256} {
		if err := b.commandsAt(ctx, callers, first, p); err != nil {
			return err
		}
	}
	if err := b.mixed(ctx, first); err != nil {
		return err
	}
	return b.twoReplicas(ctx, url, first)
}

func (b *bed) commandsAt(ctx context.Context, callers int, e *executor, p *plain) error {
	var events, limits, floors, p50s, p99s, floor50s, floor99s []float64
	for round := range rounds {
		limit, err := p.bulk(ctx, b.span()/2)
		if err != nil {
			return err
		}
		before := e.Stats().Events.Load()
		from := time.Now()
		_, all, err := inTurns(ctx, callers, b.span(), placeAndPay(fmt.Sprintf("c%d-%d", callers, round), e.Executor))
		if err != nil {
			return err
		}
		events = append(events, float64(e.Stats().Events.Load()-before)/time.Since(from).Seconds())
		floor, floorAll, err := inTurns(ctx, callers, b.span()/2, p.single)
		if err != nil {
			return err
		}
		limits, floors = append(limits, limit), append(floors, floor)
		p50s, p99s = append(p50s, all.at(0.5)), append(p99s, all.at(0.99))
		floor50s, floor99s = append(floor50s, floorAll.at(0.5)), append(floor99s, floorAll.at(0.99))
	}
	name := fmt.Sprintf("%d callers: ", callers)
	b.report(name+"events, against 1,000-row INSERTs", median(events), "events/s", median(limits))
	b.report(name+"events, against one INSERT per transaction", median(events), "events/s", median(floors))
	b.report(name+"p50 of a command, against the floor's", median(p50s), "ms", median(floor50s))
	b.report(name+"p99 of a command, against the floor's", median(p99s), "ms", median(floor99s))
	return nil
}

// twoReplicas measures two executors on one database against one.
func (b *bed) twoReplicas(ctx context.Context, url string, first *executor) error {
	second, err := b.newExecutor(ctx, url)
	if err != nil {
		return err
	}
	defer second.close()
	var one, two []float64
	for round := range rounds {
		alone, _, err := inTurns(ctx, 256, b.span(), placeAndPay(fmt.Sprint("one-", round), first.Executor))
		if err != nil {
			return err
		}
		both, _, err := inTurns(ctx, 256, b.span(), placeAndPay(fmt.Sprint("two-", round), first.Executor, second.Executor))
		if err != nil {
			return err
		}
		one, two = append(one, alone), append(two, both)
	}
	b.report("two busy replicas, against one", median(two), "commands/s", median(one))
	return nil
}

// executor is an executor with a pool of its own.
type executor struct {
	*handlers.Executor
	log  *eventstore.Log
	done func()
}

func (b *bed) newExecutor(ctx context.Context, url string) (*executor, error) {
	app, err := pool(ctx, url, schema.App, 8)
	if err != nil {
		return nil, err
	}
	log := eventstore.NewLog(app)
	e, err := handlers.NewExecutor(ctx, log, time.Now)
	if err != nil {
		app.Close()
		return nil, err
	}
	return &executor{e, log, app.Close}, nil
}

func (e *executor) close() { e.Close(); e.done() }

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
