package handlers_test

import (
	"fmt"
	"strings"
	"testing"

	"orderledger/internal/auth"
)

// bodyOf is an order of a type about bsr-1, with parts of its line replaced.
func bodyOf(kind, head string, changes ...string) string {
	body := strings.Replace(orderBody, `"purchase"`, `"`+kind+`",`+head, 1)
	body = strings.Replace(strings.Replace(body, `,,`, `,`, 1), `"parent_order_id":null,`, "", 1)
	return strings.NewReplacer(changes...).Replace(body)
}

func TestOrderThatNeedsApproval(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	approver := a.key(t, "org-acme", auth.Approver)
	a.want(t, 200, "", a.acme, "PUT", "/v1/orgs/org-acme", `{"approval_over":{"CNY":"20"}}`, "Idempotency-Key: settings")
	place := func(key string) string {
		r := a.twice(t, 201, a.acme, "POST", "/v1/orders", orderBody)
		if r.text("status") != "awaiting_approval" || r.text("approval.state") != "requested" {
			t.Errorf("%s: placed %s", key, r.Body)
		}
		return "/v1/orders/" + r.text("order_id")
	}
	approved, rejected, voided := place("approved"), place("rejected"), place("voided")
	a.want(t, 409, "approval_by_placer", a.acme, "POST", approved+"/approve", "", "Idempotency-Key: own")
	a.want(t, 409, "order_not_unpaid", a.acme, "POST", approved+"/pay", "", "Idempotency-Key: early")
	if r := a.twice(t, 200, approver, "POST", approved+"/approve", `{"reason":"within budget"}`); r.text("status") != "unpaid" || r.text("approval.state") != "granted" {
		t.Errorf("approved: %s", r.Body)
	}
	if r := a.twice(t, 200, approver, "POST", rejected+"/reject", `{"reason":"too dear"}`); r.text("status") != "cancelled" {
		t.Errorf("rejected: %s", r.Body)
	}
	if r := a.twice(t, 200, a.platform, "POST", voided+"/void", `{"reason":"price withdrawn"}`); r.text("status") != "voided" || r.text("close_reason") != "price withdrawn" {
		t.Errorf("voided: %s", r.Body)
	}
	a.want(t, 400, "invalid_value", a.platform, "POST", approved+"/void", `{}`, "Idempotency-Key: why")
	a.want(t, 409, "order_not_awaiting_approval", approver, "POST", approved+"/reject", "", "Idempotency-Key: late")
	if r := a.get(t, a.acme, "/v1/orders", "approval=rejected"); r.text("items.0.status") != "cancelled" || r.member("items.1") != nil {
		t.Errorf("the rejected orders are %s", r.Body)
	}
}

func TestResourceOverHTTP(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	service := a.key(t, "org-acme", auth.Service)
	a.want(t, 201, "", a.bank, "POST", "/v1/accounts/org-acme/top-ups", `{"amount":"500.00","currency":"CNY","reference":"b"}`, "Idempotency-Key: up")
	body := strings.NewReplacer(`"bsr-1"`, `"rack/7"`, "2025-11-04", "2099-11-04", "2025-12-04", "2099-12-04").Replace(orderBody)
	order := "/v1/orders/" + a.paid(t, body)
	const resource = "/v1/resources/rack%2F7"

	if r := a.twice(t, 200, service, "POST", order+"/fulfilment", `{"state":"started"}`); r.text("status") != "fulfilling" {
		t.Errorf("started: %s", r.Body)
	}
	a.want(t, 403, "not_allowed", a.acme, "POST", order+"/fulfilment", `{"state":"completed"}`, "Idempotency-Key: mine")
	if r := a.twice(t, 200, service, "POST", order+"/fulfilment", `{"state":"completed"}`); r.text("status") != "completed" {
		t.Errorf("completed: %s", r.Body)
	}
	if r := a.get(t, a.acme, resource); r.text("resource_id") != "rack/7" || r.text("status") != "active" || r.text("terms.0.product_code") != "gpu-instance" {
		t.Errorf("the resource is %s", r.Body)
	}
	if r := a.twice(t, 200, a.acme, "PUT", resource+"/auto-renew", `{"enabled":true,"quantity":"2"}`); r.member("auto_renew.enabled") != true || r.text("auto_renew.quantity") != "2" {
		t.Errorf("renewed by itself: %s", r.Body)
	}
	if r := a.get(t, a.acme, "/v1/resources", "auto_renew=true", "lease_end_to=2100-01-01T00:00:00Z"); r.text("items.0.resource_id") != "rack/7" {
		t.Errorf("the resources are %s", r.Body)
	}
	if r := a.get(t, a.acme, "/v1/resources", "lease_end_to=2099-01-01T00:00:00Z"); r.member("items.0") != nil {
		t.Errorf("what expires soon is %s", r.Body)
	}
	a.want(t, 404, "not_found", a.platform, "DELETE", resource+"?org_id=org-other", "", "Idempotency-Key: other")
	r := a.twice(t, 200, a.acme, "DELETE", resource, `{"reason":"not needed"}`)
	if r.text("resource.status") != "closed" || r.text("refund_orders.0.payable_amount") != "-28.86" || r.member("settlement_order") != nil {
		t.Errorf("closed: %s", r.Body)
	}
	a.want(t, 409, "resource_closed", a.acme, "DELETE", resource, "", "Idempotency-Key: again")
	if r := a.get(t, a.acme, resource+"/orders"); r.text("items.0.order_type") != "purchase" || r.text("items.1.order_type") != "refund" {
		t.Errorf("its life is %s", r.Body)
	}
}

