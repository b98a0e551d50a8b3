package console_test

import (
	"net/http"
	"net/url"
	"testing"

	"orderledger/domain"
	"orderledger/handlers"
	"orderledger/internal/auth"
)

// order is an order as the log has it.
func (s *system) order(t *testing.T, id string) *domain.Order {
	t.Helper()
	head, err := s.Log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	state, err := handlers.StateAt(t.Context(), s.Log, domain.OrderRef(id), head.Position)
	if err != nil {
		t.Fatal(err)
	}
	o, ok := state.(*domain.Order)
	if !ok {
		t.Fatalf("there is no order %s", id)
	}
	return o
}

func TestPayingWithTooLittleMoney(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	id := s.place(t)
	s.topUp(t, "20.00")
	p := s.signIn(t, "org-acme", auth.Finance)
	page := p.get(t, "/orders/"+id+"/pay")
	page.has(t, "insufficient_funds", "¥8.86", "/account", "Choose the funds")
	page.lacks(t, "Pay ¥28.86")
	refused := p.post(t, "/orders/"+id+"/pay", url.Values{"key": {"pay-1"}})
	refused.has(t, "insufficient_funds", "¥8.86")
	if refused.StatusCode != http.StatusConflict || s.status(t, id) != domain.Unpaid {
		t.Error(refused.Status, s.status(t, id))
	}

	s.topUp(t, "10.00")
	page = p.get(t, "/orders/"+id+"/pay")
	page.has(t, "¥30.00", "¥1.14", "Pay ¥28.86")
	form := url.Values{"key": {page.key(t)}}
	p.post(t, "/orders/"+id+"/pay", form).has(t, "The order is paid.", "Paid", "¥28.86")
	// A second tab has a form of the time before, with a key of its own; the same form sent again counts once.
	if second := p.post(t, "/orders/"+id+"/pay", url.Values{"key": {"pay-2"}}); second.StatusCode != http.StatusConflict {
		t.Error(second.Status)
	}
	p.post(t, "/orders/"+id+"/pay", form).has(t, "The order is paid.")
	if got := s.order(t, id); got.Version != 2 {
		t.Errorf("version %d", got.Version)
	}
}

func TestPayingFromChosenFunds(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	id := s.place(t)
	s.topUp(t, "100.00")
	s.do(t, "grant_gift", `{"org_id":"org-acme","amount":"5.00","currency":"CNY","reason":"hello"}`)
	s.do(t, "issue_voucher", `{"org_id":"org-acme","voucher_id":"v-fits","amount":"3.00","currency":"CNY"}`)
	s.do(t, "issue_voucher", `{"org_id":"org-acme","voucher_id":"v-other","amount":"3.00","currency":"CNY","products":["disk"]}`)
	p := s.signIn(t, "org-acme", auth.Finance)
	page := p.get(t, "/orders/"+id+"/pay")
	page.has(t, "¥3.00", "¥5.00", "¥20.86", "v-fits", "1 other active voucher can’t pay")
	page.lacks(t, "v-other")

	wrong := p.get(t, "/orders/"+id+"/pay?funds=named&cash=1&gift=2")
	wrong.has(t, "funds_mismatch", `name="cash" inputmode="decimal" value="1"`)
	wrong.lacks(t, "Pay ¥28.86")
	page = p.get(t, "/orders/"+id+"/pay?funds=named&cash=27.86&gift=0&voucher.v-fits=1")
	page.has(t, "Pay ¥28.86", `type="hidden" name="voucher.v-fits" value="1"`)
	bad := p.post(t, "/orders/"+id+"/pay", url.Values{"key": {"n-1"}, "funds": {"named"}, "cash": {"lots"}})
	bad.has(t, "invalid_value", `value="lots"`)
	if bad.StatusCode != http.StatusBadRequest {
		t.Error(bad.Status)
	}
	p.post(t, "/orders/"+id+"/pay", url.Values{"key": {page.key(t)}, "funds": {"named"}, "cash": {"27.86"}, "voucher.v-fits": {"1"}}).
		has(t, "The order is paid.", "v-fits", "¥27.86", "¥1.00")
	if got := s.order(t, id).Paid; got.Cash.String() != "27.86" || got.Gift.Sign() != 0 || got.Voucher.String() != "1.00" {
		t.Errorf("paid %+v", got)
	}
}

