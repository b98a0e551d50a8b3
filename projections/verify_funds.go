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
	// credit is how far cash may fall below 0, by organisation and currency, as the settings say so far.
	credit map[string]map[string]decimal.Decimal
	pairs  pairsWalk
	lots   *lotsWalk
}

type fundKey struct{ org, currency, place string }

// amounts are decimals by name: what an event tells of funds, or of a limit by currency.
type amounts map[string]decimal.Decimal

// fundsPayload has what the walk reads of a payload; amounts are decimal strings.
type fundsPayload struct {
	OrgID         string          `json:"org_id"`
	OrderID       string          `json:"order_id"`
	RefundOrderID string          `json:"refund_order_id"`
	GrantID       string          `json:"grant_id"`
	Currency      string          `json:"currency"`
	Amount        decimal.Decimal `json:"amount"`
	Paid          amounts         `json:"paid"`
	Funds         amounts         `json:"funds"`
	Returned      amounts         `json:"returned"`
	Postings      []struct {
		Place    string          `json:"place"`
		Amount   decimal.Decimal `json:"amount"`
		Currency string          `json:"currency"`
	} `json:"postings"`
	Balance  map[string]string `json:"balance"`
	Gifts    []lotPart         `json:"gifts"`
	Vouchers []lotPart         `json:"vouchers"`
	Voucher  lotPart           `json:"voucher"`
	Credit   amounts           `json:"credit_limit"`
}

func newFundsWalk() *fundsWalk {
	return &fundsWalk{
		check: Check{Name: "funds", OK: true}, held: map[fundKey]decimal.Decimal{}, credit: map[string]map[string]decimal.Decimal{},
		lots: newLotsWalk(),
	}
}

// about is an event's type without its version.
func about(e *eventstore.Event) string {
	i := strings.LastIndexByte(e.Type, '.')
	return e.Type[:max(i, 0)]
}

func (w *fundsWalk) next(e *eventstore.Event) {
	kind, account := about(e), strings.HasPrefix(e.Stream, "account-")
	money := account || kind == "order.paid" || kind == "order.refunded"
	if !money && kind != "org.settings_changed" {
		w.pairs.other(&w.check)
		return
	}
	var p fundsPayload
	if err := json.Unmarshal(e.Payload, &p); err != nil {
		w.check.Checked++
		w.check.fault("event %d can't be read: %s", e.Position, err)
		return
	}
	if !money {
		w.pairs.other(&w.check)
		w.credit[e.OrgID] = p.Credit
		return
	}
	w.check.Checked++
	if p.OrgID != e.OrgID || account && e.Stream != "account-"+p.OrgID {
		w.check.fault("event %d is about organisation %q, in a stream of %q", e.Position, p.OrgID, e.OrgID)
	}
	w.pairs.next(e, kind, &p, &w.check)
	if !account {
		return
	}
	if kind == "account.arrears_opened" || kind == "account.arrears_dropped" {
		if len(p.Postings) > 0 || p.Balance != nil {
			w.check.fault("event %d moves money, and is about none", e.Position)
		}
		return
	}
	w.post(e, kind, &p)
	w.balance(e, &p)
	w.lots.next(e, kind, &p)
}

// moves is what each fund gains by an account's event, from what the event says it did.
func (p *fundsPayload) moves(kind string) (gains amounts, known bool) {
	switch kind {
	case "account.topped_up":
		return amounts{"cash": p.Amount}, true
	case "account.withdrawn":
		return amounts{"cash": p.Amount.Neg()}, true
	case "account.charged":
		return p.Funds.neg(), true
	case "account.refunded":
		return p.Funds, true
	case "account.gift_granted":
		return amounts{"gift": p.Amount}, true
	case "account.voucher_issued":
		return amounts{"voucher": p.Voucher.Left}, true
	case "account.funds_lapsed":
		return amounts{"gift": sumOfParts(p.Gifts).Neg(), "voucher": sumOfParts(p.Vouchers).Neg()}, true
	case "account.funds_frozen":
		return amounts{"cash": p.Amount.Neg(), "frozen": p.Amount}, true
	}
	return nil, false
}

// post adds the event's postings up, and holds them against what the event says it did.
func (w *fundsWalk) post(e *eventstore.Event, kind string, p *fundsPayload) {
	sums, gained := amounts{}, amounts{}
	for _, x := range p.Postings {
		sums[x.Currency] = sums[x.Currency].Add(x.Amount)
		if fund, ok := strings.CutPrefix(x.Place, "fund:"); ok {
			gained[fund] = gained[fund].Add(x.Amount)
			key := fundKey{e.OrgID, x.Currency, x.Place}
			w.held[key] = w.held[key].Add(x.Amount)
		}
		if x.Currency != p.Balance["currency"] {
			w.check.fault("event %d posts %s, and tells a balance of %s", e.Position, x.Currency, p.Balance["currency"])
		}
	}
	for currency, sum := range sums {
		if !sum.IsZero() {
			w.check.fault("event %d: its postings sum to %s %s", e.Position, sum, currency)
		}
	}
	told, known := p.moves(kind)
	if !known {
		w.check.fault("event %d is of the type %s: what it moves can't be told", e.Position, e.Type)
	} else if !gained.equal(told) {
		w.check.fault("event %d says that it moves %s, and its postings move %s", e.Position, told.text(), gained.text())
	}
	w.floor(e, kind, p, gained)
}

// floor holds that no fund falls below 0, but cash by payments, as far as the organisation has credit.
func (w *fundsWalk) floor(e *eventstore.Event, kind string, p *fundsPayload, gained amounts) {
	currency := p.Balance["currency"]
	for fund, by := range gained {
		after, lowest := w.held[fundKey{e.OrgID, currency, "fund:" + fund}], decimal.Zero
		if fund == "cash" && kind == "account.charged" {
			lowest = w.credit[e.OrgID][currency].Neg()
		}
		if by.IsNegative() && after.LessThan(lowest) {
			w.check.fault("event %d takes fund:%s below %s: %s %s", e.Position, fund, lowest, after, currency)
		}
	}
}

// balance holds the balance that the event tells against the sum of all postings so far.
func (w *fundsWalk) balance(e *eventstore.Event, p *fundsPayload) {
	for _, fund := range []string{"cash", "gift", "voucher", "frozen"} {
		told, err := decimal.NewFromString(p.Balance[fund])
		held := w.held[fundKey{e.OrgID, p.Balance["currency"], "fund:" + fund}]
		if err != nil || !told.Equal(held) {
			w.check.fault("event %d tells a %s balance of %s, the postings so far sum to %s", e.Position, fund, p.Balance[fund], held)
		}
	}
}

func (w *fundsWalk) end() {
	w.pairs.other(&w.check)
	w.lots.end(w.held)
}

func (a amounts) neg() amounts {
	n := amounts{}
	for name, v := range a {
		n[name] = v.Neg()
	}
	return n
}

// equal compares name by name; what is missing is nothing.
func (a amounts) equal(b amounts) bool {
	for name, v := range a {
		if !v.Equal(b[name]) {
			return false
		}
	}
	for name, v := range b {
		if !v.Equal(a[name]) {
			return false
		}
	}
	return true
}

func (a amounts) total() decimal.Decimal {
	sum := decimal.Zero
	for _, v := range a {
		sum = sum.Add(v)
	}
	return sum
}

func (a amounts) text() string {
	var parts []string
	for _, name := range sortedKeys(a) {
		parts = append(parts, name+" "+a[name].String())
	}
	return strings.Join(parts, ", ")
}
