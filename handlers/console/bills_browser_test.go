package console_test

import (
	"testing"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/internal/auth"
	"orderledger/internal/browser"
)

// seal fixes the totals of the month that is closing, as the timer does.
func (s *system) seal(t *testing.T) {
	t.Helper()
	closing, err := s.Reader.ClosingPeriods(t.Context(), 1)
	if err != nil || len(closing) != 1 {
		t.Fatalf("%d months are closing, %v", len(closing), err)
	}
	p, err := s.Reader.Seal(t.Context(), closing[0])
	if err != nil {
		t.Fatal(err)
	}
	c := domain.SealPeriod(p)
	request := handlers.Request{Command: c, Key: "ledger:seal", Fingerprint: eventstore.Hash{1}, Actor: "timer"}
	if _, err := s.Executor.Do(t.Context(), request); err != nil {
		t.Fatal(err)
	}
}

// A month is closed for good after a question, and the page shows by itself when its totals are fixed.
func TestClosingAMonthInABrowser(t *testing.T) {
	t.Parallel()
	browser.Need(t)
	s := newSystem(t)
	s.doAt(t, "2025-10-02T00:00:00Z", "top_up", `{"org_id":"org-acme","amount":"100.00","currency":"CNY","reference":"bank-old"}`)
	s.bought(t, "2025-10-03T00:00:00Z")
	p := s.browse(t, "org-acme", auth.Finance)
	p.Go("/bills/2025-10")
	p.Follow("Close the month…")
	p.Has("can’t be undone", "¥28.86")
	p.Follow("Cancel")
	p.Has("Open")
	p.Follow("Close the month…")
	p.Follow("Close for good")
	p.Has("The month is closed.", "Closing")
	s.seal(t)
	p.Has("Digest")
	p.Lacks("Closing", "being sealed")
	p.Audit()
}
