package projections

import (
	"bytes"
	"encoding/json"

	"github.com/shopspring/decimal"

	"orderledger/eventstore"
)

// arrearsWalk follows which settlements wait for money: each is taken up by its account at once, and leaves it when it
// is paid or voided, so that no top-up can pass one over.
type arrearsWalk struct {
	check Check
	owed  map[lotKey]arrearsPayload
	// placed and voided wait for what the account says of them: it is the next event.
	placed, voided *arrearsPayload
	at             int64
}

// arrearsPayload has what the walk reads of a payload.
type arrearsPayload struct {
	OrgID    string          `json:"org_id"`
	OrderID  string          `json:"order_id"`
	Currency string          `json:"currency"`
	Amount   decimal.Decimal `json:"amount"`
	Payable  decimal.Decimal `json:"payable_amount"`
	Arrears  bool            `json:"arrears"`
}

func newArrearsWalk() *arrearsWalk {
	return &arrearsWalk{check: Check{Name: "arrears", OK: true}, owed: map[lotKey]arrearsPayload{}}
}

func (w *arrearsWalk) next(e *eventstore.Event) {
	kind, before := about(e), *w
	w.placed, w.voided = nil, nil
	var p arrearsPayload
	switch kind {
	case "order.placed":
		if !bytes.Contains(e.Payload, []byte(`"arrears"`)) {
			w.left(before, kind)
			return
		}
	case "order.voided", "account.charged", "account.arrears_opened", "account.arrears_dropped":
	default:
		w.left(before, kind)
		return
	}
	if err := json.Unmarshal(e.Payload, &p); err != nil {
		w.check.fault("event %d can't be read: %s", e.Position, err)
		return
	}
	w.left(before, kind)
	key := lotKey{e.OrgID, p.OrderID}
	_, owed := w.owed[key]
	switch kind {
	case "order.placed":
		if p.Arrears {
			w.placed, w.at = &p, e.Position
		}
	case "order.voided":
		if owed {
			w.voided, w.at = &p, e.Position
		}
	case "account.charged":
		delete(w.owed, key)
	case "account.arrears_opened":
		w.check.Checked++
		if o := before.placed; o == nil || o.OrderID != p.OrderID || o.OrgID != p.OrgID || o.Currency != p.Currency || !o.Payable.Equal(p.Amount) || owed {
			w.check.fault("event %d lets %s %s of an order wait, which was not placed so just before it", e.Position, p.Amount, p.Currency)
		}
		w.owed[key] = p
	case "account.arrears_dropped":
		if o := before.voided; o == nil || o.OrderID != p.OrderID {
			w.check.fault("event %d drops what an order owes that was not voided just before it", e.Position)
		}
		delete(w.owed, key)
	}
}

// left finds an order of the event before that its account did not take up.
func (w *arrearsWalk) left(before arrearsWalk, kind string) {
	if before.placed != nil && kind != "account.arrears_opened" {
		w.check.fault("event %d places an order that waits for money, and its account does not say so", before.at)
	}
	if before.voided != nil && kind != "account.arrears_dropped" {
		w.check.fault("event %d voids an order that waits for money, and its account does not say so", before.at)
	}
}

func (w *arrearsWalk) end() { w.left(*w, "") }
