package projections

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"time"

	"github.com/jackc/pgx/v5"

	"orderledger/domain"
)

// ClosedPeriod is a month that takes nothing more, as the API answers it.
type ClosedPeriod struct {
	OrgID  string        `json:"org_id"`
	Period domain.Period `json:"period"`
	// State is closing, until the totals are fixed, then closed.
	State string `json:"state"`
	// ClosedPosition is that of the event that closed it: the month's bill is what was posted before.
	ClosedPosition int64     `json:"closed_position"`
	ClosedAt       time.Time `json:"closed_at"`
	ClosedBy       string    `json:"closed_by"`
	// What the month was sealed with; nil and empty while it is closing.
	SealedPosition *int64     `json:"sealed_position"`
	SealedAt       *time.Time `json:"sealed_at"`
	Lines          *int64     `json:"lines"`
	Totals         []BillSum  `json:"totals"`
	Digest         *string    `json:"digest"`
}

const closedPeriods = `
SELECT org_id, period, state, closed_position, closed_at, closed_by, sealed_position, sealed_at, lines, coalesce(totals, '[]'), digest
FROM periods `

// scan takes a row of closedPeriods.
func (p *ClosedPeriod) scan() []any {
	return []any{&p.OrgID, &p.Period, &p.State, &p.ClosedPosition, &p.ClosedAt, &p.ClosedBy, &p.SealedPosition, &p.SealedAt, &p.Lines, &p.Totals, &p.Digest}
}

// utc gives the times of a row the zone that the API answers in.
func (p *ClosedPeriod) utc() {
	if p.ClosedAt = p.ClosedAt.UTC(); p.SealedAt != nil {
		at := p.SealedAt.UTC()
		p.SealedAt = &at
	}
}

// Periods lists the closed months, newest first; months that are not there are open. Errors: ErrBadCursor.
func (r *Reader) Periods(ctx context.Context, org string, limit int, cursor string) (List[ClosedPeriod], error) {
	const cursorKind = "periods1"
	w := &where{}
	w.org(org)
	if cursor != "" {
		after, err := decodeCursor(cursor, cursorKind, 2)
		if err != nil {
			return List[ClosedPeriod]{}, err
		}
		w.and("(period, org_id) < (?, ?)", after[0], after[1])
	}
	limit = page(limit)
	q := closedPeriods + w.sql() + ` ORDER BY period DESC, org_id DESC LIMIT ` + w.arg(limit+1)
	out := List[ClosedPeriod]{Items: []ClosedPeriod{}}
	asOf, err := r.read(ctx, org, []string{Orgs}, func(b *pgx.Batch) {
		var p ClosedPeriod
		collect(b, q, w.args, p.scan(), func() error {
			if n := len(out.Items); n == limit {
				out.NextCursor = encodeCursor(cursorKind, string(out.Items[n-1].Period), out.Items[n-1].OrgID)
				return nil
			}
			p.utc()
			out.Items = append(out.Items, p)
			p.Totals = nil // the next row must not write over this one's
			return nil
		})
	})
	if err != nil {
		return out, listError("months", cursor, err)
	}
	out.AsOf = asOf
	return out, nil
}

// ClosingPeriod is a month that is closed and has yet to be sealed.
type ClosingPeriod struct {
	OrgID  string
	Period domain.Period
	// Position is that of the event that closed it.
	Position int64
}

// ClosingPeriods lists, over all organisations, the months that have yet to be sealed, longest closed first.
func (r *Reader) ClosingPeriods(ctx context.Context, limit int) ([]ClosingPeriod, error) {
	const q = `
SELECT org_id, period, closed_position
FROM periods
WHERE state = 'closing'
ORDER BY closed_position
LIMIT $1`
	var all []ClosingPeriod
	var p ClosingPeriod
	_, err := r.read(ctx, AllOrgs, []string{Orgs}, func(b *pgx.Batch) {
		collect(b, q, []any{limit}, []any{&p.OrgID, &p.Period, &p.Position}, func() error { all = append(all, p); return nil })
	})
	if err != nil {
		return nil, fmt.Errorf("list closing months: %w", err)
	}
	return all, nil
}

