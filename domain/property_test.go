package domain_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"orderledger/domain"
)

// Any sequence of commands, over a few orders, accounts and currencies, keeps the ledger's books.
func TestAnySequenceKeepsTheBooks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := &model{world: newWorld(t), at: noon, sums: map[string]*big.Rat{}}
		t.Repeat(map[string]func(*rapid.T){
			"":         m.check,
			"place":    m.place,
			"pay":      m.pay,
			"cancel":   func(t *rapid.T) { m.step(t, domain.CancelOrder{OrderID: m.id(t), OrgID: m.org(t), Reason: "r"}) },
			"expire":   func(t *rapid.T) { m.step(t, domain.ExpireOrder{OrderID: m.id(t), OrgID: m.org(t)}) },
			"top up":   m.topUp,
			"settings": m.settings,
			"wait": func(t *rapid.T) {
				m.at = m.at.Add(time.Duration(rapid.Int64Range(0, int64(week)).Draw(t, "wait"))).Truncate(time.Microsecond)
			},
		})
		m.wantSameAfterReplay()
	})
}

// model drives a world, and keeps what can be reckoned without the rules.
type model struct {
	*world
	at   time.Time
	seen int
	// sums are the balances by organisation, currency and fund, summed over postings as JSON has them.
	sums map[string]*big.Rat
}

func (m *model) org(t *rapid.T) string {
	return rapid.SampledFrom([]string{"org-a", "org-b"}).Draw(t, "org")
}

func (m *model) id(t *rapid.T) string {
	return fmt.Sprintf("0198c2f0-0000-7000-8000-%012d", rapid.IntRange(0, 5).Draw(t, "order"))
}

func (m *model) currency(t *rapid.T) domain.Currency {
	return rapid.SampledFrom([]domain.Currency{"CNY", "JPY", "KWD"}).Draw(t, "currency")
}

func (m *model) place(t *rapid.T) {
	c := domain.PlaceOrder{OrderID: m.id(t), OrgID: m.org(t), OrderType: domain.Purchase, ProjectID: "p", ConsumerID: "c", Currency: m.currency(t)}
	if rapid.Bool().Draw(t, "personal") {
		c.Personal, c.Salts = map[string]string{"contact": "Ana <a@b>"}, map[string]string{"contact": "salt"}
	}
	for range rapid.IntRange(1, 4).Draw(t, "lines") {
		l := line(rapid.StringMatching(`[0-9]{1,3}(\.[0-9]{1,6})?`).Draw(t, "price"))
		l.Count, l.Quantity = decimal(rapid.StringMatching(`[1-9]`).Draw(t, "count")), decimal(rapid.StringMatching(`[1-9](\.[0-9]{1,3})?`).Draw(t, "quantity"))
		l.DiscountAmount = amount(rapid.SampledFrom([]string{"0", "0", "1"}).Draw(t, "discount"))
		c.Lines = append(c.Lines, l)
	}
	m.step(t, c)
}

func (m *model) pay(t *rapid.T) {
	c := domain.PayOrder{OrderID: m.id(t), OrgID: m.org(t)}
	if o := m.Order(c.OrderID); o != nil && rapid.Bool().Draw(t, "named") {
		c.Funds = &domain.Allocation{Cash: o.PayableAmount}
	}
	m.step(t, c)
}

func (m *model) topUp(t *rapid.T) {
	c := domain.TopUp{OrgID: m.org(t), Currency: m.currency(t), Reference: rapid.StringMatching(`[a-e]{1,2}`).Draw(t, "reference")}
	c.Amount = amount(rapid.SampledFrom([]string{"1", "100", "5000", "0.1"}).Draw(t, "amount"))
	m.step(t, c)
}

func (m *model) settings(t *rapid.T) {
	seconds := rapid.Int64Range(1, 14*24*3600).Draw(t, "pay before")
	zone := rapid.SampledFrom([]string{"Asia/Shanghai", "UTC", "America/New_York"}).Draw(t, "zone")
	m.step(t, domain.ChangeSettings{OrgID: m.org(t), TimeZone: &zone, PayBeforeSeconds: &seconds})
}