func TestRefundWithPreview(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	id := s.place(t)
	s.topUp(t, "20.00")
	s.do(t, "issue_voucher", `{"org_id":"org-acme","voucher_id":"v-1","amount":"10.00","currency":"CNY"}`)
	s.do(t, "pay_order", `{"order_id":"`+id+`","org_id":"org-acme"}`)
	p := s.signIn(t, "org-acme", auth.Finance)

	all := p.get(t, "/orders/"+id+"/refund")
	all.has(t, "What would come back", "¥18.86", "¥10.00", "Refunded")
	if s.status(t, id) != domain.Paid {
		t.Fatal("the preview did something")
	}
	p.get(t, "/orders/"+id+"/refund?return_vouchers=1").has(t, "¥28.86", "checked")
	p.get(t, "/orders/"+id+"/refund?amount=5").has(t, "¥5.00", "Partially refunded")
	much := p.get(t, "/orders/"+id+"/refund?amount=50")
	much.has(t, "not_refundable", `value="50"`)
	much.lacks(t, "What would come back")

	part := p.post(t, "/orders/"+id+"/refund", url.Values{"key": {"f-1"}, "amount": {"5.00"}, "reason": {"slow"}})
	part.has(t, "The order is refunded", "Partially refunded", "slow", "Followed by", "−¥5.00")
	o := s.order(t, id)
	refund := p.get(t, "/orders/"+o.Refunds[0].RefundOrderID)
	refund.has(t, "Refund order", "−¥5.00", "Follows")
	p.get(t, "/orders/"+id+"?events=full").has(t, "<code>refunds[0].returned.cash</code>", "<ins>5.00</ins>")

	p.post(t, "/orders/"+id+"/refund", url.Values{"key": {"f-2"}}).has(t, "Refunded in full")
	over := p.get(t, "/orders/"+id+"/refund")
	over.has(t, "not_refundable")
	over.lacks(t, "<textarea")
	if page := p.post(t, "/orders/"+id+"/refund", url.Values{"key": {"f-3"}, "line": {"one"}}); page.StatusCode != http.StatusBadRequest {
		t.Error(page.Status)
	}
}

// A platform key looks at all organisations, and acts for the order's.
func TestPlatformActsOnOrders(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	id := s.place(t)
	p := s.signIn(t, "", auth.Platform)
	page := p.get(t, "/orders/"+id+"/pay?org_id=org-acme")
	page.has(t, "/account?org_id=org-acme", `name="org_id" value="org-acme"`)
	p.get(t, "/orders/"+id+"/pay").has(t, "/account?org_id=org-acme")
	s.topUp(t, "100.00")
	page = p.get(t, "/orders/"+id+"/pay")
	p.post(t, "/orders/"+id+"/pay", url.Values{"key": {page.key(t)}}).has(t, "The order is paid.")
	if page := p.get(t, "/orders/"+id+"?org_id=org-other"); page.StatusCode != http.StatusNotFound {
		t.Error(page.Status)
	}
}

// A time line that is longer than a page goes on where it ended, with the states that its events changed.
func TestLongTimelineOfAnOrder(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	id := s.place(t)
	s.topUp(t, "100.00")
	s.do(t, "pay_order", `{"order_id":"`+id+`","org_id":"org-acme"}`)
	for range 24 {
		s.do(t, "refund_order", `{"order_id":"`+id+`","org_id":"org-acme","amount":"1.00"}`)
	}
	p := s.signIn(t, "org-acme", auth.Viewer)
	p.get(t, "/orders/"+id).lacks(t, "after=")
	first := p.get(t, "/orders/"+id+"?events=full")
	first.has(t, "after=20", "<code>refunds[17].returned.cash</code>")
	first.lacks(t, "<code>refunds[18].returned.cash</code>")
	rest := p.get(t, "/orders/"+id+"?events=full&after=20")
	rest.has(t, "<code>refunds[18].returned.cash</code>", "<del>18.00</del>", "<ins>19.00</ins>", "<code>refunds[23].returned.cash</code>")
	rest.lacks(t, "after=40", "<ins>18.00</ins>", "<code>order_id</code>")
	p.get(t, "/orders/"+id+"?events=compact").has(t, "/orders?", "parent_order_id="+id)
}
