package bench

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"orderledger/domain"
	"orderledger/handlers"
)

// orgs is how many organisations the load is spread over.
const orgs = 50

// purchase is an order as provisioning services place them.
func purchase(org string) domain.PlaceOrder {
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	to := from.AddDate(0, 1, 0)
	return domain.PlaceOrder{
		OrderID: uuid.Must(uuid.NewV7()).String(), Fresh: true, OrgID: org, OrderType: domain.Purchase, ProjectID: "default",
		ConsumerID: "user-7", Currency: "CNY", Tags: map[string]string{"team": "vision"},
		Lines: []domain.LineSpec{{
			ProductCode: "gpu-instance", ProductName: "GPU instance", ResourceType: "cloud-host", ResourceID: "bsr-1kkpx3xp581y",
			ResourceName: "train-1", Region: "cn-north-1",
			NewConfig: []domain.Component{{Component: "CPU", Value: "64", Unit: "core"}},
			Count:     quantity("1"), ChargeMode: domain.ModeMonth, Quantity: quantity("1"), Unit: "month", UnitPrice: quantity("28.86"),
			EffectiveAt: &from, ExpiresAt: &to,
		}},
	}
}

func quantity(s string) domain.Decimal {
	d, err := domain.ParseDecimal(s)
	if err != nil {
		panic(err)
	}
	return d
}

func money(s string) domain.Amount {
	a, err := domain.ParseAmount(s)
	if err != nil {
		panic(err)
	}
	return a
}

func request(key string, c domain.Command) handlers.Request {
	return handlers.Request{Command: c, Key: key, Actor: "key:bench", Fingerprint: sha256.Sum256([]byte(key)), Bytes: 600}
}

// endow gives every organisation money enough for the whole measurement.
func endow(ctx context.Context, e *handlers.Executor) error {
	for i := range orgs {
		c := domain.TopUp{OrgID: org(i), Amount: money("1000000000.00"), Currency: "CNY", Reference: "bench"}
		if _, err := e.Do(ctx, request("endow", c)); err != nil {
			return err
		}
	}
	return nil
}

func org(i int) string { return fmt.Sprintf("org-%d", i%orgs) }

// latencies are measured one by one; percentiles come from all of them.
type latencies []time.Duration

func (l latencies) at(quantile float64) float64 {
	if len(l) == 0 {
		return 0
	}
	slices.Sort(l)
	return float64(l[min(len(l)-1, int(quantile*float64(len(l))))]) / float64(time.Millisecond)
}

// inTurns lets callers do their work again and again for a while, and returns how often it was done in
// a second, and how long each took. Each next call is made when the one before is answered.
func inTurns(ctx context.Context, callers int, span time.Duration, work func(ctx context.Context, caller, turn int) error) (perSecond float64, all latencies, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := time.Now()
	for c := range callers {
		wg.Go(func() {
			var own latencies
			for turn := 0; time.Since(start) < span && ctx.Err() == nil; turn++ {
				from := time.Now()
				if e := work(ctx, c, turn); e != nil {
					mu.Lock()
					if err == nil {
						err = e
					}
					all = append(all, own...)
					mu.Unlock()
					cancel()
					return
				}
				own = append(own, time.Since(from))
			}
			mu.Lock()
			all = append(all, own...)
			mu.Unlock()
		})
	}
	wg.Wait()
	return float64(len(all)) / time.Since(start).Seconds(), all, err
}

// placeAndPay is the load of the commands scenario: a caller places an order in one turn and pays it in
// the next. run keeps the keys of several measurements apart.
func placeAndPay(run string, executors ...*handlers.Executor) func(context.Context, int, int) error {
	var orders sync.Map
	return func(ctx context.Context, caller, turn int) error {
		e := executors[caller%len(executors)]
		key := run + "-" + strconv.Itoa(caller) + "-" + strconv.Itoa(turn)
		if turn%2 == 0 {
			o := purchase(org(caller))
			orders.Store(caller, o.OrderID)
			_, err := e.Do(ctx, request(key, o))
			return err
		}
		id, _ := orders.Load(caller)
		_, err := e.Do(ctx, request(key, domain.PayOrder{OrderID: id.(string), OrgID: org(caller)}))
		return err
	}
}
