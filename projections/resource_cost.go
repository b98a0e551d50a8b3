package projections

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// ResourceCost is what a resource has come to so far, by currency: the sum of its bill lines. A line that was paid before
// its resource had an id is among them. It rests on the read models BillLines and Orders.
func (r *Reader) ResourceCost(ctx context.Context, org, resourceID string) (sums []BillSum, asOf int64, err error) {
	w := &where{}
	w.org(org)
	w.and("resource_id = ?", resourceID)
	q := `
SELECT currency, sum(amount)::text, sum(cash)::text, sum(gift)::text, sum(voucher)::text, count(*)
FROM (SELECT order_id, line_no FROM order_lines ` + w.sql() + `) AS lines JOIN bill_lines USING (order_id, line_no)
GROUP BY currency
ORDER BY currency`
	sums = []BillSum{}
	var s BillSum
	asOf, err = r.read(ctx, org, []string{BillLines, Orders}, func(b *pgx.Batch) {
		collect(b, q, w.args, []any{&s.Currency, &s.Amount, &s.Cash, &s.Gift, &s.Voucher, &s.Lines}, func() error {
			sums = append(sums, s)
			return nil
		})
	})
	if err != nil {
		return nil, 0, fmt.Errorf("sum a resource's cost up: %w", err)
	}
	return sums, asOf, nil
}