// step carries a command out; a refused one changes nothing, and statuses never go back.
func (m *model) step(t *rapid.T, c domain.Command) {
	before := map[domain.Ref]domain.Status{}
	for ref, s := range m.states {
		if o, ok := s.(*domain.Order); ok {
			before[ref] = o.Status
		}
	}
	events := len(m.history)
	d, why := m.do(m.at, c)
	if why != nil && len(m.history) != events {
		t.Fatalf("refused with %v, and %d events", why, len(m.history)-events)
	}
	if why == nil && len(d.Events) == 0 {
		t.Fatalf("%s was accepted without an event", c.Name())
	}
	for ref, was := range before {
		if now := m.states[ref].(*domain.Order).Status; now != was && was != domain.Unpaid {
			t.Fatalf("%s went from %s to %s", ref, was, now)
		}
	}
}

// check reckons the new events' money by itself, from their JSON alone.
func (m *model) check(t *rapid.T) {
	for ; m.seen < len(m.history); m.seen++ {
		m.checkMoney(t, m.history[m.seen])
	}
	for _, s := range m.states {
		if o, ok := s.(*domain.Order); ok {
			checkOrder(t, o)
		}
	}
}

func (m *model) checkMoney(t *rapid.T, e stored) {
	var p struct {
		OrgID    string `json:"org_id"`
		Postings []struct{ Place, Amount, Currency string }
		Balance  map[string]string
	}
	if err := json.Unmarshal(e.payload, &p); err != nil {
		t.Fatal(err)
	}
	perCurrency := map[string]*big.Rat{}
	for _, x := range p.Postings {
		addTo(perCurrency, x.Currency, rat(x.Amount))
		addTo(m.sums, p.OrgID+x.Currency+x.Place, rat(x.Amount))
	}
	for c, sum := range perCurrency {
		if sum.Sign() != 0 {
			t.Fatalf("the postings of %s sum to %s %s", e.payload, sum, c)
		}
	}
	for _, fund := range []string{"cash", "gift", "voucher"} {
		if p.Balance == nil {
			continue
		}
		balance, sum := rat(p.Balance[fund]), m.sums[p.OrgID+p.Balance["currency"]+"fund:"+fund]
		if sum == nil {
			sum = new(big.Rat)
		}
		if balance.Cmp(sum) != 0 || balance.Sign() < 0 {
			t.Fatalf("%s: the %s balance is %s, the postings sum to %s", e.payload, fund, balance, sum)
		}
	}
}

func checkOrder(t *rapid.T, o *domain.Order) {
	sum := func(of func(domain.Line) domain.Amount) domain.Amount {
		total := o.Currency.Zero()
		for _, l := range o.Lines {
			total = total.Add(of(l))
		}
		return total
	}
	if got := sum(func(l domain.Line) domain.Amount { return l.PayableAmount }); got != o.PayableAmount {
		t.Fatalf("the lines cost %s, the order %s", got, o.PayableAmount)
	}
	if got := sum(func(l domain.Line) domain.Amount { return l.ListAmount.Sub(l.DiscountAmount) }); got != o.PayableAmount {
		t.Fatalf("list less discount is %s, the order costs %s", got, o.PayableAmount)
	}
	if o.Status != domain.Paid {
		if o.Paid.Total().Sign() != 0 || o.BillingPeriod != "" {
			t.Fatalf("an order that is %s has %s paid and belongs to %s", o.Status, o.Paid.Total(), o.BillingPeriod)
		}
		return
	}
	if o.Paid.Total() != o.PayableAmount || len(o.LineFunds) != len(o.Lines) {
		t.Fatalf("%s was paid of %s", o.Paid.Total(), o.PayableAmount)
	}
	funds := domain.NoFunds(o.Currency)
	for i, l := range o.LineFunds {
		funds = funds.Add(l.Funds)
		if l.Total() != o.Lines[i].PayableAmount || l.LineNo != o.Lines[i].LineNo {
			t.Fatalf("line %d costs %s and was paid %s", l.LineNo, o.Lines[i].PayableAmount, l.Total())
		}
	}
	if funds != o.Paid {
		t.Fatalf("the lines' funds sum to %+v, the order's are %+v", funds, o.Paid)
	}
}

func rat(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic("not a number: " + s)
	}
	return r
}

func addTo(sums map[string]*big.Rat, key string, r *big.Rat) {
	if sums[key] == nil {
		sums[key] = new(big.Rat)
	}
	sums[key].Add(sums[key], r)
}
