package console

import (
	"cmp"
	"net/url"
	"slices"

	"orderledger/domain"
	"orderledger/handlers"
	"orderledger/internal/auth"
	"orderledger/projections"
)

// Several orders paid or cancelled together: each by a command of its own, one after another. Nothing says that all of
// them go through, so the page says which ones would, and afterwards which ones did.

// batchMost bounds the orders of one batch: those of a page.
const batchMost = 50

// batchActs are what can be done with several orders, and the command that does it with one.
var batchActs = map[string]auth.Operation{"pay": auth.PayOrder, "cancel": auth.CancelOrder}

// orderBatch is the page that asks before, and the one that tells afterwards.
type orderBatch struct {
	form
	Act   string
	Items []batchItem
	Sums  []batchSum
	// Told: it was done.
	Told bool
	// Went counts those that would go through, or did.
	Went int
}

// batchItem is one of the orders.
type batchItem struct {
	ID string
	// Order is nil if there is no such order to see.
	Order *domain.Order
	// Paid is what it would be paid from, or was.
	Paid domain.Funds
	// Refused is why it would not go through, or did not.
	Refused *handlers.Problem
}

// batchSum adds up the orders of an organisation and currency that would go through, beside what is there to pay them.
type batchSum struct {
	OrgID    string
	Currency domain.Currency
	Count    int64
	Total    domain.Amount
	Paid     domain.Funds
	// Has is the account as it is, nil if it is not known.
	Has *projections.Credit
}

func (v *view) orderBatchPage() error {
	b, err := v.orderBatch(v.r.URL.Query())
	if err != nil {
		return err
	}
	if len(b.Items) > 0 {
		if err := b.try(); err != nil {
			return err
		}
		if err := b.addUp(); err != nil {
			return err
		}
	}
	return v.show("orders_batch", b)
}

// orderBatch reads which orders are meant, and what is to be done.
func (v *view) orderBatch(values url.Values) (*orderBatch, error) {
	b := &orderBatch{form: v.form(), Act: values.Get("act")}
	operation, known := batchActs[b.Act]
	switch {
	case !known:
		return nil, invalid("act", "pay or cancel")
	case !v.May(operation):
		return nil, notAllowed(v.who, operation)
	case len(values["order_id"]) > batchMost:
		return nil, invalid("order_id", "at most 50 orders at a time")
	}
	if err := v.reach(projections.Orders, projections.Accounts, projections.Orgs); err != nil {
		return nil, err
	}
	for _, id := range values["order_id"] {
		if !slices.ContainsFunc(b.Items, func(i batchItem) bool { return i.ID == id }) {
			b.Items = append(b.Items, batchItem{ID: id})
		}
	}
	return b, b.load()
}

// load reads the orders as they are.
func (b *orderBatch) load() error {
	if len(b.Items) == 0 {
		return nil
	}
	ids := url.Values{"limit": {"50"}}
	for _, item := range b.Items {
		ids.Add("order_id", item.ID)
	}
	ask, err := handlers.OrdersAsked(ids, b.now)
	if err != nil {
		return err
	}
	list, err := b.c.Server.Reader.Orders(b.r.Context(), b.org, ask)
	if err != nil {
		return err
	}
	orders, err := b.c.Server.WithPersonal(b.r.Context(), list.Items)
	if err != nil {
		return err
	}
	b.asOf = list.AsOf
	for i := range b.Items {
		for _, o := range orders {
			if o.OrderID == b.Items[i].ID {
				b.Items[i].Order = o.Order
			}
		}
	}
	return nil
}

// body is the command for one of the orders.
func (b *orderBatch) body(item *batchItem) ([]byte, error) {
	body := fields{"order_id": item.ID}
	if item.Order != nil {
		body["org_id"] = item.Order.OrgID
	}
	if b.Act == "cancel" {
		body.text("reason", b.r.PostFormValue("reason"))
	}
	return body.json()
}

