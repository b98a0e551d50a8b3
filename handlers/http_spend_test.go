package handlers_test

import (
	"testing"
	"time"
)

// What was spent by month, a statement narrowed, and unpaid orders by deadline, as programs ask for them.
func TestSpendAndStatement(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.want(t, 201, "", a.platform, "POST", "/v1/accounts/org-acme/top-ups", `{"amount":"100.00","currency":"CNY","reference":"bank-1"}`, "Idempotency-Key: top-up")
	line := `{"product_code":"gpu","product_name":"GPU instance","resource_type":"host","count":"1","charge_mode":"month","quantity":"1","unit":"month","unit_price":"28.86"}`
	place := `{` + orderHead + `,"lines":[` + line + `]}`
	id := a.want(t, 201, "", a.acme, "POST", "/v1/orders", place, "Idempotency-Key: first").text("order_id")
	a.want(t, 200, "", a.acme, "POST", "/v1/orders/"+id+"/pay", `{}`, "Idempotency-Key: pay")
	unpaid := a.want(t, 201, "", a.acme, "POST", "/v1/orders", place, "Idempotency-Key: second").text("order_id")

	month := time.Now().In(time.FixedZone("", 8*3600)).Format("2006-01")
	r := a.get(t, a.acme, "/v1/bills", "group_by=product&most=3")
	if r.text("items.0.period") != month || r.text("items.0.key") != "gpu" || r.text("items.0.label") != "GPU instance" || r.text("items.0.amount") != "28.86" {
		t.Errorf("spend: %s", r.Body)
	}
	if r := a.get(t, a.acme, "/v1/bills/"+month, "group_by=product"); r.text("groups.0.label") != "GPU instance" || r.text("totals.0.cash") != "28.86" {
		t.Errorf("bill: %s", r.Body)
	}
	if r := a.get(t, a.acme, "/v1/bills", "from=2020-01&to=2020-03"); r.member("items") == nil || r.member("items.0") != nil {
		t.Errorf("months without lines: %s", r.Body)
	}
	for query, field := range map[string]string{
		"group_by=colour": "group_by", "from=2025-13": "from", "from=2019-01&to=2025-01": "from", "from=2025-02&to=2025-01": "from", "most=0": "most", "most=101": "most",
	} {
		if r := a.want(t, 400, "invalid_value", a.acme, "GET", "/v1/bills?"+query, ""); r.text("errors.0.field") != field && r.text("field") != field {
			t.Errorf("%s: %s", query, r.Body)
		}
	}
	if r := a.get(t, a.acme, "/v1/accounts/org-acme/entries", "type=charge&fund=cash&order_id="+id+"&from=2020-01-01T00:00:00Z"); r.text("items.0.amount") != "-28.86" || r.member("items.1") != nil {
		t.Errorf("statement: %s", r.Body)
	}
	a.want(t, 400, "invalid_value", a.acme, "GET", "/v1/accounts/org-acme/entries?type=gamble", "")
	if r := a.get(t, a.acme, "/v1/orders", "sort=pay_before&count=true"); r.text("items.0.order_id") != unpaid || r.member("items.1") != nil {
		t.Errorf("unpaid: %s", r.Body)
	}
}
