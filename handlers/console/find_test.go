package console_test

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"orderledger/internal/auth"
)

// leads asks the search box and fails unless it leads to a place; "" is a page of its own.
func (p *person) leads(t *testing.T, text, want string) seen {
	t.Helper()
	p.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	defer func() { p.http.CheckRedirect = nil }()
	page := p.get(t, "/find?q="+url.QueryEscape(text))
	if got := page.Header.Get("Location"); got != want || page.StatusCode != map[bool]int{true: http.StatusOK, false: http.StatusSeeOther}[want == ""] {
		t.Errorf("%q leads to %q (%s), want %q", text, got, page.Status, want)
	}
	return page
}

func TestAnyIDIsFound(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.topUp(t, "100.00") // command test-1, position 1
	order := s.place(t, `{"trade_no":"T-1","lines":[{"product_code":"gpu","product_name":"GPU","resource_type":"host","resource_id":"主机/1 %","count":"1",
"charge_mode":"month","quantity":"1","unit":"month","unit_price":"20.00"}]}`) // test-2
	for range 2 {
		s.place(t, `{"trade_no":"T-2"}`) // test-3 and 4
	}
	s.do(t, "pay_order", `{"order_id":"`+order+`"}`)                                                        // test-5
	s.do(t, "issue_voucher", `{"org_id":"org-acme","voucher_id":"V-1","amount":"5.00","currency":"CNY"}`)   // test-6
	s.place(t, `{"org_id":"org-other","order_id":"01890000-0000-7000-8000-000000000001","trade_no":"T-9"}`) // test-7
	platform, acme := s.signIn(t, "", auth.Platform), s.signIn(t, "org-acme", auth.Viewer)
	head, err := s.Log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		order: "/orders/" + order, " " + order + "\t": "/orders/" + order,
		"主机/1 %": "/resources/%E4%B8%BB%E6%9C%BA%2F1%20%25",
		"T-1":    "/orders/" + order, "T-2": "/orders?range=all&trade_no=T-2",
		"V-1":        "/account/vouchers?voucher_id=V-1",
		order + "-1": "/orders/" + order + "#bill-lines",
		"test-1":     "/ledger/commands/1", "test-5": "/orders/" + order,
		"1": "/ledger/events/1",
	} {
		acme.leads(t, text, want)
	}
	for text, want := range map[string]string{
		order: "/orders/" + order + "?org_id=org-acme", "test-1": "/ledger/commands/1?org_id=org-acme", "org-acme": "/?org_id=org-acme",
		"test-7": "/orders/01890000-0000-7000-8000-000000000001?org_id=org-other", "T-9": "/orders/01890000-0000-7000-8000-000000000001?org_id=org-other",
	} {
		platform.leads(t, text, want)
	}
	for _, theirs := range []string{"T-9", "test-7", "01890000-0000-7000-8000-000000000001", "org-other", "org-acme", strconv.FormatInt(head.Position, 10), strconv.FormatInt(head.Position+1, 10), "nothing", "<b>"} {
		acme.leads(t, theirs, "").has(t, "Nothing has the id", "What can be typed", "resource_name=")
	}
	acme.leads(t, "<b>", "").lacks(t, "<b>")
	acme.leads(t, "", "").has(t, "Find any id", "What can be typed")
}

func TestSeveralThingsWithOneIDAreListed(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	for _, org := range []string{"org-acme", "org-other"} {
		s.place(t, `{"org_id":"`+org+`","trade_no":"1","lines":[{"product_code":"gpu","product_name":"GPU","resource_type":"host","resource_id":"1","count":"1",
"charge_mode":"month","quantity":"1","unit":"month","unit_price":"20.00"}]}`)
	}
	page := s.signIn(t, "", auth.Platform).leads(t, "1", "")
	page.has(t, "Several things have the id 1", "<h2>Resource</h2>", "<h2>Trade</h2>", "<h2>Event</h2>", "/resources/1?org_id=org-other", "/ledger/events/1")
	s.signIn(t, "org-acme", auth.Viewer).leads(t, "1", "").lacks(t, "org-other")
}

func TestRefusedCommandIsFound(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	id := s.place(t)
	p := s.signIn(t, "org-acme", auth.Finance)
	_, err := s.Act(t.Context(), auth.Identity{KeyID: "test", OrgID: "org-acme", Role: auth.Finance}, "pay_order", "poor", []byte(`{"order_id":"`+id+`"}`))
	if err == nil {
		t.Fatal("it was paid without money")
	}
	p.leads(t, "poor", "").has(t, "Refused:", "Not enough money", "insufficient_funds")
}
