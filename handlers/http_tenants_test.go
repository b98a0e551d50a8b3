package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"orderledger/handlers"
	"orderledger/handlers/webhooks"
	"orderledger/internal/auth"
)

// may says what each role may do in its own organisation, by what a route needs. It is written out here
// once more, so that a change of the permissions is seen by whoever reviews it.
var may = map[string]string{
	"place_order":       "org_admin project_admin service",
	"pay_order":         "org_admin project_admin finance service",
	"cancel_order":      "org_admin project_admin finance service",
	"void_order":        "",
	"approve_order":     "org_admin approver",
	"refund_order":      "org_admin finance",
	"report_fulfilment": "service",
	"manage_resource":   "org_admin project_admin service",
	"report_usage":      "service",
	"top_up":            "finance",
	"withdraw":          "finance",
	"grant_funds":       "finance",
	"freeze_funds":      "finance",
	"close_period":      "finance",
	"change_settings":   "org_admin",
	"read":              "org_admin project_admin finance approver viewer service",
	"manage_keys":       "org_admin",
	"manage_webhooks":   "org_admin",
	"read_metrics":      "",
}

// Every route × every role × {own, other organisation}, made of the router: a new route that needs something
// unknown here fails.
func TestTenantMatrix(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	orders := map[string]string{}
	for _, org := range []string{"org-acme", "org-other"} {
		admin := a.key(t, org, auth.OrgAdmin)
		opening := `{` + orderHead + `,"lines":[` + strings.Replace(openingLine, "llm-1", "bsr-1", 1) + `]}`
		a.want(t, 201, "", admin, "POST", "/v1/orders", opening, "Idempotency-Key: opening")
		orders[org] = a.want(t, 201, "", admin, "POST", "/v1/orders", orderBody, "Idempotency-Key: first").text("order_id")
	}
	a.get(t, a.platform, "/v1/orgs/org-other")
	missing := a.want(t, 404, "not_found", a.acme, "GET", "/v1/orders/0198c2f0-0000-7000-8000-00000000dead", "")
	for _, role := range auth.Roles[1:] {
		key := a.key(t, "org-acme", role)
		for i, rt := range a.Routes() {
			allowed, known := may[rt.Needs]
			if rt.Needs != "" && !known {
				t.Fatalf("%s %s needs %s, which this test does not know", rt.Method, rt.Path, rt.Needs)
			}
			c := cell{api: a, route: rt, key: key, role: string(role), idempotency: fmt.Sprintf("%s-%d", role, i)}
			c.allowed = rt.Needs == "" || strings.Contains(" "+allowed+" ", " "+string(role)+" ")
			c.own(t, orders["org-acme"])
			c.other(t, orders["org-other"], missing.Body)
		}
	}
}

// cell is one field of the matrix.
type cell struct {
	*api
	route       handlers.Route
	key, role   string
	idempotency string
	allowed     bool
}

// bodies are what routes need to be asked with.
var bodies = map[string]string{
	"POST /v1/orders":                            orderBody,
	"POST /v1/quotes":                            orderBody,
	"POST /v1/orders/{order_id}/void":            `{"reason":"r"}`,
	"POST /v1/orders/{order_id}/refund":          `{"reason":"r"}`,
	"POST /v1/orders/{order_id}/fulfilment":      `{"state":"started"}`,
	"POST /v1/accounts/{org_id}/top-ups":         topUpBody,
	"POST /v1/accounts/{org_id}/withdrawals":     topUpBody,
	"POST /v1/accounts/{org_id}/grants":          `{"amount":"1.00","currency":"CNY","reason":"r"}`,
	"POST /v1/accounts/{org_id}/vouchers":        `{"amount":"1.00","currency":"CNY","voucher_id":"voucher-1"}`,
	"POST /v1/accounts/{org_id}/freezes":         `{"amount":"1.00","currency":"CNY","reason":"r"}`,
	"POST /v1/accounts/{org_id}/releases":        `{"amount":"1.00","currency":"CNY","reason":"r"}`,
	"PUT /v1/resources/{resource_id}/auto-renew": `{"enabled":false}`,
	"POST /v1/usage":                             `{"records":[` + usageRecord + `]}`,
	"POST /v1/bills/{period}/close":              `{}`,
	"DELETE /v1/resources/{resource_id}":         `{"reason":"r"}`,
	"PUT /v1/orgs/{org_id}":                      `{"time_zone":"Asia/Shanghai"}`,
	"POST /v1/keys":                              `{"role":"viewer"}`,
	"POST /v1/webhooks":                          `{"url":"https://hooks.example/"}`,
	"PUT /v1/webhooks/{endpoint_id}":             `{"description":"d"}`,
	"POST /v1/webhooks/{endpoint_id}/replay":     `{"after":0}`,
}

const usageRecord = `{"record_id":"r-1","resource_id":"bsr-1","meter":"tokens","quantity":"1","unit":"1k","from":"2025-11-01T00:00:00Z","to":"2025-11-01T01:00:00Z"}`

