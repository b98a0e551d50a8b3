package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"orderledger/internal/client"
	"orderledger/internal/testkit"
)

func TestServeRefusesADatabaseThatForgets(t *testing.T) {
	t.Parallel()
	// The tests' shared cluster does not sync.
	env := []string{"LEDGER_DATABASE_URL=" + testkit.Database(t).URL, "LEDGER_NATS_URL=nats://127.0.0.1:1"}
	o := ledgerIn(t, env, "serve", "--http", "127.0.0.1:0")
	if o.code != exitFailed || !strings.Contains(o.stderr, "what it acknowledges can be lost") {
		t.Errorf("%+v, want exit 1 and why", o)
	}
}

func TestServeTellsAllThatIsMissing(t *testing.T) {
	t.Parallel()
	o := ledger(t, "serve", "--roles", "api,cook", "--nats-replicas", "6")
	for _, want := range []string{"LEDGER_DATABASE_URL", "LEDGER_NATS_URL", "cook", "5 replicas"} {
		if o.code != exitUsage || !strings.Contains(o.stderr, want) {
			t.Errorf("%+v, want exit 2 and %s", o, want)
		}
	}
}

// TestThreeProcessesOneAccount has three processes pay from one account at once: it pays for exactly as many orders
// as it has money for, and a key that reaches all three has one effect.
func TestThreeProcessesOneAccount(t *testing.T) {
	t.Parallel()
	db, broker := testkit.Postgres(t), testkit.NATS(t)
	env := []string{"LEDGER_DATABASE_URL=" + db.URL("ledger"), "LEDGER_NATS_URL=" + broker.URL(), "LEDGER_NATS_SYNCED=true"}
	if o := ledgerIn(t, env, "serve", "--http", "127.0.0.1:0"); o.code != exitFailed || !strings.Contains(o.stderr, "ledger migrate") {
		t.Errorf("serve before migrate: %+v", o)
	}
	mustIn(t, env, "migrate")
	key := strings.TrimSpace(mustIn(t, env, "key", "create", "--platform"))

	var processes []*running
	var apis []*client.Client
	for range 3 {
		addr := freeAddr(t)
		p := launch(t, env, "serve", "--http", addr)
		p.await(t, func() bool {
			resp, err := http.Get("http://" + addr + "/readyz")
			if err != nil {
				return false
			}
			resp.Body.Close()
			return resp.StatusCode == http.StatusOK
		})
		api, err := client.New(addr, key)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(api.Close)
		processes, apis = append(processes, p), append(apis, api)
	}

	const orders, price, balance = 30, 7, 100
	send := func(api *client.Client, path, key string, body object) (object, error) {
		var answer object
		err := api.Command(t.Context(), http.MethodPost, path, key, body, &answer)
		return answer, err
	}
	if _, err := send(apis[0], "/v1/accounts/org-e2e/top-ups", "top-up", object{"amount": fmt.Sprintf("%d.00", balance), "currency": "CNY", "reference": "r"}); err != nil {
		t.Fatal(err)
	}
	var paid atomic.Int64
	var all sync.WaitGroup
	for i := range orders {
		all.Go(func() {
			order, err := send(apis[i%3], "/v1/orders", fmt.Sprint("place-", i), smallOrder(price))
			if err != nil {
				t.Errorf("place %d: %v", i, err)
				return
			}
			path := "/v1/orders/" + order.text("order_id") + "/pay"
			var once sync.Once
			var tries sync.WaitGroup
			for _, api := range apis { // the same key, through every process
				tries.Go(func() {
					_, err := send(api, path, fmt.Sprint("pay-", i), object{"org_id": "org-e2e"})
					var p *client.Problem
					switch {
					case err == nil:
						once.Do(func() { paid.Add(1) })
					case !errors.As(err, &p) || p.Code != "insufficient_funds":
						t.Errorf("pay %d: %v", i, err)
					}
				})
			}
			tries.Wait()
		})
	}
	all.Wait()
	if paid.Load() != balance/price {
		t.Errorf("%d orders of %d were paid from %d, want %d", paid.Load(), price, balance, balance/price)
	}
	if out := mustIn(t, env, "verify"); !strings.Contains(out, "clean") {
		t.Errorf("verify:\n%s", out)
	}
	for _, p := range processes {
		p.end(t, syscall.SIGTERM)
	}
}

func smallOrder(price int) object {
	return object{
		"org_id": "org-e2e", "order_type": "purchase", "project_id": "p", "consumer_id": "c", "currency": "CNY",
		"lines": []object{{
			"product_code": "gpu", "product_name": "GPU", "resource_type": "host", "resource_id": "r-1", "count": "1",
			"charge_mode": "month", "quantity": "1", "unit": "month", "unit_price": fmt.Sprint(price),
		}},
	}
}
