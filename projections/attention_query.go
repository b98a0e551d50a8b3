package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
)

// AttentionMost bounds what Attention counts and sums, of each kind: a count above it means that there is more.
const AttentionMost = 1000

// DueSum is what unpaid orders of one currency come to; Arrears are those of them that are arrears.
type DueSum struct {
	Currency      domain.Currency
	Amount        string
	Orders        int64
	ArrearsAmount string
	Arrears       int64
}

// LapsingSum is what is left, in one currency, of vouchers and gifts that are over soon.
type LapsingSum struct {
	Currency domain.Currency
	Amount   string
	Lots     int64
}

// Attention is what people should look at before it is too late. Sums of more than AttentionMost orders or lots are of
// that many, as are counts.
type Attention struct {
	Due     []DueSum
	Lapsing []LapsingSum
	// Leases counts the active resources with a lease that ends soon.
	Leases int64
	Waiting
	AsOf int64
}

// Waiting counts what services are behind with: orders that are paid and overdue, and active resources to be released.
type Waiting struct{ Overdue, Releasing int64 }

// Waiting counts what services are behind with, over all organisations or in one, up to so many of each and one more.
func (r *Reader) Waiting(ctx context.Context, org string, most int64) (Waiting, error) {
	var found Waiting
	_, err := r.read(ctx, org, []string{Orders, Resources}, func(b *pgx.Batch) { found.count(b, org, most) })
	if err != nil {
		return found, fmt.Errorf("count what services are behind with: %w", err)
	}
	return found, nil
}

func (found *Waiting) count(b *pgx.Batch, org string, most int64) {
	for _, c := range []struct {
		table, condition string
		n                *int64
	}{{"orders", "overdue", &found.Overdue}, {"resources", "releasing", &found.Releasing}} {
		w := &where{}
		w.org(org)
		w.and(c.condition)
		sql, args := countOf(c.table, w, most)
		b.Queue(sql, args...).QueryRow(func(row pgx.Row) error { return row.Scan(c.n) })
	}
}

// Attention looks at what is due at a time, and at what ends from then until another. It rests on the read models
// Orders, Vouchers and Resources.
func (r *Reader) Attention(ctx context.Context, org string, now, until time.Time) (Attention, error) {
	var a Attention
	var due DueSum
	var lapsing LapsingSum
	asOf, err := r.read(ctx, org, []string{Orders, Vouchers, Resources}, func(b *pgx.Batch) {
		// The condition on the deadline's timer is that of an index that has the unpaid ones alone.
		w := &where{}
		w.org(org)
		w.and("status = 'unpaid'")
		collect(b, `
SELECT currency, sum(payable_amount)::text, count(*), coalesce(sum(payable_amount) FILTER (WHERE arrears), 0)::text, count(*) FILTER (WHERE arrears)
FROM (SELECT currency, payable_amount, arrears FROM orders `+w.sql()+` LIMIT `+w.arg(AttentionMost+1)+`) AS unpaid
GROUP BY currency
ORDER BY currency`, w.args, []any{&due.Currency, &due.Amount, &due.Orders, &due.ArrearsAmount, &due.Arrears},
			func() error { a.Due = append(a.Due, due); return nil })

		lots, args := lapsingLots(org, now, until)
		collect(b, lots, args, []any{&lapsing.Currency, &lapsing.Amount, &lapsing.Lots},
			func() error { a.Lapsing = append(a.Lapsing, lapsing); return nil })

		w = &where{}
		w.org(org)
		w.and("lease_end > ? AND lease_end <= ? AND status = ?", now, until, string(domain.ResourceActive))
		b.Queue(`SELECT count(*) FROM (SELECT FROM resources `+w.sql()+` LIMIT `+w.arg(AttentionMost+1)+`) AS ending`, w.args...).
			QueryRow(func(row pgx.Row) error { return row.Scan(&a.Leases) })
		a.count(b, org, AttentionMost)
	})
	if err != nil {
		return a, fmt.Errorf("look at what is due: %w", err)
	}
	a.AsOf = asOf
	return a, nil
}

// lapsingLots sums what is left of vouchers and gifts that are over between two times.
func lapsingLots(org string, now, until time.Time) (string, []any) {
	w := &where{}
	w.org(org)
	w.and("valid_to > ? AND valid_to <= ? AND left_amount > 0", now, until)
	vouchers := `(SELECT currency, left_amount FROM vouchers ` + w.sql() + ` LIMIT ` + w.arg(AttentionMost+1) + `)`
	gifts := &where{args: w.args}
	gifts.org(org)
	gifts.and("expires_at > ? AND expires_at <= ? AND left_amount > 0", now, until)
	return `
SELECT currency, sum(left_amount)::text, count(*)
FROM (` + vouchers + ` UNION ALL (SELECT currency, left_amount FROM gifts ` + gifts.sql() + ` LIMIT ` + gifts.arg(AttentionMost+1) + `)) AS lots
GROUP BY currency
ORDER BY currency`, gifts.args
}
