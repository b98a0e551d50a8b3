package domain_test

import (
	"strings"
	"testing"
	"time"

	"orderledger/domain"
)

// The commands about an order, each as it would be right where it is right at all: by somebody else than the placer, and
// expiry at the deadline.
var orderCommands = []struct {
	name string
	c    domain.Command
}{
	{"pay", pay()},
	{"cancel", cancel()},
	{"expire", expire()},
	{"void", void()},
	{"approve", approve()},
	{"reject", rejectOrder()},
	{"start", fulfil("started")},
	{"complete", fulfil("completed")},
	{"fail", fulfil("failed")},
	{"refund", refundOf(orderID)},
}

func void() domain.VoidOrder {
	return domain.VoidOrder{OrderID: orderID, OrgID: "org-acme", Reason: "twice"}
}

func approve() domain.ApproveOrder { return domain.ApproveOrder{OrderID: orderID, OrgID: "org-acme"} }

func rejectOrder() domain.RejectOrder { return domain.RejectOrder{OrderID: orderID, OrgID: "org-acme"} }

func fulfil(state string) domain.ReportFulfilment {
	return domain.ReportFulfilment{OrderID: orderID, OrgID: "org-acme", State: state}
}

func refundOf(id string) domain.RefundOrder {
	return domain.RefundOrder{OrderID: id, OrgID: "org-acme", Reason: "unused"}
}

func refundPart(amounts string) domain.RefundOrder {
	c := refundOf(orderID)
	c.Amount = ptr(amount(amounts))
	return c
}

// lives are the ways to each status, and what every command comes to there: the status after it, or the refusal.
var lives = map[string]struct {
	way  []domain.Command
	want map[string]string
}{
	"awaiting_approval": {[]domain.Command{approvalOver("0"), place("10")}, map[string]string{
		"pay": "order_not_unpaid", "cancel": "cancelled", "expire": "expired", "void": "voided", "approve": "unpaid", "reject": "cancelled",
		"start": "order_not_fulfillable", "complete": "order_not_fulfillable", "fail": "order_not_fulfillable", "refund": "not_refundable",
	}},
	"unpaid": {[]domain.Command{place("10")}, map[string]string{
		"pay": "paid", "cancel": "cancelled", "expire": "expired", "void": "voided",
		"approve": "order_not_awaiting_approval", "reject": "order_not_awaiting_approval",
		"start": "order_not_fulfillable", "complete": "order_not_fulfillable", "fail": "order_not_fulfillable", "refund": "not_refundable",
	}},
	"paid": {[]domain.Command{place("10"), pay()}, closedBut(map[string]string{
		"start": "fulfilling", "complete": "completed", "fail": "fulfilment_failed", "refund": "refunded",
	})},
	"fulfilling": {[]domain.Command{place("10"), pay(), fulfil("started")}, closedBut(map[string]string{
		"complete": "completed", "fail": "fulfilment_failed",
	})},
	"fulfilment_failed": {[]domain.Command{place("10"), pay(), fulfil("failed")}, closedBut(map[string]string{
		"start": "fulfilling", "refund": "refunded",
	})},
	"completed": {[]domain.Command{place("10"), pay(), fulfil("completed")}, closedBut(map[string]string{
		"refund": "refunded",
	})},
	"partially_refunded": {[]domain.Command{place("10"), pay(), refundPart("4.00")}, closedBut(map[string]string{
		"start": "partially_refunded", "complete": "partially_refunded", "fail": "partially_refunded", "refund": "refunded",
	})},
	"partially_refunded, started":   {[]domain.Command{place("10"), pay(), refundPart("4.00"), fulfil("started")}, closedBut(map[string]string{"complete": "partially_refunded", "fail": "partially_refunded"})},
	"partially_refunded, failed":    {[]domain.Command{place("10"), pay(), fulfil("failed"), refundPart("4.00")}, closedBut(map[string]string{"start": "partially_refunded", "refund": "refunded"})},
	"partially_refunded, completed": {[]domain.Command{place("10"), pay(), fulfil("completed"), refundPart("4.00")}, closedBut(map[string]string{"refund": "refunded"})},
	"refunded":                      {[]domain.Command{place("10"), pay(), refundOf(orderID)}, closedBut(nil)},
	"cancelled":                     {[]domain.Command{place("10"), cancel()}, closedBut(nil)},
	"cancelled, by rejection":       {[]domain.Command{approvalOver("0"), place("10"), rejectOrder()}, closedBut(nil)},
	"expired":                       {[]domain.Command{place("10"), expire()}, closedBut(nil)},
	"voided":                        {[]domain.Command{place("10"), void()}, closedBut(nil)},
	"completed, at once":            {[]domain.Command{topUp("1.00", "x"), transferIn()}, closedBut(nil)},
}

