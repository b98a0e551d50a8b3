package projections

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
	"orderledger/eventstore"
)

var vouchersTable = newTable("vouchers", "org_id, voucher_id", `
	org_id text, voucher_id text, currency text, amount numeric, left_amount numeric, lapsed_amount numeric, valid_from timestamptz?,
	valid_to timestamptz?, issued_at timestamptz, issued_by text, position bigint, doc json`)

var giftsTable = newTable("gifts", "org_id, grant_id", `
	org_id text, grant_id text, currency text, amount numeric, left_amount numeric, lapsed_amount numeric, expires_at timestamptz?,
	reason text, granted_at timestamptz, granted_by text, position bigint`)

// lotKey names a voucher or a gift.
type lotKey struct{ org, id string }

// lot is how a voucher or a gift came to be, and what happened to it since.
type lot struct {
	at       time.Time
	by       string
	lapsed   domain.Amount
	position int64
}

type heldVoucher struct {
	domain.Voucher
	lot
}

type heldGift struct {
	domain.Gift
	amount domain.Amount
	reason string
	lot
}

// heldLots are vouchers and gifts in the course of a fold.
type heldLots struct {
	vouchers map[lotKey]*heldVoucher
	gifts    map[lotKey]*heldGift
}

func newHeldLots() *heldLots { return &heldLots{map[lotKey]*heldVoucher{}, map[lotKey]*heldGift{}} }

func pageOfVouchers(ctx context.Context, tx pgx.Tx, _ *eventstore.Log, events []eventstore.Event, out sink) error {
	decoded, err := lotEvents(events)
	if err != nil || len(decoded) == 0 {
		return err
	}
	held := newHeldLots()
	if err := held.load(ctx, tx, decoded); err != nil {
		return err
	}
	if err := held.fold(decoded); err != nil {
		return err
	}
	return held.write(out, func(string) bool { return true })
}

// lotEvent is an event of an account that may touch vouchers or gifts.
type lotEvent struct {
	*eventstore.Event
	event domain.Event
}

// lotEvents decodes the events of accounts that touch vouchers or gifts. Most are charges that do not, which their
// text tells: it is not read further.
func lotEvents(events []eventstore.Event) ([]lotEvent, error) {
	var touching []lotEvent
	for i := range events {
		e := &events[i]
		if _, ok := idOf(e, domain.KindAccount); !ok {
			continue
		}
		switch e.Type {
		case domain.TypeAccountCharged:
			if !bytes.Contains(e.Payload, []byte(`"gifts":`)) && !bytes.Contains(e.Payload, []byte(`"vouchers":`)) {
				continue
			}
		case domain.TypeAccountToppedUp, domain.TypeAccountWithdrawn, domain.TypeFundsFrozen, domain.TypeArrearsOpened, domain.TypeArrearsDropped:
			continue
		}
		event, err := decode(e)
		if err != nil {
			return nil, err
		}
		touching = append(touching, lotEvent{e, event})
	}
	return touching, nil
}

// fold folds events into what is held.
func (h *heldLots) fold(events []lotEvent) error {
	for _, e := range events {
		var err error
		switch event := e.event.(type) {
		case domain.GiftGranted:
			g := domain.Gift{GrantID: event.GrantID, Currency: event.Currency, Left: event.Amount, ExpiresAt: event.ExpiresAt}
			h.gifts[lotKey{e.OrgID, g.GrantID}] = &heldGift{g, event.Amount, event.Reason, newLot(e.Event, event.Currency)}
		case domain.VoucherIssued:
			h.vouchers[lotKey{e.OrgID, event.Voucher.VoucherID}] = &heldVoucher{event.Voucher, newLot(e.Event, event.Voucher.Currency)}
		case domain.AccountCharged:
			err = h.take(e.Event, event.Gifts, event.Vouchers, false)
		case domain.FundsLapsed:
			err = h.take(e.Event, event.Gifts, event.Vouchers, true)
		case domain.AccountRefunded:
			err = h.giveBack(e.Event, &event)
		default:
			return unknown(e.Event)
		}
		if err != nil {
			return cannot(e.Event, err)
		}
	}
	return nil
}

