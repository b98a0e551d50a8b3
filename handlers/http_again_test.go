package handlers_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// twice sends a command twice under one key and wants the same bytes, with the second one saying so.
func (a *api) twice(t *testing.T, status int, key, method, path, body string) response {
	t.Helper()
	a.sent++
	again := fmt.Sprintf("Idempotency-Key: twice-%d", a.sent)
	first := a.want(t, status, "", key, method, path, body, again)
	second := a.want(t, status, "", key, method, path, body, again)
	if string(first.Body) != string(second.Body) || first.Header.Get("Ledger-Position") != second.Header.Get("Ledger-Position") {
		t.Errorf("%s %s: first %s\nthen %s", method, path, first.Body, second.Body)
	}
	if first.Header.Get("Idempotency-Replayed") != "" || second.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("%s %s: replayed %q, then %q", method, path, first.Header.Get("Idempotency-Replayed"), second.Header.Get("Idempotency-Replayed"))
	}
	return first
}

func TestMoneyIsAnsweredTheSameAgain(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	const account = "/v1/accounts/org-acme/"
	for i, test := range []struct{ path, body, field, want string }{
		{"top-ups", `{"amount":"100","currency":"CNY","reference":"bank-1"}`, "balances.0.cash", "100.00"},
		{"withdrawals", `{"amount":"10","currency":"CNY","reference":"bank-1"}`, "entry.amount", "-10.00"},
		{"grants", `{"amount":"5","currency":"CNY","reason":"welcome","expires_at":"2099-01-01T00:00:00Z"}`, "balances.0.gift", "5.00"},
		{"vouchers", `{"amount":"7","currency":"CNY","voucher_id":"v-1","order_types":["purchase"]}`, "voucher.left", "7.00"},
		{"freezes", `{"amount":"20","currency":"CNY","reason":"dispute"}`, "balances.0.frozen", "20.00"},
		{"releases", `{"amount":"8","currency":"CNY","reason":"settled"}`, "balances.0.frozen", "12.00"},
	} {
		r := a.twice(t, 201, a.bank, "POST", account+test.path, test.body)
		if r.text(test.field) != test.want || r.number("as_of_position") != int64(i+1) {
			t.Errorf("%s: %s, want %s %s at %d", test.path, r.Body, test.field, test.want, i+1)
		}
	}
	if r := a.get(t, a.acme, account+"entries"); r.text("items.0.type") != "freeze" || r.text("items.5.type") == "" {
		t.Errorf("the statement is %s", r.Body)
	}
	if r := a.get(t, a.acme, account+"vouchers", "state=active"); r.text("items.0.voucher_id") != "v-1" || r.text("items.0.state") != "active" {
		t.Errorf("the vouchers are %s", r.Body)
	}
	if r := a.get(t, a.acme, account+"vouchers", "state=used_up"); r.text("items.0.voucher_id") != "" {
		t.Errorf("the vouchers used up are %s", r.Body)
	}
	if r := a.get(t, a.acme, account+"gifts"); r.text("items.0.left") != "5.00" {
		t.Errorf("the gifts are %s", r.Body)
	}
	a.want(t, 409, "insufficient_funds", a.bank, "POST", account+"withdrawals", `{"amount":"100","currency":"CNY","reference":"bank-2"}`, "Idempotency-Key: more")
	a.want(t, 409, "duplicate_reference", a.bank, "POST", account+"withdrawals", `{"amount":"1","currency":"CNY","reference":"bank-1"}`, "Idempotency-Key: same")
	a.want(t, 409, "duplicate_voucher", a.bank, "POST", account+"vouchers", `{"amount":"7","currency":"CNY","voucher_id":"v-1"}`, "Idempotency-Key: voucher")
	a.want(t, 404, "not_found", a.platform, "GET", "/v1/accounts/org-nobody/vouchers", "")
}

// paid places an order and pays it.
func (a *api) paid(t *testing.T, body string) string {
	t.Helper()
	a.sent++
	id := a.want(t, 201, "", a.acme, "POST", "/v1/orders", body, fmt.Sprintf("Idempotency-Key: place-%d", a.sent)).text("order_id")
	a.want(t, 200, "", a.acme, "POST", "/v1/orders/"+id+"/pay", "", fmt.Sprintf("Idempotency-Key: pay-%d", a.sent))
	return id
}

