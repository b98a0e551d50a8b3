package projections

import (
	"context"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
	"orderledger/eventstore"
)

var accountsTable = newTable("accounts", "org_id, currency", `
	org_id text, currency text, cash numeric, gift numeric, voucher numeric, frozen numeric, position bigint`)

var entriesTable = newTable("entries", "position, fund", `
	position bigint, fund text, org_id text, at timestamptz, type text, currency text, amount numeric, balance_after numeric,
	order_id text?, reference text?`)

// balances are what accounts hold, by organisation and currency, with the position that made it so.
type balances map[balanceKey]balanceAt

type balanceKey struct{ org, currency string }

type balanceAt struct {
	domain.Balance
	position int64
}

// movement is what an event of an account says on the statement.
type movement struct {
	kind, orderID, reference string
	postings                 []domain.Posting
}

func movementOf(e domain.Event) (movement, bool) {
	switch e := e.(type) {
	case domain.AccountToppedUp:
		return movement{kind: "top_up", reference: e.Reference, postings: e.Postings}, true
	case domain.AccountWithdrawn:
		return movement{kind: "withdrawal", reference: e.Reference, postings: e.Postings}, true
	case domain.AccountCharged:
		return movement{kind: "charge", orderID: e.OrderID, postings: e.Postings}, true
	case domain.AccountRefunded:
		return movement{kind: "refund", orderID: e.OrderID, reference: e.RefundOrderID, postings: e.Postings}, true
	case domain.GiftGranted:
		return movement{kind: "gift", reference: e.GrantID, postings: e.Postings}, true
	case domain.VoucherIssued:
		return movement{kind: "voucher", reference: e.Voucher.VoucherID, postings: e.Postings}, true
	case domain.FundsLapsed:
		return movement{kind: "lapse", postings: e.Postings}, true
	case domain.FundsFrozen:
		return movement{kind: "freeze", reference: e.Reason, postings: e.Postings}, true
	case domain.ArrearsOpened, domain.ArrearsDropped: // no money moves
		return movement{}, true
	}
	return movement{}, false
}

func pageOfAccounts(_ context.Context, _ pgx.Tx, _ *eventstore.Log, events []eventstore.Event, out sink) error {
	held := balances{}
	if err := foldAccounts(events, held, out); err != nil {
		return err
	}
	held.write(out)
	return nil
}

// foldAccounts writes an entry for each fund that the events move, and keeps the latest balances.
func foldAccounts(events []eventstore.Event, held balances, out sink) error {
	for i := range events {
		e := &events[i]
		org, ok := idOf(e, domain.KindAccount)
		if !ok {
			continue
		}
		event, err := decode(e)
		if err != nil {
			return err
		}
		m, ok := movementOf(event)
		account, isAccount := domain.Evolve(nil, event, metaOf(e)).(*domain.Account)
		if !ok || !isAccount {
			return unknown(e)
		}
		for _, b := range account.Balances { // those that the event tells of
			key := balanceKey{org, string(b.Currency)}
			if held[key].position < e.Position {
				held[key] = balanceAt{b, e.Position}
			}
		}
		for _, p := range m.postings {
			fund, ok := strings.CutPrefix(string(p.Place), "fund:")
			if !ok {
				continue
			}
			after := fundOf(account.Balance(p.Currency), p.Place)
			out.add(entriesTable, number(e.Position), fund, org, timeText(e.OccurredAt), m.kind, string(p.Currency),
				p.Amount.String(), after.String(), m.orderID, m.reference)
		}
	}
	return nil
}

func fundOf(b domain.Balance, place domain.Place) domain.Amount {
	switch place {
	case domain.PlaceGift:
		return b.Gift
	case domain.PlaceVoucher:
		return b.Voucher
	case domain.PlaceFrozen:
		return b.Frozen
	}
	return b.Cash
}

func (held balances) write(out sink) {
	for key, b := range held {
		out.add(accountsTable, key.org, key.currency, b.Cash.String(), b.Gift.String(), b.Voucher.String(), b.Frozen.String(), number(b.position))
	}
}

func refoldAccounts(context.Context, pgx.Tx, int64) (*refold, error) {
	var mu sync.Mutex
	all := balances{}
	return &refold{
		kind: domain.KindAccount,
		chunk: func(events []eventstore.Event, out sink) error {
			held := balances{}
			if err := foldAccounts(events, held, out); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			for key, b := range held {
				if all[key].position < b.position {
					all[key] = b
				}
			}
			return nil
		},
		end: func(out sink) error { all.write(out); return nil },
	}, nil
}
