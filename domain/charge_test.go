package domain

import (
	"fmt"
	"testing"
	"time"
)

// books are states in memory, for steps that no command is made of alone.
type books struct {
	orders  map[string]*Order
	account *Account
	org     *Org
}

func (b *books) Order(id string) *Order            { return b.orders[id] }
func (b *books) Account(string) *Account           { return b.account }
func (b *books) Org(string) *Org                   { return b.org }
func (b *books) Resource(string, string) *Resource { return nil }
func (b *books) Taken(string, string, string) bool { return false }

var debitClock = Clock{Now: time.Date(2025, 11, 4, 12, 0, 0, 0, time.UTC), At: time.Date(2025, 11, 4, 12, 0, 0, 0, time.UTC)}

func cny(units int64) Amount { return Amount{units, 2} }

func holding(cash, gift int64) *Account {
	a := &Account{OrgID: "o", Balances: []Balance{{Currency: "CNY", Funds: Funds{cny(cash), cny(gift), cny(0)}, Frozen: cny(0)}}}
	if gift > 0 {
		a.Gifts = []Gift{{GrantID: "g", Currency: "CNY", Left: cny(gift)}}
	}
	return a
}

// orderOf is an order of lines that cost the given amounts.
func orderOf(id string, t OrderType, amounts ...int64) OrderPlaced {
	e := OrderPlaced{Header: Header{OrderID: id, OrgID: "o", OrderType: t, Currency: "CNY"}, DiscountAmount: cny(0)}
	for i, a := range amounts {
		e.Lines = append(e.Lines, Line{LineNo: i + 1, ListAmount: cny(a), PayableAmount: cny(a)})
		e.ListAmount, e.PayableAmount = e.ListAmount.Add(cny(a)), e.PayableAmount.Add(cny(a))
	}
	return e
}

// A debited order is paid at once, or waits: for money, and behind those of its currency that wait already.
func TestDebit(t *testing.T) {
	t.Parallel()
	waiting := holding(1000, 0)
	waiting.Arrears = waiting.Arrears.add(Arrear{OrderID: "old", Currency: "CNY", Amount: cny(5000)})
	elsewhere := holding(1000, 0)
	elsewhere.Arrears = elsewhere.Arrears.add(Arrear{OrderID: "old", Currency: "USD", Amount: cny(5000)})
	paid, waits := TypeOrderPlaced+" "+TypeOrderPaid+" "+TypeAccountCharged, TypeOrderPlaced+" "+TypeArrearsOpened
	for name, c := range map[string]struct {
		account *Account
		credit  int64
		amount  int64
		want    string
	}{
		"enough":                           {holding(600, 400), 0, 1000, paid},
		"a minor unit short":               {holding(599, 400), 0, 1000, waits},
		"enough with credit":               {holding(599, 400), 1, 1000, paid},
		"no account":                       {nil, 0, 1, waits},
		"nothing to pay":                   {nil, 0, 0, TypeOrderPlaced + " " + TypeOrderPaid},
		"nothing to pay, below the limit":  {holding(-100, 0), 0, 0, TypeOrderPlaced + " " + TypeOrderPaid},
		"behind others":                    {waiting, 0, 1, waits},
		"behind others, nothing to pay":    {waiting, 0, 0, TypeOrderPlaced + " " + TypeOrderPaid},
		"others wait for another currency": {elsewhere, 0, 1000, paid},
	} {
		settings := DefaultSettings()
		settings.CreditLimit = map[Currency]Amount{"CNY": cny(c.credit)}
		d := newDraft(&books{account: c.account, org: &Org{OrgID: "o", Settings: settings}}, debitClock)
		d.debit(orderOf("new", UsageSettlement, c.amount), "2025-10")
		got := ""
		for i, e := range d.Events {
			if i > 0 {
				got += " "
			}
			got += TypeOf(e.Event)
		}
		o := d.Order("new")
		if got != c.want || o.Arrears != (c.want == waits) || (o.Status == Completed) == o.Arrears || !o.Arrears && o.BillingPeriod != "2025-10" {
			t.Errorf("%s: %s, the order is %+v", name, got, o)
		}
	}
}

// Money may come back by orders that are no copies of the origin's lines: each of their lines, and the whole, still add
// up, whatever the signs of the lines.
func TestPostBackOnOtherLines(t *testing.T) {
	t.Parallel()
	for _, amounts := range [][]int64{{-7000}, {-3333, -3333, -334}, {-9000, 2000}, {2500, -9000, -500}, {0, -7000}} {
		origin := orderOf("origin", Purchase, 6000, 4000).evolve(nil, Meta{}).(*Order)
		start := &books{account: holding(6000, 4000), orders: map[string]*Order{"origin": origin}}
		d := newDraft(start, debitClock)
		if refused := d.charge(origin, nil, "2025-11"); refused != nil {
			t.Fatal(refused)
		}
		origin = d.Order("origin")
		back := orderOf("back", Downgrade, amounts...)
		back.ParentOrderID = &origin.OrderID
		sum := back.PayableAmount.Neg()
		plan, refused := refundable(origin, DefaultSettings(), refundAsk{amount: &sum, exact: true}, debitClock.At)
		if refused != nil {
			t.Fatal(refused)
		}
		d.emit(OrderRef("back"), back)
		if refused := d.postBack(d.Order("back"), origin, plan, "2025-11"); refused != nil {
			t.Fatal(refused)
		}
		o, total := d.Order("back"), NoFunds("CNY")
		for i, l := range o.LineFunds {
			gifts := cny(0)
			for _, g := range l.Gifts {
				gifts = gifts.Add(g.Amount)
			}
			if l.Total() != o.Lines[i].PayableAmount || gifts != l.Gift {
				t.Errorf("%v: line %d is paid with %+v, of grants %s", amounts, i+1, l.Funds, gifts)
			}
			total = total.Add(l.Funds)
		}
		want := fmt.Sprint(cny(6000), " ", cny(1000))
		if b := d.Account("o").Balance("CNY"); fmt.Sprint(b.Cash, " ", b.Gift) != want || total != o.Paid || d.Order("origin").Refunded != o.Paid.Neg() {
			t.Errorf("%v: the account holds %+v, paid %+v, the lines %+v", amounts, b, o.Paid, total)
		}
	}
}

// What can't come back is not forfeited when all of an amount is to come back.
func TestExactRefunds(t *testing.T) {
	t.Parallel()
	over := debitClock.At.Add(time.Hour)
	account := holding(6000, 4000)
	account.Gifts[0].ExpiresAt = &over
	origin := orderOf("origin", Purchase, 10000).evolve(nil, Meta{}).(*Order)
	d := newDraft(&books{account: account, orders: map[string]*Order{"origin": origin}}, debitClock)
	if refused := d.charge(origin, nil, "2025-11"); refused != nil {
		t.Fatal(refused)
	}
	for amount, want := range map[int64]Code{6000: "", 6001: NotRefundable} {
		sum := cny(amount)
		_, refused := refundable(d.Order("origin"), DefaultSettings(), refundAsk{amount: &sum, exact: true}, over)
		if refused == nil && want != "" || refused != nil && refused.Code != want {
			t.Errorf("%s of 60.00: %v", sum, refused)
		}
	}
}
