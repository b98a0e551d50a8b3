package client

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// checkAgain is how often an order that is waited for is looked at, should its event have passed while the connection was
// away, or the server that was asked have lagged behind.
const checkAgain = 10 * time.Second

// orderSubject is that of an order's events; event may be *.
func (v *natsVia) orderSubject(event, orderID string) string {
	return eventsPrefix + cmp.Or(v.OrgID, "*") + ".order." + event + "." + token(orderID)
}

// order makes an order from its last events.
func (v *natsVia) order(ctx context.Context, orderID string, _ int64) (Order, error) {
	o, found, err := v.state(ctx, orderID)
	if err == nil && !found {
		err = &Refusal{Code: "not_found", Detail: "there is no such order on the stream yet"}
	}
	return o, err
}

func (v *natsVia) state(ctx context.Context, orderID string) (o Order, found bool, err error) {
	last, found, err := v.lastEvent(ctx, orderID, "*")
	if err != nil || !found {
		return o, found, err
	}
	placed, found, err := v.lastEvent(ctx, orderID, "placed")
	if err != nil || !found {
		return o, found, err
	}
	paid, isPaid, err := v.lastEvent(ctx, orderID, "paid")
	if err != nil {
		return o, false, err
	}
	told := last
	if statusAfter(last) == "" { // one that changes no status, or that is not known here
		if told, err = v.lastMove(ctx, orderID); err != nil {
			return o, false, err
		}
	}
	o, err = orderOf(placed)
	if data, ok := paid.Data.(OrderPaid); ok && isPaid {
		o.Paid, o.PaidAt = data.Paid, &paid.OccurredAt
	}
	o.Status = statusAfter(told)
	o.Version, o.Position, o.AsOf = last.Version, last.Position, last.Position
	return o, true, err
}

func (v *natsVia) lastEvent(ctx context.Context, orderID, name string) (e Event, found bool, err error) {
	m, err := v.last(ctx, eventsStream, v.orderSubject(name, orderID))
	if err != nil || m == nil {
		return e, false, err
	}
	var sequence uint64
	if said := m.Header[jetstream.SequenceHeader]; len(said) == 1 { // a copy may bring its own
		sequence, _ = strconv.ParseUint(said[0], 10, 64)
	}
	if e, err = eventOf(m.Header, m.Data, sequence); err == nil {
		err = e.decode()
	}
	return e, err == nil, err
}

// lastMove is the last event that moved the order from one status to another.
func (v *natsVia) lastMove(ctx context.Context, orderID string) (last Event, err error) {
	for _, name := range moves {
		e, found, err := v.lastEvent(ctx, orderID, name)
		if err != nil {
			return last, err
		}
		if found && e.Position > last.Position {
			last = e
		}
	}
	return last, nil
}

// moves are the events of an order that move it from one status to another.
var moves = []string{
	"placed", "approved", "rejected", "paid", "cancelled", "expired", "voided",
	"fulfilment_started", "completed", "fulfilment_failed", "refunded",
}

func orderOf(e Event) (Order, error) {
	p, ok := e.Data.(OrderPlaced)
	if !ok {
		return Order{}, fmt.Errorf("an order of the form %s", e.Type)
	}
	return Order{
		OrderID: p.OrderID, OrgID: p.OrgID, OrderType: p.OrderType, ProjectID: p.ProjectID, ConsumerID: p.ConsumerID,
		Currency: p.Currency, TradeNo: p.TradeNo, BusinessGroup: p.BusinessGroup, Tags: p.Tags, ParentOrderID: p.ParentOrderID,
		Lines: p.Lines, ListAmount: p.ListAmount, PayableAmount: p.PayableAmount, PayBefore: p.PayBefore, CreatedAt: e.OccurredAt,
	}, nil
}

// statusAfter is an order's status after its last event.
func statusAfter(e Event) string {
	switch data := e.Data.(type) {
	case OrderPlaced:
		if data.AwaitingApproval {
			return StatusAwaitingApproval
		}
		return StatusUnpaid
	case OrderPaid:
		if data.Completed {
			return StatusCompleted
		}
		return StatusPaid
	}
	return map[string]string{
		"order.approved": StatusUnpaid, "order.rejected": StatusCancelled, "order.cancelled": StatusCancelled,
		"order.expired": StatusExpired, "order.voided": StatusVoided, "order.fulfilment_started": StatusFulfilling,
		"order.completed": StatusCompleted, "order.fulfilment_failed": StatusFulfilmentFailed, "order.refunded": StatusRefunded,
	}[e.Name()]
}

// decided listens to the order's events before it looks at the order.
func (v *natsVia) decided(ctx context.Context, orderID string, _ int64) (Order, error) {
	moved := make(chan *nats.Msg, 16)
	sub, err := v.nc.ChanSubscribe(v.orderSubject("*", orderID), moved)
	if err != nil {
		return Order{}, err
	}
	defer func() { _ = sub.Unsubscribe() }()
	again := time.NewTicker(checkAgain)
	defer again.Stop()
	for {
		o, found, err := v.state(ctx, orderID)
		if err != nil || found && o.decided() {
			return o, err
		}
		select {
		case <-moved:
		case <-again.C:
		case <-ctx.Done():
			return Order{}, ctx.Err()
		}
	}
}
