package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"orderledger/domain"
	"orderledger/projections"
)

const (
	timersLook  = time.Second // between looks, at most: other replicas' orders fall due too
	timersBatch = 500         // orders that are expired at once
	timersAgain = 50 * time.Millisecond
)

// Timers expire orders that were not paid before their deadline, by command. Any number of replicas may
// run them: the command's key makes it happen once.
type Timers struct {
	executor *Executor
	reader   *projections.Reader
	// sent are the orders whose command was answered, while the read model still lists them as due.
	sent map[string]bool
}

// NewTimers makes timers; Run runs them. The reader works as ledger_reader.
func NewTimers(executor *Executor, reader *projections.Reader) *Timers {
	return &Timers{executor: executor, reader: reader, sent: map[string]bool{}}
}

// Run expires orders as they fall due, until ctx ends. A command that is under way then goes on.
func (t *Timers) Run(ctx context.Context) {
	for {
		pause, err := t.look(ctx)
		if err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "due orders could not be expired; trying again", "error", err)
			pause = timersLook
		}
		again := time.NewTimer(pause)
		select {
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
			return
		}
	}
}

// look expires what is due, and says when to look again.
func (t *Timers) look(ctx context.Context) (time.Duration, error) {
	due, next, err := t.reader.DueOrders(ctx, time.Now(), timersBatch)
	if err != nil {
		return 0, err
	}
	listed := make(map[string]bool, len(due))
	var waits []func(context.Context) (Result, error)
	var ids []string
	for _, o := range due {
		if listed[o.OrderID] = true; t.sent[o.OrderID] {
			continue
		}
		wait, err := t.executor.Start(ctx, expiry(o))
		if err != nil {
			return 0, err
		}
		waits, ids = append(waits, wait), append(ids, o.OrderID)
	}
	for id := range t.sent {
		if !listed[id] { // the read model has caught up with it
			delete(t.sent, id)
		}
	}
	for i, wait := range waits {
		_, failed := wait(ctx)
		var refused *domain.Rejection
		switch {
		case failed == nil, errors.As(failed, &refused): // refused: it was paid or cancelled meanwhile
			t.sent[ids[i]] = true
		default:
			err = failed
		}
	}
	switch until := time.Until(next); {
	case len(due) == timersBatch:
		return timersAgain, err // there may be more behind these
	case next.IsZero() || until > timersLook:
		return timersLook, err
	default:
		return max(until, timersAgain), err
	}
}

// expiry is the command that expires an order. Its key is the same from every replica.
func expiry(o projections.DueOrder) Request {
	body, _ := json.Marshal(map[string]string{"order_id": o.OrderID}) // strings always encode
	t, err := parseBody(body)
	if err != nil {
		panic("handlers: " + err.Error())
	}
	c := domain.ExpireOrder{OrderID: o.OrderID, OrgID: o.OrgID}
	return Request{
		Command: c, Key: "ledger:expire:" + o.OrderID, Fingerprint: t.fingerprint(0, c.Name()), Actor: "timer", Bytes: len(body),
	}
}
