package handlers_test

import (
	"strings"
	"testing"

	"orderledger/internal/auth"
)

// Orders that follow others find what they need, though only what is loaded first tells what that is: the parent names
// the resource.
func TestOrdersThatFollowOthers(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	service := a.key(t, "org-acme", auth.Service)
	a.want(t, 201, "", a.bank, "POST", "/v1/accounts/org-acme/top-ups", topUpBody, "Idempotency-Key: money")
	body := strings.NewReplacer(`"2025-11-04T23:00:00+08:00"`, "null", `"2025-12-04T23:00:00+08:00"`, "null").Replace(orderBody)
	id := a.twice(t, 201, a.acme, "POST", "/v1/orders", body).text("order_id")
	a.twice(t, 200, a.acme, "POST", "/v1/orders/"+id+"/pay", "")
	if r := a.twice(t, 200, service, "POST", "/v1/orders/"+id+"/fulfilment", `{"state":"completed"}`); r.text("lines.0.expires_at") == "" {
		t.Fatalf("what was fulfilled has no end: %s", r.Body)
	}
	follow := func(of, line string) string {
		return `{"order_type":"` + of + `","project_id":"default","consumer_id":"user-7","currency":"CNY","parent_order_id":"` + id + `","lines":[{
			"product_code":"gpu-instance","product_name":"GPU instance","resource_type":"cloud-host","count":"1","charge_mode":"month","unit":"month",` + line + `}]}`
	}
	upgrade := follow("upgrade", `"new_unit_price":"57.72"`)
	quoted := a.want(t, 200, "", a.acme, "POST", "/v1/quotes", upgrade)
	// All but seconds of the month are left.
	if quoted.text("payable_amount") != "28.86" || quoted.text("lines.0.resource_id") != "bsr-1" || quoted.text("lines.0.old_config.0.value") != "4" {
		t.Errorf("the quote is %s", quoted.Body)
	}
	a.want(t, 400, "invalid_value", a.acme, "POST", "/v1/quotes", follow("renewal", `"quantity":"1"`))
	renewal := follow("renewal", `"quantity":"1","unit_price":"28.86"`)
	end := a.want(t, 200, "", a.acme, "POST", "/v1/quotes", renewal).text("lines.0.expires_at")
	next := a.twice(t, 201, a.acme, "POST", "/v1/orders", renewal).text("order_id")
	if r := a.twice(t, 200, a.acme, "POST", "/v1/orders/"+next+"/pay", ""); r.text("status") != "completed" || r.text("lines.0.expires_at") != end || end == "" {
		t.Errorf("renewed as %s, quoted until %s", r.Body, end)
	}
	down := a.twice(t, 201, a.acme, "POST", "/v1/orders", follow("downgrade", `"new_unit_price":"18.86"`))
	if down.text("status") != "completed" || down.text("paid.cash") != "-20.00" || down.text("lines.0.corrects") != id+"-1" {
		t.Errorf("the downgrade is %s", down.Body)
	}
	if r := a.get(t, a.acme, "/v1/accounts/org-acme"); r.text("balances.0.cash") != "62.28" { // 100 − 28.86 − 28.86 + 20
		t.Errorf("the account is %s", r.Body)
	}
}
