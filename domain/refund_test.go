package domain_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"orderledger/domain"
)

const day = 24 * time.Hour

func refund(change ...func(*domain.RefundOrder)) domain.RefundOrder {
	c := domain.RefundOrder{OrderID: orderID, OrgID: org, Reason: "not needed"}
	for _, f := range change {
		f(&c)
	}
	return c
}

func sum(value string) func(*domain.RefundOrder) {
	a := amount(value)
	return func(c *domain.RefundOrder) { c.Amount = &a }
}

func linesNo(no ...int) func(*domain.RefundOrder) {
	return func(c *domain.RefundOrder) { c.LineNos = no }
}
func vouchersToo(c *domain.RefundOrder) { c.ReturnVouchers = true }

// bought places an order of lines of products p1, p2, … that each last 30 days from noon on, and pays and fulfils it.
func (w *world) bought(prices ...string) {
	begin, end := noon, noon.Add(30*day)
	c := placeProducts(prices...)
	for i := range c.Lines {
		l := &c.Lines[i]
		l.EffectiveAt, l.ExpiresAt, l.ChargeMode, l.Unit, l.ResourceID = &begin, &end, domain.ModePrepaid30d, "30d", fmt.Sprint("r", i+1)
	}
	w.must(noon.Add(-time.Hour), c)
	w.must(noon.Add(-time.Hour), pay())
	w.completed()
}

func (w *world) completed() {
	w.append(domain.Clock{Now: noon, At: noon}, domain.StreamEvent{Stream: domain.OrderRef(orderID), Event: domain.OrderCompleted{OrderID: orderID, OrgID: org}})
}

// outcome is what a refund came to: cash, gift and voucher that came back, consumed, forfeited, and the order's status.
func (w *world) outcome(why *domain.Rejection) string {
	if why != nil {
		return string(why.Code)
	}
	o := w.Order(orderID)
	r := o.Refunds[len(o.Refunds)-1]
	return fmt.Sprintf("%s %s %s, %s, %s, %s", r.Returned.Cash, r.Returned.Gift, r.Returned.Voucher, r.Consumed, r.Forfeited, o.Status)
}

func TestRefundsOfTime(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		basis string
		after time.Duration
		price string
		want  string
	}{
		{"before it begins, all", "", -time.Minute, "300", "300.00 0.00 0.00, 0.00, 0.00, refunded"},
		{"as it begins, all", "", 0, "300", "300.00 0.00 0.00, 0.00, 0.00, refunded"},
		{"at half of it, half", "", 15 * day, "300", "150.00 0.00 0.00, 150.00, 0.00, refunded"},
		{"a third of it left", "", 20 * day, "100", "33.33 0.00 0.00, 66.67, 0.00, refunded"},
		{"half a minor unit is rounded up", "", 15 * day, "0.01", "0.01 0.00 0.00, 0.00, 0.00, refunded"},
		{"less is rounded down", "", 15*day + time.Second, "0.01", "not_refundable"},
		{"its last second has begun", "", 30*day - time.Second/2, "99999", "not_refundable"},
		{"a second before its end", "", 30*day - time.Second, "2592000", "1.00 0.00 0.00, 2591999.00, 0.00, refunded"},
		{"at its end, nothing", "", 30 * day, "300", "not_refundable"},
		{"long after, nothing", "", 90 * day, "300", "not_refundable"},
		{"whole days", "day", 10*day + time.Hour, "300", "190.00 0.00 0.00, 110.00, 0.00, refunded"},
		{"a day to the second", "day", 10 * day, "300", "200.00 0.00 0.00, 100.00, 0.00, refunded"},
		{"whole hours", "hour", 29*day + 30*time.Minute, "720", "23.00 0.00 0.00, 697.00, 0.00, refunded"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.must(noon.Add(-day), topUp("10000000", "r"))
			if c.basis != "" {
				w.must(noon.Add(-day), domain.ChangeSettings{OrgID: org, Proration: map[string]string{"*": "second", "p1": c.basis}})
			}
			w.bought(c.price)
			if c.after < 0 { // the order's last event is no later
				c.after = 0
			}
			_, why := w.do(noon.Add(c.after), refund())
			if got := w.outcome(why); got != c.want {
				t.Errorf("%s, want %s (%v)", got, c.want, why)
			}
			wantWhole(t, w)
		})
	}
}

