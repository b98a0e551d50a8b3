package projections

import (
	"context"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
)

// Accounts lists organisations by id with their balances, also those that have none; prefix is what their ids begin
// with, "" for all. Errors: ErrBadCursor.
func (r *Reader) Accounts(ctx context.Context, prefix string, limit int, cursor string) (List[Account], error) {
	const cursorKind = "accounts1"
	w := &where{}
	if prefix != "" {
		w.and("starts_with(org_id, ?)", prefix)
		w.and("org_id >= ?", prefix) // for the index
	}
	if cursor != "" {
		after, err := decodeCursor(cursor, cursorKind, 1)
		if err != nil {
			return List[Account]{}, err
		}
		w.and("org_id > ?", after[0])
	}
	limit = page(limit)
	q := `
SELECT o.org_id, o.credit, coalesce(a.currency, ''), coalesce(a.cash::text, ''), coalesce(a.gift::text, ''), coalesce(a.voucher::text, ''),
    coalesce(a.frozen::text, '')
FROM (SELECT org_id, doc -> 'credit_limit' AS credit FROM orgs ` + w.sql() + ` ORDER BY org_id LIMIT ` + w.arg(limit+1) + `) AS o
    LEFT JOIN accounts AS a USING (org_id)
ORDER BY o.org_id, a.currency`
	out := List[Account]{Items: []Account{}}
	var limits []map[domain.Currency]domain.Amount
	var org string
	var credit map[domain.Currency]domain.Amount
	var one Balance
	scan := []any{&org, &credit, &one.Currency, &one.Cash, &one.Gift, &one.Voucher, &one.Frozen}
	asOf, err := r.read(ctx, AllOrgs, []string{Accounts, Orgs}, func(b *pgx.Batch) {
		collect(b, q, w.args, scan, func() error {
			n := len(out.Items)
			if n == 0 || out.Items[n-1].OrgID != org {
				out.Items = append(out.Items, Account{OrgID: org, Balances: []Credit{}})
				limits = append(limits, credit)
				n++
			}
			if credit = nil; one.Currency != "" { // the next row must not write over this one's limits
				out.Items[n-1].Balances = append(out.Items[n-1].Balances, Credit{Balance: one})
			}
			return nil
		})
	})
	for i := range out.Items {
		if err == nil {
			out.Items[i].Balances, err = withCredit(out.Items[i].Balances, limits[i])
		}
		out.Items[i].AsOf = asOf
	}
	if err != nil {
		return out, listError("accounts", cursor, err)
	}
	if len(out.Items) > limit {
		out.Items = out.Items[:limit]
		out.NextCursor = encodeCursor(cursorKind, out.Items[limit-1].OrgID)
	}
	out.AsOf = asOf
	return out, nil
}
