package domain_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"orderledger/domain"
)

func waitID(n int) string { return fmt.Sprintf("0198c2f0-0000-8000-8000-%012d", n) }

// wait makes settlements that found no money, of 2, 3, 4 … CNY.
func (w *world) wait(currency domain.Currency, first int, prices ...string) {
	clock := domain.Clock{Now: noon, At: noon}
	from, to := noon.Add(-2*time.Hour), noon.Add(-time.Hour)
	for i, price := range prices {
		id, cost := waitID(first+i), amount(price)
		spec := line(price)
		spec.EffectiveAt, spec.ExpiresAt, spec.DiscountAmount = &from, &to, amount("0.00")
		w.append(clock, domain.StreamEvent{Stream: domain.OrderRef(id), Event: domain.OrderPlaced{
			Header: domain.Header{OrderID: id, OrgID: org, OrderType: domain.UsageSettlement, ProjectID: "p", ConsumerID: "c", Currency: currency, Tags: map[string]string{}},
			Lines:  []domain.Line{{LineNo: 1, LineSpec: spec, ListAmount: cost, PayableAmount: cost}}, ListAmount: cost, DiscountAmount: currency.Zero(), PayableAmount: cost, Arrears: true,
		}})
		w.append(clock, domain.StreamEvent{Stream: domain.AccountRef(org), Event: domain.ArrearsOpened{OrgID: org, OrderID: id, Currency: currency, Amount: cost}})
	}
}

// settled are the numbers of the settlements that are paid.
func (w *world) settled(n int) string {
	var paid []string
	for i := range n {
		if w.Order(waitID(i)).Status == domain.Completed {
			paid = append(paid, fmt.Sprint(i))
		}
	}
	return strings.Join(paid, " ")
}

// Each top-up pays what waits longest, and stops at the first that it can't pay whole, though a later one is smaller.
func TestTopUpsPayArrearsOldestFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.wait("CNY", 0, "2.00", "30.00", "1.00", "4.00")
	for i, step := range []struct{ amount, settled, cash string }{
		{"1.99", "", "1.99"}, {"0.01", "0", "0.00"}, {"29.00", "0", "29.00"}, {"2.50", "0 1 2", "0.50"}, {"10.00", "0 1 2 3", "6.50"}, {"1.00", "0 1 2 3", "7.50"},
	} {
		d := w.must(noon.Add(time.Hour), topUp(step.amount, fmt.Sprint("r", i)))
		if first := d.Events[0].Event; domain.TypeOf(first) != domain.TypeAccountToppedUp {
			t.Errorf("step %d: the first event is %T", i, first)
		}
		if got, cash := w.settled(4), w.Account(org).Balance("CNY").Cash; got != step.settled || cash != amount(step.cash) {
			t.Fatalf("step %d: %q are settled and %s is left, want %q and %s", i, got, cash, step.settled, step.cash)
		}
	}
	if n := w.Account(org).Arrears.Len(); n != 0 {
		t.Errorf("%d still wait", n)
	}
	wantZeroSums(t, w)
	w.wantSameAfterReplay()
}

// A settlement paid late belongs to the month that it bills, as long as that is open.
func TestArrearsBelongToTheMonthTheyBill(t *testing.T) {
	t.Parallel()
	december := noon.Add(30 * 24 * time.Hour)
	for closed, want := range map[domain.Period]domain.Period{"": "2025-11", "2025-11": "2025-12"} {
		w := newWorld(t)
		w.wait("CNY", 0, "2.00")
		if closed != "" {
			w.append(domain.Clock{Now: december, At: december}, domain.StreamEvent{Stream: domain.OrgRef(org), Event: domain.PeriodClosed{OrgID: org, Period: closed}})
		}
		w.must(december, topUp("2", "r"))
		if got := w.Order(waitID(0)).BillingPeriod; got != want {
			t.Errorf("with %q closed it belongs to %s, want %s", closed, got, want)
		}
	}
}

// Money that comes in otherwise pays by a command of its own; each currency for itself.
func TestCollectArrears(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	collect := domain.CollectArrears{OrgID: org}
	if _, why := w.do(noon, collect); why == nil || why.Code != domain.NothingDue {
		t.Errorf("nothing waits: %v", why)
	}
	w.wait("CNY", 0, "9.00", "1.00")
	w.wait("USD", 2, "5.00")
	w.must(noon, topUp("8.00", "r"))
	if _, why := w.do(noon, collect); why == nil || why.Code != domain.NothingDue {
		t.Errorf("too little money: %v", why)
	}
	w.must(noon, voucher("sub", "9", modes(domain.ModeHour)))
	w.must(noon, gift("1.00", nil))
	w.must(noon, domain.TopUp{OrgID: org, Amount: amount("4.99"), Currency: "USD", Reference: "u"})
	w.must(noon, domain.GrantGift{OrgID: org, Amount: amount("0.01"), Currency: "USD"})
	w.must(noon, collect)
	if got := w.settled(3); got != "0 2" {
		t.Errorf("%q are settled, want the first of each currency", got)
	}
	if b := w.Account(org).Balance("CNY"); b.Cash.Sign() != 0 || b.Gift.Sign() != 0 || b.Voucher != amount("9.00") {
		t.Errorf("left is %+v", b)
	}
	w.wantSameAfterReplay()
}

// One command pays 100 orders at most; the next goes on.
func TestArrearsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	prices := make([]string, 120)
	for i := range prices {
		prices[i] = "1.00"
	}
	w.wait("CNY", 0, prices...)
	w.must(noon, topUp("1000", "r"))
	if n := w.Account(org).Arrears.Len(); n != 20 {
		t.Errorf("%d wait after the top-up, want 20", n)
	}
	w.must(noon, domain.CollectArrears{OrgID: org})
	if n := w.Account(org).Arrears.Len(); n != 0 || w.Account(org).Balance("CNY").Cash != amount("880.00") {
		t.Errorf("%d wait at the end, with %+v", n, w.Account(org).Balance("CNY"))
	}
}

// A top-up never pays an order that somebody has to pay.
func TestTopUpPaysNoPrepaidOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, place("1"))
	w.wait("CNY", 0, "2.00")
	w.must(noon, topUp("100", "r"))
	if o := w.Order(orderID); o.Status != domain.Unpaid || w.settled(1) != "0" {
		t.Errorf("the purchase is %s, settled are %q", o.Status, w.settled(1))
	}
}