// wantWhole wants a refund order for each refund, of the opposite amounts, and the account to have got what came back.
func wantWhole(t fataler, w *world) {
	t.Helper()
	o := w.Order(orderID)
	back := domain.NoFunds(o.Currency)
	for _, r := range o.Refunds {
		q := w.Order(r.RefundOrderID)
		if q.OrderType != domain.Refund || q.Status != domain.Completed || *q.ParentOrderID != o.OrderID || q.Paid != r.Returned.Neg() || q.PayableAmount != q.Paid.Total() {
			t.Fatalf("the refund order is %+v, of %+v", q, r)
		}
		for i, l := range q.Lines {
			if l.ListAmount != l.PayableAmount || q.LineFunds[i].Total() != l.PayableAmount || !strings.HasPrefix(l.Corrects, o.OrderID+"-") {
				t.Fatalf("line %d of a refund is %+v, paid with %+v", l.LineNo, l, q.LineFunds[i])
			}
		}
		back = back.Add(r.Returned)
	}
	if back != o.Refunded {
		t.Fatalf("%+v came back, the order says %+v", back, o.Refunded)
	}
	checkRefunds(w, o)
	wantLots(t, w.Account(o.OrgID))
	wantZeroSums(t, w)
	w.wantSameAfterReplay()
}

// What was paid for and is not there comes back whole, however late; so does what has no time.
func TestRefundsOfWhatHasNoTime(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(w *world){
		"paid, and never fulfilled": func(*world) {},
		"its fulfilment failed": func(w *world) {
			w.append(domain.Clock{Now: noon, At: noon}, domain.StreamEvent{Stream: domain.OrderRef(orderID), Event: domain.FulfilmentFailed{OrderID: orderID, OrgID: org}})
		},
		"without a window": (*world).completed,
	} {
		w := newWorld(t)
		w.must(noon.Add(-day), topUp("300", "r"))
		c := place("300")
		if name != "without a window" {
			begin, end := noon.Add(-time.Hour), noon.Add(time.Hour)
			c.Lines[0].EffectiveAt, c.Lines[0].ExpiresAt = &begin, &end
			c.Lines[0].Quantity = decimal("0.5")
			c.Lines[0].UnitPrice = decimal("600")
		}
		w.must(noon.Add(-time.Hour), c)
		w.must(noon.Add(-time.Hour), pay())
		prepare(w)
		_, why := w.do(noon.Add(90*day), refund())
		if got, want := w.outcome(why), "300.00 0.00 0.00, 0.00, 0.00, refunded"; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		wantWhole(t, w)
	}
}

