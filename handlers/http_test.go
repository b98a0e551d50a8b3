package handlers_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/internal/auth"
	"orderledger/internal/schema"
)

// api is the HTTP API of a ledger of its own, on a real port.
type api struct {
	*ledger
	URL  string
	http *http.Client
	keys *auth.Keys
	// platform and acme are keys: of the platform, and an administrator of org-acme.
	platform, acme string
}

func newAPI(t *testing.T) *api {
	t.Helper()
	l := newLedger(t)
	watch := eventstore.NewWatch(l.log)
	t.Cleanup(watch.Close)
	a := &api{ledger: l, keys: auth.NewKeys(l.db.Pool(t, schema.App))}
	s := handlers.NewServer(handlers.Options{Executor: l.Executor, Log: l.log, Watch: watch, Keys: a.keys})
	server := httptest.NewUnstartedServer(s)
	server.Config = s.HTTPServer("")
	server.Start()
	t.Cleanup(func() { s.Close(); server.Close() })
	a.URL, a.http = server.URL, server.Client()
	a.platform = a.key(t, "", auth.Platform)
	a.acme = a.key(t, "org-acme", auth.OrgAdmin)
	return a
}

// key makes an API key.
func (a *api) key(t *testing.T, org string, role auth.Role) string {
	t.Helper()
	_, text, err := a.keys.Create(t.Context(), org, role, "test", "test")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// response is an answer whose body was read.
type response struct {
	*http.Response
	Body []byte
}

func (r response) code() string { return r.text("code") }

// text is a member of the body that is a string.
func (r response) text(name string) string {
	var m map[string]any
	_ = json.Unmarshal(r.Body, &m)
	s, _ := m[name].(string)
	return s
}

// send sends a request; headers are "Name: value".
func (a *api) send(t *testing.T, key, method, path, body string, headers ...string) response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, a.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	got, err := a.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{got, text}
}

// want sends a request and holds its status and code against what is wanted, "" being no problem.
func (a *api) want(t *testing.T, status int, code, key, method, path, body string, headers ...string) response {
	t.Helper()
	r := a.send(t, key, method, path, body, headers...)
	if r.StatusCode != status || r.code() != code {
		t.Errorf("%s %s %.80s: %d %s, want %d %q", method, path, body, r.StatusCode, bytes.TrimSpace(r.Body), status, code)
	}
	return r
}

const orderBody = `{"order_type":"purchase","project_id":"default","consumer_id":"user-7","currency":"CNY","trade_no":"T-1",
 "tags":{"team":"vision"},"parent_order_id":null,
 "lines":[{"product_code":"gpu-instance","product_name":"GPU instance","resource_type":"cloud-host","resource_id":"bsr-1",
   "resource_ext":{"内网IP":"192.168.18.164"},"region":"cn-north-1","old_config":[],"new_config":[{"component":"GPU","value":"4","unit":"card"}],
   "count":"1","charge_mode":"month","quantity":"1","unit":"month","unit_price":"28.86","discount_amount":"0",
   "effective_at":"2025-11-04T23:00:00+08:00","expires_at":"2025-12-04T23:00:00+08:00"}]}`

func TestOrderOverHTTP(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	placed := a.want(t, 201, "", a.acme, "POST", "/v1/orders", orderBody, "Idempotency-Key: place")
	id := placed.text("order_id")
	if placed.Header.Get("Ledger-Position") != "1" || placed.text("payable_amount") != "28.86" || placed.Header.Get("ETag") != `"1"` {
		t.Fatalf("placed %v %s", placed.Header, placed.Body)
	}
	again := a.want(t, 201, "", a.acme, "POST", "/v1/orders", orderBody, "Idempotency-Key: place")
	if again.Header.Get("Idempotency-Replayed") != "true" || !bytes.Equal(again.Body, placed.Body) {
		t.Errorf("again %v %s, want %s", again.Header, again.Body, placed.Body)
	}
	poor := a.want(t, 409, "insufficient_funds", a.acme, "POST", "/v1/orders/"+id+"/pay", "", "Idempotency-Key: pay")
	if poor.text("missing") != "28.86" || poor.text("currency") != "CNY" {
		t.Errorf("refused with %s", poor.Body)
	}
	up := `{"amount":"100.00","currency":"CNY","reference":"bank-1"}`
	a.want(t, 201, "", a.platform, "POST", "/v1/accounts/org-acme/top-ups", up, "Idempotency-Key: top-up")
	a.want(t, 200, "", a.acme, "POST", "/v1/orders/"+id+"/pay", "", "Idempotency-Key: pay")
	fate := a.want(t, 200, "", a.acme, "GET", "/v1/commands/place", "")
	if fate.text("outcome") != "accepted" || fate.text("command") != "place_order" {
		t.Errorf("fate %s", fate.Body)
	}
	if fate := a.want(t, 200, "", a.acme, "GET", "/v1/commands/never", ""); fate.text("outcome") != "unknown" {
		t.Errorf("fate %s", fate.Body)
	}
}
