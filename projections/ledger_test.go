package projections_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
	"orderledger/projections"
)

// ledger is an executor on a database of its own.
type ledger struct {
	*handlers.Executor
	db  *testkit.DB
	log *eventstore.Log
}

func newLedger(t *testing.T) *ledger {
	t.Helper()
	db := testkit.Database(t)
	log := eventstore.NewLog(db.Pool(t, schema.App))
	e, err := handlers.NewExecutor(t.Context(), log, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return &ledger{e, db, log}
}

func (l *ledger) must(t *testing.T, key string, c domain.Command, at ...time.Time) handlers.Result {
	t.Helper()
	q := handlers.Request{Command: c, Key: key, Actor: "key:test", Fingerprint: sha256.Sum256(fmt.Appendf(nil, "%+v", c))}
	if len(at) > 0 {
		q.At = at[0]
	}
	r, err := l.Do(t.Context(), q)
	if err != nil {
		t.Fatalf("%s %s: %v", c.Name(), key, err)
	}
	return r
}

func (l *ledger) head(t *testing.T) int64 {
	t.Helper()
	h, err := l.log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return h.Position
}

// traffic sends about n commands of every kind over some organisations, from several callers.
func (l *ledger) traffic(t *testing.T, seed uint64, n int) {
	t.Helper()
	var g errgroup.Group
	for c := range 8 {
		g.Go(func() error {
			r := rand.New(rand.NewPCG(seed, uint64(c)))
			for i := range n / 8 {
				if err := l.oneOrder(t.Context(), r, fmt.Sprintf("%d-%d-%d", seed, c, i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}

// oneOrder places an order of one to three lines and gives it one of the ends that orders have.
func (l *ledger) oneOrder(ctx context.Context, r *rand.Rand, id string) error {
	currency := domain.Currency([]string{"CNY", "JPY", "USD"}[r.IntN(3)])
	o := order(fmt.Sprintf("org-%d", r.IntN(5)), fmt.Sprint(r.IntN(4)*r.IntN(100)))
	o.Currency, o.Tags = currency, map[string]string{"team": fmt.Sprint("t", r.IntN(3)), "a\tb\\": "c\"ö"}
	for range r.IntN(3) {
		line := o.Lines[0]
		line.ProductCode, line.ResourceID, line.Region = fmt.Sprint("p", r.IntN(4)), fmt.Sprint("res-", r.IntN(50)), "cn-north-1"
		o.Lines = append(o.Lines, line)
	}
	commands := []domain.Command{o}
	switch r.IntN(4) {
	case 0:
		commands = append(commands, topUp(o.OrgID, "1000", currency, id), domain.PayOrder{OrderID: o.OrderID, OrgID: o.OrgID})
	case 1:
		commands = append(commands, domain.CancelOrder{OrderID: o.OrderID, OrgID: o.OrgID, Reason: "a \\ b <c>"})
	case 2:
		zone := []string{"Asia/Shanghai", "America/New_York", "Europe/Berlin"}[r.IntN(3)]
		commands = append(commands, domain.ChangeSettings{OrgID: o.OrgID, TimeZone: &zone})
	}
	for i, c := range commands {
		_, err := l.Do(ctx, handlers.Request{Command: c, Key: fmt.Sprint(id, "-", i), Actor: "key:test", Fingerprint: sha256.Sum256([]byte(id))})
		var refused *domain.Rejection
		if err != nil && !errors.As(err, &refused) { // a free order is paid already
			return fmt.Errorf("%s: %w", c.Name(), err)
		}
	}
	return nil
}

func order(org, price string) domain.PlaceOrder {
	return domain.PlaceOrder{
		OrderID: uuid.Must(uuid.NewV7()).String(), OrgID: org, OrderType: domain.Purchase, ProjectID: "default", ConsumerID: "user-7", Currency: "CNY",
		Lines: []domain.LineSpec{{
			ProductCode: "gpu-instance", ProductName: "GPU instance", ResourceType: "cloud-host", ResourceID: "bsr-1", Count: decimal("1"),
			ChargeMode: domain.ModeMonth, Quantity: decimal("1"), Unit: "month", UnitPrice: decimal(price),
		}},
	}
}

func topUp(org, value string, currency domain.Currency, reference string) domain.TopUp {
	return domain.TopUp{OrgID: org, Amount: amount(value), Currency: currency, Reference: reference}
}

func amount(s string) domain.Amount {
	a, err := domain.ParseAmount(s)
	if err != nil {
		panic(err)
	}
	return a
}

func decimal(s string) domain.Decimal {
	d, err := domain.ParseDecimal(s)
	if err != nil {
		panic(err)
	}
	return d
}

// feed is the log's own, from Postgres alone, in pages of a size of the test's choice.
type feed struct {
	*eventstore.Feed
	pageMax int
}

func (f feed) Follow(ctx context.Context, after int64, hash eventstore.Hash, _ int, handle func(context.Context, []eventstore.Event) error) error {
	return f.Feed.Follow(ctx, after, hash, f.pageMax, handle)
}

// newWorker makes a worker that reads pages of so many events.
func newWorker(t *testing.T, db *testkit.DB, pageMax int) *projections.Worker {
	t.Helper()
	pool := db.Pool(t, schema.Projector)
	log := eventstore.NewLog(pool)
	watch := eventstore.NewWatch(log)
	t.Cleanup(watch.Close)
	return projections.NewWorker(pool, log, feed{eventstore.NewFeed(log, watch, nil), pageMax})
}

// run lets a worker work until the test ends, or stop is called.
func run(t *testing.T, w *projections.Worker) (stop func()) {
	t.Helper()
	stop = runWorker(w)
	t.Cleanup(stop)
	return stop
}

func runWorker(w *projections.Worker) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	return func() { cancel(); <-done }
}

// waitFor waits until all read models have reached a position.
func waitFor(t *testing.T, r *projections.Reader, position int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := r.WaitFor(ctx, position, projections.Names...); err != nil {
		t.Fatal(err)
	}
}
