package handlers_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/internal/auth"
)

// Whatever is wrong with a request, it is a clear answer, and nothing is written.
func TestWrongInputs(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	line := func(from, to string) string { return strings.Replace(orderBody, from, to, 1) }
	digits := strings.Repeat("9", 400)
	tests := []struct {
		name, body, code string
		status           int
	}{
		{"cut short", orderBody[:len(orderBody)-3], "malformed", 400},
		{"not JSON", "order_type=purchase", "malformed", 400},
		{"array", "[" + orderBody + "]", "invalid_value", 400},
		{"huge", line(`"old_config"`, `"billing_item":"`+strings.Repeat("x", 600<<10)+`","old_config"`), "too_large", 413},
		{"deep", `{"order_type":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}", "malformed", 400},
		{"deep without end", strings.Repeat(`{"a":`, 100_000), "malformed", 400},
		{"NaN", line(`"28.86"`, "NaN"), "malformed", 400},
		{"NaN as text", line(`"28.86"`, `"NaN"`), "invalid_value", 400},
		{"infinity", line(`"28.86"`, `"Infinity"`), "invalid_value", 400},
		{"a float", line(`"28.86"`, `28.86`), "invalid_value", 400},
		{"an exponent", line(`"28.86"`, `"1e400"`), "invalid_value", 400},
		{"negative price", line(`"28.86"`, `"-28.86"`), "invalid_value", 400},
		{"negative count", line(`"count":"1"`, `"count":"-1"`), "invalid_value", 400},
		{"negative discount", line(`"discount_amount":"0"`, `"discount_amount":"-1"`), "invalid_value", 400},
		{"400 digits", line(`"28.86"`, `"`+digits+`"`), "invalid_value", 400},
		{"400 digits as a number", line(`"28.86"`, digits), "invalid_value", 400},
		{"400 decimals", line(`"28.86"`, `"0.`+digits+`"`), "invalid_value", 400},
		{"too dear", line(`"28.86"`, `"999999999999999"`), "invalid_value", 400},
		{"discount above the price", line(`"discount_amount":"0"`, `"discount_amount":"28.87"`), "invalid_value", 400},
		{"no price", line(`"unit_price":"28.86",`, ""), "invalid_value", 400},
		{"price of null", line(`"28.86"`, "null"), "invalid_value", 400},
		{"unknown field", line(`"order_type"`, `"status":"paid","order_type"`), "unknown_field", 400},
		{"unknown field in a line", line(`"count"`, `"payable_amount":"0.00","count"`), "unknown_field", 400},
		{"unknown field beside a wrong value", line(`"28.86"`, `-1,"x":1`), "unknown_field", 400},
		{"field twice", line(`"currency":"CNY"`, `"currency":"CNY","currency":"USD"`), "malformed", 400},
		{"trailing", orderBody + "{}", "malformed", 400},
		{"NUL", line("user-7", `user\u0000`), "malformed", 400},
		{"control character", line(`"product_name":"GPU instance"`, `"product_name":"GPU\u0007"`), "invalid_value", 400},
		{"not UTF-8", line("user-7", "user\xff"), "malformed", 400},
		{"id", line("user-7", "user 7"), "invalid_value", 400},
		{"order id", line(`"order_type"`, `"order_id":"7","order_type"`), "invalid_value", 400},
		{"currency", line("CNY", "XXX"), "invalid_value", 400},
		{"order type", line("purchase", "refund"), "invalid_value", 400},
		{"no lines", `{` + orderHead + `,"lines":[]}`, "invalid_value", 400},
		{"1,000 lines", `{` + orderHead + `,"lines":[` + strings.Repeat(orderLine+",", 900) + orderLine + `]}`, "invalid_value", 400},
		{"time without offset", line("2025-11-04T23:00:00+08:00", "2025-11-04T23:00:00"), "invalid_value", 400},
		{"time backwards", line("2025-12-04", "2025-10-04"), "invalid_value", 400},
		{"another's order", line(`"order_type"`, `"org_id":"org-other","order_type"`), "not_found", 404},
	}
	for _, tc := range tests {
		r := a.want(t, tc.status, tc.code, a.acme, "POST", "/v1/orders", tc.body, "Idempotency-Key: k")
		if r.text("detail") == "" || r.text("title") == "" || r.text("hint") == "" || r.number("status") != int64(tc.status) {
			t.Errorf("%s: %s", tc.name, r.Body)
		}
		// What is wrong with the body is told before who sent it is asked; what only the rules find, after.
		if tc.status != 404 && tc.name != "too dear" && tc.name != "discount above the price" {
			a.want(t, tc.status, tc.code, "", "POST", "/v1/orders", tc.body, "Idempotency-Key: k")
		}
	}
	a.want(t, 400, "key_missing", a.acme, "POST", "/v1/orders", orderBody)
	for _, key := range []string{"ledger:mine", strings.Repeat("k", 256), "clé"} {
		a.want(t, 400, "invalid_value", a.acme, "POST", "/v1/orders", orderBody, "Idempotency-Key: "+key)
	}
	a.want(t, 401, "unauthenticated", "", "POST", "/v1/orders", orderBody, "Idempotency-Key: k")
	a.want(t, 400, "invalid_value", a.acme, "POST", "/v1/orders/7/pay", "", "Idempotency-Key: k")
	a.want(t, 404, "not_found", a.acme, "POST", "/v1/orders/0198c2f0-0000-7000-8000-000000000001/pay", "", "Idempotency-Key: k")
	other := `{"order_id":"0198c2f0-0000-7000-8000-000000000002"}`
	a.want(t, 400, "invalid_value", a.acme, "POST", "/v1/orders/0198c2f0-0000-7000-8000-000000000001/pay", other, "Idempotency-Key: k")
	for _, amount := range []string{`"-1"`, `"0"`, `1`, `"NaN"`, `"1.001"`, `"` + digits + `"`} {
		a.want(t, 400, "invalid_value", a.bank, "POST", "/v1/accounts/org-acme/top-ups", strings.Replace(topUpBody, `"100.00"`, amount, 1), "Idempotency-Key: k")
	}
	if head := a.head(t); head != 0 {
		t.Errorf("the log ends at %d, want 0", head)
	}
}

func TestHugeBodyOfUnknownLength(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	endless := io.LimitReader(zeros{}, 64<<20)
	got, err := a.http.Do(a.request(t, a.acme, "POST", "/v1/orders", endless, "Idempotency-Key: k"))
	if err != nil {
		t.Skipf("the connection was cut while the body was still being sent, which is as good: %v", err)
	}
	defer func() { _ = got.Body.Close() }()
	if got.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("answered %d, want 413", got.StatusCode)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

func TestWrongParameters(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for query, code := range map[string]string{
		"limit=0": "invalid_value", "limit=501": "invalid_value", "limit=x": "invalid_value", "cursor=zz": "invalid_value", "status=lost": "invalid_value",
		"order_type=gift": "invalid_value", "charge_mode=week": "invalid_value", "charge_group=never": "invalid_value", "created_from=yesterday": "invalid_value",
		"created_from=2025-11-05T00:00:00Z&created_to=2025-11-04T00:00:00Z": "invalid_value", "min_amount=much": "invalid_value", "hide_zero=maybe": "invalid_value",
		"tag=team": "invalid_value", "sort=price": "invalid_value", "min_position=-1": "invalid_value", "org_id=a/b": "invalid_value", "product=%00": "invalid_value",
		"staus=paid": "unknown_field", "a=%zz": "malformed", "org_id=org-other": "not_found",
	} {
		status := map[string]int{"not_found": 404}[code]
		if status == 0 {
			status = 400
		}
		a.want(t, status, code, a.acme, "GET", "/v1/orders?"+query, "")
	}
	for _, path := range []string{
		"/v1/orders/%00", "/v1/orders/%ff/events", "/v1/orders/%ff/bill-lines", "/v1/resources/%00/orders", "/v1/accounts/%ff", "/v1/accounts/%00/entries",
		"/v1/orgs/%ff", "/v1/commands/%00",
	} {
		a.want(t, 400, "malformed", a.acme, "GET", path, "")
	}
	a.want(t, 400, "malformed", a.acme, "DELETE", "/v1/keys/%00", "")
	for _, query := range []string{"orders?product=%ff", "orders?tag=%ff=1", "bills/2025-11?group_by=tag:%ff", "bills/2025-11?group_by=tag:%00", "keys?cursor=_w"} {
		a.want(t, 400, "invalid_value", a.acme, "GET", "/v1/"+query, "")
	}
	a.want(t, 400, "invalid_value", a.acme, "GET", "/v1/bills/2025-13", "")
	a.want(t, 400, "invalid_value", a.acme, "GET", "/v1/bills/2025-11?group_by=colour", "")
	a.want(t, 400, "invalid_value", a.acme, "GET", "/v1/events?after=-1", "")
	a.want(t, 200, "", a.acme, "GET", "/v1/orders?created_from=2025-11-04T23:00:00+08:00", "") // a + that was not escaped
}

func TestNoSuchRoute(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.want(t, 404, "not_found", a.acme, "GET", "/v1/nothing", "")
	a.want(t, 404, "not_found", "", "GET", "/", "")
	r := a.want(t, 405, "method_not_allowed", a.acme, "DELETE", "/v1/orders", "")
	if r.Header.Get("Allow") != "GET, POST" {
		t.Errorf("allows %q", r.Header.Get("Allow"))
	}
	for _, name := range []string{"X-Content-Type-Options", "X-Frame-Options", "Content-Security-Policy", "Referrer-Policy"} {
		if r.Header.Get(name) == "" {
			t.Errorf("no %s", name)
		}
	}
	if id := a.want(t, 200, "", "", "GET", "/livez", "", "X-Request-Id: mine").Header.Get("X-Request-Id"); id != "mine" {
		t.Errorf("the request's id is %q", id)
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	a := newAPI(t, func(o *handlers.Options) { o.RateLimit = 0.001 })
	a.want(t, 200, "", a.acme, "GET", "/v1/orders", "")
	if r := a.want(t, 429, "rate_limited", a.acme, "GET", "/v1/orders", ""); r.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	a.want(t, 200, "", a.bank, "GET", "/v1/orders", "")
}

func TestFenced(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	if err := a.log.Stop(t.Context(), 1, "an operator has to look"); err != nil {
		t.Fatal(err)
	}
	r := a.want(t, 503, "fenced", a.acme, "POST", "/v1/orders", orderBody, "Idempotency-Key: k")
	if r.Header.Get("Retry-After") == "" || !strings.Contains(r.text("detail"), "an operator has to look") {
		t.Errorf("refused with %v %s", r.Header, r.Body)
	}
	a.want(t, 200, "", a.acme, "GET", "/v1/orders", "")
}

func TestKeysOverHTTP(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	made := a.want(t, 201, "", a.acme, "POST", "/v1/keys", `{"role":"viewer","name":"dashboard"}`)
	if made.text("org_id") != "org-acme" || made.text("role") != "viewer" {
		t.Errorf("made %s", made.Body)
	}
	a.want(t, 200, "", made.text("key"), "GET", "/v1/orders", "")
	a.want(t, 403, "not_allowed", made.text("key"), "GET", "/v1/keys", "")
	a.want(t, 403, "not_allowed", a.acme, "POST", "/v1/keys", `{"role":"platform"}`)
	a.want(t, 404, "not_found", a.acme, "POST", "/v1/keys", `{"role":"viewer","org_id":"org-other"}`)
	a.want(t, 400, "invalid_value", a.platform, "POST", "/v1/keys", `{"role":"viewer"}`)
	a.want(t, 400, "invalid_value", a.platform, "POST", "/v1/keys", `{"role":"king","org_id":"org-acme"}`)

	first := a.want(t, 200, "", a.acme, "GET", "/v1/keys?limit=2", "")
	second := a.want(t, 200, "", a.acme, "GET", "/v1/keys?limit=2&cursor="+first.text("next_cursor"), "")
	if first.member("items.1") == nil || second.member("items.0") == nil || second.member("items.1") != nil {
		t.Errorf("pages %s %s", first.Body, second.Body)
	}
	secret := strings.Split(made.text("key"), "_")[2]
	for _, page := range []response{first, second} {
		if strings.Contains(string(page.Body), secret) {
			t.Errorf("a list shows the secret: %s", page.Body)
		}
	}
	id := made.text("key_id")
	stranger := a.key(t, "org-other", auth.OrgAdmin)
	a.want(t, 404, "not_found", stranger, "DELETE", "/v1/keys/"+id, "")
	a.want(t, 204, "", a.acme, "DELETE", "/v1/keys/"+id, "")
	a.want(t, 204, "", a.acme, "DELETE", "/v1/keys/"+id, "")
	a.want(t, 401, "unauthenticated", made.text("key"), "GET", "/v1/orders", "")
	a.want(t, 401, "unauthenticated", made.text("key")+"0", "GET", "/v1/orders", "")
}

// A projection that stopped is told at once, not after the wait for it.
func TestStoppedProjection(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.want(t, 201, "", a.acme, "POST", "/v1/orders", orderBody, "Idempotency-Key: k")
	a.get(t, a.acme, "/v1/orders")
	unknown := eventstore.Event{Stream: "order-x", Version: 1, Type: "order.teleported.v1", OrgID: "org-acme", Actor: "key:test", Payload: []byte(`{}`)}
	head, err := a.log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	events := []eventstore.Event{unknown}
	events[0].OccurredAt = head.RecordedAt
	next := eventstore.Seal(head, events, head.RecordedAt)
	if _, err := a.log.Append(t.Context(), &eventstore.Batch{Base: head, Next: next, Events: events}); err != nil {
		t.Fatal(err)
	}
	r := a.want(t, 503, "projection_stopped", a.acme, "GET", fmt.Sprint("/v1/orders?min_position=", next.Position), "")
	if r.Header.Get("Retry-After") == "" {
		t.Errorf("no Retry-After")
	}
	a.want(t, 200, "", a.acme, "GET", "/v1/orders", "")
	if s := a.want(t, 200, "", a.platform, "GET", "/v1/status", ""); !strings.Contains(string(s.Body), `"state":"stopped"`) {
		t.Errorf("status %s", s.Body)
	}
	if ready := a.send(t, "", "GET", "/readyz", ""); ready.Header.Get("Content-Type") != "application/json" {
		t.Errorf("ready %d %s", ready.StatusCode, ready.Body)
	}
}
