package handlers_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
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
	return openLedger(t, db)
}

// openLedger starts another executor on the database, as a replica would.
func openLedger(t *testing.T, db *testkit.DB) *ledger {
	t.Helper()
	log := eventstore.NewLog(db.Pool(t, schema.App))
	e, err := handlers.NewExecutor(t.Context(), log, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return &ledger{e, db, log}
}

func (l *ledger) do(t *testing.T, key string, c domain.Command) (handlers.Result, error) {
	t.Helper()
	return l.Do(t.Context(), request(key, c))
}

func (l *ledger) must(t *testing.T, key string, c domain.Command) handlers.Result {
	t.Helper()
	r, err := l.do(t, key, c)
	if err != nil {
		t.Fatalf("%s %s: %v", c.Name(), key, err)
	}
	return r
}

func request(key string, c domain.Command) handlers.Request {
	return handlers.Request{Command: c, Key: key, Actor: "key:test", Fingerprint: sha256.Sum256(fmt.Appendf(nil, "%s %+v", c.Name(), c))}
}

func amount(s string) domain.Amount   { a, err := domain.ParseAmount(s); must(err); return a }
func decimal(s string) domain.Decimal { d, err := domain.ParseDecimal(s); must(err); return d }
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// order is a purchase of one line at a price.
func order(org, price string) domain.PlaceOrder {
	return domain.PlaceOrder{
		OrderID: uuid.Must(uuid.NewV7()).String(), OrgID: org, OrderType: domain.Purchase, ProjectID: "default", ConsumerID: "user-7", Currency: "CNY",
		Lines: []domain.LineSpec{{
			ProductCode: "gpu-instance", ProductName: "GPU instance", ResourceType: "cloud-host", Count: decimal("1"),
			ChargeMode: domain.ModeMonth, Quantity: decimal("1"), Unit: "month", UnitPrice: decimal(price),
		}},
	}
}

func topUp(org, value, reference string) domain.TopUp {
	return domain.TopUp{OrgID: org, Amount: amount(value), Currency: "CNY", Reference: reference}
}

func pay(o domain.PlaceOrder) domain.PayOrder {
	return domain.PayOrder{OrderID: o.OrderID, OrgID: o.OrgID}
}

func wantCode(t *testing.T, err error, code domain.Code) {
	t.Helper()
	var r *domain.Rejection
	if !errors.As(err, &r) || r.Code != code {
		t.Fatalf("got %v, want a refusal with code %s", err, code)
	}
}

func TestPlaceTopUpPay(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	o := order("org-acme", "28.86")
	placed := l.must(t, "place", o)
	if got := placed.State.(*domain.Order); got.Status != domain.Unpaid || got.PayableAmount != amount("28.86") || placed.Last != 1 {
		t.Fatalf("placed %+v at %d", got, placed.Last)
	}
	_, err := l.do(t, "pay-early", pay(o))
	wantCode(t, err, domain.InsufficientFunds)
	var r *domain.Rejection
	if errors.As(err, &r); r.Missing != amount("28.86") {
		t.Errorf("missing %s, want 28.86", r.Missing)
	}
	l.must(t, "top-up", topUp("org-acme", "30.00", "bank-1"))
	paid := l.must(t, "pay", pay(o))
	if got := paid.State.(*domain.Order); got.Status != domain.Paid || got.Paid.Cash != amount("28.86") || paid.Last != 4 {
		t.Fatalf("paid %+v at %d", got, paid.Last)
	}
	_, err = l.do(t, "pay-again", pay(o))
	wantCode(t, err, domain.OrderNotUnpaid)
	_, err = l.do(t, "other-top-up", topUp("org-acme", "30.00", "bank-1"))
	wantCode(t, err, domain.DuplicateReference)
}

func TestSameKeyFiftyTimes(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	replicas := []*ledger{openLedger(t, db), openLedger(t, db)}
	o := order("org-acme", "1.00")
	var wg sync.WaitGroup
	results := make([]handlers.Result, 50)
	for i := range results {
		wg.Go(func() {
			r, err := replicas[i%2].Do(context.Background(), request("place", o))
			if err != nil {
				t.Errorf("caller %d: %v", i, err)
			}
			results[i] = r
		})
	}
	wg.Wait()
	first := 0
	for _, r := range results {
		if r.Last != 1 || r.State.(*domain.Order).OrderID != o.OrderID {
			t.Errorf("answered %+v, want the order at position 1", r)
		}
		if !r.Replayed {
			first++
		}
	}
	if first != 1 {
		t.Errorf("%d answers were not replays, want 1", first)
	}
}

func TestKeysHoldForEver(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	o := order("org-acme", "1.00")
	l.must(t, "top-up", topUp("org-acme", "5.00", "bank-1"))
	first := l.must(t, "place", o)
	l.must(t, "pay", pay(o))
	l.Close()

	l = openLedger(t, l.db) // it has forgotten all keys
	again := l.must(t, "place", o)
	if !again.Replayed || again.Last != first.Last || again.State.(*domain.Order).Status != domain.Unpaid {
		t.Errorf("after a restart the first answer is %+v, want that of position %d", again.State, first.Last)
	}
	if r := l.must(t, "pay", pay(o)); !r.Replayed {
		t.Errorf("a payment of a paid order is refused although its key is known: %+v", r)
	}
	if r := l.must(t, "top-up", topUp("org-acme", "5.00", "bank-1")); !r.Replayed {
		t.Errorf("a known top-up was not replayed: %+v", r)
	}
	_, err := l.do(t, "place", order("org-acme", "1.00"))
	if !errors.Is(err, handlers.ErrKeyReused) {
		t.Errorf("another body under the key: %v, want ErrKeyReused", err)
	}
}

func TestReplicasNeverOverdraw(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	replicas := []*ledger{openLedger(t, db), openLedger(t, db)}
	for round := range 20 {
		org := fmt.Sprintf("org-%d", round)
		replicas[0].must(t, "top-up", topUp(org, "100.00", "bank"))
		orders := []domain.PlaceOrder{order(org, "60.00"), order(org, "60.00")}
		var wg sync.WaitGroup
		paid := make([]bool, 2)
		for i, o := range orders {
			wg.Go(func() {
				replicas[i].must(t, fmt.Sprint("place", i), o)
				_, err := replicas[i].Do(context.Background(), request(fmt.Sprint("pay", i), pay(o)))
				paid[i] = err == nil
				var r *domain.Rejection
				if err != nil && (!errors.As(err, &r) || r.Code != domain.InsufficientFunds || r.Missing != amount("20.00")) {
					t.Errorf("round %d: %v, want insufficient funds missing 20.00", round, err)
				}
			})
		}
		wg.Wait()
		if paid[0] == paid[1] {
			t.Errorf("round %d: paid %v, want exactly one", round, paid)
		}
	}
}

func TestManyCallers(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.must(t, "top-up", topUp("org-acme", "1000.00", "bank"))
	start := time.Now()
	var wg sync.WaitGroup
	for c := range 64 {
		wg.Go(func() {
			for i := range 20 {
				o := order("org-acme", "0.50")
				id := fmt.Sprintf("%d-%d", c, i)
				if _, err := l.Do(context.Background(), request("place-"+id, o)); err != nil {
					t.Error(err)
				}
				if _, err := l.Do(context.Background(), request("pay-"+id, pay(o))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	head, err := l.log.Head(t.Context())
	if err != nil || head.Position != 1+64*20*3 {
		t.Errorf("the log ends at %d (%v), want %d", head.Position, err, 1+64*20*3)
	}
	t.Logf("%.0f events/s, %d batches", float64(head.Position)/time.Since(start).Seconds(), l.Stats().Batches.Load())
	for after := int64(0); ; {
		page, err := l.log.Read(t.Context(), after, 1000)
		if err != nil {
			t.Fatal(err)
		}
		before := eventstore.Hash{}
		if after > 0 {
			prev, _ := l.log.Read(t.Context(), after-1, 1)
			before = prev[0].Hash
		}
		for i := range page {
			if want := page[i].ChainHash(before); want != page[i].Hash || page[i].Position != after+1 {
				t.Fatalf("event %d after %d breaks the chain: %s", page[i].Position, after, page[i].Envelope())
			}
			before, after = page[i].Hash, page[i].Position
		}
		if len(page) < 1000 {
			break
		}
	}
}
