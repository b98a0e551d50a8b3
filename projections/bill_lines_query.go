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

// BillLineQuery asks for a page of bill lines. The zero value is the 50 posted last.
type BillLineQuery struct {
	Filter
	// OldestFirst lists in the order of posting, not the newest first.
	OldestFirst bool
	Limit       int
	Cursor      string
	// Count adds how many lines match in all.
	Count bool
}

// ListBillLines lists bill lines as the API answers them, by the position that posted them and line
// number. Errors: ErrBadCursor.
func (r *Reader) ListBillLines(ctx context.Context, org string, q BillLineQuery) (List[json.RawMessage], error) {
	direction, beyond, cursorKind := "DESC", "<", "bill_lines1-"
	if q.OldestFirst {
		direction, beyond, cursorKind = "ASC", ">", "bill_lines1+"
	}
	w := billLinesWhere(org, &q.Filter)
	count, countArgs := `SELECT count(*) FROM bill_lines `+w.sql(), w.args[:len(w.args):len(w.args)]
	if q.Cursor != "" {
		after, err := decodeCursor(q.Cursor, cursorKind, 2)
		if err != nil {
			return List[json.RawMessage]{}, err
		}
		w.and("(position, line_no) "+beyond+" (?::text::bigint, ?::text::integer)", after[0], after[1])
	}
	limit := page(q.Limit)
	// The texts of the sort key go by other names: ORDER BY would take those names for the texts.
	list := `SELECT doc, position::text AS key, line_no::text AS key_line FROM bill_lines ` + w.sql() + `
ORDER BY position ` + direction + `, line_no ` + direction + ` LIMIT ` + w.arg(limit+1)

	out := List[json.RawMessage]{Items: []json.RawMessage{}}
	var doc []byte
	var position, lineNo, lastPosition, lastLine string
	asOf, err := r.read(ctx, org, []string{BillLines}, func(b *pgx.Batch) {
		collect(b, list, w.args, []any{&doc, &position, &lineNo}, func() error {
			if len(out.Items) == limit {
				out.NextCursor = encodeCursor(cursorKind, lastPosition, lastLine)
				return nil
			}
			out.Items = append(out.Items, doc)
			doc, lastPosition, lastLine = nil, position, lineNo // the next row must not write over this one's bytes
			return nil
		})
		if q.Count {
			b.Queue(count, countArgs...).QueryRow(func(row pgx.Row) error { out.Total = new(int64); return row.Scan(out.Total) })
		}
	})
	if err != nil {
		return out, listError("bill lines", q.Cursor, err)
	}
	out.AsOf = asOf
	return out, nil
}

func billLinesWhere(org string, f *Filter) *where {
	w := &where{}
	w.org(org)
	w.anyOf("billing_period", f.Periods)
	w.head(f, "order_created_at", "order_status", "amount")
	w.line(f)
	return w
}

// OrderBillLines lists an order's bill lines as the API answers them, by line number; none for an order
// that was not paid, or is not there.
func (r *Reader) OrderBillLines(ctx context.Context, org, orderID string) (List[json.RawMessage], error) {
	const q = `SELECT doc FROM bill_lines WHERE order_id = $1 ORDER BY line_no`
	out := List[json.RawMessage]{Items: []json.RawMessage{}}
	var doc []byte
	asOf, err := r.read(ctx, org, []string{BillLines}, func(b *pgx.Batch) {
		collect(b, q, []any{orderID}, []any{&doc}, func() error {
			out.Items = append(out.Items, doc)
			doc = nil
			return nil
		})
	})
	if err != nil {
		return out, fmt.Errorf("list an order's bill lines: %w", err)
	}
	out.AsOf = asOf
	return out, nil
}

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
	OrgID  *string     `json:"org_id"`
	State  string      `json:"state"`
	Totals []BillSum   `json:"totals"`
	Groups []BillGroup `json:"groups"`
	AsOf   int64       `json:"as_of_position"`
}

// ErrBadGroup: bills are not grouped by that.
var ErrBadGroup = errors.New("group_by is one of product, region, project, consumer, charge_mode, tag:KEY")

var billGroups = map[string]string{
	"product": "product_code", "region": "region", "project": "project_id", "consumer": "consumer_id", "charge_mode": "charge_mode",
}

// Bill sums a month's bill lines up by currency, and in groups (product, region, project, consumer,
// charge_mode or tag:KEY; "" makes none). Errors: ErrBadGroup.
func (r *Reader) Bill(ctx context.Context, org string, period domain.Period, groupBy string) (Bill, error) {
	bill := Bill{Period: period, State: "open", Totals: []BillSum{}, Groups: []BillGroup{}}
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
	q := `
SELECT grouping(key) = 1, coalesce(key, ''), currency,
    sum(amount)::text, sum(cash)::text, sum(gift)::text, sum(voucher)::text, count(*)
FROM (SELECT ` + key + ` AS key, currency, amount, cash, gift, voucher FROM bill_lines ` + w.sql() + `) AS lines
GROUP BY GROUPING SETS ((currency), (key, currency))
ORDER BY 2, 3`
	var total bool
	var g BillGroup
	scan := []any{&total, &g.Key, &g.Currency, &g.Amount, &g.Cash, &g.Gift, &g.Voucher, &g.Lines}
	asOf, err := r.read(ctx, org, []string{BillLines}, func(b *pgx.Batch) {
		collect(b, q, w.args, scan, func() error {
			switch {
			case total:
				bill.Totals = append(bill.Totals, g.BillSum)
			case groupBy != "":
				bill.Groups = append(bill.Groups, g)
			}
			return nil
		})
	})
	if err != nil {
		return bill, fmt.Errorf("sum a bill up: %w", err)
	}
	bill.AsOf = asOf
	return bill, nil
}
