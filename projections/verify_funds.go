package projections

import (
	"encoding/json"
	"strings"

	"github.com/shopspring/decimal"

	"orderledger/eventstore"
)

// fundsWalk reckons all money anew from the postings in the events' JSON. It shares no code with the
// rules: neither their types nor their arithmetic.
type fundsWalk struct {
	check Check
	// held is what the postings sum to, by organisation, currency and place.
	held map[fundKey]decimal.Decimal
	// paid is the payment that the account has yet to be charged for: the charge is the next event.
	paid   *fundsPayload
	paidAt int64
}

type fundKey struct{ org, currency, place string }

// fundsPayload has what the walk reads of a payload; amounts are decimal strings.
type fundsPayload struct {
	OrgID    string          `json:"org_id"`
	OrderID  string          `json:"order_id"`
	Currency string          `json:"currency"`
	Paid     json.RawMessage `json:"paid"`
	Funds    json.RawMessage `json:"funds"`
	Postings []struct {
		Place    string          `json:"place"`
		Amount   decimal.Decimal `json:"amount"`
		Currency string          `json:"currency"`
	} `json:"postings"`
	Balance map[string]string `json:"balance"`
}

func newFundsWalk() *fundsWalk {
	return &fundsWalk{check: Check{Name: "funds", OK: true}, held: map[fundKey]decimal.Decimal{}}
}

func (w *fundsWalk) next(e *eventstore.Event) {
	account := strings.HasPrefix(e.Stream, "account-")
	payment := strings.HasPrefix(e.Type, "order.paid.")
	if w.paid != nil && !account {
		w.check.fault("event %d pays an order, and no account is charged for it", w.paidAt)
		w.paid = nil
	}
	if !account && !payment {
		return
	}
	w.check.Checked++
	var p fundsPayload
	if err := json.Unmarshal(e.Payload, &p); err != nil {
		w.check.fault("event %d can't be read: %s", e.Position, err)
		return
	}
	if p.OrgID != e.OrgID || account && e.Stream != "account-"+p.OrgID {
		w.check.fault("event %d is about organisation %q, in a stream of %q", e.Position, p.OrgID, e.OrgID)
	}
	if payment {
		if total, ok := sumOf(p.Paid); !ok || total.IsNegative() {
			w.check.fault("event %d: what it pays can't be read, or is below 0", e.Position)
		} else if total.IsPositive() {
			w.paid, w.paidAt = &p, e.Position
		}
		return
	}
	w.charged(e, &p)
	w.post(e, &p)
	w.balance(e, &p)
}

// charged holds a charge against the payment just before it.
func (w *fundsWalk) charged(e *eventstore.Event, p *fundsPayload) {
	paid := w.paid
	w.paid = nil
	if !strings.HasPrefix(e.Type, "account.charged.") {
		if paid != nil {
			w.check.fault("event %d pays an order, and no account is charged for it", w.paidAt)
		}
		return
	}
	if paid == nil || paid.OrderID != p.OrderID || paid.OrgID != p.OrgID || paid.Currency != p.Currency {
		w.check.fault("event %d charges an account for an order that is not paid just before it", e.Position)
		return
	}
	was, ok1 := sumOf(paid.Paid)
	now, ok2 := sumOf(p.Funds)
	out := decimal.Zero
	for _, x := range p.Postings {
		if strings.HasPrefix(x.Place, "fund:") {
			out = out.Sub(x.Amount)
		}
	}
	if !ok1 || !ok2 || !was.Equal(now) || !was.Equal(out) {
		w.check.fault("event %d charges %s with postings of %s, for a payment of %s", e.Position, now, out, was)
	}
}

// post adds the event's postings up.
func (w *fundsWalk) post(e *eventstore.Event, p *fundsPayload) {
	sums := map[string]decimal.Decimal{}
	for _, x := range p.Postings {
		sums[x.Currency] = sums[x.Currency].Add(x.Amount)
		if key := (fundKey{e.OrgID, x.Currency, x.Place}); strings.HasPrefix(x.Place, "fund:") {
			w.held[key] = w.held[key].Add(x.Amount)
			if w.held[key].IsNegative() {
				w.check.fault("event %d takes %s below 0: %s %s", e.Position, x.Place, w.held[key], x.Currency)
			}
		}
	}
	for currency, sum := range sums {
		if !sum.IsZero() {
			w.check.fault("event %d: its postings sum to %s %s", e.Position, sum, currency)
		}
	}
}

// balance holds the balance that the event tells against the sum of all postings so far.
func (w *fundsWalk) balance(e *eventstore.Event, p *fundsPayload) {
	for _, fund := range []string{"cash", "gift", "voucher"} {
		told, err := decimal.NewFromString(p.Balance[fund])
		held := w.held[fundKey{e.OrgID, p.Balance["currency"], "fund:" + fund}]
		if err != nil || !told.Equal(held) {
			w.check.fault("event %d tells a %s balance of %s, the postings so far sum to %s", e.Position, fund, p.Balance[fund], held)
		}
	}
}

func (w *fundsWalk) end() {
	if w.paid != nil {
		w.check.fault("event %d pays an order, and no account is charged for it", w.paidAt)
	}
}

// sumOf adds the amounts of an object of funds.
func sumOf(funds json.RawMessage) (decimal.Decimal, bool) {
	var amounts map[string]decimal.Decimal
	if err := json.Unmarshal(funds, &amounts); err != nil {
		return decimal.Zero, false
	}
	sum := decimal.Zero
	for _, a := range amounts {
		sum = sum.Add(a)
	}
	return sum, true
}
