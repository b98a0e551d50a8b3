package projections

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
)

// Entry is one line of an account's statement, as the API answers it: what an event moved in one fund.
type Entry struct {
	Position     int64           `json:"position"`
	At           time.Time       `json:"at"`
	Type         string          `json:"type"`
	Fund         string          `json:"fund"`
	Amount       string          `json:"amount"`
	BalanceAfter string          `json:"balance_after"`
	Currency     domain.Currency `json:"currency"`
	OrderID      string          `json:"order_id,omitempty"`
	Reference    string          `json:"reference,omitempty"`
}

// EntryTypes are the types of entries, Funds the funds that they move.
var (
	EntryTypes = []string{"top_up", "withdrawal", "charge", "refund", "gift", "voucher", "lapse", "freeze"}
	Funds      = []string{"cash", "gift", "voucher", "frozen"}
)

// EntryQuery asks for a page of a statement. Within a field, any of the values will do; fields that are given must all
// match.
type EntryQuery struct {
	Types, Funds, OrderIDs, Currencies []string
	// From and To bound when it happened, half-open; zero is no bound. With one of them the list goes by that time, else
	// by position: the two differ where a history was brought in.
	From, To time.Time
	Limit    int
	Cursor   string
}

// Entries lists an account's statement, newest first. Errors: ErrBadCursor.
func (r *Reader) Entries(ctx context.Context, org string, q EntryQuery) (List[Entry], error) {
	kind, key := "entries2", "position, fund"
	if !q.From.IsZero() || !q.To.IsZero() {
		kind, key = "entries2at", "at, position, fund"
	}
	w := entriesWhere(org, &q)
	if q.Cursor != "" {
		after, err := decodeCursor(q.Cursor, kind, 3)
		if err != nil {
			return List[Entry]{}, err
		}
		at := "?::text::timestamptz, "
		if kind == "entries2" {
			at, after = "", after[1:]
		}
		w.and("("+key+") < ("+at+"?::text::bigint, ?)", anys(after)...)
	}
	limit := page(q.Limit)
	sql := `
SELECT position, at, type, fund, amount::text, balance_after::text, currency, coalesce(order_id, ''), coalesce(reference, '')
FROM entries ` + w.sql() + `
ORDER BY ` + strings.ReplaceAll(key, ",", " DESC,") + ` DESC LIMIT ` + w.arg(limit+1)
	out := List[Entry]{Items: []Entry{}}
	var e Entry
	scan := []any{&e.Position, &e.At, &e.Type, &e.Fund, &e.Amount, &e.BalanceAfter, &e.Currency, &e.OrderID, &e.Reference}
	asOf, err := r.read(ctx, org, []string{Accounts}, func(b *pgx.Batch) {
		collect(b, sql, w.args, scan, func() error {
			if n := len(out.Items); n == limit {
				last := &out.Items[n-1]
				out.NextCursor = encodeCursor(kind, timeText(last.At), number(last.Position), last.Fund)
				return nil
			}
			e.At = e.At.UTC()
			out.Items = append(out.Items, e)
			return nil
		})
	})
	if err != nil {
		return out, listError("entries", q.Cursor, err)
	}
	out.AsOf = asOf
	return out, nil
}

func entriesWhere(org string, q *EntryQuery) *where {
	w := &where{}
	w.org(org)
	w.anyOf("type", q.Types)
	w.anyOf("fund", q.Funds)
	w.anyOf("order_id", q.OrderIDs)
	w.anyOf("currency", q.Currencies)
	if !q.From.IsZero() {
		w.and("at >= ?", q.From)
	}
	if !q.To.IsZero() {
		w.and("at < ?", q.To)
	}
	return w
}

func anys(texts []string) []any {
	all := make([]any, len(texts))
	for i, t := range texts {
		all[i] = t
	}
	return all
}
