package projections

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/shopspring/decimal"

	"orderledger/domain"
	"orderledger/eventstore"
)

// monthsWalk follows which months are closed, what was posted to them, and which wait for use to be settled.
type monthsWalk struct {
	check Check
	// closed is the last closed month of each organisation.
	closed map[string]string
	// closing are the positions that closed months which are not sealed.
	closing map[monthKey]int64
	// sums are what was posted to months that are not sealed, by currency.
	sums map[monthKey]map[string]*monthSum
	// unsettled counts the resources with use that is not settled.
	unsettled map[monthKey]int64
	// sealed is checked against the bill lines afterwards.
	sealed []sealedMonth
}

type monthKey struct{ org, month string }

type monthSum struct {
	amounts
	lines int64
}

type sealedMonth struct {
	ClosingPeriod
	digest string
	at     int64
}

// monthPayload has what the walk reads of a payload.
type monthPayload struct {
	Currency      string            `json:"currency"`
	BillingPeriod string            `json:"billing_period"`
	Paid          amounts           `json:"paid"`
	Lines         json.RawMessage   `json:"lines"` // of a payment a list, of a seal a number
	Period        string            `json:"period"`
	Periods       []string          `json:"periods"`
	Position      int64             `json:"position"`
	Digest        string            `json:"digest"`
	Opened        []unsettledMonth  `json:"opened"`
	Totals        []json.RawMessage `json:"totals"`
}

type unsettledMonth struct {
	Period    string `json:"period"`
	Resources int64  `json:"resources"`
}

// sealedTotal is a month's sum in one currency.
type sealedTotal struct {
	Currency string          `json:"currency"`
	Amount   decimal.Decimal `json:"amount"`
	Cash     decimal.Decimal `json:"cash"`
	Gift     decimal.Decimal `json:"gift"`
	Voucher  decimal.Decimal `json:"voucher"`
	Lines    int64           `json:"lines"`
}

func newMonthsWalk() *monthsWalk {
	return &monthsWalk{
		check: Check{Name: "months", OK: true}, closed: map[string]string{}, closing: map[monthKey]int64{},
		sums: map[monthKey]map[string]*monthSum{}, unsettled: map[monthKey]int64{},
	}
}

func (w *monthsWalk) next(e *eventstore.Event) {
	kind := about(e)
	switch kind {
	case "order.paid", "org.usage_reported", "org.usage_settled", "org.period_closed", "org.period_sealed":
	default:
		return
	}
	var p monthPayload
	if err := json.Unmarshal(e.Payload, &p); err != nil {
		w.check.fault("event %d can't be read: %s", e.Position, err)
		return
	}
	switch kind {
	case "order.paid":
		w.posted(e, &p)
	case "org.usage_reported":
		for _, o := range p.Opened {
			w.unsettled[monthKey{e.OrgID, o.Period}] += o.Resources
		}
	case "org.usage_settled":
		for _, month := range p.Periods {
			w.settled(e, monthKey{e.OrgID, month})
		}
	case "org.period_closed":
		w.close(e, monthKey{e.OrgID, p.Period})
	case "org.period_sealed":
		w.seal(e, &p)
	}
}

// posted adds a payment to its month, which must be open.
func (w *monthsWalk) posted(e *eventstore.Event, p *monthPayload) {
	w.check.Checked++
	var lines []struct{}
	if err := json.Unmarshal(p.Lines, &lines); err != nil {
		w.check.fault("event %d can't be read: %s", e.Position, err)
	}
	if closed := w.closed[e.OrgID]; p.BillingPeriod <= closed {
		w.check.fault("event %d posts to the month %s, and %s was closed before", e.Position, p.BillingPeriod, closed)
	}
	key := monthKey{e.OrgID, p.BillingPeriod}
	if w.sums[key] == nil {
		w.sums[key] = map[string]*monthSum{}
	}
	sum := w.sums[key][p.Currency]
	if sum == nil {
		sum = &monthSum{amounts: amounts{}}
		w.sums[key][p.Currency] = sum
	}
	for fund, a := range p.Paid {
		sum.amounts[fund] = sum.amounts[fund].Add(a)
	}
	sum.lines += int64(len(lines))
}

func (w *monthsWalk) settled(e *eventstore.Event, key monthKey) {
	switch w.unsettled[key]--; {
	case w.unsettled[key] < 0:
		w.check.fault("event %d settles use of %s that was not reported", e.Position, key.month)
	case w.unsettled[key] == 0:
		delete(w.unsettled, key)
	}
}

func (w *monthsWalk) close(e *eventstore.Event, key monthKey) {
	if key.month <= w.closed[e.OrgID] {
		w.check.fault("event %d closes the month %s, and %s was closed before", e.Position, key.month, w.closed[e.OrgID])
	}
	for open, n := range w.unsettled {
		if open.org == e.OrgID && open.month <= key.month {
			w.check.fault("event %d closes the month %s, and the use of %d resources in %s is not settled", e.Position, key.month, n, open.month)
		}
	}
	w.closed[e.OrgID], w.closing[key] = key.month, e.Position
}

// seal holds the totals that a month is sealed with against what was posted to it.
func (w *monthsWalk) seal(e *eventstore.Event, p *monthPayload) {
	key := monthKey{e.OrgID, p.Period}
	if at, ok := w.closing[key]; !ok || at != p.Position {
		w.check.fault("event %d seals the month %s as of %d, and it was closed at %d", e.Position, p.Period, p.Position, at)
	}
	var lines, all int64
	sums := w.sums[key]
	if err := json.Unmarshal(p.Lines, &lines); err != nil {
		w.check.fault("event %d can't be read: %s", e.Position, err)
	}
	for _, text := range p.Totals {
		var t sealedTotal
		if err := json.Unmarshal(text, &t); err != nil {
			w.check.fault("event %d can't be read: %s", e.Position, err)
		}
		sum := sums[t.Currency]
		told := amounts{"cash": t.Cash, "gift": t.Gift, "voucher": t.Voucher}
		if sum == nil || !sum.equal(told) || !sum.total().Equal(t.Amount) || sum.lines != t.Lines {
			w.check.fault("event %d seals the month %s with %s %s (%s) of %d lines, which is not what was posted", e.Position, p.Period, t.Amount, t.Currency, told.text(), t.Lines)
		}
		all += t.Lines
	}
	if len(p.Totals) != len(sums) || lines != all {
		w.check.fault("event %d seals the month %s with %d currencies and %d lines, which is not what was posted", e.Position, p.Period, len(p.Totals), lines)
	}
	delete(w.sums, key)
	delete(w.closing, key)
	w.sealed = append(w.sealed, sealedMonth{ClosingPeriod{e.OrgID, domain.Period(p.Period), p.Position}, p.Digest, e.Position})
}

// digests holds what months were sealed with against the bill lines that are served.
func (w *monthsWalk) digests(ctx context.Context, v *Verification) error {
	bills := NewReader(v.Projector, nil)
	for i, m := range w.sealed {
		seal, err := bills.Seal(ctx, m.ClosingPeriod)
		switch {
		case errors.Is(err, ErrNotReached):
			if w.check.OK {
				w.check.Detail = "the digests are left out: the bill lines are not there yet"
			}
			return nil
		case err != nil:
			return err
		case seal.Digest != m.digest:
			w.check.fault("event %d sealed the month %s of %s with another digest than its bill lines have", m.at, m.Period, m.OrgID)
		}
		v.progress(w.check.Name, int64(i+1), int64(len(w.sealed)))
	}
	return nil
}
