package projections

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
	"orderledger/eventstore"
)

var ordersTable = newTable("orders", "order_id", `
	order_id text, org_id text, created_at timestamptz, status text, order_type text, currency text, project_id text,
	consumer_id text, business_group text, trade_no text, parent_order_id text?, list_amount numeric, payable_amount numeric,
	pay_before timestamptz?, paid_at timestamptz?, billing_period text?, tags jsonb, recorded_at timestamptz, due_at timestamptz?,
	refund_state text, arrears boolean, approval text?, imported boolean, placed_by text, fulfilment_failed_at timestamptz?, awaits_since timestamptz?, overdue boolean,
	version bigint, position bigint, doc json`)

var orderLinesTable = newTable("order_lines", "order_id, line_no", `
	order_id text, line_no integer, org_id text, created_at timestamptz, product_code text, product_name text,
	resource_id text, resource_name text, region text, charge_mode text`)

// importRest is how long timers leave an imported order alone after its recording: the history that is
// being brought in may still tell its end.
const importRest = time.Hour

// heldOrder is an order in the course of a fold.
type heldOrder struct {
	order *domain.Order
	// recordedAt is when the placing was recorded.
	recordedAt time.Time
	// lines: its lines are not written yet as they are now.
	lines bool
}

func pageOfOrders(ctx context.Context, tx pgx.Tx, _ *eventstore.Log, events []eventstore.Event, out sink) error {
	held, err := loadOrders(ctx, tx, events)
	if err != nil {
		return err
	}
	return foldOrders(events, held, out)
}

// loadOrders reads the orders that the events go on with, as their rows hold them.
func loadOrders(ctx context.Context, tx pgx.Tx, events []eventstore.Event) (map[string]*heldOrder, error) {
	const q = `SELECT order_id, recorded_at, doc FROM orders WHERE order_id = ANY($1)`
	held := map[string]*heldOrder{}
	var ids []string
	for i := range events {
		if id, ok := idOf(&events[i], domain.KindOrder); ok && events[i].Version > 1 {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return held, nil
	}
	rows, err := tx.Query(ctx, q, ids)
	if err != nil {
		return nil, fmt.Errorf("load %d orders: %w", len(ids), err)
	}
	var id string
	var recordedAt time.Time
	var doc []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &recordedAt, &doc}, func() error {
		state, err := domain.DecodeState(domain.OrderRef(id), doc)
		if err != nil {
			return err
		}
		held[id] = &heldOrder{order: state.(*domain.Order), recordedAt: recordedAt.UTC()}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load %d orders: %w", len(ids), err)
	}
	return held, nil
}

// foldOrders folds events into the orders held, and writes those that changed.
func foldOrders(events []eventstore.Event, held map[string]*heldOrder, out sink) error {
	changed := map[string]*heldOrder{}
	for i := range events {
		e := &events[i]
		id, ok := idOf(e, domain.KindOrder)
		if !ok {
			continue
		}
		event, err := decode(e)
		if err != nil {
			return err
		}
		h := held[id]
		if h == nil {
			h = &heldOrder{recordedAt: e.RecordedAt, lines: true}
			held[id] = h
		}
		if before := h.version(); e.Version != before+1 {
			return cannot(e, fmt.Errorf("it is version %d of its order, which is known up to %d", e.Version, before))
		}
		var state domain.State // a nil *Order in a State would not be nil
		if h.order != nil {
			state = h.order
		}
		next, ok := domain.Evolve(state, event, metaOf(e)).(*domain.Order)
		if !ok || next == h.order {
			return unknown(e)
		}
		h.order, h.lines = next, h.lines || e.Type == domain.TypeOrderCompleted // which may fill resource ids in
		changed[id] = h
	}
	for _, id := range sortedKeys(changed) {
		if err := changed[id].write(out); err != nil {
			return err
		}
	}
	return nil
}

func (h *heldOrder) version() int64 {
	if h.order == nil {
		return 0
	}
	return h.order.Version
}

func (h *heldOrder) write(out sink) error {
	o := h.order
	doc, err := domain.EncodeState(o)
	if err != nil {
		return fmt.Errorf("encode order %s: %w", o.OrderID, err)
	}
	tags, err := json.Marshal(o.Tags)
	if err != nil {
		return fmt.Errorf("encode tags of order %s: %w", o.OrderID, err)
	}
	created := timeText(o.CreatedAt)
	out.add(ordersTable, o.OrderID, o.OrgID, created, string(o.Status), string(o.OrderType), string(o.Currency), o.ProjectID,
		o.ConsumerID, o.BusinessGroup, o.TradeNo, textOrNull(o.ParentOrderID), o.ListAmount.String(), o.PayableAmount.String(),
		timeOrNull(o.PayBefore), timeOrNull(o.PaidAt), string(o.BillingPeriod), string(tags), timeText(h.recordedAt), h.dueAt(),
		string(o.RefundState), flag(o.Arrears), approvalOf(o), flag(o.Imported), o.PlacedBy, failedAt(o), awaitsSince(o), flag(o.Overdue != nil), number(o.Version), number(o.Position), string(doc))
	if !h.lines {
		return nil
	}
	for i := range o.Lines {
		l := &o.Lines[i]
		out.add(orderLinesTable, o.OrderID, number(int64(l.LineNo)), o.OrgID, created, l.ProductCode, l.ProductName,
			l.ResourceID, l.ResourceName, l.Region, string(l.ChargeMode))
	}
	return nil
}

// dueAt is when the expiry timer may take the order.
func (h *heldOrder) dueAt() string {
	if h.order.PayBefore == nil {
		return ""
	}
	due := *h.order.PayBefore
	if rested := h.recordedAt.Add(importRest); h.order.Imported && rested.After(due) {
		due = rested
	}
	return timeText(due)
}

func approvalOf(o *domain.Order) string {
	if o.Approval == nil {
		return ""
	}
	return o.Approval.State
}

// failedAt is since when a refund by itself may be due.
func failedAt(o *domain.Order) string {
	if _, awaits := o.AwaitsFulfilment(); !awaits || o.Fulfilment == nil || o.Fulfilment.State != "failed" {
		return ""
	}
	return timeText(o.Fulfilment.At)
}

// awaitsSince is since when the order was paid and is not fulfilled.
func awaitsSince(o *domain.Order) string {
	if since, awaits := o.AwaitsFulfilment(); awaits {
		return timeText(since)
	}
	return ""
}

func refoldOrders(context.Context, pgx.Tx, int64) (*refold, error) {
	return &refold{kind: domain.KindOrder, chunk: func(events []eventstore.Event, out sink) error {
		return foldOrders(events, map[string]*heldOrder{}, out)
	}}, nil
}