// An order of two lines, 60 and 40, paid with 20 of each voucher and gift and the rest in cash: the lines with
// 36 12 12 and 24 8 8. Refunds one after the other, at the time after noon.
func TestRefundForms(t *testing.T) {
	t.Parallel()
	type step struct {
		after time.Duration
		c     domain.RefundOrder
		want  string
	}
	cases := map[string][]step{
		"whole at its beginning":       {{0, refund(), "60.00 20.00 0.00, 0.00, 20.00, refunded"}, {day, refund(), "not_refundable"}},
		"whole, vouchers too":          {{0, refund(vouchersToo), "60.00 20.00 20.00, 0.00, 0.00, refunded"}, {0, refund(sum("0.01")), "not_refundable"}},
		"half of it: cash comes first": {{15 * day, refund(), "50.00 0.00 0.00, 50.00, 0.00, refunded"}},
		"most of it: then gift":        {{6 * day, refund(), "60.00 20.00 0.00, 20.00, 0.00, refunded"}},
		"gift that is over is forfeited": {
			{0, refund(sum("60")), "60.00 0.00 0.00, 0.00, 0.00, partially_refunded"}, {day + time.Hour, refund(sum("30"), vouchersToo), "0.00 0.00 20.00, 0.00, 10.00, partially_refunded"},
		},
		"a voucher that is over is forfeited": {{3 * day, refund(sum("100"), vouchersToo), "60.00 0.00 0.00, 0.00, 40.00, refunded"}},
		"a line":                              {{0, refund(linesNo(2)), "24.00 8.00 0.00, 0.00, 8.00, partially_refunded"}, {0, refund(linesNo(2)), "not_refundable"}, {15 * day, refund(), "30.00 0.00 0.00, 30.00, 0.00, refunded"}},
		"lines that are not there":            {{0, refund(linesNo(1, 3)), "invalid_value"}},
		"a line named twice":                  {{0, refund(linesNo(1, 1)), "invalid_value"}},
		"an amount: cash of all lines first":  {{0, refund(sum("50")), "50.00 0.00 0.00, 0.00, 0.00, partially_refunded"}, {0, refund(sum("25")), "10.00 15.00 0.00, 0.00, 0.00, partially_refunded"}, {0, refund(sum("25.01")), "not_refundable"}, {0, refund(sum("25"), vouchersToo), "0.00 5.00 20.00, 0.00, 0.00, refunded"}},
		"an amount of a line":                 {{0, refund(sum("40.01"), linesNo(2)), "not_refundable"}, {0, refund(sum("40"), linesNo(2)), "24.00 8.00 0.00, 0.00, 8.00, partially_refunded"}},
		"an amount long after its time":       {{90 * day, refund(sum("30")), "30.00 0.00 0.00, 0.00, 0.00, partially_refunded"}},
		"nothing":                             {{0, refund(sum("0")), "invalid_value"}},
		"less than nothing":                   {{0, refund(sum("-1")), "invalid_value"}},
		"too many digits":                     {{0, refund(sum("0.001")), "invalid_value"}},
		"a minor unit at a time":              {{0, refund(sum("0.01")), "0.01 0.00 0.00, 0.00, 0.00, partially_refunded"}, {0, refund(sum("0.01")), "0.01 0.00 0.00, 0.00, 0.00, partially_refunded"}},
		"an amount, then what time is left":   {{0, refund(sum("90"), vouchersToo), "60.00 20.00 10.00, 0.00, 0.00, partially_refunded"}, {15 * day, refund(), "0.00 0.00 0.00, 0.00, 10.00, refunded"}},
		"of another organisation":             {{0, func() domain.RefundOrder { c := refund(); c.OrgID = "org-b"; return c }(), "not_found"}},
		"a preview is not carried out":        {{0, refund(func(c *domain.RefundOrder) { c.Preview = true }), "invalid_value"}},
		"back in time":                        {{-time.Second, refund(), "invalid_value"}},
	}
	for name, steps := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			giftEnd, voucherEnd := noon.Add(day), noon.Add(2*day)
			w.must(noon.Add(-day), topUp("60", "r"))
			if name == "most of it: then gift" {
				giftEnd = noon.Add(30 * day)
			}
			w.must(noon.Add(-day), gift("20", &giftEnd))
			w.must(noon.Add(-day), voucher("v", "20", until(voucherEnd)))
			w.bought("60", "40")
			if got := w.Order(orderID).LineFunds[0].Funds; got != (domain.Funds{Cash: amount("36.00"), Gift: amount("12.00"), Voucher: amount("12.00")}) {
				t.Fatalf("line 1 was paid with %+v", got)
			}
			for i, s := range steps {
				_, why := w.do(noon.Add(s.after), s.c)
				if got := w.outcome(why); got != s.want {
					t.Fatalf("step %d: %s, want %s (%v)", i+1, got, s.want, why)
				}
			}
			wantWhole(t, w)
		})
	}
}

// Statuses in which nothing comes back.
func TestNothingToRefund(t *testing.T) {
	t.Parallel()
	started := func(w *world) {
		w.append(domain.Clock{Now: noon, At: noon}, domain.StreamEvent{Stream: domain.OrderRef(orderID), Event: domain.FulfilmentStarted{OrderID: orderID, OrgID: org}})
	}
	for name, prepare := range map[string]func(w *world){
		"unpaid":    func(w *world) { w.must(noon, place("1")) },
		"cancelled": func(w *world) { w.must(noon, place("1")); w.must(noon, cancel()) },
		"expired":   func(w *world) { w.must(noon, place("1")); w.must(noon.Add(week), expire()) },
		"free":      func(w *world) { w.must(noon, place("0")) },
		"fulfilling": func(w *world) {
			w.must(noon, topUp("1", "r"))
			w.must(noon, place("1"))
			w.must(noon, pay())
			started(w)
		},
		"fulfilling, and refunded in part": func(w *world) {
			w.must(noon, topUp("1", "r"))
			w.must(noon, place("1"))
			w.must(noon, pay())
			w.must(noon, refund(sum("0.10")))
			started(w)
		},
	} {
		w := newWorld(t)
		prepare(w)
		if _, why := w.do(noon.Add(week), refund()); why == nil || why.Code != domain.NotRefundable {
			t.Errorf("%s: %v", name, why)
		}
	}
}

// A refund order can't be refunded, and an order is refunded 100 times at most.
func TestRefundsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon.Add(-day), topUp("300", "r"))
	w.bought("300")
	for range 100 {
		w.must(noon, refund(sum("1")))
	}
	if _, why := w.do(noon, refund(sum("1"))); why == nil || why.Code != domain.LimitReached {
		t.Errorf("refunded for the 101st time: %v", why)
	}
	c := refund()
	c.OrderID = w.Order(orderID).Refunds[0].RefundOrderID
	if _, why := w.do(noon, c); why == nil || why.Code != domain.NotRefundable {
		t.Errorf("a refund order was refunded: %v", why)
	}
	wantWhole(t, w)
}
