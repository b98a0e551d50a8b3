package console_test

import (
	"net/http"
	"net/url"
	"testing"

	"orderledger/internal/auth"
)

// A comma is taken out only where it stands between thousands: otherwise 1,5 would be booked as 15.
func TestACommaNeverMakesAnAmountLarger(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.topUp(t, "100.00")
	id := s.place(t)
	s.do(t, "pay_order", `{"order_id":"`+id+`"}`)
	p := s.signIn(t, "org-acme", auth.Finance)
	for i, typed := range []string{"1,5", "12,50", "1 5", "1,0000", ",5", "1，5", "1.000,50", "1,000,5"} {
		form := url.Values{"key": {"k" + string(rune('a'+i))}, "amount": {typed}, "currency": {"CNY"}, "reference": {typed}, "reason": {"r"}}
		for _, path := range []string{"/account/top-up", "/account/withdraw", "/account/gift", "/orders/" + id + "/refund"} {
			if page := p.post(t, path, form); page.StatusCode != http.StatusBadRequest {
				t.Errorf("%s takes %q: %s", path, typed, page.Status)
			}
		}
	}
	p.post(t, "/account/top-up", url.Values{"key": {"good"}, "amount": {" 1，234,567.50 "}, "currency": {"CNY"}, "reference": {"b-9"}}).has(t, "¥1,234,567.50")
}
