package projections

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
)

// Balance is what an account holds of one currency, by fund, with all minor digits.
type Balance struct {
	Currency domain.Currency `json:"currency"`
	Cash     string          `json:"cash"`
	Gift     string          `json:"gift"`
	Voucher  string          `json:"voucher"`
	Frozen   string          `json:"frozen"`
}

// Credit is a balance beside how far its cash may fall below 0. Available is what a payment may take of cash: cash and
// the credit limit. What is frozen is set apart from cash.
type Credit struct {
	Balance
	CreditLimit string `json:"credit_limit"`
	Available   string `json:"available"`
}

// Account is an organisation's account, as the API answers it.
type Account struct {
	OrgID    string   `json:"org_id"`
	Balances []Credit `json:"balances"`
	AsOf     int64    `json:"as_of_position"`
}

// Account has an organisation's balances by currency, also of currencies in which it has credit alone, or ErrNotFound
// for an organisation that has not done anything yet. It rests on the read models Accounts and Orgs.
func (r *Reader) Account(ctx context.Context, org string) (Account, error) {
	const balances = `
SELECT currency, cash::text, gift::text, voucher::text, frozen::text
FROM accounts
WHERE org_id = $1`
	const limits = `SELECT doc -> 'credit_limit' FROM orgs WHERE org_id = $1`
	a := Account{OrgID: org, Balances: []Credit{}}
	var one Balance
	var known bool
	var credit map[domain.Currency]domain.Amount
	asOf, err := r.read(ctx, org, []string{Accounts, Orgs}, func(b *pgx.Batch) {
		collect(b, balances, []any{org}, []any{&one.Currency, &one.Cash, &one.Gift, &one.Voucher, &one.Frozen}, func() error {
			a.Balances = append(a.Balances, Credit{Balance: one})
			return nil
		})
		collect(b, limits, []any{org}, []any{&credit}, func() error { known = true; return nil })
	})
	if err == nil {
		a.Balances, err = withCredit(a.Balances, credit)
	}
	if err != nil {
		return a, fmt.Errorf("read account: %w", err)
	}
	if a.AsOf = asOf; !known && len(a.Balances) == 0 {
		return a, ErrNotFound
	}
	return a, nil
}

// withCredit fills the limits in, in the order of currencies.
func withCredit(all []Credit, limits map[domain.Currency]domain.Amount) ([]Credit, error) {
	for _, c := range sortedKeys(limits) {
		if !slices.ContainsFunc(all, func(b Credit) bool { return b.Currency == c }) {
			none := c.Zero().String()
			all = append(all, Credit{Balance: Balance{c, none, none, none, none}})
		}
	}
	slices.SortFunc(all, func(a, b Credit) int { return cmp.Compare(a.Currency, b.Currency) })
	for i := range all {
		b := &all[i]
		limit, ok := limits[b.Currency]
		if !ok {
			limit = b.Currency.Zero()
		}
		cash, err := domain.ParseAmount(b.Cash)
		if err != nil {
			return nil, err
		}
		b.CreditLimit, b.Available = limit.String(), cash.Add(limit).String()
	}
	return all, nil
}

// Org is an organisation and its settings, as the API answers them.
type Org struct {
	OrgID string `json:"org_id"`
	domain.Settings
	// ClosedThrough is the last month that is closed or closing; all before it are too. "" is none.
	ClosedThrough domain.Period `json:"closed_through"`
	// Unsettled counts, by month, the resources whose use is not settled to that month's end.
	Unsettled []domain.UnsettledPeriod `json:"unsettled"`
	// Version is that of the organisation's stream; 0 where it has none.
	Version int64 `json:"version"`
	// Position is that of the stream's last event, or else of the organisation's first event.
	Position int64 `json:"position"`
	AsOf     int64 `json:"as_of_position"`
}

// Org has an organisation's settings, or ErrNotFound for one that has not done anything yet.
func (r *Reader) Org(ctx context.Context, org string) (Org, error) {
	const q = `SELECT doc FROM orgs WHERE org_id = $1`
	var doc []byte
	var o Org
	asOf, err := r.read(ctx, org, []string{Orgs}, func(b *pgx.Batch) {
		b.Queue(q, org).QueryRow(func(row pgx.Row) error {
			err := row.Scan(&doc)
			if errors.Is(err, pgx.ErrNoRows) {
				return nil
			}
			return err
		})
	})
	if err != nil {
		return o, fmt.Errorf("read organisation: %w", err)
	}
	if o.AsOf = asOf; doc == nil {
		return o, ErrNotFound
	}
	var state domain.Org
	if err := json.Unmarshal(doc, &state); err != nil {
		return o, fmt.Errorf("read organisation: %w", err)
	}
	state.OrgID = org
	return OrgOf(&state, asOf), nil
}

// OrgOf is an organisation's state as the API answers it.
func OrgOf(state *domain.Org, asOf int64) Org {
	return Org{
		OrgID: state.OrgID, Settings: state.Settings, ClosedThrough: state.ClosedThrough,
		Unsettled: append([]domain.UnsettledPeriod{}, state.Unsettled...), Version: state.Version, Position: state.Position, AsOf: asOf,
	}
}
