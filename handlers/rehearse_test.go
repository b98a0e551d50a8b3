package handlers_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/handlers"
)

// A dry run answers as the run itself would, line by line, and leaves nothing behind.
func TestRehearseForetells(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.must(t, "top-up", topUp("org-acme", "10.00", "bank-1"))
	known := order("org-acme", "2.00")
	l.must(t, "place-known", known)
	before, err := l.log.Head(t.Context())
	must(err)

	a, b := order("org-acme", "7.00"), order("org-acme", "7.00")
	requests := []handlers.Request{
		request("place-known", known),                            // replayed
		request("place-known", a),                                // key reused
		request("place-a", a),                                    // accepted
		request("place-a", a),                                    // replayed, of this run
		request("place-a", b),                                    // reused, of this run
		request("place-a-again", a),                              // duplicate order
		request("pay-a", domain.PayOrder{OrderID: a.OrderID}),    // its organisation is told by an order of this run
		request("place-b", b),                                    // accepted
		request("pay-b", pay(b)),                                 // 3.00 are left
		request("top-up-2", topUp("org-acme", "4.00", "b-2")),    // accepted
		request("top-up-3", topUp("org-acme", "4.00", "b-2")),    // duplicate in the run
		request("top-up-4", topUp("org-acme", "4.00", "bank-1")), // duplicate in the log
		request("pay-b-later", pay(b)),
		request("pay-b-again", pay(b)),
	}
	requests[6].Key = "pay-a"
	rehearsal, err := l.Rehearse(t.Context())
	must(err)
	defer rehearsal.Close()
	foretold := outcomes(t, rehearsal, requests)
	if head, err := l.log.Head(t.Context()); err != nil || head != before {
		t.Errorf("a dry run moved the head from %+v to %+v (%v)", before, head, err)
	}
	if refused := l.Stats().Refused.Load(); refused != 0 {
		t.Errorf("%d refusals were counted", refused)
	}
	happened := outcomes(t, l.Executor, requests)
	if strings.Join(foretold, "\n") != strings.Join(happened, "\n") {
		t.Errorf("foretold:\n%s\nhappened:\n%s", strings.Join(foretold, "\n"), strings.Join(happened, "\n"))
	}
	want := "replayed|key|accepted|replayed|key|duplicate_order|accepted|accepted|insufficient_funds|accepted|duplicate_reference|duplicate_reference|accepted|order_not_unpaid"
	if got := strings.Join(happened, "|"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// outcomes starts all requests at once and names what became of each.
func outcomes(t *testing.T, e *handlers.Executor, requests []handlers.Request) []string {
	t.Helper()
	var waits []waiter
	for _, r := range requests {
		w, err := e.Start(t.Context(), r)
		must(err)
		waits = append(waits, w)
	}
	var all []string
	for _, w := range waits {
		r, err := w(t.Context())
		var why *domain.Rejection
		switch {
		case errors.As(err, &why):
			all = append(all, string(why.Code))
		case errors.Is(err, handlers.ErrKeyReused):
			all = append(all, "key")
		case err != nil:
			all = append(all, err.Error())
		case r.Replayed:
			all = append(all, "replayed")
		default:
			all = append(all, "accepted")
		}
	}
	return all
}

// History is rehearsed with its own times, as it is brought in.
func TestRehearseHistory(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	o := order("org-acme", "1.00")
	then := time.Now().Add(-30 * 24 * time.Hour)
	rehearsal, err := l.Rehearse(t.Context())
	must(err)
	defer rehearsal.Close()
	at := func(r handlers.Request, after time.Duration) handlers.Request { r.At = then.Add(after); return r }
	got := outcomes(t, rehearsal, []handlers.Request{
		at(request("place", o), 0),
		at(request("expire-early", domain.ExpireOrder{OrderID: o.OrderID}), time.Hour),
		at(request("expire", domain.ExpireOrder{OrderID: o.OrderID}), 8*24*time.Hour),
		at(request("pay", pay(o)), 9*24*time.Hour),
	})
	if fmt.Sprint(got) != "[accepted not_yet_due accepted order_not_unpaid]" {
		t.Errorf("got %v", got)
	}
}

// A preview decides on the log as it is, and leaves nothing behind.
func TestPreview(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.must(t, "top-up", topUp("org-acme", "10.00", "bank-1"))
	o := order("org-acme", "6.00")
	quoted, err := l.Preview(t.Context(), handlers.Request{Command: o, Actor: "key:test"})
	must(err)
	if q := quoted.State.(*domain.Order); q.PayableAmount != amount("6.00") || q.Status != domain.Unpaid || quoted.Last != 0 {
		t.Errorf("quoted %+v", quoted)
	}
	_, err = l.Preview(t.Context(), handlers.Request{Command: pay(o), Actor: "key:test"})
	wantCode(t, err, domain.NotFound)
	l.must(t, "place", o)
	for range 2 {
		paid, err := l.Preview(t.Context(), handlers.Request{Command: domain.PayOrder{OrderID: o.OrderID}, Actor: "key:test"})
		must(err)
		account := paid.After[domain.AccountRef("org-acme")].(*domain.Account)
		if paid.State.(*domain.Order).Status != domain.Paid || len(paid.Events) != 2 || account.Balance("CNY").Cash != amount("4.00") {
			t.Errorf("paying would give %+v", paid)
		}
	}
	l.must(t, "pay", pay(o))
}

// A state is as of any position asked for, with a saved state before it, after it, or none.
func TestStateAt(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	if s, err := handlers.StateAt(t.Context(), l.log, domain.AccountRef("org-acme"), 100); s != nil || err != nil {
		t.Errorf("an account without events: %v, %v", s, err)
	}
	for i := range 5 {
		l.must(t, fmt.Sprint("top-up-", i), topUp("org-acme", "1.00", fmt.Sprint("bank-", i)))
	}
	ref := domain.AccountRef("org-acme")
	cash := func(position int64) domain.Amount {
		t.Helper()
		s, err := handlers.StateAt(t.Context(), l.log, ref, position)
		must(err)
		return s.(*domain.Account).Balance("CNY").Cash
	}
	if cash(2) != amount("2.00") || cash(5) != amount("5.00") || cash(99) != amount("5.00") {
		t.Errorf("cash was %s, %s, %s", cash(2), cash(5), cash(99))
	}
	third, err := handlers.StateAt(t.Context(), l.log, ref, 3)
	must(err)
	saved, err := domain.EncodeState(third)
	must(err)
	// Made recognisable, to see where it is used.
	wrong := strings.Replace(string(saved), `"cash":"3.00"`, `"cash":"900.00"`, 1)
	must(l.log.SaveState(t.Context(), savedAccount("org-acme", 3, wrong)))
	if cash(2) != amount("2.00") || cash(3) != amount("900.00") || cash(5) == amount("900.00") {
		t.Errorf("with a saved state at 3, cash was %s, %s, %s", cash(2), cash(3), cash(5))
	}
}

func savedAccount(org string, version int64, state string) eventstore.SavedState {
	return eventstore.SavedState{Stream: domain.AccountRef(org).String(), OrgID: org, Version: version, Rules: domain.RulesVersion, State: []byte(state)}
}

// A dry run holds so much and no more, and says so.
func TestRehearsalIsBounded(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	rehearsal, err := l.Rehearse(t.Context())
	must(err)
	defer rehearsal.Close()
	rehearsal.Hold(20_000)
	for i := range 100 {
		_, err := rehearsal.Do(t.Context(), request(fmt.Sprint("place-", i), order("org-acme", "1.00")))
		if errors.Is(err, handlers.ErrRehearsalFull) && i > 1 {
			return
		}
		must(err)
	}
	t.Error("100 orders took less than 20 kB")
}

func TestDryRunOverHTTP(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	line := func(key, reference string) string {
		return fmt.Sprintf(`{"key":%q,"command":"top_up","body":{"amount":"5.00","currency":"CNY","reference":%q}}`, key, reference)
	}
	lines := strings.Join([]string{line("a", "1"), line("b", "1"), `{"key":"c"}`, line("a", "1")}, "\n")
	before := a.head(t)
	a.want(t, 400, "invalid_value", a.bank, "POST", "/v1/commands?dry_run=maybe", lines)
	for range 3 { // one after the other: none is held up by those before
		r := a.send(t, a.bank, "POST", "/v1/commands?dry_run=true", lines)
		got := strings.Split(strings.TrimSpace(string(r.Body)), "\n")
		for i, want := range []string{`"outcome":"accepted"`, `"code":"duplicate_reference"`, `"outcome":"invalid"`, `"outcome":"replayed"`} {
			if len(got) != 4 || !strings.Contains(got[i], want) || strings.Contains(got[i], "position") {
				t.Errorf("line %d: %s, want %s", i+1, r.Body, want)
			}
		}
	}
	if after := a.head(t); after != before {
		t.Errorf("dry runs moved the head from %d to %d", before, after)
	}
}