const openingLine = `{"product_code":"model","product_name":"Model service","resource_type":"model","resource_id":"llm-1","count":"1","charge_mode":"metered",
  "quantity":"0","unit":"1k","unit_price":"0","cycle":"hour","meters":[{"meter":"tokens","unit":"1k","unit_price":"0.50"}]}`

func TestUsageOverHTTP(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	service := a.key(t, "org-acme", auth.Service)
	history := `{"key":"open","command":"place_order","at":"2025-11-01T00:00:00+08:00","body":{"org_id":"org-acme",` + orderHead + `,"lines":[` +
		strings.ReplaceAll(openingLine, "\n", "") + `]}}` + "\n"
	if r := a.want(t, 200, "", a.platform, "POST", "/v1/commands", history); !strings.Contains(string(r.Body), `"outcome":"accepted"`) {
		t.Fatalf("opened: %s", r.Body)
	}
	record := func(id, hour, quantity string) string {
		return fmt.Sprintf(`{"record_id":%q,"resource_id":"llm-1","meter":"tokens","quantity":%q,"unit":"1k","from":"2025-11-01T%s:00:00+08:00","to":"2025-11-01T%s:30:00+08:00"}`,
			id, quantity, hour, hour)
	}
	report := func(records ...string) string { return `{"records":[` + strings.Join(records, ",") + `]}` }
	if r := a.twice(t, 200, service, "POST", "/v1/usage", report(record("r-1", "01", "4"), record("r-2", "01", "6"), record("r-1", "01", "4"))); string(r.Body) !=
		`{"accepted":2,"duplicate":1,"late":0}`+"\n" {
		t.Errorf("reported: %s", r.Body)
	}
	a.want(t, 409, "usage_unsettled", a.bank, "POST", "/v1/bills/2025-11/close", "", "Idempotency-Key: close")
	a.want(t, 403, "not_allowed", a.acme, "POST", "/v1/usage", report(record("r-3", "01", "1")), "Idempotency-Key: mine")
	a.want(t, 400, "invalid_value", service, "POST", "/v1/usage", report(strings.Replace(record("r-3", "01", "1"), "tokens", "tokenz", 1)), "Idempotency-Key: meter")

	// The account is empty: the settlement becomes arrears, which the next top-up pays.
	settle := `{"key":"settle","command":"settle_usage","body":{"org_id":"org-acme","resource_id":"llm-1"}}`
	if r := a.want(t, 200, "", a.platform, "POST", "/v1/commands", settle); !strings.Contains(string(r.Body), `"outcome":"accepted"`) {
		t.Fatalf("settled: %s", r.Body)
	}
	r := a.get(t, a.acme, "/v1/accounts/org-acme/arrears")
	order := r.text("items.0.order_id")
	if r.text("items.0.order_type") != "usage_settlement" || r.text("totals.0.amount") != "5.00" {
		t.Errorf("the arrears are %s", r.Body)
	}
	a.want(t, 409, "arrears_not_cancellable", a.acme, "POST", "/v1/orders/"+order+"/cancel", "", "Idempotency-Key: cancel")
	if r := a.twice(t, 201, a.bank, "POST", "/v1/accounts/org-acme/top-ups", topUpBody); r.text("paid_orders.0") != order || r.text("entry.balance_after") != "100.00" ||
		r.text("balances.0.cash") != "95.00" {
		t.Errorf("topped up: %s", r.Body)
	}
	if r := a.twice(t, 200, service, "POST", "/v1/usage", report(record("r-4", "01", "2"))); r.number("late") != 1 {
		t.Errorf("late: %s", r.Body)
	}
	r = a.twice(t, 200, service, "DELETE", "/v1/resources/llm-1", "")
	if r.text("settlement_order.payable_amount") != "1.00" || r.text("settlement_order.status") != "completed" || r.text("resource.status") != "closed" {
		t.Errorf("closed: %s", r.Body)
	}
	if r := a.get(t, a.bank, "/v1/commands/settle"); r.text("command") != "settle_usage" {
		t.Errorf("the command is %s", r.Body)
	}
}

// What operators place is the platform's, whatever way it comes in.
func TestOperatorsOrders(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.want(t, 201, "", a.bank, "POST", "/v1/accounts/org-acme/top-ups", topUpBody, "Idempotency-Key: up")
	parent := a.paid(t, orderBody)
	body := bodyOf("supplement", `"reason":"the price was wrong","parent_order_id":"`+parent+`"`, `"28.86"`, `"1.14"`)
	a.want(t, 403, "not_allowed", a.acme, "POST", "/v1/orders", body, "Idempotency-Key: mine")
	line := `{"key":"line","command":"place_order","body":` + strings.ReplaceAll(body, "\n", "") + `}`
	if r := a.want(t, 200, "", a.acme, "POST", "/v1/commands", line); !strings.Contains(string(r.Body), `"code":"not_allowed"`) {
		t.Errorf("as a line: %s", r.Body)
	}
	withOrg := strings.Replace(body, "{", `{"org_id":"org-acme",`, 1)
	if r := a.twice(t, 201, a.platform, "POST", "/v1/orders", withOrg); r.text("order_type") != "supplement" || r.text("status") != "unpaid" {
		t.Errorf("placed: %s", r.Body)
	}
	a.want(t, 400, "invalid_value", a.platform, "POST", "/v1/orders", strings.Replace(withOrg, `"reason":"the price was wrong",`, "", 1), "Idempotency-Key: why")
}
