package projections

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Sort is the order of a list of orders.
type Sort string

// The sorts; what is equal goes by order id.
const (
	NewestFirst  Sort = "-created_at"
	OldestFirst  Sort = "created_at"
	DearestFirst Sort = "-payable_amount"
	// DeadlineFirst lists unpaid orders alone, the one with the least time left first; arrears have no deadline, and are
	// not among them.
	DeadlineFirst Sort = "pay_before"
)

// OrderQuery asks for a page of orders. The zero value is the 50 newest.
type OrderQuery struct {
	Filter
	Sort   Sort
	Limit  int
	Cursor string
	// Count adds how many orders match in all.
	Count bool
	// CountMost bounds the work of Count: a total above it means that there are more. 0 counts all there are.
	CountMost int64
	// AtMost is how long a page may take to find, about: then what some thousands of orders hold is answered, with
	// List.Searched set, and a cursor that goes on from there. 0 is as long as it takes. Count is not bounded by it.
	AtMost time.Duration
}

// orderSorts has each sort's column, direction, comparison and type.
var orderSorts = map[Sort]struct{ column, direction, beyond, kind string }{
	"":            {"created_at", "DESC", "<", "timestamptz"},
	NewestFirst:   {"created_at", "DESC", "<", "timestamptz"},
	OldestFirst:   {"created_at", "ASC", ">", "timestamptz"},
	DearestFirst:  {"payable_amount", "DESC", "<", "numeric"},
	DeadlineFirst: {"pay_before", "ASC", ">", "timestamptz"},
}

// Orders lists orders as the API answers them (Personal holds digests). The cursor goes by the last row
// shown, so a page neither repeats nor skips what was there before the first one. Errors: ErrBadCursor; with AtMost
// also ErrTooLong, where no index has the order of the list.
func (r *Reader) Orders(ctx context.Context, org string, q OrderQuery) (List[json.RawMessage], error) {
	sort, ok := orderSorts[q.Sort]
	if !ok {
		return List[json.RawMessage]{}, fmt.Errorf("unknown sort %q", q.Sort)
	}
	cursorKind := orderCursor(q.Sort)
	w := ordersWhere(org, &q.Filter)
	if q.Sort == DeadlineFirst {
		w.and("status = 'unpaid' AND pay_before IS NOT NULL") // as its indexes have it
	}
	count, countArgs := countOf("orders", w, q.CountMost)
	if err := w.after(q); err != nil {
		return List[json.RawMessage]{}, err
	}
	limit := page(q.Limit)
	// The text of the sort key goes by another name: ORDER BY would take that name for the text.
	list := `SELECT doc, ` + sort.column + `::text AS key, order_id FROM orders ` + w.sql() + `
ORDER BY ` + sort.column + ` ` + sort.direction + `, order_id ` + sort.direction + ` LIMIT ` + w.arg(limit+1)

	out := List[json.RawMessage]{Items: []json.RawMessage{}}
	var doc []byte
	var key, id, lastKey, lastID string
	asOf, err := r.readWithin(ctx, org, []string{Orders}, q.AtMost, func(b *pgx.Batch) {
		collect(b, list, w.args, []any{&doc, &key, &id}, func() error {
			if len(out.Items) == limit {
				out.NextCursor = encodeCursor(cursorKind, lastKey, lastID)
				return nil
			}
			out.Items = append(out.Items, doc)
			doc, lastKey, lastID = nil, key, id // the next row must not write over this one's bytes
			return nil
		})
		if q.Count {
			b.Queue(count, countArgs...).QueryRow(func(row pgx.Row) error { out.Total = new(int64); return row.Scan(out.Total) })
		}
	})
	if q.AtMost > 0 && isTimeout(err) && ctx.Err() == nil {
		return r.searchOrders(ctx, org, q, searchedAtOnce)
	}
	if err != nil {
		return out, listError("orders", q.Cursor, err)
	}
	out.AsOf = asOf
	return out, nil
}

// countOf counts the rows that w leaves, of more than most (0: however many there are) no more than one.
func countOf(table string, w *where, most int64) (sql string, args []any) {
	sql, args = `SELECT 1 FROM `+table+` `+w.sql(), w.args[:len(w.args):len(w.args)]
	if most > 0 {
		args = append(args, most+1)
		sql += ` LIMIT $` + number(int64(len(args)))
	}
	return `SELECT count(*) FROM (` + sql + `) AS found`, args
}

func ordersWhere(org string, f *Filter) *where {
	w := &where{}
	w.org(org)
	w.head(f, "created_at", "status", "payable_amount")
	w.order(f)
	if !f.aboutLines() {
		return w
	}
	lines := &where{args: w.args}
	lines.org(org)
	// Bounds that follow from the order's, for the lines' indexes, which all begin with an organisation or a
	// resource. Over all organisations, going through the orders of that time is better.
	if !f.CreatedFrom.IsZero() && org != AllOrgs {
		lines.and("created_at >= ?", f.CreatedFrom)
	}
	if !f.CreatedTo.IsZero() && org != AllOrgs {
		lines.and("created_at < ?", f.CreatedTo)
	}
	lines.line(f)
	w.args = lines.args
	w.and("order_id IN (SELECT order_id FROM order_lines " + lines.sql() + ")")
	return w
}

// ResourceOrders lists the orders of a resource's whole life, oldest first.
func (r *Reader) ResourceOrders(ctx context.Context, org, resourceID string, limit int, cursor string) (List[json.RawMessage], error) {
	return r.Orders(ctx, org, OrderQuery{Filter: Filter{ResourceIDs: []string{resourceID}}, Sort: OldestFirst, Limit: limit, Cursor: cursor})
}

// Order is one order as the API answers it (Personal holds digests), or ErrNotFound.
func (r *Reader) Order(ctx context.Context, org, orderID string) (doc json.RawMessage, asOf int64, err error) {
	const q = `SELECT doc FROM orders WHERE order_id = $1`
	asOf, err = r.read(ctx, org, []string{Orders}, func(b *pgx.Batch) {
		collect(b, q, []any{orderID}, []any{(*[]byte)(&doc)}, func() error { return nil })
	})
	if err != nil {
		return nil, 0, fmt.Errorf("read order: %w", err)
	}
	if doc == nil {
		return nil, asOf, ErrNotFound
	}
	return doc, asOf, nil
}

// StatusCounts counts orders by status.
func (r *Reader) StatusCounts(ctx context.Context, org string) (counts map[string]int64, asOf int64, err error) {
	w := &where{}
	w.org(org)
	counts = map[string]int64{}
	var status string
	var n int64
	asOf, err = r.read(ctx, org, []string{Orders}, func(b *pgx.Batch) {
		collect(b, `SELECT status, count(*) FROM orders `+w.sql()+` GROUP BY status`, w.args, []any{&status, &n}, func() error {
			counts[status] = n
			return nil
		})
	})
	if err != nil {
		return nil, 0, fmt.Errorf("count orders: %w", err)
	}
	return counts, asOf, nil
}
