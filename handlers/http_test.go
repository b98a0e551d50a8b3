package handlers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/handlers/webhooks"
	"orderledger/internal/auth"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
	"orderledger/projections"
)

// api is the HTTP API of a ledger, on a real port, with read models that follow.
type api struct {
	*ledger
	*handlers.Server
	URL    string
	http   *http.Client
	keys   *auth.Keys
	reader *projections.Reader
	// platform, acme and bank are keys: of the platform, and of org-acme's administrator and finance.
	platform, acme, bank string
	sent                 int // numbers keys of commands
}

func newAPI(t *testing.T, change ...func(*handlers.Options)) *api {
	t.Helper()
	return openAPI(t, testkit.Database(t), change...)
}

// openAPI opens another replica of the API on a database.
func openAPI(t *testing.T, db *testkit.DB, change ...func(*handlers.Options)) *api {
	t.Helper()
	l := openLedger(t, db)
	watch := eventstore.NewWatch(l.log)
	t.Cleanup(watch.Close)
	pool, err := schema.Pool(t.Context(), db.URL, schema.Reader, 8, projections.CustomPlans)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	a := &api{ledger: l, keys: auth.NewKeys(db.Pool(t, schema.App)), reader: projections.NewReader(pool, follow(t, db))}
	sender := webhooks.NewSender(webhooks.SenderOptions{AllowPrivate: true})
	t.Cleanup(sender.Close)
	o := handlers.Options{
		Executor: l.Executor, Log: l.log, Watch: watch, Keys: a.keys, Reader: a.reader, Reads: eventstore.NewLog(pool),
		Webhooks: webhooks.NewStore(db.Pool(t, schema.App), sender, time.Now),
	}
	for _, f := range change {
		f(&o)
	}
	a.Server = handlers.NewServer(o)
	server := httptest.NewUnstartedServer(nil)
	server.Config = a.HTTPServer("")
	server.Start()
	t.Cleanup(func() { a.Close(); server.Close() })
	a.URL, a.http = server.URL, server.Client()
	a.platform = a.key(t, "", auth.Platform)
	a.acme = a.key(t, "org-acme", auth.OrgAdmin)
	a.bank = a.key(t, "org-acme", auth.Finance)
	return a
}

// follow keeps the read models up with the log until the test ends.
func follow(t *testing.T, db *testkit.DB) *projections.Worker {
	t.Helper()
	pool := db.Pool(t, schema.Projector)
	log := eventstore.NewLog(pool)
	watch := eventstore.NewWatch(log)
	t.Cleanup(watch.Close)
	w := projections.NewWorker(pool, log, eventstore.NewFeed(log, watch, nil))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return w
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

// head is where the log ends.
func (a *api) head(t *testing.T) int64 {
	t.Helper()
	h, err := a.log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return h.Position
}

// response is an answer whose body was read.
type response struct {
	*http.Response
	Body []byte
}

// member is a part of the body: "entry.amount", "items.0.position".
func (r response) member(path string) any {
	var v any
	_ = json.Unmarshal(r.Body, &v)
	for step := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			if i := int(step[0] - '0'); i < len(at) {
				v = at[i]
			} else {
				return nil
			}
		default:
			return nil
		}
	}
	return v
}

func (r response) text(path string) string { s, _ := r.member(path).(string); return s }

func (r response) number(path string) int64 { n, _ := r.member(path).(float64); return int64(n) }

// request makes a request; headers are "Name: value".
func (a *api) request(t *testing.T, key, method, path string, body io.Reader, headers ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, a.URL+path, body)
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
	return r
}

func (a *api) send(t *testing.T, key, method, path, body string, headers ...string) response {
	t.Helper()
	got, err := a.http.Do(a.request(t, key, method, path, strings.NewReader(body), headers...))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
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
	problem := r.Header.Get("Content-Type") == "application/problem+json"
	if r.StatusCode != status || problem != (code != "") || problem && r.text("code") != code {
		t.Errorf("%s %s %.80s: %d %s, want %d %q", method, path, body, r.StatusCode, bytes.TrimSpace(r.Body), status, code)
	}
	a.wantLists(t, method+" "+path, r)
	return r
}

// get reads, no earlier than what has happened so far.
func (a *api) get(t *testing.T, key, path string, more ...string) response {
	t.Helper()
	q := strings.Join(append(more, "min_position="+itoa(a.head(t))), "&")
	return a.want(t, 200, "", key, "GET", path+"?"+q, "")
}

const orderLine = `{"product_code":"gpu-instance","product_name":"GPU instance","resource_type":"cloud-host","resource_id":"bsr-1",
   "resource_ext":{"内网IP":"192.168.18.164"},"region":"cn-north-1","old_config":[],"new_config":[{"component":"GPU","value":"4","unit":"card"}],
   "count":"1","charge_mode":"month","quantity":"1","unit":"month","unit_price":"28.86","discount_amount":"0",
   "effective_at":"2025-11-04T23:00:00+08:00","expires_at":"2025-12-04T23:00:00+08:00"}`

const orderHead = `"order_type":"purchase","project_id":"default","consumer_id":"user-7","currency":"CNY"`

const orderBody = `{` + orderHead + `,"tags":{"team":"vision"},"parent_order_id":null,"lines":[` + orderLine + `]}`

const topUpBody = `{"amount":"100.00","currency":"CNY","reference":"bank-1"}`
