package projections

import (
	"context"
	"encoding/json"

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
	cursorKind := "bill_lines1-"
	if q.OldestFirst {
		cursorKind = "bill_lines1+"
	}
	return r.billLines(ctx, org, billLinesWhere(org, &q.Filter), cursorKind, q.OldestFirst, q.Limit, q.Cursor, q.Count)
}

// billLines lists the bill lines that w leaves.
func (r *Reader) billLines(ctx context.Context, org string, w *where, cursorKind string, oldestFirst bool, limit int, cursor string, counting bool) (List[json.RawMessage], error) {
	direction, beyond := "DESC", "<"
	if oldestFirst {
		direction, beyond = "ASC", ">"
	}
	count, countArgs := `SELECT count(*) FROM bill_lines `+w.sql(), w.args[:len(w.args):len(w.args)]
	if cursor != "" {
		after, err := decodeCursor(cursor, cursorKind, 2)
		if err != nil {
			return List[json.RawMessage]{}, err
		}
		w.and("(position, line_no) "+beyond+" (?::text::bigint, ?::text::integer)", after[0], after[1])
	}
	limit = page(limit)
	// The texts of the sort key go by other names: ORDER BY would take those names for the texts.
	list := `SELECT doc, position::text AS key, line_no::text AS key_line FROM bill_lines ` + w.sql() + `
ORDER BY position ` + direction + `, line_no ` + direction + ` LIMIT ` + w.arg(limit+1)

	out := List[json.RawMessage]{Items: []json.RawMessage{}}
	var doc []byte
	var position, lineNo, lastPosition, lastLine string
	asOf, err := r.read(ctx, org, append([]string{BillLines}, w.beside...), func(b *pgx.Batch) {
		collect(b, list, w.args, []any{&doc, &position, &lineNo}, func() error {
			if len(out.Items) == limit {
				out.NextCursor = encodeCursor(cursorKind, lastPosition, lastLine)
				return nil
			}
			out.Items = append(out.Items, doc)
			doc, lastPosition, lastLine = nil, position, lineNo // the next row must not write over this one's bytes
			return nil
		})
		if counting {
			b.Queue(count, countArgs...).QueryRow(func(row pgx.Row) error { out.Total = new(int64); return row.Scan(out.Total) })
		}
	})
	if err != nil {
		return out, listError("bill lines", cursor, err)
	}
	out.AsOf = asOf
	return out, nil
}

func billLinesWhere(org string, f *Filter) *where {
	w := &where{}
	w.org(org)
	w.anyOf("billing_period", f.Periods)
	w.head(f, "order_created_at", "order_status", "amount")
	byLine := *f
	byLine.ResourceIDs = nil
	w.line(&byLine)
	if len(f.ResourceIDs) > 0 {
		// A line that was paid before its resource had an id has none on the bill, which is not written over; its order
		// knows it by now.
		w.beside = []string{Orders}
		w.and("(order_id, line_no) IN (SELECT order_id, line_no FROM order_lines WHERE resource_id = ANY(?))", f.ResourceIDs)
	}
	return w
}

// BillLineModels are the read models that a query of bill lines reads.
func (f *Filter) BillLineModels() []string {
	if len(f.ResourceIDs) > 0 {
		return []string{BillLines, Orders}
	}
	return []string{BillLines}
}

// OrderBillLines lists an order's bill lines as the API answers them, in the order of posting: its own, and those of the
// settlements that follow it, which are what a pay-as-you-go order has come to. There are none for an order that was not
// paid, or is not there. Errors: ErrBadCursor.
func (r *Reader) OrderBillLines(ctx context.Context, org, orderID string, limit int, cursor string) (List[json.RawMessage], error) {
	w := &where{}
	w.org(org)
	w.and("(order_id = ? OR parent_order_id = ? AND order_type = ANY(?))", orderID, orderID,
		[]string{string(domain.UsageSettlement), string(domain.OverdueDaily)})
	return r.billLines(ctx, org, w, "order_bill_lines1", true, limit, cursor, false)
}
