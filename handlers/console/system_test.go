package console_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/handlers/console"
	"orderledger/handlers/webhooks"
	"orderledger/internal/auth"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
	"orderledger/projections"
)

// system is a whole ledger with its console on a real port, with read models that follow.
type system struct {
	*handlers.Server
	URL      string
	keys     *auth.Keys
	sessions *auth.Sessions
	services *auth.Services
	db       *testkit.DB
	sent     int // numbers commands' keys
}

func newSystem(t *testing.T, change ...func(*console.Options)) *system {
	t.Helper()
	db := testkit.Database(t)
	log := eventstore.NewLog(db.Pool(t, schema.App))
	executor, err := handlers.NewExecutor(t.Context(), log, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(executor.Close)
	watch := eventstore.NewWatch(log)
	t.Cleanup(watch.Close)
	pool, err := schema.Pool(t.Context(), db.URL, schema.Reader, 8, projections.CustomPlans)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	app := db.Pool(t, schema.App)
	s := &system{db: db, keys: auth.NewKeys(app), sessions: auth.NewSessions(app), services: auth.NewServices(app)}
	sender := webhooks.NewSender(webhooks.SenderOptions{AllowPrivate: true})
	t.Cleanup(sender.Close)
	s.Server = handlers.NewServer(handlers.Options{
		Executor: executor, Log: log, Watch: watch, Keys: s.keys, Reader: projections.NewReader(pool, follow(t, db)), Reads: eventstore.NewLog(pool),
		Webhooks: webhooks.NewStore(app, sender, time.Now),
	})
	o := console.Options{Server: s.Server, Sessions: s.sessions, Services: s.services, Verifications: console.NewVerifications(app, s.verify)}
	t.Cleanup(o.Verifications.Close)
	for _, f := range change {
		f(&o)
	}
	s.UseConsole(console.New(o))
	server := httptest.NewUnstartedServer(nil)
	server.Config = s.HTTPServer("")
	server.Start()
	t.Cleanup(func() { s.Close(); server.Close() })
	s.URL = server.URL
	return s
}

// verify makes a real verification, on pools of its own.
func (s *system) verify(ctx context.Context, progress func(string, int64, int64)) (projections.Report, error) {
	v := projections.Verification{Progress: progress}
	for role, into := range map[string]**pgxpool.Pool{schema.App: &v.App, schema.Owner: &v.Owner, schema.Projector: &v.Projector} {
		pool, err := schema.Pool(ctx, s.db.URL, role, 6)
		if err != nil {
			return projections.Report{}, err
		}
		defer pool.Close()
		*into = pool
	}
	return v.Run(ctx)
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

// do carries out a command as the platform; body is what its JSON has, such as `{"org_id":"org-acme"}`. at is when it
// happened, "" for now.
func (s *system) do(t *testing.T, command, body string) handlers.Result {
	t.Helper()
	s.sent++
	r, err := s.Act(t.Context(), auth.Identity{KeyID: "test", Role: auth.Platform}, command, fmt.Sprint("test-", s.sent), []byte(body))
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return r
}

const orderOfOneLine = `{"order_type":"purchase","org_id":"org-acme","project_id":"default","consumer_id":"user-7","currency":"CNY","tags":{"team":"vision"},
"lines":[{"product_code":"gpu-instance","product_name":"GPU instance","resource_type":"cloud-host","resource_name":"train-1","region":"cn-north-1",
"new_config":[{"component":"GPU","value":"4","unit":"card"}],"count":"1","charge_mode":"month","quantity":"1","unit":"month","unit_price":"28.86"}]}`

// place places an order of one line for org-acme and returns its id; with changes, members of the order are replaced.
func (s *system) place(t *testing.T, changes ...string) string {
	t.Helper()
	o, ok := s.do(t, "place_order", orderOf(t, changes...)).State.(*domain.Order)
	if !ok {
		t.Fatal("no order was placed")
	}
	return o.OrderID
}

// topUp gives org-acme cash.
func (s *system) topUp(t *testing.T, amount string) {
	t.Helper()
	s.do(t, "top_up", fmt.Sprintf(`{"org_id":"org-acme","amount":%q,"currency":"CNY","reference":"bank-%d"}`, amount, s.sent))
}

// person is a browser without scripts, signed in.
type person struct {
	*system
	http *http.Client
}

// signIn signs somebody in with a role; "" is no organisation, for platform keys.
func (s *system) signIn(t *testing.T, org string, role auth.Role) *person {
	t.Helper()
	key, _, err := s.keys.Create(t.Context(), org, role, "test", "test")
	if err != nil {
		t.Fatal(err)
	}
	token, err := s.sessions.Start(t.Context(), key.KeyID)
	if err != nil {
		t.Fatal(err)
	}
	jar, _ := cookiejar.New(nil) // it can't fail
	return &person{s, &http.Client{Jar: jar, Transport: cookies{"__Host-ledger=" + token}}}
}

// cookies adds the session's, which Go's jar keeps for https alone.
type cookies struct{ session string }

func (c cookies) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Add("Cookie", c.session)
	return http.DefaultTransport.RoundTrip(r)
}

// seen is an answer whose body was read; after redirects, of the last page.
type seen struct {
	*http.Response
	Body string
}

// get opens a page once the read models are where the log is.
func (p *person) get(t *testing.T, path string) seen {
	t.Helper()
	head, err := p.Log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Reach(t.Context(), head.Position, projections.Names...); err != nil && head.Position > 0 {
		t.Fatal(err)
	}
	return p.send(t, http.MethodGet, path, nil)
}

// post sends a form.
func (p *person) post(t *testing.T, path string, form url.Values) seen {
	t.Helper()
	return p.send(t, http.MethodPost, path, form)
}

func (p *person) send(t *testing.T, method, path string, form url.Values) seen {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, p.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := p.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return seen{response, string(body)}
}

// has fails unless a page has all of some texts.
func (s seen) has(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(s.Body, text) {
			t.Errorf("%s (%s) lacks %q", s.Request.URL, s.Status, text)
		}
	}
}

// lacks fails if a page has any of some texts.
func (s seen) lacks(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(s.Body, text) {
			t.Errorf("%s (%s) has %q", s.Request.URL, s.Status, text)
		}
	}
}
