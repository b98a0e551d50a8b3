package projections

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
)

// LotStates are the states that vouchers and gifts can be in.
var LotStates = []string{"active", "not_yet", "used_up", "lapsed"}

// Voucher is a voucher and what became of it, as the API answers it.
type Voucher struct {
	domain.Voucher
	// State is active, not_yet (its window has not begun), used_up or lapsed.
	State string `json:"state"`
	// Lapsed is what was left when its time was over.
	Lapsed   string    `json:"lapsed"`
	IssuedAt time.Time `json:"issued_at"`
	IssuedBy string    `json:"issued_by"`
	// Position is that of the last event that moved it.
	Position int64 `json:"position"`
	orgID    string
}

// Grant is gift money that was given at once, and what became of it, as the API answers it.
type Grant struct {
	GrantID  string          `json:"grant_id"`
	Currency domain.Currency `json:"currency"`
	Amount   string          `json:"amount"`
	Left     string          `json:"left"`
	// Lapsed is what was left when its time was over.
	Lapsed    string     `json:"lapsed"`
	ExpiresAt *time.Time `json:"expires_at"`
	Reason    string     `json:"reason"`
	State     string     `json:"state"`
	GrantedAt time.Time  `json:"granted_at"`
	GrantedBy string     `json:"granted_by"`
	// Position is that of the last event that moved it.
	Position int64 `json:"position"`
	orgID    string
}

// LotQuery asks for a page of vouchers or gifts, the newest first.
type LotQuery struct {
	// States are some of LotStates; none is all.
	States []string
	// Currencies; none is all.
	Currencies []string
	// At is the time that the states are as of; zero is now.
	At     time.Time
	Limit  int
	Cursor string
}

// where narrows to the query's lots. state is left as the text of an expression, with the time as its argument.
func (q *LotQuery) where(org, from, to string) (w *where, state string) {
	at := q.At
	if at.IsZero() {
		at = time.Now()
	}
	w = &where{}
	now := w.arg(at) + "::timestamptz"
	state = `CASE WHEN left_amount = 0 AND lapsed_amount = 0 THEN 'used_up'
    WHEN left_amount = 0 OR coalesce(` + to + ` <= ` + now + `, false) THEN 'lapsed'
    WHEN coalesce(` + from + ` > ` + now + `, false) THEN 'not_yet' ELSE 'active' END`
	w.org(org)
	w.anyOf("currency", q.Currencies)
	w.anyOf(state, q.States)
	return w, state
}

// beyond narrows to what comes after the cursor.
func (w *where) beyond(cursor, kind, columns string) error {
	if cursor == "" {
		return nil
	}
	after, err := decodeCursor(cursor, kind, 3)
	if err == nil {
		w.and("("+columns+") < (?::text::timestamptz, ?, ?)", after[0], after[1], after[2])
	}
	return err
}

// Vouchers lists vouchers, also those that are used up or lapsed. Errors: ErrBadCursor.
func (r *Reader) Vouchers(ctx context.Context, org string, q LotQuery) (List[Voucher], error) {
	const cursorKind = "vouchers1"
	w, state := q.where(org, "valid_from", "valid_to")
	if err := w.beyond(q.Cursor, cursorKind, "issued_at, voucher_id, org_id"); err != nil {
		return List[Voucher]{}, err
	}
	limit := page(q.Limit)
	list := `SELECT doc, ` + state + `, lapsed_amount::text, issued_at, issued_by, position, org_id FROM vouchers ` + w.sql() + `
ORDER BY issued_at DESC, voucher_id DESC, org_id DESC LIMIT ` + w.arg(limit+1)
	out := List[Voucher]{Items: []Voucher{}}
	asOf, err := r.read(ctx, org, []string{Vouchers}, func(b *pgx.Batch) {
		var v Voucher
		collect(b, list, w.args, []any{&v.Voucher, &v.State, &v.Lapsed, &v.IssuedAt, &v.IssuedBy, &v.Position, &v.orgID}, func() error {
			if n := len(out.Items); n == limit {
				last := &out.Items[n-1]
				out.NextCursor = encodeCursor(cursorKind, timeText(last.IssuedAt), last.VoucherID, last.orgID)
				return nil
			}
			v.IssuedAt = v.IssuedAt.UTC()
			out.Items = append(out.Items, v)
			v = Voucher{} // the next row must not write over this one's lists
			return nil
		})
	})
	if err != nil {
		return out, listError("vouchers", q.Cursor, err)
	}
	out.AsOf = asOf
	return out, nil
}

// Grants lists gifts, also those that are used up or lapsed. Errors: ErrBadCursor.
func (r *Reader) Grants(ctx context.Context, org string, q LotQuery) (List[Grant], error) {
	const cursorKind = "grants1"
	w, state := q.where(org, "NULL::timestamptz", "expires_at")
	if err := w.beyond(q.Cursor, cursorKind, "granted_at, grant_id, org_id"); err != nil {
		return List[Grant]{}, err
	}
	limit := page(q.Limit)
	list := `SELECT grant_id, currency, amount::text, left_amount::text, lapsed_amount::text, expires_at, reason, ` + state + `,
    granted_at, granted_by, position, org_id
FROM gifts ` + w.sql() + `
ORDER BY granted_at DESC, grant_id DESC, org_id DESC LIMIT ` + w.arg(limit+1)
	out := List[Grant]{Items: []Grant{}}
	asOf, err := r.read(ctx, org, []string{Vouchers}, func(b *pgx.Batch) {
		var g Grant
		scan := []any{&g.GrantID, &g.Currency, &g.Amount, &g.Left, &g.Lapsed, &g.ExpiresAt, &g.Reason, &g.State, &g.GrantedAt, &g.GrantedBy, &g.Position, &g.orgID}
		collect(b, list, w.args, scan, func() error {
			if n := len(out.Items); n == limit {
				last := &out.Items[n-1]
				out.NextCursor = encodeCursor(cursorKind, timeText(last.GrantedAt), last.GrantID, last.orgID)
				return nil
			}
			if g.GrantedAt = g.GrantedAt.UTC(); g.ExpiresAt != nil {
				end := g.ExpiresAt.UTC()
				g.ExpiresAt = &end
			}
			out.Items = append(out.Items, g)
			return nil
		})
	})
	if err != nil {
		return out, listError("gifts", q.Cursor, err)
	}
	out.AsOf = asOf
	return out, nil
}
