package handlers_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"orderledger/handlers"
	"orderledger/internal/auth"
)

// odd are values that may stand anywhere in a body.
var odd = []string{
	`null`, `""`, `"\u0001"`, `-1`, `1e999`, `"-1"`, `"1e5"`, `"99999999999999999999"`, `[]`, `[null]`, `{}`, `true`, `"0000-00-00T00:00:00Z"`,
	`"9999-12-31T23:59:59.999999999Z"`, `"` + strings.Repeat("字", 2000) + `"`,
}

// Whatever stands in a body, the answer is never that something went wrong here: each member of each example, inside
// lists too, is left out and replaced by odd values.
func TestOddBodiesAreAnswered(t *testing.T) {
	t.Parallel()
	a := newAPI(t, func(o *handlers.Options) { o.RateLimit = 1e6 })
	admin := a.key(t, "org-acme", auth.OrgAdmin)
	order := a.want(t, 201, "", admin, "POST", "/v1/orders", orderBody, "Idempotency-Key: first").text("order_id")
	for _, rt := range a.Routes() {
		example := a.ExampleOf(rt.Method, rt.Path)
		if example == nil || rt.Path == "/v1/commands" {
			continue
		}
		var body any
		if err := json.Unmarshal(example, &body); err != nil {
			t.Fatal(err)
		}
		path := strings.NewReplacer("{org_id}", "org-acme", "{order_id}", order, "{resource_id}", "bsr-1", "{period}", "2025-11").Replace(rt.Path)
		mutate(body, func() {
			text, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			a.sent++
			r := a.send(t, a.platform, rt.Method, path, string(text), fmt.Sprintf("Idempotency-Key: odd-%d", a.sent))
			if r.StatusCode >= http.StatusInternalServerError {
				t.Errorf("%s %s %.300s: %d %s", rt.Method, path, text, r.StatusCode, r.Body)
			}
		})
	}
}

// mutate calls try for each change of a part of the body.
func mutate(v any, try func()) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			was := v[name]
			delete(v, name)
			try()
			for _, text := range odd {
				v[name] = json.RawMessage(text)
				try()
			}
			v[name] = was
			mutate(was, try)
		}
	case []any:
		for i := range v {
			was := v[i]
			for _, text := range odd {
				v[i] = json.RawMessage(text)
				try()
			}
			v[i] = was
			mutate(was, try)
		}
	}
}

func TestOddParametersAreAnswered(t *testing.T) {
	t.Parallel()
	a := newAPI(t, func(o *handlers.Options) { o.RateLimit = 1e6 })
	a.want(t, 201, "", a.bank, "POST", "/v1/accounts/org-acme/top-ups", topUpBody, "Idempotency-Key: up")
	a.get(t, a.platform, "/v1/accounts/org-acme")
	path := strings.NewReplacer("{org_id}", "org-acme", "{order_id}", "0198c2f0-0000-7000-8000-000000000001", "{resource_id}", "bsr-1", "{period}", "2025-11",
		"{key}", "up", "{key_id}", "0123456789abcdef")
	values := []string{
		"x", "-1", "99999999999999999999", "%00", "%ff", "'", "a=b,=", "1e400", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
		"infinity", "tag:", "tag:%27", strings.Repeat("a,", 600), strings.Repeat("z", 5000),
	}
	for _, rt := range a.Routes() {
		if rt.Method != http.MethodGet {
			continue
		}
		for _, name := range rt.Parameters {
			if name == "min_position" { // waits
				continue
			}
			for _, value := range values {
				address := path.Replace(rt.Path) + "?" + name + "=" + value
				if r := a.send(t, a.platform, "GET", address, ""); r.StatusCode >= http.StatusInternalServerError {
					t.Errorf("%.200s: %d %s", address, r.StatusCode, r.Body)
				}
			}
		}
	}
}
