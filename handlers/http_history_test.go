package handlers_test

import (
	"strings"
	"testing"
)

// History that is brought in is told apart from what happens now, by who brought it in and on the order itself; its bill
// line says how long it is for, to the minute.
func TestHistoryIsToldApart(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	const old, now = "0198c2f0-0000-7000-8000-0000000000a1", "0198c2f0-0000-7000-8000-0000000000a2"
	body := func(id string) string {
		return `{"org_id":"org-acme","order_id":"` + id + `",` + orderHead + `,"lines":[` + orderLine + `]}`
	}
	lines := []string{
		`{"key":"up","command":"top_up","at":"2025-11-04T10:00:00Z","body":{"org_id":"org-acme","amount":"100.00","currency":"CNY","reference":"r"}}`,
		`{"key":"old","command":"place_order","at":"2025-11-04T15:00:00Z","body":` + oneLine(body(old)) + `}`,
		`{"key":"pay","command":"pay_order","at":"2025-11-04T15:05:00Z","body":{"org_id":"org-acme","order_id":"` + old + `"}}`,
		`{"key":"now","command":"place_order","body":` + oneLine(body(now)) + `}`,
	}
	if r := a.want(t, 200, "", a.platform, "POST", "/v1/commands", strings.Join(lines, "\n")); strings.Count(string(r.Body), `"outcome":"accepted"`) != len(lines) {
		t.Fatalf("brought in: %s", r.Body)
	}
	for id, imported := range map[string]bool{old: true, now: false} {
		o := a.get(t, a.acme, "/v1/orders/"+id)
		by := o.text("placed_by")
		if (o.member("imported") == true) != imported || strings.HasPrefix(by, "import:key:") != imported || !imported && !strings.HasPrefix(by, "key:") {
			t.Errorf("%s is placed by %q, imported %v", id, by, o.member("imported"))
		}
		if actor := a.get(t, a.acme, "/v1/orders/"+id+"/events").text("items.0.actor"); actor != by {
			t.Errorf("the log has %q for %q", actor, by)
		}
	}
	if r := a.get(t, a.acme, "/v1/orders/"+old+"/bill-lines"); r.member("items.0.duration_minutes") != 30.0*24*60 {
		t.Errorf("30 days on the bill: %s", r.Body)
	}
}