func (c cell) call(t *testing.T, org, orderID, in string) response {
	endpoint, remove := c.endpoint(t, org)
	defer remove()
	if endpoint != "" {
		in = "" // it says whose it is
	}
	path := strings.NewReplacer("{org_id}", org, "{order_id}", orderID, "{resource_id}", "bsr-1", "{period}", "2025-11", "{key}", "first",
		"{key_id}", "0123456789abcdef", "{endpoint_id}", endpoint, "{kind}", "events", "{name}", "order.paid.v1.json").Replace(c.route.Path)
	body := bodies[c.route.Method+" "+c.route.Path]
	now := time.Now().UTC()
	body = strings.NewReplacer("bank-1", c.idempotency, "voucher-1", c.idempotency, `"r-1"`, `"`+c.idempotency+`"`,
		"2025-11-01T00:00:00Z", now.Format(time.RFC3339Nano), "2025-11-01T01:00:00Z", now.Add(time.Minute).Format(time.RFC3339Nano)).Replace(body)
	switch {
	case in != "" && c.route.Method == http.MethodGet:
		path += "?org_id=" + in
	case in != "" && body == "{}":
		path += "?org_id=" + in // commands may have it there, too, where there is nothing else to say
	case in != "" && body != "" && !strings.Contains(path, org):
		body = strings.Replace(body, "{", `{"org_id":"`+in+`",`, 1)
	}
	return c.send(t, c.key, c.route.Method, path, body, "Idempotency-Key: "+c.idempotency+org)
}

// endpoint makes a webhook's where the path names one.
func (c cell) endpoint(t *testing.T, org string) (id string, remove func()) {
	if !strings.Contains(c.route.Path, "{endpoint_id}") {
		return "", func() {}
	}
	e, _, err := c.Webhooks.Create(t.Context(), webhooks.New{OrgID: org, URL: "https://127.0.0.1:1/"}, "test")
	if err != nil {
		t.Fatal(err)
	}
	return e.ID, func() { _ = c.Webhooks.Delete(t.Context(), org, e.ID) } // the call may have done it
}

// own: what the role allows is not 401, 403 or 404 (but for the key, of which there is none), the rest is 403.
func (c cell) own(t *testing.T, orderID string) {
	r := c.call(t, "org-acme", orderID, "")
	good := r.StatusCode < 300 || r.StatusCode == 409 || c.route.Path == "/v1/keys/{key_id}" && r.StatusCode == 404
	if !c.allowed {
		good = r.StatusCode == 403
	}
	if !good {
		t.Errorf("%s in its own organisation: %s %s is answered with %d %s", c.role, c.route.Method, c.route.Path, r.StatusCode, r.Body)
	}
}

// other: another organisation's is 404, as if it were not there, or 403 for whom the role does not allow it anyway.
func (c cell) other(t *testing.T, orderID string, missing []byte) {
	if c.route.Needs == "" || c.route.Needs == "read_metrics" || c.route.Path == "/v1/commands" {
		return
	}
	in := ""
	if !strings.Contains(c.route.Path, "{order_id}") {
		in = "org-other"
	}
	r := c.call(t, "org-other", orderID, in)
	switch {
	case !c.allowed && r.StatusCode == 403:
	case c.allowed && r.StatusCode == 404 && string(r.Body) == string(missing):
	default:
		t.Errorf("%s in another organisation: %s %s is answered with %d %s", c.role, c.route.Method, c.route.Path, r.StatusCode, r.Body)
	}
}

func TestNothingWithoutAKey(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	open := map[string]bool{
		"/livez": true, "/readyz": true, "/openapi.json": true, "/openapi.yaml": true, "/docs": true, "/v1/labels": true,
		"/asyncapi.json": true, "/asyncapi.yaml": true, "/schemas/": true, "/schemas/{kind}/{name}": true,
	}
	for _, rt := range a.Routes() {
		c := cell{api: a, route: rt, idempotency: "k"}
		r := c.call(t, "org-acme", "0198c2f0-0000-7000-8000-000000000001", "org-acme")
		if want := 401; open[rt.Path] != (r.StatusCode == 200) || !open[rt.Path] && r.StatusCode != want {
			t.Errorf("%s %s without a key: %d %s", rt.Method, rt.Path, r.StatusCode, r.Body)
		}
	}
}

// Lists and streams show a key its own organisation alone.
func TestListsAreApart(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for _, org := range []string{"org-acme", "org-other"} {
		admin := a.key(t, org, auth.OrgAdmin)
		id := a.want(t, 201, "", admin, "POST", "/v1/orders", orderBody, "Idempotency-Key: same").text("order_id")
		a.want(t, 201, "", a.platform, "POST", "/v1/accounts/"+org+"/top-ups", topUpBody, "Idempotency-Key: up")
		opening := `{` + orderHead + `,"lines":[` + strings.Replace(openingLine, "llm-1", "bsr-1", 1) + `]}`
		a.want(t, 201, "", admin, "POST", "/v1/orders", opening, "Idempotency-Key: opening")
		a.want(t, 200, "", a.platform, "POST", "/v1/bills/2025-09/close?org_id="+org, "", "Idempotency-Key: close")
		a.want(t, 200, "", admin, "POST", "/v1/orders/"+id+"/pay", "", "Idempotency-Key: pay")
	}
	for _, path := range []string{"/v1/orders", "/v1/bill-lines", "/v1/events", "/v1/resources", "/v1/resources/bsr-1/orders", "/v1/periods", "/v1/keys"} {
		if r := a.get(t, a.acme, path); strings.Contains(string(r.Body), "org-other") || !strings.Contains(string(r.Body), "org-acme") {
			t.Errorf("%s shows %s", path, r.Body)
		}
		if r := a.get(t, a.platform, path); !strings.Contains(string(r.Body), "org-other") || !strings.Contains(string(r.Body), "org-acme") {
			t.Errorf("%s shows the platform %s", path, r.Body)
		}
		if r := a.get(t, a.platform, path, "org_id=org-other"); strings.Contains(string(r.Body), "org-acme") {
			t.Errorf("%s narrowed to org-other shows %s", path, r.Body)
		}
	}
}
