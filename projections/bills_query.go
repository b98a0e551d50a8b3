package projections

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

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

var billGroups = map[string]string{
	"product": "product_code", "region": "region", "project": "project_id", "consumer": "consumer_id", "charge_mode": "charge_mode",
}

// Bill sums a month's bill lines up by currency, and in groups (product, region, project, consumer,
// charge_mode or tag:KEY; "" makes none). It rests on the read models BillLines and Orgs. Errors: ErrBadGroup,
// ErrTooManyGroups.
func (r *Reader) Bill(ctx context.Context, org string, period domain.Period, groupBy string) (Bill, error) {
	bill := Bill{Period: period, State: "open", Totals: []BillSum{}, Groups: []BillGroup{}, Corrections: []json.RawMessage{}}
	if org != AllOrgs {
		bill.OrgID = &org
	}
	w := &where{}
	w.org(org)
	w.anyOf("billing_period", []string{string(period)})
	key := "''"
	if tag, ok := strings.CutPrefix(groupBy, "tag:"); ok && tag != "" {
		key = "coalesce(tags ->> " + w.arg(tag) + "::text, '')"
	} else if groupBy != "" {
		if key, ok = billGroups[groupBy]; !ok {
			return bill, ErrBadGroup
		}
	}
	// Totals come first, so that a bill with too many groups is found out by its number of rows.
	q := `
SELECT grouping(key) = 1 AS total, coalesce(key, ''), currency,
    sum(amount)::text, sum(cash)::text, sum(gift)::text, sum(voucher)::text, count(*)
FROM (SELECT ` + key + ` AS key, currency, amount, cash, gift, voucher FROM bill_lines ` + w.sql() + `) AS lines
GROUP BY GROUPING SETS ((currency), (key, currency))
ORDER BY 1 DESC, 2, 3 LIMIT ` + w.arg(2*billGroupsMax)
	var total bool
	var g BillGroup
	scan := []any{&total, &g.Key, &g.Currency, &g.Amount, &g.Cash, &g.Gift, &g.Voucher, &g.Lines}
	asOf, err := r.read(ctx, org, []string{BillLines, Orgs}, func(b *pgx.Batch) {
		collect(b, q, w.args, scan, func() error {
			switch {
			case total:
				bill.Totals = append(bill.Totals, g.BillSum)
			case groupBy != "" && len(bill.Groups) == billGroupsMax:
				return ErrTooManyGroups
			case groupBy != "":
				bill.Groups = append(bill.Groups, g)
			}
			return nil
		})
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
