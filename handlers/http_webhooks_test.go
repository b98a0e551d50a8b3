package handlers_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"orderledger/internal/auth"
)

// The routes of webhooks, from an endpoint's making to its end.
func TestWebhooksOverHTTP(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	arrived := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		arrived <- string(body)
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, "short and stout")
	}))
	defer receiver.Close()

	made := a.want(t, 201, "", a.acme, "POST", "/v1/webhooks", `{"url":"`+receiver.URL+`","types":["order.paid"],"description":"d"}`)
	id, secret := made.text("endpoint_id"), made.text("secret")
	path := "/v1/webhooks/" + id
	if !strings.HasPrefix(secret, "whsec_") || made.text("org_id") != "org-acme" || made.text("state") != "active" {
		t.Errorf("%s", made.Body)
	}
	for _, address := range []string{"/v1/webhooks", path, path + "/deliveries"} {
		if r := a.get(t, a.acme, address); strings.Contains(string(r.Body), "secret\":\"") || strings.Contains(string(r.Body), secret) {
			t.Errorf("%s tells the secret: %s", address, r.Body)
		}
	}
	if list := a.get(t, a.acme, "/v1/webhooks"); list.member("items.0.endpoint_id") != id {
		t.Errorf("%s", list.Body)
	}

	sent := a.want(t, 200, "", a.acme, "POST", path+"/test", "")
	if sent.member("status_code") != 418.0 || sent.text("error") != "status 418" || sent.text("answer") != "short and stout" || sent.text("type") != "webhook.ping" {
		t.Errorf("%s", sent.Body)
	}
	if body := <-arrived; !strings.Contains(body, `"org_id":"org-acme"`) {
		t.Error(body)
	}
	if page := a.get(t, a.acme, path+"/deliveries", "limit=1"); page.member("items.0.delivery_id") != sent.member("delivery_id") || page.text("next_cursor") == "" {
		t.Errorf("%s", page.Body)
	} else if rest := a.get(t, a.acme, path+"/deliveries", "cursor="+page.text("next_cursor")); rest.member("items.0") != nil {
		t.Errorf("%s", rest.Body)
	}
	for range 9 {
		a.want(t, 200, "", a.acme, "POST", path+"/test", "")
	}
	a.want(t, 429, "rate_limited", a.acme, "POST", path+"/test", "")

	changed := a.want(t, 200, "", a.acme, "PUT", path, `{"types":[],"state":"paused"}`)
	if changed.text("state") != "paused" || changed.text("description") != "d" || changed.text("url") != receiver.URL {
		t.Errorf("%s", changed.Body)
	}
	if types, ok := changed.member("types").([]any); !ok || len(types) != 0 {
		t.Errorf("%s", changed.Body)
	}
	if r := a.want(t, 200, "", a.acme, "POST", path+"/secret", ""); r.text("secret") == secret || r.text("previous_secret_until") == "" {
		t.Errorf("%s", r.Body)
	}
	a.want(t, 200, "", a.acme, "POST", path+"/replay", `{"after":0}`)
	a.want(t, 204, "", a.acme, "DELETE", path, "")
	a.want(t, 404, "not_found", a.acme, "GET", path, "")
	a.want(t, 404, "not_found", a.acme, "POST", path+"/test", "")
}

func TestWebhooksThatCanNotBe(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for body, code := range map[string]string{
		`{}`: "invalid_value", `{"url":"ftp://hooks.example/"}`: "invalid_value", `{"url":"https://u:p@hooks.example/"}`: "invalid_value",
		`{"url":"https://hooks.example/","types":["order.nothing"]}`: "invalid_value", `{"url":"https://hooks.example/","secret":"mine"}`: "unknown_field",
		`{"url":"https://hooks.example/","description":"` + strings.Repeat("x", 257) + `"}`: "invalid_value", `[]`: "invalid_value",
	} {
		a.want(t, 400, code, a.acme, "POST", "/v1/webhooks", body)
	}
	a.want(t, 400, "invalid_value", a.platform, "POST", "/v1/webhooks", `{"url":"https://hooks.example/"}`) // whose is it?
	a.want(t, 403, "not_allowed", a.bank, "POST", "/v1/webhooks", `{"url":"https://hooks.example/"}`)
	made := a.want(t, 201, "", a.platform, "POST", "/v1/webhooks", `{"org_id":"org-acme","url":"https://hooks.example/"}`)
	path := "/v1/webhooks/" + made.text("endpoint_id")
	a.want(t, 404, "not_found", a.key(t, "org-other", auth.OrgAdmin), "GET", path, "")
	for body, code := range map[string]string{`{}`: "invalid_value", `{"after":-1}`: "invalid_value", `{"after":1000}`: "invalid_value", `{"after":"0"}`: "invalid_value"} {
		a.want(t, 400, code, a.acme, "POST", path+"/replay", body)
	}
	a.want(t, 400, "invalid_value", a.acme, "PUT", path, `{"state":"disabled"}`)
	a.want(t, 400, "invalid_value", a.acme, "PUT", path, `{"url":"https://hooks.example:0/"}`)
}