func TestRefundHasBothSides(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.want(t, 201, "", a.bank, "POST", "/v1/accounts/org-acme/top-ups", topUpBody, "Idempotency-Key: up")
	id := a.paid(t, orderBody)
	path := "/v1/orders/" + id + "/refund"
	head := a.head(t)

	preview := a.want(t, 200, "", a.bank, "POST", path, `{"amount":"8.86","reason":"too slow","preview":true}`)
	if preview.text("refund_order.payable_amount") != "-8.86" || preview.text("origin.refunded.cash") != "8.86" ||
		preview.text("origin.status") != "partially_refunded" || a.head(t) != head {
		t.Errorf("the preview is %s", preview.Body)
	}
	r := a.twice(t, 200, a.bank, "POST", path, `{"amount":"8.86","reason":"too slow"}`)
	if r.text("refund_order.order_type") != "refund" || r.text("refund_order.parent_order_id") != id || r.text("refund_order.status") != "completed" ||
		r.text("origin.order_id") != id || r.text("origin.refund_state") != "partial" || r.text("origin.refunded.cash") != "8.86" {
		t.Errorf("the refund is %s", r.Body)
	}
	// The first answer stays what it was, also of the origin, when that has gone on.
	first := a.want(t, 200, "", a.bank, "POST", path, `{"amount":"1.00","reason":"more"}`, "Idempotency-Key: more")
	whole := a.want(t, 200, "", a.bank, "POST", path, `{"reason":"the rest"}`, "Idempotency-Key: whole")
	again := a.want(t, 200, "", a.bank, "POST", path, `{"amount":"1.00","reason":"more"}`, "Idempotency-Key: more")
	if string(first.Body) != string(again.Body) || whole.text("origin.status") != "refunded" {
		t.Errorf("first %s\nthen %s\nwhole %s", first.Body, again.Body, whole.Body)
	}
	a.want(t, 409, "not_refundable", a.bank, "POST", path, `{"reason":"again"}`, "Idempotency-Key: again")
	a.want(t, 409, "not_refundable", a.bank, "POST", path, `{"reason":"again","preview":true}`)
	if r := a.get(t, a.acme, "/v1/orders", "parent_order_id="+id); r.text("items.0.parent_order_id") != id || r.text("items.2.parent_order_id") != id {
		t.Errorf("the refunds are %s", r.Body)
	}
	if r := a.get(t, a.bank, "/v1/commands/more"); r.text("command") != "refund_order" || r.text("outcome") != "accepted" {
		t.Errorf("the command is %s", r.Body)
	}
}

func TestQuotesPlaceNothing(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	head := a.head(t)
	r := a.want(t, 200, "", a.acme, "POST", "/v1/quotes", strings.Replace(orderBody, "{", `{"personal":{"contact":"A"},`, 1))
	if r.text("payable_amount") != "28.86" || r.text("status") != "unpaid" || r.text("lines.0.payable_amount") != "28.86" ||
		r.member("order_id") != nil || r.member("position") != nil || r.text("personal.contact") != "A" || a.head(t) != head {
		t.Errorf("the quote is %s", r.Body)
	}
	a.want(t, 400, "invalid_value", a.acme, "POST", "/v1/quotes", strings.Replace(orderBody, `"count":"1"`, `"count":"0"`, 1))
	a.want(t, 403, "not_allowed", a.bank, "POST", "/v1/quotes", orderBody)
	a.want(t, 403, "not_allowed", a.acme, "POST", "/v1/quotes", strings.NewReplacer(
		"purchase", "supplement", `"parent_order_id":null`, `"parent_order_id":"`+uuid.NewString()+`","reason":"by mail"`,
	).Replace(orderBody))
}

func TestSettingsOfTheOrganisationAndThePlatform(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	r := a.twice(t, 200, a.acme, "PUT", "/v1/orgs/org-acme", `{"four_eyes":true,"approval_over":{"CNY":"1000"},"refund_failed_after_seconds":60}`)
	if r.text("approval_over.CNY") != "1000.00" || r.member("four_eyes") != true {
		t.Errorf("the settings are %s", r.Body)
	}
	for _, terms := range []string{`{"credit_limit":{"CNY":"1000"}}`, `{"proration":{"*":"day"}}`, `{"overdue_days":0}`, `{"settlement_delay_seconds":0}`} {
		a.want(t, 403, "not_allowed", a.acme, "PUT", "/v1/orgs/org-acme", terms, "Idempotency-Key: terms")
		a.twice(t, 200, a.platform, "PUT", "/v1/orgs/org-acme", terms)
	}
	r = a.get(t, a.acme, "/v1/orgs/org-acme")
	if r.text("credit_limit.CNY") != "1000.00" || r.text("proration.*") != "day" || r.member("four_eyes") != true || r.number("overdue_days") != 0 {
		t.Errorf("the settings are %s", r.Body)
	}
}

func TestMonthsAreClosed(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.want(t, 201, "", a.bank, "POST", "/v1/accounts/org-acme/top-ups", topUpBody, "Idempotency-Key: up")
	r := a.twice(t, 200, a.bank, "POST", "/v1/bills/2025-09/close", "")
	if r.text("period") != "2025-09" || r.text("state") != "closing" || r.text("periods.0") != "2025-09" {
		t.Errorf("closed: %s", r.Body)
	}
	r = a.twice(t, 200, a.platform, "POST", "/v1/bills/2025-11/close?org_id=org-acme", "")
	if r.text("periods.0") != "2025-10" || r.text("periods.1") != "2025-11" || r.text("org_id") != "org-acme" {
		t.Errorf("closed: %s", r.Body)
	}
	a.want(t, 409, "period_closed", a.bank, "POST", "/v1/bills/2025-10/close", "", "Idempotency-Key: late")
	a.want(t, 409, "period_not_over", a.bank, "POST", "/v1/bills/2999-01/close", "", "Idempotency-Key: early")
	a.want(t, 400, "invalid_value", a.bank, "POST", "/v1/bills/2025-13/close", "", "Idempotency-Key: none")
	if r := a.get(t, a.acme, "/v1/periods"); r.text("items.0.period") != "2025-11" || r.text("items.2.period") != "2025-09" {
		t.Errorf("the months are %s", r.Body)
	}
	if r := a.get(t, a.acme, "/v1/bills/2025-09"); r.text("state") == "open" {
		t.Errorf("the bill is %s", r.Body)
	}
}