// Seal reckons what a closing month is to be sealed with: number, sums and digest of its bill lines. They are read page
// by page, which is safe as a closed month gets no more of them. Error: ErrNotReached while the bill lines have not
// reached the position that closed it.
func (r *Reader) Seal(ctx context.Context, p ClosingPeriod) (domain.PeriodSealed, error) {
	seal := newSeal(p)
	for {
		rows, asOf, err := r.sealPage(ctx, p, seal.lastPosition, seal.lastLine, seal.add)
		if err != nil {
			return domain.PeriodSealed{}, fmt.Errorf("sum the month %s of %s up: %w", p.Period, p.OrgID, err)
		}
		if asOf < p.Position {
			return domain.PeriodSealed{}, fmt.Errorf("%w: %s, position %d", ErrNotReached, BillLines, p.Position)
		}
		if rows < sealPage {
			return seal.event(), nil
		}
	}
}

const sealPage = 5000

func (r *Reader) sealPage(ctx context.Context, p ClosingPeriod, afterPosition int64, afterLine int, add func(sealLine) error) (rows int, asOf int64, err error) {
	const q = `
SELECT position, line_no, currency, cash::text, gift::text, voucher::text, doc
FROM bill_lines
WHERE org_id = $1 AND billing_period = $2 AND (position, line_no) > ($3, $4) AND position <= $5
ORDER BY position, line_no
LIMIT $6`
	var l sealLine
	asOf, err = r.read(ctx, p.OrgID, []string{BillLines}, func(b *pgx.Batch) {
		args := []any{p.OrgID, string(p.Period), afterPosition, afterLine, p.Position, sealPage}
		collect(b, q, args, []any{&l.position, &l.line, &l.currency, &l.cash, &l.gift, &l.voucher, (*[]byte)(&l.doc)}, func() error {
			rows++
			return add(l)
		})
	})
	return rows, asOf, err
}

type sealLine struct {
	position            int64
	line                int
	currency            domain.Currency
	cash, gift, voucher string
	doc                 json.RawMessage
}

// seal adds up a month's lines.
type seal struct {
	of           ClosingPeriod
	lines        int64
	totals       map[domain.Currency]*domain.PeriodTotal
	digest       hash.Hash
	lastPosition int64
	lastLine     int
}

func newSeal(p ClosingPeriod) *seal {
	return &seal{of: p, totals: map[domain.Currency]*domain.PeriodTotal{}, digest: sha256.New()}
}

func (s *seal) add(l sealLine) error {
	t := s.totals[l.currency]
	if t == nil {
		t = &domain.PeriodTotal{Currency: l.currency, Amount: l.currency.Zero(), Funds: domain.NoFunds(l.currency)}
		s.totals[l.currency] = t
	}
	var funds domain.Funds
	for _, f := range []struct {
		text string
		into *domain.Amount
	}{{l.cash, &funds.Cash}, {l.gift, &funds.Gift}, {l.voucher, &funds.Voucher}} {
		a, err := domain.ParseAmount(f.text)
		if err != nil {
			return err
		}
		*f.into = a
	}
	t.Funds, t.Amount = t.Funds.Add(funds), t.Amount.Add(funds.Total())
	t.Lines++
	s.lines++
	s.digest.Write(l.doc)
	s.digest.Write([]byte("\n"))
	s.lastPosition, s.lastLine = l.position, l.line
	return nil
}

func (s *seal) event() domain.PeriodSealed {
	e := domain.PeriodSealed{
		OrgID: s.of.OrgID, Period: s.of.Period, Position: s.of.Position, Lines: s.lines, Totals: []domain.PeriodTotal{},
		Digest: hex.EncodeToString(s.digest.Sum(nil)),
	}
	for _, c := range sortedKeys(s.totals) {
		e.Totals = append(e.Totals, *s.totals[c])
	}
	return e
}
