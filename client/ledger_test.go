package client_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"orderledger/client"
	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/handlers/intake"
	"orderledger/internal/auth"
	"orderledger/internal/natsserver"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
	"orderledger/projections"
)

func TestMain(m *testing.M) {
	if config := os.Getenv(asService); config != "" {
		if err := beAService(config); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	testkit.Main(m)
}

// ledger is a whole one: API, relay, read models and intake, with the organisation org-acme that has money.
type ledger struct {
	url     string // of the API
	natsURL string
	keys    *auth.Keys
	log     *eventstore.Log
	// gpu is an API key of a service of org-acme; the service gpu is known for NATS too.
	gpu string
	// bank is a client of the platform, over HTTP.
	bank *client.Client
}

func newLedger(t testing.TB) *ledger {
	t.Helper()
	return newLedgerOn(t, testkit.NATS(t))
}

// newLedgerOn starts a ledger that uses a broker, as the user whom options name.
func newLedgerOn(t testing.TB, server *natsserver.Server) *ledger {
	t.Helper()
	return startLedger(t, server.URL(), func(o ...nats.Option) (*nats.Conn, error) { return server.Connect(o...) })
}

func startLedger(t testing.TB, natsURL string, connect func(...nats.Option) (*nats.Conn, error)) *ledger {
	t.Helper()
	db := testkit.Database(t)
	pool := db.Pool(t, schema.App)
	l := &ledger{natsURL: natsURL, keys: auth.NewKeys(pool), log: eventstore.NewLog(pool)}
	nc, err := connect(nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	must(t, err)
	t.Cleanup(nc.Close)
	watch := eventstore.NewWatch(l.log)
	t.Cleanup(watch.Close)
	run(t, eventstore.NewRelay(l.log, watch, nc, eventstore.RelayOptions{}).Run)
	reads, err := schema.Pool(t.Context(), db.URL, schema.Reader, 8, projections.CustomPlans)
	must(t, err)
	t.Cleanup(reads.Close)
	projector := db.Pool(t, schema.Projector)
	followed := eventstore.NewLog(projector)
	worker := projections.NewWorker(projector, followed, eventstore.NewFeed(followed, watch, nil))
	run(t, func(ctx context.Context) error { worker.Run(ctx); return nil })
	executor, err := handlers.NewExecutor(t.Context(), l.log, time.Now)
	must(t, err)
	t.Cleanup(executor.Close)
	services := auth.NewServices(pool)
	_, err = services.Create(t.Context(), "gpu", "org-acme", auth.Service, "test")
	must(t, err)
	run(t, intake.New(intake.Options{Executor: executor, Services: services, Pool: pool, NATS: nc}).Run)
	api := handlers.NewServer(handlers.Options{
		Executor: executor, Log: l.log, Watch: watch, Keys: l.keys,
		Reader: projections.NewReader(reads, worker), Reads: eventstore.NewLog(reads),
	})
	server := httptest.NewUnstartedServer(nil)
	server.Config = api.HTTPServer("")
	server.Start()
	t.Cleanup(func() { api.Close(); server.Close() })
	l.url = server.URL
	l.gpu = l.key(t, "org-acme", auth.Service)
	l.bank = l.open(t, client.HTTP{URL: l.url, Key: l.key(t, "", auth.Platform)})
	_, err = l.bank.Do(t.Context(), "top_up", "endow", map[string]string{
		"org_id": "org-acme", "amount": "1000000.00", "currency": "CNY", "reference": "endow",
	})
	must(t, err)
	return l
}

func (l *ledger) key(t testing.TB, org string, role auth.Role) string {
	t.Helper()
	_, text, err := l.keys.Create(t.Context(), org, role, "test", "test")
	must(t, err)
	return text
}

func (l *ledger) open(t testing.TB, via client.Via) *client.Client {
	t.Helper()
	c, err := client.New(via)
	must(t, err)
	t.Cleanup(c.Close)
	return c
}

func (l *ledger) http() client.HTTP { return client.HTTP{URL: l.url, Key: l.gpu} }

func (l *ledger) overNATS() client.NATS {
	return client.NATS{URL: l.natsURL, Service: "gpu", OrgID: "org-acme"}
}

// head is where the log ends.
func (l *ledger) head(t testing.TB) int64 {
	t.Helper()
	h, err := l.log.Head(t.Context())
	must(t, err)
	return h.Position
}

// run runs a part of the ledger until the test ends.
func run(t testing.TB, part func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = part(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// patient is a context that no test reaches the end of.
func patient(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func purchase() client.PlaceOrder {
	return client.PlaceOrder{
		OrderType: "purchase", ProjectID: "default", ConsumerID: "user-7", Currency: "CNY",
		Lines: []client.Line{{
			ProductCode: "gpu-instance", ProductName: "GPU instance", ResourceType: "cloud-host",
			Count: "1", ChargeMode: "month", Quantity: "1", Unit: "month",
			UnitPrice: "28.86",
		}},
	}
}

// onBoth runs a test over each way.
func onBoth(t *testing.T, test func(t *testing.T, l *ledger, via client.Via)) {
	t.Run("HTTP", func(t *testing.T) { t.Parallel(); l := newLedger(t); test(t, l, l.http()) })
	t.Run("NATS", func(t *testing.T) { t.Parallel(); l := newLedger(t); test(t, l, l.overNATS()) })
}
