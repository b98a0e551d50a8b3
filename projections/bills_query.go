package projections

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
)

// BillSum is a sum over bill lines of one currency, with all its minor digits.
type BillSum struct {
	Currency domain.Currency `json:"currency"`
	Amount   string          `json:"amount"`
	Cash     string          `json:"cash"`
	Gift     string          `json:"gift"`
	Voucher  string          `json:"voucher"`
	Lines    int64           `json:"lines"`
}

// BillGroup is the sum of the lines that share a key; "" is the key of lines that have none.
type BillGroup struct {
	Key string `json:"key"`
	// Label is the name of a product, as its latest line has it.
	Label string `json:"label,omitempty"`
	BillSum
}

// Bill is a month's bill, as the API answers it.
type Bill struct {
	Period domain.Period `json:"period"`
	// OrgID is nil for the sum of all organisations.
	OrgID *string `json:"org_id"`
	// State is open, closing or closed. From closed on, Totals are those that the month was sealed with.
	State  string      `json:"state"`
	Totals []BillSum   `json:"totals"`
	Groups []BillGroup `json:"groups"`
	// Closed says when and by whom the month was closed; nil while it is open, and for all organisations together.
	Closed *ClosedPeriod `json:"closed,omitempty"`
	// Corrections are bill lines of later months that take back or set right lines of this one, the first 500.
	Corrections []json.RawMessage `json:"corrections"`
	AsOf        int64             `json:"as_of_position"`
}

// ErrBadGroup: bills are not grouped by that.
var ErrBadGroup = errors.New("group_by is one of product, region, project, consumer, charge_mode, tag:KEY")

// ErrTooManyGroups: a bill has groups without end, as of a tag that is different on every order.
var ErrTooManyGroups = fmt.Errorf("the bill has more than %d groups; group it by something else, or list its lines", billGroupsMax)

const billGroupsMax = 10_000

// Bill is a month's bill: totals by currency, and groups (product, region, project, consumer, charge_mode or tag:KEY; ""
// makes none) by key and currency. It reads sums that are kept with the lines, and rests on the read models BillLines and
// Orgs. Errors: ErrBadGroup, ErrTooManyGroups.
func (r *Reader) Bill(ctx context.Context, org string, period domain.Period, groupBy string) (Bill, error) {
	bill := Bill{Period: period, State: "open", Totals: []BillSum{}, Groups: []BillGroup{}, Corrections: []json.RawMessage{}}
	if org != AllOrgs {
		bill.OrgID = &org
	}
	dimension, ok := dimensionOf(groupBy)
	if !ok {
		return bill, ErrBadGroup
	}
	asOf, err := r.read(ctx, org, []string{BillLines, Orgs}, func(b *pgx.Batch) {
		queueSums(b, org, byWhole, period, func(g *BillGroup) error {
			bill.Totals = append(bill.Totals, g.BillSum)
			return nil
		})
		if dimension != byWhole {
			queueSums(b, org, dimension, period, func(g *BillGroup) error {
				if len(bill.Groups) == billGroupsMax {
					return ErrTooManyGroups
				}
				bill.Groups = append(bill.Groups, *g)
				return nil
			})
		}
		if org != AllOrgs {
			bill.queueState(b, org)
		}
		bill.queueCorrections(b, org)
	})
	if errors.Is(err, ErrTooManyGroups) {
		return bill, ErrTooManyGroups
	}
	if err != nil {
		return bill, fmt.Errorf("sum a bill up: %w", err)
	}
	bill.AsOf = asOf
	return bill, nil
}

// queueSums asks for a month's sums of a dimension, by key and currency.
func queueSums(b *pgx.Batch, org, dimension string, period domain.Period, each func(*BillGroup) error) {
	w := &where{}
	sums := sumsOf(w, org, dimension, period, period)
	q := `
SELECT key, label, currency, amount::text, cash::text, gift::text, voucher::text, lines
FROM (` + sums + `
) AS sums
ORDER BY 1, 3 LIMIT ` + w.arg(billGroupsMax+1)
	var g BillGroup
	scan := []any{&g.Key, &g.Label, &g.Currency, &g.Amount, &g.Cash, &g.Gift, &g.Voucher, &g.Lines}
	collect(b, q, w.args, scan, func() error { return each(&g) })
}

// queueState asks whether the month is closed. The totals that it was sealed with then take the place of those summed up.
// Months before the first that was closed are closed by that, too, and never sealed.
func (bill *Bill) queueState(b *pgx.Batch, org string) {
	w := &where{}
	w.org(org)
	w.and("period = ?", string(bill.Period))
	const before = `SELECT 1 FROM orgs WHERE org_id = $1 AND closed_through >= $2`
	var is int
	collect(b, before, []any{org, string(bill.Period)}, []any{&is}, func() error { bill.State = "closed"; return nil })
	var p ClosedPeriod
	collect(b, closedPeriods+w.sql(), w.args, p.scan(), func() error {
		p.utc()
		bill.State, bill.Closed = p.State, &p
		if p.State == "closed" {
			bill.Totals = p.Totals
		}
		return nil
	})
}

// queueCorrections asks for the lines of later months that correct this month's.
func (bill *Bill) queueCorrections(b *pgx.Batch, org string) {
	w := &where{}
	if org != AllOrgs {
		w.and("c.org_id = ?", org)
	}
	w.and("c.corrects_order IS NOT NULL AND c.billing_period > ? AND o.billing_period = ?", string(bill.Period), string(bill.Period))
	q := `
SELECT c.doc
FROM bill_lines c JOIN bill_lines o ON o.order_id = c.corrects_order AND o.line_no = c.corrects_line
` + w.sql() + `
ORDER BY c.position, c.line_no LIMIT ` + w.arg(LimitMax)
	var doc []byte
	collect(b, q, w.args, []any{&doc}, func() error {
		bill.Corrections = append(bill.Corrections, doc)
		doc = nil
		return nil
	})
}
