package handlers_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Money of all kinds through the channel of many commands: each command is read, decided on what the ones before did,
// and stored, and the read models add up to it.
func TestFundsThroughManyCommands(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	id := "0198c2f0-0000-7000-8000-000000000001"
	place := strings.Replace(forAcme(orderBody, ""), "{", `{"order_id":"`+id+`",`, 1)
	money := func(rest string) string { return `{"org_id":"org-acme","currency":"CNY",` + rest + `}` }
	steps := []struct{ command, body, want string }{
		{"top_up", money(`"amount":"30.00","reference":"r"`), "accepted"},
		{"grant_gift", money(`"amount":"10.00","expires_at":"2999-01-01T00:00:00Z","reason":"welcome"`), "accepted"},
		{"grant_gift", money(`"amount":"1.00","expires_at":"2001-01-01T00:00:00Z"`), "invalid_value"},
		{"issue_voucher", money(`"voucher_id":"v-1","amount":"5.00","min_spend":"20","products":["gpu-instance"],"charge_modes":["month"],"order_types":["purchase"]`), "accepted"},
		{"issue_voucher", money(`"voucher_id":"v-1","amount":"5.00"`), "duplicate_voucher"},
		{"issue_voucher", money(`"amount":"5.00","charge_modes":["week"]`), "invalid_value"},
		{"withdraw", money(`"amount":"5.00","reference":"out"`), "accepted"},
		{"withdraw", money(`"amount":"5.00","reference":"out"`), "duplicate_reference"},
		{"freeze_funds", money(`"amount":"20.00","reason":"a dispute"`), "accepted"},
		{"release_funds", money(`"amount":"20.01","reason":"settled"`), "insufficient_funds"},
		{"release_funds", money(`"amount":"20.00","reason":"settled"`), "accepted"},
		{"lapse_funds", `{"org_id":"org-acme"}`, "nothing_due"},
		{"collect_arrears", `{"org_id":"org-acme"}`, "nothing_due"},
		{"place_order", place, "accepted"},
		{"refund_order", `{"order_id":"` + id + `","org_id":"org-acme","reason":"early"}`, "not_refundable"},
		{"pay_order", `{"order_id":"` + id + `"}`, "accepted"},
		{"refund_order", `{"order_id":"` + id + `","line_nos":[2],"reason":"which line"}`, "invalid_value"},
		{"refund_order", `{"order_id":"` + id + `","amount":"14.00","reason":"a part","return_vouchers":true}`, "accepted"},
		{"refund_order", `{"order_id":"` + id + `","line_nos":[1],"reason":"the rest","return_vouchers":true,"preview":true}`, "invalid_value"},
		{"refund_order", `{"order_id":"` + id + `","line_nos":[1],"reason":"the rest","return_vouchers":true}`, "accepted"},
		{"refund_order", `{"order_id":"` + id + `","reason":"again"}`, "not_refundable"},
	}
	var lines strings.Builder
	for i, s := range steps {
		lines.WriteString(oneLine(`{"key":"k`+itoa(int64(i))+`","command":"`+s.command+`","body":`+s.body+`}`) + "\n")
	}
	r := a.send(t, a.platform, "POST", "/v1/commands", lines.String())
	answers := strings.Split(strings.TrimSpace(string(r.Body)), "\n")
	for i, s := range steps {
		if i >= len(answers) || !strings.Contains(answers[i], `"`+s.want+`"`) {
			t.Fatalf("%s %s is answered\n%s\nwant %s", s.command, s.body, r.Body, s.want)
		}
	}
	if acc := a.get(t, a.acme, "/v1/accounts/org-acme"); acc.text("balances.0.cash") != "25.00" || acc.text("balances.0.gift") != "10.00" ||
		acc.text("balances.0.voucher") != "5.00" || acc.text("balances.0.frozen") != "0.00" {
		t.Errorf("the account is %s", acc.Body)
	}
	o := a.get(t, a.acme, "/v1/orders/"+id)
	if o.text("status") != "refunded" || o.text("refund_state") != "full" || o.text("paid.gift") != "10.00" || o.text("refunded.voucher") != "5.00" {
		t.Errorf("the order is %s", o.Body)
	}
	if l := a.get(t, a.acme, "/v1/orders", "order_type=refund", "sort=created_at"); l.text("items.0.payable_amount") != "-14.00" || l.text("items.1.payable_amount") != "-14.86" {
		t.Errorf("the refunds are %s", l.Body)
	}
}

// Refunds that come at once give back no more than was paid.
func TestRefundsAtOnce(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	id := "0198c2f0-0000-7000-8000-000000000001"
	place := strings.Replace(forAcme(orderBody, ""), "{", `{"order_id":"`+id+`",`, 1)
	setup := oneLine(`{"key":"up","command":"top_up","body":{"org_id":"org-acme","currency":"CNY","amount":"28.86","reference":"r"}}`) + "\n" +
		oneLine(`{"key":"place","command":"place_order","body":`+place+`}`) + "\n" + `{"key":"pay","command":"pay_order","body":{"order_id":"` + id + `"}}`
	if r := a.send(t, a.platform, "POST", "/v1/commands", setup); strings.Count(string(r.Body), `"accepted"`) != 3 {
		t.Fatalf("set up with %s", r.Body)
	}
	var accepted, refused atomic.Int32
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			line := `{"key":"refund-` + itoa(int64(i)) + `","command":"refund_order","body":{"order_id":"` + id + `","amount":"5.00","reason":"r"}}`
			switch r := a.send(t, a.platform, "POST", "/v1/commands", line); {
			case strings.Contains(string(r.Body), `"accepted"`):
				accepted.Add(1)
			case strings.Contains(string(r.Body), `"not_refundable"`):
				refused.Add(1)
			}
		})
	}
	all.Wait()
	if accepted.Load() != 5 || refused.Load() != 15 {
		t.Errorf("%d refunds were accepted and %d refused", accepted.Load(), refused.Load())
	}
	if acc := a.get(t, a.acme, "/v1/accounts/org-acme"); acc.text("balances.0.cash") != "25.00" {
		t.Errorf("the account is %s", acc.Body)
	}
}
