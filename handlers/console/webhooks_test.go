package console_test

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"orderledger/domain"
	"orderledger/handlers/webhooks"
	"orderledger/internal/auth"
)

// receiver answers tests as it is told to, and keeps their signatures' count.
type receiver struct {
	*httptest.Server
	mu         sync.Mutex
	status     int
	signatures []int
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{status: http.StatusNoContent}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		_, _ = io.Copy(io.Discard, q.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.signatures = append(r.signatures, strings.Count(q.Header.Get("Webhook-Signature"), "v1,"))
		w.WriteHeader(r.status)
		if r.status != http.StatusNoContent {
			_, _ = io.WriteString(w, "<b>not today</b>")
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(status int) { r.mu.Lock(); r.status = status; r.mu.Unlock() }

func (r *receiver) lastSignatures() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.signatures[len(r.signatures)-1]
}

// hook makes an endpoint of an organisation.
func (s *system) hook(t *testing.T, org, url string, types ...string) webhooks.Endpoint {
	t.Helper()
	e, _, err := s.Webhooks.Create(t.Context(), webhooks.New{OrgID: org, URL: url, Types: types, Description: "provisioning"}, "key:test")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// now is an endpoint as it is.
func (s *system) now(t *testing.T, id string) webhooks.Endpoint {
	t.Helper()
	e, err := s.Webhooks.Get(t.Context(), "", id)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// delivered writes an attempt into an endpoint's log, as the worker does.
func (s *system) delivered(t *testing.T, e webhooks.Endpoint, position int64, attempt, status int, fault string) {
	t.Helper()
	s.super(t, `INSERT INTO webhook_deliveries (endpoint_id, org_id, position, message_id, type, attempt, replay, at, duration_ms, status_code, error, answer)
VALUES ($1, $2, $3, 'evt', 'order.placed.v1', $4, false, clock_timestamp(), 1234, $5, $6, '<i>why</i>')`, e.ID, e.OrgID, position, attempt, status, fault)
}

var secretText = regexp.MustCompile(`whsec_[A-Za-z0-9+/=]+`)

// secretOn is the secret that a page shows.
func (s seen) secretOn() string { return secretText.FindString(html.UnescapeString(s.Body)) }

func opened(t *testing.T, page seen) string {
	t.Helper()
	found := regexp.MustCompile(`name="(?:opened|version)" value="([^"]+)"`).FindStringSubmatch(page.Body)
	if found == nil {
		t.Fatalf("%s does not say when it was opened:\n%s", page.Request.URL, page.Body)
	}
	return found[1]
}

func TestAnEndpointIsMadeAndItsSecretShownOnce(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	p := s.signIn(t, "org-acme", auth.OrgAdmin)
	p.get(t, "/webhooks").has(t, "No endpoint yet.", `href="/webhooks/new"`)
	page := p.get(t, "/webhooks/new")
	page.has(t, `value="order.paid"`, `value="order.*"`, "Order paid", "All of accounts", `name="which" value="all" checked`)
	form := url.Values{"opened": {opened(t, page)}, "url": {" https://hooks.example/in?token=s3cret "}, "description": {"<b>提供</b>"}, "which": {"some"}}
	refused := p.post(t, "/webhooks/new", form)
	refused.has(t, "invalid_value", "types", "hooks.example", `value="some" checked`)
	form["types"] = []string{"order.paid", "resource.*", "account.charged"}
	form.Set("url", "ftp://hooks.example")
	refused = p.post(t, "/webhooks/new", form)
	refused.has(t, "invalid_value", `name="url" type="url"`, `aria-invalid="true"`, `value="order.paid" checked`)
	if refused.StatusCode != http.StatusBadRequest || refused.secretOn() != "" {
		t.Errorf("a wrong address: %s", refused.Status)
	}
	form.Set("url", " https://hooks.example/in?token=s3cret ")
	made := p.post(t, "/webhooks/new", form)
	secret := made.secretOn()
	made.has(t, "It gets the events from now on", `data-copy="whsec_`)
	all, err := s.Webhooks.List(t.Context(), "org-acme", "", 10)
	if err != nil || len(all) != 1 || len(secret) < 40 {
		t.Fatalf("%d endpoints, %v, secret %q", len(all), err, secret)
	}
	e := all[0]
	if e.URL != "https://hooks.example/in?token=s3cret" || e.Description != "<b>提供</b>" || strings.Join(e.Types, " ") != "order.paid resource.* account.charged" || !strings.HasPrefix(e.CreatedBy, "key:") {
		t.Errorf("%+v", e)
	}
	again := p.post(t, "/webhooks/new", form) // the page read again
	again.has(t, "made an endpoint already", `href="/webhooks/`+e.ID)
	if all, _ = s.Webhooks.List(t.Context(), "org-acme", "", 10); len(all) != 1 || again.secretOn() != "" {
		t.Errorf("the form sent twice made %d endpoints", len(all))
	}
	for _, path := range []string{"/webhooks", "/webhooks/" + e.ID, "/webhooks/" + e.ID + "/edit", "/webhooks/" + e.ID + "/secret"} {
		shown := p.get(t, path)
		shown.lacks(t, "whsec_", "<b>提供")
		shown.has(t, "hooks.example")
	}
	p.get(t, "/webhooks").has(t, "Order paid, All of resources", "and 1 more", "None yet", "Up to date", "Active", "token=s3cret")
}

func TestEndpointsAreChanged(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	e := s.hook(t, "org-acme", "https://hooks.example/in", "order.paid", "order.placed.v1")
	at := "/webhooks/" + e.ID
	p := s.signIn(t, "org-acme", auth.OrgAdmin)
	p.get(t, at+"/edit").has(t, `value="order.paid" checked`, `value="order.placed.v1" checked`, `value="some" checked`, "Others", "Order placed v1")
	p.post(t, at+"/edit", url.Values{"url": {"https://hooks.example/new"}, "description": {""}, "which": {"all"}, "types": {"order.paid"}}).has(t, "The endpoint is saved.", "All events")
	if got := s.now(t, e.ID); got.URL != "https://hooks.example/new" || len(got.Types) != 0 || got.Description != "" {
		t.Errorf("%+v", got)
	}
	wrong := p.post(t, at+"/edit", url.Values{"url": {"https://hooks.example/new"}, "which": {"some"}, "types": {"order.none"}})
	if wrong.has(t, "invalid_value"); wrong.StatusCode != http.StatusBadRequest {
		t.Error(wrong.Status)
	}
	p.post(t, at+"/state", url.Values{"state": {"paused"}}).has(t, "The endpoint is paused.", "Resume", "Paused: nothing is sent")
	if got := s.now(t, e.ID); got.State != webhooks.Paused {
		t.Errorf("%+v", got)
	}
	p.post(t, at+"/state", url.Values{"state": {"active"}}).has(t, "goes on where it stopped", "Pause")
	if got := s.now(t, e.ID); got.State != webhooks.Active {
		t.Errorf("%+v", got)
	}
	p.get(t, at+"/delete").has(t, "Delete the endpoint?", "https://hooks.example/new")
	p.post(t, at+"/delete", url.Values{}).has(t, "The endpoint is deleted.", "No endpoint yet.")
	for _, path := range []string{at, at + "/edit", at + "/replay", "/webhooks/none", "/webhooks/%00"} {
		if got := p.get(t, path); got.StatusCode != http.StatusNotFound && got.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %s", path, got.Status)
		}
	}
}

func TestANewSecretIsMadeOnce(t *testing.T) {
	t.Parallel()
	s, r := newSystem(t), newReceiver(t)
	e := s.hook(t, "org-acme", r.URL)
	at := "/webhooks/" + e.ID
	p := s.signIn(t, "org-acme", auth.OrgAdmin)
	form := url.Values{"version": {opened(t, p.get(t, at+"/secret"))}}
	first := p.post(t, at+"/secret", form)
	first.has(t, "has a new secret", "The secret before signs too until")
	again := p.post(t, at+"/secret", form)
	again.has(t, "version_mismatch", "less than a day ago")
	if first.secretOn() == "" || again.secretOn() != "" || again.StatusCode != http.StatusPreconditionFailed {
		t.Errorf("secrets %q and %q, %s", first.secretOn(), again.secretOn(), again.Status)
	}
	p.post(t, at+"/test", url.Values{}).has(t, "The test was taken")
	if n := r.lastSignatures(); n != 2 {
		t.Errorf("%d secrets sign", n)
	}
	form.Set("version", opened(t, p.get(t, at+"/secret")))
	if second := p.post(t, at+"/secret", form).secretOn(); second == "" || second == first.secretOn() {
		t.Errorf("secrets %q and %q", first.secretOn(), second)
	}
}

func TestATestShowsItsAnswer(t *testing.T) {
	t.Parallel()
	s, r := newSystem(t), newReceiver(t)
	e := s.hook(t, "org-acme", r.URL)
	at := "/webhooks/" + e.ID
	p := s.signIn(t, "org-acme", auth.OrgAdmin)
	p.get(t, at).has(t, "No delivery yet.")
	p.post(t, at+"/test", url.Values{}).has(t, "The test was taken", ">204<", "Test")
	p.get(t, at+"?show=failed").has(t, "No delivery failed.")
	r.answer(http.StatusTeapot)
	page := p.post(t, at+"/test", url.Values{})
	page.has(t, "The test was not taken", ">418<", "status 418", "&lt;b&gt;not today")
	page.lacks(t, "<b>not today")
	failed := p.get(t, at+"?show=failed")
	failed.has(t, ">418<")
	failed.lacks(t, ">204<")
	p.get(t, "/webhooks").has(t, ">418<")
	viewer := s.signIn(t, "org-acme", auth.Viewer).get(t, at)
	viewer.has(t, ">418<", "status 418", "http://127.0.0.1:")
	viewer.lacks(t, "not today", "Send a test", r.URL+"<")
	for range 10 { // more than a minute may have
		page = p.post(t, at+"/test", url.Values{})
	}
	if page.has(t, "rate_limited"); page.StatusCode != http.StatusTooManyRequests {
		t.Error(page.Status)
	}
}

func TestDeliveriesArePagedAndReplayed(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	for range 5 {
		s.place(t)
	}
	e := s.hook(t, "org-acme", "https://hooks.example/in")
	at := "/webhooks/" + e.ID
	for i := range 60 {
		status, fault := 200, ""
		if i%20 == 7 {
			status, fault = 503, "status 503"
		}
		s.delivered(t, e, int64(i%5)+1, i+1, status, fault)
	}
	s.place(t)
	p := s.signIn(t, "org-acme", auth.OrgAdmin)
	page := p.get(t, at)
	page.has(t, `href="/ledger/events/5"`, "Order placed", "1 event behind the log", "1 second<", `data-next href="`+at+`?cursor=`)
	rows := func(s seen) int { return strings.Count(s.Body, "/ledger/events/") }
	if n := rows(page); n != 50 {
		t.Errorf("%d attempts on the first page", n)
	}
	next := html.UnescapeString(regexp.MustCompile(`data-next href="([^"#]+)`).FindStringSubmatch(page.Body)[1])
	if n := rows(p.get(t, next)); n != 10 {
		t.Errorf("%d attempts on the second page", n)
	}
	failed := p.get(t, at+"?show=failed")
	if failed.has(t, "503"); rows(failed) != 3 {
		t.Errorf("%d attempts failed", rows(failed))
	}
	if got := p.get(t, at+"?cursor=x"); got.StatusCode != http.StatusBadRequest {
		t.Error(got.Status)
	}

	p.get(t, at+"/replay").has(t, "From position", "<dt>Delivered through</dt><dd>5</dd>")
	p.post(t, at+"/replay", url.Values{"by": {"position"}, "position": {"3"}}).has(t, "Events are sent from there.", "sent again up to 5")
	if got := s.now(t, e.ID); got.Position != 2 {
		t.Errorf("after a replay from 3: %+v", got)
	}
	for value, field := range map[string]string{"x": "position", "0": "position", "99": "position"} {
		if got := p.post(t, at+"/replay", url.Values{"by": {"position"}, "position": {value}}); got.StatusCode != http.StatusBadRequest || !strings.Contains(got.Body, "aria-invalid") {
			t.Errorf("from %s (%s): %s", value, field, got.Status)
		}
	}
	if got := p.post(t, at+"/replay", url.Values{"by": {"time"}, "time": {"soon"}}); got.StatusCode != http.StatusBadRequest {
		t.Error(got.Status)
	}
	p.post(t, at+"/replay", url.Values{"by": {"time"}, "time": {"2001-01-01T00:00"}}).has(t, "Events are sent from there.")
	if got := s.now(t, e.ID); got.Position != 0 {
		t.Errorf("from the beginning: %+v", got)
	}
	zone, _ := domain.Zone(domain.DefaultTimeZone)
	p.post(t, at+"/replay", url.Values{"by": {"time"}, "time": {time.Now().Add(time.Hour).In(zone).Format("2006-01-02T15:04")}}).has(t, "Events are sent from there.", "Up to date")
	if got := s.now(t, e.ID); got.Position != 6 {
		t.Errorf("from the end: %+v", got)
	}
}

func TestADisabledEndpointIsToldAndEnabledAgain(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.place(t)
	e, other := s.hook(t, "org-acme", "https://hooks.example/in"), s.hook(t, "org-beta", "https://beta.example/in")
	s.super(t, `UPDATE webhook_endpoints SET state = 'disabled', reason = 'failing', attempts = 9, last_error = 'no answer in time'`)
	p, platform := s.signIn(t, "org-acme", auth.OrgAdmin), s.signIn(t, "", auth.Platform)
	p.get(t, "/").has(t, "1 webhook endpoint was disabled", `class="notice bad"><a href="/webhooks"`)
	platform.get(t, "/").has(t, "2 webhook endpoints were disabled")
	p.get(t, "/webhooks").has(t, "Disabled", "Nothing was taken for three days.")
	viewer := s.signIn(t, "org-acme", auth.Viewer).get(t, "/webhooks/"+e.ID)
	viewer.has(t, "Nothing was taken for three days.")
	viewer.lacks(t, "Enable again</button>")
	p.get(t, "/webhooks/"+e.ID).has(t, "Enable again</button>")
	p.post(t, "/webhooks/"+e.ID+"/state", url.Values{"state": {"active"}}).has(t, "goes on where it stopped")
	if got := s.now(t, e.ID); got.State != webhooks.Active || got.Reason != "" || got.Attempts != 0 {
		t.Errorf("%+v", got)
	}
	p.get(t, "/").lacks(t, "disabled")
	platform.get(t, "/webhooks").has(t, "org-beta", "https://beta.example/in", "choose one at the top", "Disabled")
	platform.get(t, "/webhooks?org_id=org-acme").lacks(t, "org-beta/", "beta.example")
	platform.post(t, "/webhooks/"+other.ID+"/state?org_id=org-beta", url.Values{"state": {"active"}}).has(t, "goes on where it stopped", "org-beta")
	s.super(t, `UPDATE webhook_endpoints SET attempts = 2, last_error = 'no connection', failing_since = now(), next_attempt_at = now() + interval '1 hour' WHERE endpoint_id = '`+e.ID+`'`)
	p.get(t, "/webhooks/"+e.ID).has(t, "Failing", "2 attempts failed:", "no connection", "next attempt")
}

func TestEndpointsAreTheirOrganisations(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	e := s.hook(t, "org-acme", "https://hooks.example/in?token=s3cret")
	at := "/webhooks/" + e.ID
	posts := map[string]url.Values{
		"/webhooks/new": {"url": {"https://x.example"}, "which": {"all"}}, at + "/edit": {"url": {"https://x.example"}}, at + "/state": {"state": {"paused"}}, at + "/test": {},
		at + "/secret": {"version": {"first"}}, at + "/replay": {"position": {"1"}}, at + "/delete": {},
	}
	for _, role := range auth.Roles {
		if role == auth.Platform || role == auth.OrgAdmin {
			continue
		}
		p := s.signIn(t, "org-acme", role)
		for _, path := range []string{"/webhooks", at} {
			page := p.get(t, path)
			page.has(t, "https://hooks.example/…")
			page.lacks(t, "s3cret", "/edit", "/webhooks/new", `action="/webhooks`)
		}
		for path, form := range posts {
			if got := p.post(t, path, form); got.StatusCode != http.StatusForbidden {
				t.Errorf("%s posts to %s: %s", role, path, got.Status)
			}
		}
		for _, below := range []string{"/edit", "/secret", "/replay", "/delete"} {
			if got := p.get(t, at+below); got.StatusCode != http.StatusForbidden {
				t.Errorf("%s opens %s: %s", role, below, got.Status)
			}
		}
	}
	foreign := s.signIn(t, "org-beta", auth.OrgAdmin)
	foreign.get(t, "/webhooks").lacks(t, "hooks.example")
	for _, below := range []string{"", "/edit", "/secret", "/replay", "/delete"} {
		if got := foreign.get(t, at+below); got.StatusCode != http.StatusNotFound || strings.Contains(got.Body, "hooks.example") {
			t.Errorf("another organisation opens %s: %s", below, got.Status)
		}
	}
	for path, form := range posts {
		if got := foreign.post(t, path, form); path != "/webhooks/new" && got.StatusCode != http.StatusNotFound {
			t.Errorf("another organisation posts to %s: %s", path, got.Status)
		}
	}
	if got := s.now(t, e.ID); fmt.Sprint(got) != fmt.Sprint(e) {
		t.Errorf("it was changed: %+v", got)
	}
	platform := s.signIn(t, "", auth.Platform)
	platform.get(t, "/webhooks/new").has(t, "choose one at the top of the page")
	platform.post(t, "/webhooks/new", posts["/webhooks/new"]).has(t, "choose one at the top of the page")
	if got := platform.get(t, at+"?org_id=org-beta"); got.StatusCode != http.StatusNotFound {
		t.Errorf("as of another organisation: %s", got.Status)
	}
	if all, err := s.Webhooks.List(t.Context(), "", "", 10); err != nil || len(all) != 2 { // org-beta made its own
		t.Errorf("%d endpoints, %v", len(all), err)
	}
}

// A form of another site is refused before anything is done.
func TestWebhookFormsOfOtherSites(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	e := s.hook(t, "org-acme", "https://hooks.example/in")
	p := s.signIn(t, "org-acme", auth.OrgAdmin)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/webhooks/"+e.ID+"/delete", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	answer, err := p.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusForbidden {
		t.Error(answer.Status)
	}
	s.now(t, e.ID)
}