// closedBut is what comes of commands to an order that is past its payment, or ended before, but for those named.
func closedBut(open map[string]string) map[string]string {
	all := map[string]string{
		"pay": "order_not_unpaid", "cancel": "order_not_unpaid", "expire": "order_not_unpaid", "void": "order_not_unpaid",
		"approve": "order_not_awaiting_approval", "reject": "order_not_awaiting_approval",
		"start": "order_not_fulfillable", "complete": "order_not_fulfillable", "fail": "order_not_fulfillable", "refund": "not_refundable",
	}
	for name, to := range open {
		all[name] = to
	}
	return all
}

func approvalOver(limit string) domain.ChangeSettings {
	return domain.ChangeSettings{OrgID: "org-acme", ApprovalOver: map[domain.Currency]domain.Amount{"CNY": amount(limit)}}
}

func transferIn() domain.PlaceOrder {
	c := place("0")
	c.OrderType, c.Reason = domain.TransferIn, "moved here"
	return c
}

// at is a moment after noon, and who acts.
func by(actor string, after time.Duration) domain.Clock {
	return domain.Clock{Now: noon.Add(after), At: noon.Add(after), Actor: actor}
}

// Every status meets every command: each edge of the reference is there, and none beside it.
func TestEveryStatusMeetsEveryCommand(t *testing.T) {
	t.Parallel()
	for name, life := range lives {
		status, _, _ := strings.Cut(name, ",")
		if len(life.want) != len(orderCommands) {
			t.Fatalf("%s: %d answers for %d commands", name, len(life.want), len(orderCommands))
		}
		for _, o := range orderCommands {
			t.Run(name+"/"+o.name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.must(noon, topUp("100.00", "r"))
				after := time.Hour
				for _, c := range life.way {
					if _, ok := c.(domain.ExpireOrder); ok {
						after = week + time.Hour
					}
					actor := "key:placer"
					if _, ok := c.(domain.RejectOrder); ok {
						actor = "key:other"
					}
					if _, why := w.doAt(by(actor, after), c); why != nil {
						t.Fatalf("%s on the way: %v", c.Name(), why)
					}
				}
				if got := w.Order(orderID).Status; string(got) != status {
					t.Fatalf("the way leads to %s", got)
				}
				if o.name == "expire" {
					after = week + 2*time.Hour
				}
				events := len(w.history)
				_, why := w.doAt(by("key:other", after), o.c)
				got := string(w.Order(orderID).Status)
				if why != nil {
					got = string(why.Code)
					if len(w.history) != events || why.Detail == "" {
						t.Errorf("refused with %q after %d events", why.Detail, len(w.history)-events)
					}
				}
				if got != life.want[o.name] {
					t.Errorf("comes to %s, want %s (%v)", got, life.want[o.name], why)
				}
				w.wantSameAfterReplay()
			})
		}
	}
}

