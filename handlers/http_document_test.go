package handlers_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestDocumentHasEveryRoute(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	r := a.want(t, 200, "", "", "GET", "/openapi.json", "")
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			Description string
			Parameters  []struct{ Name, In string }
		}
		Components struct {
			Schemas map[string]struct {
				Required   []string
				Properties map[string]json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(r.Body, &doc); err != nil || !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Fatalf("%v: %.200s", err, r.Body)
	}
	described := 0
	for _, operations := range doc.Paths {
		described += len(operations)
	}
	routes := a.Routes()
	if described != len(routes) {
		t.Errorf("%d operations are described, there are %d routes", described, len(routes))
	}
	page := string(a.want(t, 200, "", "", "GET", "/docs", "").Body)
	for _, rt := range routes {
		op, ok := doc.Paths[rt.Path][strings.ToLower(rt.Method)]
		if !ok || !strings.Contains(page, rt.Method+" "+rt.Path) {
			t.Errorf("%s %s is not described", rt.Method, rt.Path)
		}
		key := false
		for _, p := range op.Parameters {
			key = key || p.Name == "Idempotency-Key" && p.In == "header"
		}
		if key != rt.Command {
			t.Errorf("%s %s: the idempotency key is described: %v", rt.Method, rt.Path, key)
		}
	}
	if says := doc.Paths["/v1/orders/{order_id}/void"]["post"].Description; says != "For keys with the role platform." {
		t.Errorf("who may void an order is described as %q", says)
	}
	place := doc.Components.Schemas["PlaceOrder"]
	if strings.Join(place.Required, " ") != "order_type project_id consumer_id currency lines" || place.Properties["personal"] == nil || place.Properties["Salts"] != nil {
		t.Errorf("PlaceOrder is described as %v", place)
	}
	if at := doc.Components.Schemas["OrderAt"]; at.Properties["order_id"] == nil || at.Properties["as_of_position"] == nil {
		t.Errorf("an order that is read is described as %v", at)
	}
	if strings.Contains(page, "http://") || strings.Contains(page, "https://") || strings.Contains(page, "<script") {
		t.Error("the page for people asks for something from elsewhere")
	}
	if y := a.want(t, 200, "", "", "GET", "/openapi.yaml", ""); !strings.HasPrefix(string(y.Body), "components:") && !strings.Contains(string(y.Body), "openapi: 3.1") {
		t.Errorf("YAML begins with %.100s", y.Body)
	}
}

// Every document is at the address that the index and the references tell, for everybody, and is asked for again only
// when it has changed.
func TestDocumentsForPrograms(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	var index map[string]string
	if err := json.Unmarshal(a.want(t, 200, "", "", "GET", "/schemas/", "").Body, &index); err != nil || len(index) < 50 {
		t.Fatalf("%d schemas, %v", len(index), err)
	}
	for name, address := range index {
		var schema struct {
			ID string `json:"$id"`
		}
		r := a.want(t, 200, "", "", "GET", address, "")
		if err := json.Unmarshal(r.Body, &schema); err != nil || schema.ID != address || r.Header.Get("Content-Type") != "application/schema+json" {
			t.Errorf("%s is %s, %v, %s", name, schema.ID, err, r.Header.Get("Content-Type"))
		}
	}
	kinds := map[string]string{
		"/openapi.json": "application/openapi+json", "/openapi.yaml": "application/openapi+yaml", "/docs": "text/html; charset=utf-8",
		"/asyncapi.json": "application/vnd.aai.asyncapi+json;version=3.0.0", "/asyncapi.yaml": "application/vnd.aai.asyncapi+yaml;version=3.0.0",
	}
	page := string(a.want(t, 200, "", "", "GET", "/docs", "").Body)
	for address, kind := range kinds {
		r := a.want(t, 200, "", "", "GET", address, "")
		tag := r.Header.Get("ETag")
		if r.Header.Get("Content-Type") != kind || r.Header.Get("Cache-Control") != "no-cache" || tag == "" {
			t.Errorf("%s: %v", address, r.Header)
		}
		if same := a.want(t, http.StatusNotModified, "", "", "GET", address, "", "If-None-Match: "+tag); len(same.Body) != 0 {
			t.Errorf("%s is sent again: %.100s", address, same.Body)
		}
		a.want(t, 200, "", "", "GET", address, "", `If-None-Match: "another"`)
		if address != "/docs" && !strings.Contains(page, `href="`+address+`"`) {
			t.Errorf("the page for people does not lead to %s", address)
		}
	}
	for _, none := range []string{"/schemas/x", "/schemas/index.json", "/schemas/events/x.json", "/schemas/events/", "/schemas/..%2fasyncapi.json/x", "/schemas/events/order.paid.v1.json/x"} {
		a.want(t, 404, "not_found", "", "GET", none, "")
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.want(t, 201, "", a.acme, "POST", "/v1/orders", orderBody, "Idempotency-Key: k")
	a.get(t, a.acme, "/v1/orders")
	text := string(a.want(t, 200, "", a.platform, "GET", "/metrics", "").Body)
	for _, line := range []string{
		`ledger_http_requests_total{method="POST",route="/v1/orders",status="201"} 1`, "ledger_executor_commands_total 1", "ledger_head_position 1",
		`ledger_projection_lag_events{name="orders"} 0`, "go_goroutines",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("no %s", line)
		}
	}
	a.want(t, 403, "not_allowed", a.acme, "GET", "/metrics", "")
	if s := a.want(t, 200, "", a.acme, "GET", "/v1/status", ""); s.number("head.position") != 1 || len(s.text("head.hash")) != 64 {
		t.Errorf("status %s", s.Body)
	}
	if ready := a.want(t, http.StatusOK, "", "", "GET", "/readyz", ""); ready.text("status") != "ok" {
		t.Errorf("ready %s", ready.Body)
	}
}
