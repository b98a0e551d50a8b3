package projections

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
)

// ArrearsSum is what an organisation owes in one currency.
type ArrearsSum struct {
	Currency domain.Currency `json:"currency"`
	Amount   string          `json:"amount"`
	Orders   int64           `json:"orders"`
}

// ArrearsList is a page of the settlements that wait for money, with the sums of all of them.
type ArrearsList struct {
	List[json.RawMessage]
	Totals []ArrearsSum `json:"totals"`
}

// Arrears lists the settlements that found too little money and wait for the next top-up, the oldest first, which is
// paid first. Errors: ErrBadCursor.
func (r *Reader) Arrears(ctx context.Context, org string, limit int, cursor string) (ArrearsList, error) {
	const cursorKind = "arrears1"
	w := &where{}
	w.org(org)
	w.and("arrears")
	sums, sumArgs := `
SELECT currency, sum(payable_amount)::text, count(*)
FROM orders `+w.sql()+`
GROUP BY currency
ORDER BY currency`, w.args[:len(w.args):len(w.args)]
	if cursor != "" {
		after, err := decodeCursor(cursor, cursorKind, 2)
		if err != nil {
			return ArrearsList{}, err
		}
		w.and("(created_at, order_id) > (?::text::timestamptz, ?)", after[0], after[1])
	}
	limit = page(limit)
	list := `SELECT doc, created_at::text AS key, order_id FROM orders ` + w.sql() + `
ORDER BY created_at, order_id LIMIT ` + w.arg(limit+1)
	out := ArrearsList{List: List[json.RawMessage]{Items: []json.RawMessage{}}, Totals: []ArrearsSum{}}
	var doc []byte
	var key, id, lastKey, lastID string
	var sum ArrearsSum
	asOf, err := r.read(ctx, org, []string{Orders}, func(b *pgx.Batch) {
		collect(b, list, w.args, []any{&doc, &key, &id}, func() error {
			if len(out.Items) == limit {
				out.NextCursor = encodeCursor(cursorKind, lastKey, lastID)
				return nil
			}
			out.Items = append(out.Items, doc)
			doc, lastKey, lastID = nil, key, id // the next row must not write over this one's bytes
			return nil
		})
		collect(b, sums, sumArgs, []any{&sum.Currency, &sum.Amount, &sum.Orders}, func() error {
			out.Totals = append(out.Totals, sum)
			return nil
		})
	})
	if err != nil {
		return out, listError("arrears", cursor, err)
	}
	out.AsOf = asOf
	return out, nil
}
