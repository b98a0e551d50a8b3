package projections

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrTooLong: a bounded list has no index that gives its order, and too much to sort.
var ErrTooLong = errors.New("there is too much to look through: ask for one organisation, or for a shorter time")

// searchedAtOnce is how many orders a search goes through whose filters no index answers.
const searchedAtOnce = 10_000

// readWithin is read for at most so long: isTimeout says whether that was too short. 0 is no bound.
func (r *Reader) readWithin(ctx context.Context, org string, names []string, atMost time.Duration, queue func(*pgx.Batch)) (asOf int64, err error) {
	if atMost <= 0 {
		return r.read(ctx, org, names, queue)
	}
	// Not in one batch with its BEGIN, as read is: a connection that is left within a failed transaction is closed.
	err = pgx.BeginTxFunc(ctx, r.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var b pgx.Batch
		queueRead(&b, org, names, &asOf)
		b.Queue(`SELECT set_config('statement_timeout', $1, true)`, number(max(1, atMost.Milliseconds())))
		queue(&b)
		b.Queue(noTimeout)
		return tx.SendBatch(ctx, &b).Close()
	})
	return asOf, err
}

// noTimeout ends a transaction's own limit of a statement before its COMMIT: one that strikes as a statement ends cancels
// the next, which must not be somebody else's, on the same connection.
const noTimeout = `SELECT set_config('statement_timeout', '0', true)`

// searchOrders goes through the next orders of the list's order, as far as an index gives it, and takes those that match.
// Where it does not come to the end, the page may have fewer orders than were asked for, or none: its cursor goes on, and
// Searched says from how many they are.
func (r *Reader) searchOrders(ctx context.Context, org string, q OrderQuery, among int) (List[json.RawMessage], error) {
	sort, cursorKind, limit := orderSorts[q.Sort], orderCursor(q.Sort), page(q.Limit)
	out := List[json.RawMessage]{Items: []json.RawMessage{}}
	w, err := candidates(org, q)
	if err != nil {
		return out, err
	}
	by := ` ORDER BY ` + sort.column + ` ` + sort.direction + `, order_id ` + sort.direction
	from := `FROM orders ` + w.sql() + by
	last, lastArgs := `SELECT `+sort.column+`::text AS key, order_id `+from+` OFFSET `+number(int64(among-1))+` LIMIT 1`, w.args
	match := matching(org, &q.Filter, w.args)
	// No condition of the outer query gets below the LIMIT of the inner one: no plan can go through more.
	list := `SELECT doc, ` + sort.column + `::text AS key, order_id FROM (SELECT * ` + from + ` LIMIT ` + number(int64(among)) + `) AS orders
` + match.sql() + by + ` LIMIT ` + match.arg(limit+1)

	var doc []byte
	var key, id, lastKey, lastID string
	asOf, err := r.readWithin(ctx, org, []string{Orders}, 2*q.AtMost, func(b *pgx.Batch) {
		collect(b, list, match.args, []any{&doc, &key, &id}, func() error {
			if len(out.Items) == limit {
				out.NextCursor = encodeCursor(cursorKind, lastKey, lastID)
				return nil
			}
			out.Items = append(out.Items, doc)
			doc, lastKey, lastID = nil, key, id // the next row must not write over this one's bytes
			return nil
		})
		collect(b, last, lastArgs, []any{&key, &id}, func() error {
			if out.NextCursor == nil {
				out.NextCursor, out.Searched = encodeCursor(cursorKind, key, id), among
			}
			return nil
		})
	})
	switch {
	case isTimeout(err) && ctx.Err() == nil:
		return out, ErrTooLong
	case err != nil:
		return out, listError("orders", q.Cursor, err)
	}
	out.AsOf = asOf
	return out, nil
}

// candidates are the orders that a search goes through: those that an index gives in the list's order, after its cursor.
func candidates(org string, q OrderQuery) (*where, error) {
	w := &where{}
	w.org(org)
	some := Filter{}
	switch q.Sort {
	case DearestFirst:
	case DeadlineFirst:
		w.and("status = 'unpaid' AND pay_before IS NOT NULL")
	default:
		some.CreatedFrom, some.CreatedTo = q.CreatedFrom, q.CreatedTo
		if org != AllOrgs && len(q.Statuses) == 1 {
			some.Statuses = q.Statuses
		}
	}
	w.head(&some, "created_at", "status", "payable_amount")
	return w, w.after(q)
}

// matching are all of a list's conditions, to be looked at order by order.
func matching(org string, f *Filter, args []any) *where {
	w := &where{args: args[:len(args):len(args)]}
	w.head(f, "created_at", "status", "payable_amount")
	w.order(f)
	if f.aboutLines() {
		lines := &where{args: w.args}
		lines.and("order_lines.order_id = orders.order_id")
		lines.org(org)
		lines.line(f)
		w.args = lines.args
		// With an OFFSET the planner leaves it where it stands.
		w.and("EXISTS (SELECT FROM order_lines " + lines.sql() + " OFFSET 0)")
	}
	return w
}

func orderCursor(s Sort) string { return "orders1" + string(s) }

// after adds where a page begins. Errors: ErrBadCursor.
func (w *where) after(q OrderQuery) error {
	if q.Cursor == "" {
		return nil
	}
	after, err := decodeCursor(q.Cursor, orderCursor(q.Sort), 2)
	if err != nil {
		return err
	}
	sort := orderSorts[q.Sort]
	w.and("("+sort.column+", order_id) "+sort.beyond+" (?::text::"+sort.kind+", ?)", after[0], after[1])
	return nil
}
