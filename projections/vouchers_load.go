package projections

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
)

// load reads what the events touch, as the rows hold it.
func (h *heldLots) load(ctx context.Context, tx pgx.Tx, events []lotEvent) error {
	var orgs, ids []string
	for _, e := range events {
		vouchers, gifts := lotsOf(e.event)
		for _, id := range append(vouchers, gifts...) {
			orgs, ids = append(orgs, e.OrgID), append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	if err := h.loadVouchers(ctx, tx, orgs, ids); err != nil {
		return fmt.Errorf("load vouchers: %w", err)
	}
	if err := h.loadGifts(ctx, tx, orgs, ids); err != nil {
		return fmt.Errorf("load gifts: %w", err)
	}
	return nil
}

// lotsOf are the vouchers and gifts that an event moves money of, beside those that it makes.
func lotsOf(e domain.Event) (vouchers, gifts []string) {
	used := func(g []domain.GiftPart, v []domain.VoucherPart) {
		for i := range g {
			gifts = append(gifts, g[i].GrantID)
		}
		for i := range v {
			vouchers = append(vouchers, v[i].VoucherID)
		}
	}
	switch e := e.(type) {
	case domain.AccountCharged:
		used(e.Gifts, e.Vouchers)
	case domain.FundsLapsed:
		used(e.Gifts, e.Vouchers)
	case domain.AccountRefunded:
		used(e.Gifts, nil)
		for i := range e.Vouchers {
			vouchers = append(vouchers, e.Vouchers[i].VoucherID)
		}
	}
	return vouchers, gifts
}

func (h *heldLots) loadVouchers(ctx context.Context, tx pgx.Tx, orgs, ids []string) error {
	const q = `
SELECT DISTINCT ON (v.org_id, v.voucher_id) v.org_id, v.lapsed_amount::text, v.issued_at, v.issued_by, v.position, v.doc
FROM unnest($1::text[], $2::text[]) AS w (org_id, voucher_id) JOIN vouchers v USING (org_id, voucher_id)`
	rows, err := tx.Query(ctx, q, orgs, ids)
	if err != nil {
		return err
	}
	var org, lapsed string
	var doc []byte
	var l lot
	_, err = pgx.ForEachRow(rows, []any{&org, &lapsed, &l.at, &l.by, &l.position, &doc}, func() error {
		v := &heldVoucher{lot: l}
		if v.lapsed, err = domain.ParseAmount(lapsed); err != nil {
			return err
		}
		if err := json.Unmarshal(doc, &v.Voucher); err != nil {
			return err
		}
		h.vouchers[lotKey{org, v.VoucherID}] = v
		return nil
	})
	return err
}

func (h *heldLots) loadGifts(ctx context.Context, tx pgx.Tx, orgs, ids []string) error {
	const q = `
SELECT DISTINCT ON (g.org_id, g.grant_id) g.org_id, g.grant_id, g.currency, g.amount::text, g.left_amount::text, g.lapsed_amount::text,
    g.expires_at, g.reason, g.granted_at, g.granted_by, g.position
FROM unnest($1::text[], $2::text[]) AS w (org_id, grant_id) JOIN gifts g USING (org_id, grant_id)`
	rows, err := tx.Query(ctx, q, orgs, ids)
	if err != nil {
		return err
	}
	var org, amount, left, lapsed string
	var g heldGift
	scan := []any{&org, &g.GrantID, &g.Currency, &amount, &left, &lapsed, &g.ExpiresAt, &g.reason, &g.at, &g.by, &g.position}
	_, err = pgx.ForEachRow(rows, scan, func() (err error) {
		known := g
		h.gifts[lotKey{org, g.GrantID}] = &known
		for _, n := range []struct {
			text string
			into *domain.Amount
		}{{amount, &known.amount}, {left, &known.Left}, {lapsed, &known.lapsed}} {
			if *n.into, err = domain.ParseAmount(n.text); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}
