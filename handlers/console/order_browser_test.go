package console_test

import (
	"testing"

	"orderledger/domain"
	"orderledger/internal/auth"
	"orderledger/internal/browser"
)

// browse signs somebody in, in a real browser.
func (s *system) browse(t *testing.T, org string, role auth.Role) *browser.Page {
	t.Helper()
	_, secret, err := s.keys.Create(t.Context(), org, role, "test", "test")
	if err != nil {
		t.Fatal(err)
	}
	p := browser.Open(t, s.URL)
	p.Go("/signin")
	p.Fill("API key", secret)
	p.Follow("Sign in")
	return p
}

const dialogOpen = `document.querySelector("dialog[open]") !== null`

// A link to an action opens its dialog over the page, and asking for something else stays in it.
func TestDialogsOverAnOrder(t *testing.T) {
	t.Parallel()
	browser.Need(t)
	s := newSystem(t)
	id := s.place(t)
	s.topUp(t, "100.00")
	s.do(t, "grant_gift", `{"org_id":"org-acme","amount":"5.00","currency":"CNY","reason":"hello"}`)
	p := s.browse(t, "org-acme", auth.Finance)
	p.Go("/orders/" + id)

	p.Click("Cancel order")
	p.Is(dialogOpen)
	p.Has("can’t be undone")
	p.Audit()
	p.Click("Not now")
	p.Is("!(" + dialogOpen + ")")
	if got := s.status(t, id); got != domain.Unpaid {
		t.Fatal(got)
	}

	p.Click("Pay")
	p.Is(dialogOpen)
	p.Has("¥23.86")
	p.Click("Choose the funds")
	p.Fill("Cash", "28.86")
	p.Fill("Gift", "0")
	p.Click("Show what this would take")
	p.Has("Paid with the funds that you chose")
	p.Audit()
	if p.Path() != "/orders/"+id {
		t.Errorf("the page is %s", p.Path())
	}
	p.Follow("Pay ¥28.86")
	p.Has("The order is paid.")
	if got := s.order(t, id).Paid.Cash.String(); got != "28.86" {
		t.Error(got)
	}
}

// The time that is left runs; when it is over, the page says so by itself.
func TestCountdownOfAnOrder(t *testing.T) {
	t.Parallel()
	browser.Need(t)
	s := newSystem(t)
	s.do(t, "change_settings", `{"org_id":"org-acme","pay_before_seconds":15}`)
	id := s.place(t)
	p := s.browse(t, "org-acme", auth.Viewer)
	p.Go("/orders/" + id)
	p.Is(`/^00:00:[01]\d$/.test(document.querySelector(".countdown").textContent)`)
	p.Has("The time to pay ended")
}

// Without scripts every step has a page of its own.
func TestOrdersWithoutScripts(t *testing.T) {
	t.Parallel()
	browser.Need(t)
	s := newSystem(t)
	id := s.place(t)
	p := s.browse(t, "org-acme", auth.OrgAdmin)
	p.Scripts(false)
	p.Size(390, 800)
	p.Go("/orders/" + id)
	p.Fits()
	p.Follow("Cancel order")
	p.Fits()
	p.Fill("Reason", "not needed")
	p.Follow("Cancel the order")
	p.Has("The order is cancelled.", "not needed")
	p.Follow("Full")
	p.Has("unpaid", "cancelled")
	p.Fits()
}