func newLot(e *eventstore.Event, c domain.Currency) lot {
	return lot{at: e.OccurredAt, by: e.Actor, lapsed: c.Zero(), position: e.Position}
}

// take takes parts away: they paid for something, or lapsed.
func (h *heldLots) take(e *eventstore.Event, gifts []domain.GiftPart, vouchers []domain.VoucherPart, lapsed bool) error {
	for _, p := range gifts {
		g := h.gifts[lotKey{e.OrgID, p.GrantID}]
		if g == nil {
			return fmt.Errorf("the gift %s was never granted", p.GrantID)
		}
		g.Left = g.Left.Sub(p.Amount)
		g.moved(e, p.Amount, lapsed)
	}
	for _, p := range vouchers {
		v := h.vouchers[lotKey{e.OrgID, p.VoucherID}]
		if v == nil {
			return fmt.Errorf("the voucher %s was never issued", p.VoucherID)
		}
		v.Left = v.Left.Sub(p.Amount)
		v.moved(e, p.Amount, lapsed)
	}
	return nil
}

func (l *lot) moved(e *eventstore.Event, by domain.Amount, lapsed bool) {
	if l.position = e.Position; lapsed {
		l.lapsed = l.lapsed.Add(by)
	}
}

// giveBack puts what an order gives back where it came from.
func (h *heldLots) giveBack(e *eventstore.Event, back *domain.AccountRefunded) error {
	for _, p := range back.Gifts {
		g := h.gifts[lotKey{e.OrgID, p.GrantID}]
		if g == nil {
			return fmt.Errorf("the gift %s was never granted", p.GrantID)
		}
		g.Left, g.position = g.Left.Add(p.Amount), e.Position
	}
	for _, after := range back.Vouchers {
		v := h.vouchers[lotKey{e.OrgID, after.VoucherID}]
		if v == nil {
			return fmt.Errorf("the voucher %s was never issued", after.VoucherID)
		}
		v.Voucher, v.position = after, e.Position
	}
	return nil
}

// write writes the rows of the organisations that are done.
func (h *heldLots) write(out sink, done func(org string) bool) error {
	for key, v := range h.vouchers {
		if !done(key.org) {
			continue
		}
		doc, err := json.Marshal(v.Voucher)
		if err != nil {
			return fmt.Errorf("encode voucher %s of %s: %w", key.id, key.org, err)
		}
		out.add(vouchersTable, key.org, key.id, string(v.Currency), v.Amount.String(), v.Left.String(), v.lapsed.String(),
			timeOrNull(v.ValidFrom), timeOrNull(v.ValidTo), timeText(v.at), v.by, number(v.position), string(doc))
	}
	for key, g := range h.gifts {
		if done(key.org) {
			out.add(giftsTable, key.org, key.id, string(g.Currency), g.amount.String(), g.Left.String(), g.lapsed.String(),
				timeOrNull(g.ExpiresAt), g.reason, timeText(g.at), g.by, number(g.position))
		}
	}
	return nil
}

// forget drops the organisations that are done.
func (h *heldLots) forget(done func(org string) bool) {
	maps.DeleteFunc(h.vouchers, func(key lotKey, _ *heldVoucher) bool { return done(key.org) })
	maps.DeleteFunc(h.gifts, func(key lotKey, _ *heldGift) bool { return done(key.org) })
}

func refoldVouchers(context.Context, pgx.Tx, int64) (*refold, error) {
	held := newHeldLots()
	return &refold{
		kind:    domain.KindAccount,
		inOrder: true,
		chunk: func(events []eventstore.Event, out sink) error {
			decoded, err := lotEvents(events)
			if err != nil || len(events) == 0 {
				return err
			}
			if err := held.fold(decoded); err != nil {
				return err
			}
			last := events[len(events)-1].OrgID // whose stream may go on
			done := func(org string) bool { return org != last }
			if err := held.write(out, done); err != nil {
				return err
			}
			held.forget(done)
			return nil
		},
		end: func(out sink) error { return held.write(out, func(string) bool { return true }) },
	}, nil
}
