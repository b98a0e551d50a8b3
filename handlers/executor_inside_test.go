package handlers

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
)

func executorOn(t *testing.T, db *testkit.DB) *Executor {
	t.Helper()
	e, err := NewExecutor(t.Context(), eventstore.NewLog(db.Pool(t, schema.App)), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func (e *Executor) order(t *testing.T, key string, c domain.Command) error {
	t.Helper()
	_, err := e.Do(t.Context(), Request{Command: c, Key: key, Actor: "key:test", Fingerprint: sha256.Sum256([]byte(key))})
	return err
}

func units(t *testing.T, s string) domain.Amount {
	t.Helper()
	a, err := domain.ParseAmount(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func toppedUp(t *testing.T, org, amount, reference string) domain.TopUp {
	t.Helper()
	return domain.TopUp{OrgID: org, Amount: units(t, amount), Currency: "CNY", Reference: reference}
}

func purchase(t *testing.T, org, price string) domain.PlaceOrder {
	t.Helper()
	one, _ := domain.ParseDecimal("1")
	each, err := domain.ParseDecimal(price)
	if err != nil {
		t.Fatal(err)
	}
	return domain.PlaceOrder{
		OrderID: uuid.Must(uuid.NewV7()).String(), OrgID: org, OrderType: domain.Purchase, ProjectID: "p", ConsumerID: "c", Currency: "CNY",
		Lines: []domain.LineSpec{{ProductCode: "gpu", ProductName: "GPU", ResourceType: "host", Count: one, ChargeMode: domain.ModeMonth, Quantity: one, Unit: "month", UnitPrice: each}},
	}
}

// superuser runs statements that the database refuses everybody else.
func superuser(t *testing.T, db *testkit.DB, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, sql := range append([]string{`SET session_replication_role = replica`}, statements...) {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// With room for next to nothing every state is loaded again and again, and the answers stay right.
func TestTinyCache(t *testing.T) {
	t.Parallel()
	e := executorOn(t, testkit.Database(t))
	e.cache.max = 1 // nothing was sent yet, so the loop has not looked at it
	for org := range 5 {
		id := fmt.Sprint("org-", org)
		if err := e.order(t, id, toppedUp(t, id, "10.00", "bank")); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 60 {
		org := fmt.Sprint("org-", i%5)
		o := purchase(t, org, "1.00")
		if err := e.order(t, fmt.Sprint("place", i), o); err != nil {
			t.Fatal(err)
		}
		err := e.order(t, fmt.Sprint("pay", i), domain.PayOrder{OrderID: o.OrderID, OrgID: org})
		var why *domain.Rejection
		if i < 50 && err != nil || i >= 50 && (!errors.As(err, &why) || why.Missing != units(t, "1.00")) {
			t.Fatalf("payment %d of 1.00 from 10.00: %v", i/5+1, err)
		}
	}
	if n := e.cache.recent.Len(); n > 1 {
		t.Errorf("%d states are held in a cache of one byte", n)
	}
}

// Callers of one key wait for one another; they must not wait without bound.
func TestSameKeyFillsTheQueue(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	e := executorOn(t, db)
	release := holdHead(t, db)
	r := Request{Command: toppedUp(t, "org-acme", "1.00", "bank"), Key: "same", Actor: "key:test"}
	started := 0
	for ; started < 2*queueMax; started++ {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		_, err := e.Start(ctx, r)
		cancel()
		if err != nil {
			break
		}
	}
	if bound := queueMax + 3*batchMax; started > bound {
		t.Errorf("%d callers of one key wait, want at most %d", started, bound)
	}
	if _, err := e.Do(t.Context(), r); !errors.Is(err, ErrBusy) {
		t.Errorf("with a full queue: %v, want ErrBusy", err)
	}
	release()
	wait, err := e.Start(t.Context(), r) // waits for room
	if err == nil {
		_, err = wait(t.Context())
	}
	if err != nil || e.Stats().Commands.Load() != 1 {
		t.Errorf("afterwards: %v, %d commands were carried out, want 1", err, e.Stats().Commands.Load())
	}
}

// holdHead keeps everybody from appending until release is called.
func holdHead(t *testing.T, db *testkit.DB) (release func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), `BEGIN; SELECT 1 FROM head FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	release = func() { _ = conn.Close(context.Background()) }
	t.Cleanup(release)
	return release
}

// A database put back to a backup, and grown past what this executor knew before it noticed: nothing that
// it holds is true any more.
func TestLogPutBackUnderARunningExecutor(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	e, other := executorOn(t, db), executorOn(t, db)
	if err := e.order(t, "first", toppedUp(t, "org-acme", "100.00", "first")); err != nil {
		t.Fatal(err)
	}
	backup, err := e.log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := e.order(t, "lost", toppedUp(t, "org-acme", "50.00", "lost")); err != nil {
		t.Fatal(err)
	}
	superuser(t, db, `DELETE FROM events WHERE position > 1`, `DELETE FROM claims WHERE position > 1`,
		fmt.Sprintf(`UPDATE head SET position = 1, hash = '\x%s', recorded_at = '%s'`, backup.Hash, backup.RecordedAt.Format(time.RFC3339Nano)))
	for i := range 3 {
		if err := other.order(t, fmt.Sprint("other", i), toppedUp(t, "org-other", "1.00", fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	o := purchase(t, "org-acme", "120.00")
	if err := e.order(t, "place", o); err != nil {
		t.Fatal(err)
	}
	var why *domain.Rejection
	err = e.order(t, "pay", domain.PayOrder{OrderID: o.OrderID, OrgID: "org-acme"})
	if !errors.As(err, &why) || why.Code != domain.InsufficientFunds || why.Missing != units(t, "20.00") {
		t.Errorf("paying 120.00 from 100.00: %v, want 20.00 to be missing", err)
	}
	if err := e.order(t, "lost", toppedUp(t, "org-acme", "50.00", "lost")); err != nil {
		t.Errorf("a command that the backup did not have: %v", err)
	}
}
