package projections

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// What a text can be the id of.
const (
	FoundOrder    = "order"
	FoundResource = "resource"
	FoundTrade    = "trade"
	FoundVoucher  = "voucher"
	FoundBillLine = "bill_line"
)

// Found is a thing that has the id that was looked for.
type Found struct {
	Kind  string `json:"kind"`
	ID    string `json:"id"`
	OrgID string `json:"org_id"`
	// OrderID is the order, that of the bill line, or the trade's where it is one alone.
	OrderID string `json:"order_id,omitempty"`
}

// findMost bounds how many things of a kind are told, and how many orders of a trade or a resource are looked at.
const findMost = 100

// FindID finds what has exactly that id: orders, resources, trades, vouchers and bill lines, at most 100 of each kind, in
// the order of kind and organisation. It rests on the read models Orders, Resources, Vouchers and BillLines.
func (r *Reader) FindID(ctx context.Context, org, text string) (found []Found, asOf int64, err error) {
	found = []Found{}
	asOf, err = r.read(ctx, org, []string{Orders, Resources, Vouchers, BillLines}, func(b *pgx.Batch) {
		ask := func(kind, sql string, condition string, args ...any) {
			w := &where{}
			w.org(org)
			w.and(condition, args...)
			f := Found{Kind: kind, ID: text}
			collect(b, fmt.Sprintf(sql, w.sql(), findMost), w.args, []any{&f.OrgID, &f.OrderID}, func() error {
				found = append(found, f)
				return nil
			})
		}
		ask(FoundOrder, `SELECT org_id, order_id FROM orders %s LIMIT %d`, "order_id = ?", text)
		// A resource has orders before it is one itself.
		ask(FoundResource, `
SELECT DISTINCT org_id, ''
FROM (SELECT org_id FROM order_lines %s ORDER BY resource_id, org_id LIMIT %d) AS lines
ORDER BY org_id`, "resource_id = ? AND resource_id <> ''", text)
		ask(FoundTrade, `
SELECT org_id, CASE WHEN count(*) = 1 THEN min(order_id) ELSE '' END
FROM (SELECT org_id, order_id FROM orders %s ORDER BY trade_no, org_id LIMIT %d) AS orders
GROUP BY org_id
ORDER BY org_id`, "trade_no = ? AND trade_no <> ''", text)
		ask(FoundVoucher, `SELECT org_id, '' FROM vouchers %s ORDER BY voucher_id, org_id LIMIT %d`, "voucher_id = ?", text)
		if order, line := cutBillLineID(&text); order != "" {
			n, _ := strconv.Atoi(line) // it is one
			ask(FoundBillLine, `SELECT org_id, order_id FROM bill_lines %s LIMIT %d`, "order_id = ? AND line_no = ?", order, n)
		}
	})
	if err != nil {
		return nil, 0, fmt.Errorf("look for an id: %w", err)
	}
	return found, asOf, nil
}