// What was used is owed: no user cancels it and no timer ends it, but an operator may void it.
func TestArrearsEndByPaymentOrOperator(t *testing.T) {
	t.Parallel()
	arrears := func(t *testing.T) *world {
		w := newWorld(t)
		clock := by("timer", 0)
		placed := domain.OrderPlaced{
			Header:     domain.Header{OrderID: orderID, OrgID: "org-acme", OrderType: domain.UsageSettlement, Currency: "CNY", ProjectID: "p", ConsumerID: "c"},
			Lines:      []domain.Line{{LineNo: 1, LineSpec: line("10"), ListAmount: amount("10.00"), PayableAmount: amount("10.00")}},
			ListAmount: amount("10.00"), DiscountAmount: amount("0.00"), PayableAmount: amount("10.00"), Arrears: true,
		}
		w.append(clock, domain.StreamEvent{Stream: domain.OrderRef(orderID), Event: placed})
		w.append(clock, domain.StreamEvent{Stream: domain.AccountRef("org-acme"), Event: domain.ArrearsOpened{OrgID: "org-acme", OrderID: orderID, Currency: "CNY", Amount: amount("10.00")}})
		return w
	}
	for name, c := range map[string]struct {
		c    domain.Command
		want string
	}{
		"cancel": {cancel(), "arrears_not_cancellable"}, "expire": {expire(), "not_yet_due"}, "pay": {pay(), "insufficient_funds"},
		"approve": {approve(), "order_not_awaiting_approval"}, "void": {void(), "order.voided.v1 account.arrears_dropped.v1"},
		"complete": {fulfil("completed"), "order_not_fulfillable"}, "refund": {refundOf(orderID), "not_refundable"},
	} {
		w := arrears(t)
		d, why := w.doAt(by("key:other", 400*24*time.Hour), c.c)
		got := namesOf(d)
		if why != nil {
			got = string(why.Code)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	w := arrears(t)
	w.must(noon.Add(time.Hour), void())
	if n := w.Account("org-acme").Arrears.Len(); n != 0 {
		t.Errorf("%d settlements wait after the only one was voided", n)
	}
}

func TestApprovalNeedsSomebodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(noon, approvalOver("10.00"))
	if _, why := w.doAt(by("key:placer", 1), place("10")); why != nil || w.Order(orderID).Status != domain.Unpaid {
		t.Fatalf("an order at the limit: %v, %s", why, w.Order(orderID).Status)
	}
	const second = "0198c2f0-0000-7000-8000-000000000002"
	dear := place("10.01")
	dear.OrderID = second
	if _, why := w.doAt(by("key:placer", 2), dear); why != nil || w.Order(second).Status != domain.AwaitingApproval {
		t.Fatalf("an order over the limit: %v, %s", why, w.Order(second).Status)
	}
	ok, no := domain.ApproveOrder{OrderID: second, OrgID: "org-acme", Reason: "fine"}, domain.RejectOrder{OrderID: second, OrgID: "org-acme"}
	for _, c := range []domain.Command{ok, no} {
		if _, why := w.doAt(by("key:placer", 3), c); why == nil || why.Code != domain.ApprovalByPlacer {
			t.Errorf("%s by the placer: %v", c.Name(), why)
		}
	}
	if _, why := w.doAt(by("key:boss", week+2), ok); why == nil || why.Code != domain.PaymentDeadlinePassed {
		t.Errorf("approved at the deadline: %v", why)
	}
	// A date is no second person: what was placed here is not decided on in the past.
	past := func(n time.Duration) domain.Clock {
		return domain.Clock{Now: noon.Add(week), At: noon.Add(n), Actor: "import:key:placer"}
	}
	for _, c := range []domain.Command{ok, no} {
		if _, why := w.doAt(past(3), c); why == nil || why.Field != "at" {
			t.Errorf("%s by the placer, brought in: %v", c.Name(), why)
		}
	}
	// Decisions of a history that is brought in are believed, whoever is said to have made them.
	dear.OrderID, ok.OrderID = nth(3), nth(3)
	for i, c := range []domain.Command{dear, ok} {
		if _, why := w.doAt(past(time.Duration(i)), c); why != nil {
			t.Fatalf("%s brought in: %v", c.Name(), why)
		}
	}
	o := w.Order(nth(3))
	if o.Status != domain.Unpaid || o.Approval.State != "granted" || o.Approval.By != "import:key:placer" || o.Approval.Reason != "fine" {
		t.Errorf("approved: %s, %+v", o.Status, o.Approval)
	}
	w.wantSameAfterReplay()
}