// try asks the ledger what would become of each, one after another.
func (b *orderBatch) try() error {
	var bodies [][]byte
	for i := range b.Items {
		body, err := b.body(&b.Items[i])
		if err != nil {
			return err
		}
		bodies = append(bodies, body)
	}
	results, errs, err := b.c.Server.TryInOrder(b.r.Context(), b.who, string(batchActs[b.Act]), bodies)
	if err != nil {
		return err
	}
	for i := range b.Items {
		b.Items[i].took(results[i], errs[i])
		if errs[i] == nil {
			b.Went++
		}
	}
	return nil
}

func (i *batchItem) took(result handlers.Result, err error) {
	if err != nil {
		i.Refused = handlers.ProblemOf(err)
		return
	}
	if o, ok := result.State.(*domain.Order); ok {
		i.Order, i.Paid = o, o.Paid
	}
}

// addUp sums up what goes through, by organisation and currency.
func (b *orderBatch) addUp() error {
	for _, item := range b.Items {
		if item.Order == nil || item.Refused != nil {
			continue
		}
		o := item.Order
		i := slices.IndexFunc(b.Sums, func(s batchSum) bool { return s.OrgID == o.OrgID && s.Currency == o.Currency })
		if i < 0 {
			i = len(b.Sums)
			b.Sums = append(b.Sums, batchSum{OrgID: o.OrgID, Currency: o.Currency, Total: o.Currency.Zero(), Paid: domain.NoFunds(o.Currency)})
		}
		s := &b.Sums[i]
		s.Count++
		s.Total, s.Paid = s.Total.Add(o.PayableAmount), s.Paid.Add(item.Paid)
	}
	if b.Act != "pay" || b.Told {
		return nil
	}
	accounts := map[string]projections.Account{}
	for i := range b.Sums {
		s := &b.Sums[i]
		account, there := accounts[s.OrgID]
		if !there {
			var err error
			if account, err = b.c.Server.Reader.Account(b.r.Context(), s.OrgID); err != nil {
				return err
			}
			accounts[s.OrgID] = account
		}
		for j := range account.Balances {
			if account.Balances[j].Currency == s.Currency {
				s.Has = &account.Balances[j]
			}
		}
	}
	return nil
}

// doOrderBatch carries the commands out. Each has a key made of the form's and its order's: sent twice, it counts once.
func (v *view) doOrderBatch() error {
	_ = v.r.ParseForm() // what can't be read is missed below
	b, err := v.orderBatch(v.r.PostForm)
	if err != nil {
		return err
	}
	key, last := cmp.Or(v.r.PostFormValue("key"), v.NewKey()), int64(0)
	for i := range b.Items {
		item := &b.Items[i]
		body, err := b.body(item)
		if err != nil {
			return err
		}
		result, err := v.c.Server.Act(v.r.Context(), v.who, string(batchActs[b.Act]), key+"-"+item.ID, body)
		item.took(result, err)
		if err == nil {
			b.Went++
			last = max(last, result.Last)
		}
	}
	b.Told = true
	if last > 0 {
		v.remember(last)
	}
	if err := b.addUp(); err != nil {
		return err
	}
	return v.show("orders_batch", b)
}

// Short says whether money is missing.
func (b *orderBatch) Short() bool {
	return slices.ContainsFunc(b.Items, func(i batchItem) bool { return i.Refused != nil && i.Refused.Missing != nil })
}

// All is how many orders there are.
func (b *orderBatch) All() int64 { return int64(len(b.Items)) }

// Rest is the address that tries those again that did not go through, "" for none.
func (b *orderBatch) Rest() string {
	q := b.withOrg(url.Values{"act": {b.Act}})
	for _, item := range b.Items {
		if item.Refused != nil && item.Order != nil && (b.payable(item.Order) || b.cancellable(item.Order)) {
			q.Add("order_id", item.ID)
		}
	}
	if !q.Has("order_id") {
		return ""
	}
	return "/orders/batch?" + q.Encode()
}
