package handlers_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/internal/testkit"
)

// accountOp moves an account's units up, or down if they are there.
type accountOp struct{ up, down int64 }

// accountAnswer is what the caller was told: done, or so many units are missing.
type accountAnswer struct {
	done    bool
	missing int64
}

// account is one account, as the callers must see it.
var account = porcupine.Model{
	Init: func() any { return int64(0) },
	Step: func(state, input, output any) (bool, any) {
		balance, op, answer := state.(int64), input.(accountOp), output.(accountAnswer)
		if missing := op.down - balance; op.up == 0 && missing > 0 {
			return !answer.done && answer.missing == missing, balance
		}
		return answer.done, balance + op.up - op.down
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v → %+v", input, output) },
}

// Callers on two replicas, some of whom leave before the answer and connections that break: there is one order
// of all commands that explains every answer. Who got none asks again with the same key, later.
func TestAccountIsLinearizable(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	a, wireA := openWired(t, db)
	b, wireB := openWired(t, db)
	const clients, each = 8, 40
	var mu sync.Mutex
	var history []porcupine.Operation
	doubted := map[int]string{} // by index in history: keys refused after an attempt of unknown outcome
	began := time.Now()
	doubts := 0
	var wg sync.WaitGroup
	for c := range clients {
		l, w := a, wireA
		if c%2 == 1 {
			l, w = b, wireB
		}
		wg.Go(func() {
			r := rand.New(rand.NewPCG(11, uint64(c)))
			for i := range each {
				op, command := randomOp(t, l, r, fmt.Sprint(c, "-", i))
				if r.IntN(12) == 0 {
					w.cut(cuts["committed, the answer lost"])
				}
				patience := time.Minute
				if r.IntN(4) == 0 {
					patience = time.Duration(r.IntN(3000)) * time.Microsecond
				}
				call := time.Since(began)
				answer, known := l.ask(t, command, patience)
				first := known
				if !known {
					other := []*ledger{a, b}[r.IntN(2)]
					answer, known = other.ask(t, command, time.Minute)
				}
				mu.Lock()
				if !known {
					doubts++
				}
				if !first && !answer.done {
					doubted[len(history)] = command.Key
				}
				history = append(history, porcupine.Operation{ClientId: c, Input: op, Call: int64(call), Output: answer, Return: int64(time.Since(began))})
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if doubts > 0 {
		t.Errorf("%d commands have no known outcome", doubts)
	}
	checkLog(t, a.log, -1)
	// A refusal answers for its own attempt. The one before it, which nobody heard of again, may have come
	// later; then the command was carried out at some time before now.
	for i, key := range doubted {
		ref := eventstore.KeyRef{OrgID: "org-acme", Key: key}
		known, err := a.log.Lookup(t.Context(), []eventstore.KeyRef{ref})
		if err != nil {
			t.Fatal(err)
		}
		if _, done := known[ref]; done {
			history[i].Output, history[i].Return = accountAnswer{done: true}, int64(time.Since(began))
			history[i].ClientId = clients + i // its client went on meanwhile
		}
	}
	if result := porcupine.CheckOperationsTimeout(account, history, time.Minute); result != porcupine.Ok {
		t.Errorf("no order explains the %d answers: %s", len(history), result)
	}
}

// randomOp is a top-up or a payment of an order that is there.
func randomOp(t *testing.T, l *ledger, r *rand.Rand, key string) (accountOp, handlers.Request) {
	units := 1 + r.Int64N(9)
	price := fmt.Sprintf("0.%02d", units)
	if r.IntN(2) == 0 {
		return accountOp{up: units}, request("top-up"+key, topUp("org-acme", price, key))
	}
	o := order("org-acme", price)
	if _, err := l.Do(context.Background(), request("place"+key, o)); err != nil {
		t.Errorf("place: %v", err)
	}
	return accountOp{down: units}, request("pay"+key, pay(o))
}

// ask sends a command and says what it was told, if it was told.
func (l *ledger) ask(t *testing.T, r handlers.Request, patience time.Duration) (accountAnswer, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := l.Do(ctx, r)
	var why *domain.Rejection
	switch {
	case err == nil:
		return accountAnswer{done: true}, true
	case errors.As(err, &why) && why.Code == domain.InsufficientFunds:
		return accountAnswer{missing: why.Missing.Units()}, true
	case errors.Is(err, handlers.ErrOutcomeUnknown), errors.Is(err, handlers.ErrBusy), errors.Is(err, context.DeadlineExceeded):
		return accountAnswer{}, false
	}
	t.Errorf("%s: %v", r.Key, err)
	return accountAnswer{}, false
}
