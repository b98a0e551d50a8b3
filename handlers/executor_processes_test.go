package handlers_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
)

// replicaURL makes this test binary a replica on that database: TestMain looks for it.
const replicaURL = "LEDGER_TEST_REPLICA_URL"

// replicaMain pays 60 orders of 1.00 from one account, from several callers, and prints each payment's key
// and outcome.
func replicaMain(url, name string) error {
	ctx := context.Background()
	pool, err := schema.Pool(ctx, url, schema.App, 4)
	if err != nil {
		return err
	}
	defer pool.Close()
	e, err := handlers.NewExecutor(ctx, eventstore.NewLog(pool), time.Now)
	if err != nil {
		return err
	}
	defer e.Close()
	var wg sync.WaitGroup
	var mu sync.Mutex
	for c := range 6 {
		wg.Go(func() {
			for i := range 10 {
				o := order("org-acme", "1.00")
				key := fmt.Sprint(name, "-", c, "-", i)
				_, err := e.Do(ctx, request("place-"+key, o))
				if err == nil {
					_, err = e.Do(ctx, request("pay-"+key, pay(o)))
				}
				outcome := "paid"
				if err != nil {
					outcome = strings.ReplaceAll(string(codeOf(err)), " ", "_")
				}
				mu.Lock()
				fmt.Println("pay-"+key, outcome)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return nil
}

// Three processes on one account that covers 100 of their 180 payments.
func TestThreeProcesses(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	l := openLedger(t, db)
	l.must(t, "top-up", topUp("org-acme", "100.00", "bank"))
	var wg sync.WaitGroup
	var mu sync.Mutex
	outcomes := map[string]string{}
	for i := range 3 {
		wg.Go(func() {
			c := exec.CommandContext(t.Context(), os.Args[0], fmt.Sprint("replica", i))
			c.Env = append(os.Environ(), replicaURL+"="+db.URL)
			c.Stderr = os.Stderr
			out, err := c.Output()
			if err != nil {
				t.Errorf("replica %d: %v", i, err)
			}
			mu.Lock()
			defer mu.Unlock()
			for lines := bufio.NewScanner(strings.NewReader(string(out))); lines.Scan(); {
				key, outcome, _ := strings.Cut(lines.Text(), " ")
				outcomes[key] = outcome
			}
		})
	}
	wg.Wait()
	keys := checkLog(t, l.log, 1+180+2*100)
	paid := 0
	for key, outcome := range outcomes {
		if outcome == "paid" {
			paid++
		}
		if (outcome == "paid") != (keys["org-acme/"+key] > 0) || outcome != "paid" && outcome != string(domain.InsufficientFunds) {
			t.Errorf("%s was answered %s, and is at %d", key, outcome, keys["org-acme/"+key])
		}
	}
	if len(outcomes) != 180 || paid != 100 {
		t.Errorf("%d answers, %d payments of 1.00 from 100.00", len(outcomes), paid)
	}
}

// Postgres is killed under load, twice, and started again. What was acknowledged is there, and what was not
// is told by its key.
func TestPostgresKilledUnderLoad(t *testing.T) {
	t.Parallel()
	server := testkit.Postgres(t)
	url := server.URL("ledger")
	if err := schema.Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	pool, err := schema.Pool(t.Context(), url, schema.App, 8)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	log := eventstore.NewLog(pool)
	e, err := handlers.NewExecutor(t.Context(), log, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)

	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	var mu sync.Mutex
	acked, unknown := map[string]int64{}, 0
	answered := make(chan struct{}, 1)
	for c := range 16 {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				key := fmt.Sprint(c, "-", i)
				first := sendUntilKnown(t, e, key, func() { mu.Lock(); unknown++; mu.Unlock() })
				mu.Lock()
				acked[key] = first
				mu.Unlock()
				select {
				case answered <- struct{}{}:
				default:
				}
			}
		})
	}
	for range 2 {
		for range 100 {
			<-answered
		}
		if err := server.Kill(); err != nil {
			t.Error(err)
		}
		server = testkit.StartPostgres(t, server.Dir())
		if server.URL("ledger") != url {
			t.Errorf("after a restart it is at %s, before at %s", server.URL("ledger"), url)
			break
		}
	}
	for range 100 {
		<-answered
	}
	stop()
	wg.Wait()
	keys := checkLog(t, log, int64(len(acked)))
	for key, first := range acked {
		if keys["org-acme/"+key] != first {
			t.Errorf("%s was acknowledged at %d, and is at %d", key, first, keys["org-acme/"+key])
		}
	}
	t.Logf("%d acknowledged, %d times without an answer, %d batches settled", len(acked), unknown, e.Stats().Settled.Load())
}

// sendUntilKnown sends a command with one key again until its outcome is known, and returns its position.
func sendUntilKnown(t *testing.T, e *handlers.Executor, key string, doubt func()) int64 {
	for end := time.Now().Add(time.Minute); ; {
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		r, err := e.Do(ctx, request(key, topUp("org-acme", "1.00", key)))
		cancel()
		if err == nil {
			return r.First
		}
		doubt()
		// An answer may be read from a database that is just gone: the command's own outcome is what counts.
		if errors.Is(err, handlers.ErrKeyReused) || codeOf(err) == domain.DuplicateReference || time.Now().After(end) {
			t.Errorf("%s: %v", key, err)
			return 0
		}
	}
}
