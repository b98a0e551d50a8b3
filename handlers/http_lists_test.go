package handlers_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
)

var documented struct {
	sync.Once
	lists map[string]bool
}

// wantLists wants no list of an answer to be null: an empty one is []. What is a list, the document says.
func (a *api) wantLists(t *testing.T, what string, r response) {
	t.Helper()
	if r.Header.Get("Content-Type") != "application/json" || strings.HasSuffix(what, ".json") {
		return
	}
	documented.Do(func() { documented.lists = a.lists(t) })
	var v any
	if err := json.Unmarshal(r.Body, &v); err != nil {
		t.Errorf("%s answers %.80s: %v", what, r.Body, err)
	}
	noNull(t, what, v)
}

// lists are the names of members that are lists, wherever they are in an answer.
func (a *api) lists(t *testing.T) map[string]bool {
	var doc struct {
		Components struct {
			Schemas map[string]struct{ Properties map[string]struct{ Type any } }
		}
	}
	if err := json.Unmarshal(a.send(t, "", "GET", "/openapi.json", "").Body, &doc); err != nil {
		t.Error(err)
	}
	lists := map[string]bool{}
	for _, s := range doc.Components.Schemas {
		for name, p := range s.Properties {
			kind, _ := json.Marshal(p.Type)
			is, known := lists[name]
			lists[name] = strings.Contains(string(kind), `"array"`) && (is || !known)
		}
	}
	if !lists["items"] || !lists["unsettled"] || !lists["terms"] || !lists["meters"] || lists["lines"] || lists["status"] {
		t.Errorf("lists: %v", lists)
	}
	return lists
}

func noNull(t *testing.T, at string, v any) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			noNull(t, at, item)
		}
	case map[string]any:
		for name, item := range v {
			if item == nil && documented.lists[name] {
				t.Errorf("%s.%s is null, and a list", at, name)
			}
			if name != "payload" { // events are answered as they were stored
				noNull(t, at+"."+name, item)
			}
		}
	}
}

// Nothing is [], whether a thing was just made, is over, or was given nothing to begin with.
func TestEmptyListsAreLists(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.want(t, 200, "", a.acme, "PUT", "/v1/orgs/org-acme", `{"time_zone":"UTC"}`, "Idempotency-Key: settings")
	if r := a.want(t, 200, "", a.acme, "PUT", "/v1/orgs/org-acme", `{"time_zone":"UTC"}`, "Idempotency-Key: settings"); r.member("unsettled") == nil {
		t.Errorf("settings: %s", r.Body)
	}
	a.get(t, a.acme, "/v1/orgs/org-acme")
	for _, path := range []string{
		"/v1/orders", "/v1/resources", "/v1/periods", "/v1/bills/2025-11", "/v1/bill-lines", "/v1/accounts/org-acme",
		"/v1/accounts/org-acme/entries", "/v1/accounts/org-acme/vouchers", "/v1/accounts/org-acme/gifts", "/v1/accounts/org-acme/arrears",
	} {
		a.get(t, a.acme, path)
	}
	// A voucher for everything; hours without meters, which are no lease; an order of lines without a configuration.
	a.want(t, 201, "", a.platform, "POST", "/v1/accounts/org-acme/vouchers", `{"amount":"5.00","currency":"CNY"}`, "Idempotency-Key: voucher")
	if r := a.get(t, a.acme, "/v1/accounts/org-acme/vouchers"); r.member("items.0.products") == nil {
		t.Errorf("vouchers: %s", r.Body)
	}
	line := `{"product_code":"gpu","product_name":"GPU","resource_type":"host","resource_id":"h-1","count":"1","charge_mode":"hour","quantity":"0","unit":"hour","unit_price":"0","cycle":"hour"}`
	place := `{` + orderHead + `,"lines":[` + line + `]}`
	a.want(t, 200, "", a.acme, "POST", "/v1/quotes", place)
	r := a.want(t, 201, "", a.acme, "POST", "/v1/orders", place, "Idempotency-Key: place")
	a.get(t, a.acme, "/v1/orders/"+r.text("order_id"))
	a.get(t, a.acme, "/v1/orders/"+r.text("order_id")+"/bill-lines")
	if r := a.get(t, a.acme, "/v1/resources/h-1"); r.member("terms.0.rates.0.meters") == nil || r.member("leases") == nil || r.member("terms.0.config") == nil {
		t.Errorf("the resource: %s", r.Body)
	}
	if r := a.want(t, 200, "", a.acme, "DELETE", "/v1/resources/h-1", `{}`, "Idempotency-Key: close"); r.member("refund_orders") == nil || r.member("resource.leases") == nil {
		t.Errorf("closed: %s", r.Body)
	}
	a.get(t, a.acme, "/v1/resources")
	a.want(t, 200, "", a.bank, "POST", "/v1/bills/2025-11/close", "", "Idempotency-Key: month")
	a.get(t, a.acme, "/v1/periods")
	a.get(t, a.acme, "/v1/bills/2025-11")
	if r := a.want(t, 200, "", a.acme, "PUT", "/v1/orgs/org-acme", `{"time_zone":"UTC"}`, "Idempotency-Key: later"); r.text("closed_through") != "2025-11" {
		t.Errorf("settings after a month was closed: %s", r.Body)
	}
}
