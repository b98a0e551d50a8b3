package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"orderledger/internal/auth"
)

func batchPath(act string, ids ...string) string {
	return "/orders/batch?" + url.Values{"act": {act}, "order_id": ids}.Encode()
}

func TestOrdersPaidTogetherAreEachPaidIfTheMoneyIsThere(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.topUp(t, "60")
	a, dear, b := s.place(t), s.place(t, lineOf(`,"unit_price":"50"`)), s.place(t)
	p := s.signIn(t, "org-acme", auth.Finance)

	ask := p.get(t, batchPath("pay", a, dear, b, a))
	ask.has(t, "2 of 3 would go through.", "Not enough money", "¥18.86 missing", "insufficient_funds", "¥57.72", "¥60.00", `name="key" value="console-`)
	if n := strings.Count(ask.Body, `type="hidden" name="order_id"`); n != 3 {
		t.Errorf("%d orders are asked about", n)
	}
	p.get(t, "/orders?status=unpaid").has(t, a, b) // asking did nothing

	form := url.Values{"act": {"pay"}, "key": {"console-batch-1"}, "order_id": {a, dear, b}}
	told := p.post(t, "/orders/batch", form)
	told.has(t, "2 of 3 orders were paid.", "Not enough money", "Try the others again", "order_id="+dear)
	if kept := told.Header.Get("Set-Cookie"); !strings.HasPrefix(kept, "ledger_seen=") {
		t.Errorf("the next page may show what was before: %q", kept)
	}
	p.get(t, "/orders?status=unpaid").lacks(t, a, b)
	p.post(t, "/orders/batch", form).has(t, "2 of 3 orders were paid.") // sent twice it counts once
	p.get(t, "/account").has(t, "¥2.28")

	s.topUp(t, "100")
	again := p.post(t, "/orders/batch", form)
	again.has(t, "All 3 orders were paid.")
	again.lacks(t, "Try the others again")
}

func TestOrdersAreCancelledTogether(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	a, b := s.place(t), s.place(t)
	s.do(t, "cancel_order", fmt.Sprintf(`{"org_id":"org-acme","order_id":%q}`, b))
	p := s.signIn(t, "", auth.Platform)
	p.get(t, batchPath("cancel", a, b)).has(t, "1 of 2 would go through.", "can’t be paid or brought back", "order_not_unpaid", `name="reason"`)
	told := p.post(t, "/orders/batch", url.Values{"act": {"cancel"}, "key": {"k"}, "reason": {"not needed"}, "order_id": {a, b}})
	told.has(t, "1 of 2 orders were cancelled.")
	told.lacks(t, "Try the others again") // it would never go through
	p.get(t, "/orders?status=cancelled").has(t, a, b)
}

func TestOrdersTogetherByWhoMay(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	id := s.place(t)
	viewer, other, finance := s.signIn(t, "org-acme", auth.Viewer), s.signIn(t, "org-other", auth.Finance), s.signIn(t, "org-acme", auth.Finance)
	if page := viewer.get(t, batchPath("pay", id)); page.StatusCode != http.StatusForbidden {
		t.Errorf("a viewer asks to pay: %s", page.Status)
	}
	if page := viewer.post(t, "/orders/batch", url.Values{"act": {"cancel"}, "key": {"k"}, "order_id": {id}}); page.StatusCode != http.StatusForbidden {
		t.Errorf("a viewer cancels: %s", page.Status)
	}
	strange := other.post(t, "/orders/batch", url.Values{"act": {"cancel"}, "key": {"k"}, "order_id": {id}})
	strange.has(t, "0 of 1 orders were cancelled.", "not_found")
	strange.lacks(t, "GPU instance")
	finance.get(t, "/orders?status=unpaid").has(t, id)
	finance.get(t, "/orders/batch?act=pay").has(t, "No order was chosen.")
	for name, path := range map[string]string{
		"no act": batchPath("", id), "another act": batchPath("void", id), "too many": batchPath("pay", strings.Split(strings.Repeat("x,", 51), ",")...),
	} {
		if page := finance.get(t, path); page.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %s", name, page.Status)
		}
	}
}
