package projections_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/internal/schema"
	"orderledger/internal/testkit"
	"orderledger/projections"
)

// BenchmarkLive tells how long after its answer a command can be read, by the rate of events, with
// everything in this process.
func BenchmarkLive(b *testing.B) {
	for _, perSecond := range []int{1000, 4000, 16000} {
		b.Run(fmt.Sprint(perSecond), func(b *testing.B) { live(b, perSecond) })
	}
}

func live(b *testing.B, eventsPerSecond int) {
	db := testkit.Database(b)
	log := eventstore.NewLog(db.Pool(b, schema.App))
	e, err := handlers.NewExecutor(b.Context(), log, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	projector := db.Pool(b, schema.Projector)
	reading := eventstore.NewLog(projector)
	watch := eventstore.NewWatch(reading)
	defer watch.Close()
	w := projections.NewWorker(projector, reading, eventstore.NewFeed(reading, watch, nil))
	defer runWorker(w)()
	reader := projections.NewReader(db.Pool(b, schema.Reader), w)
	do := func(key string, c domain.Command) int64 {
		r, err := e.Do(b.Context(), handlers.Request{Command: c, Key: key, Actor: "key:test", Fingerprint: sha256.Sum256([]byte(key))})
		if err != nil {
			b.Error(key, err)
		}
		return r.Last
	}
	do("t", topUp("org-a", "1000000000.00", "CNY", "bank"))
	const callers, seconds = 64, 5
	var mu sync.Mutex
	var delays []time.Duration
	var all sync.WaitGroup
	var late atomic.Int64
	began := time.Now()
	for c := range callers {
		all.Go(func() {
			every := time.Second * 3 * callers / time.Duration(eventsPerSecond) // an order is three events
			for i := 0; time.Since(began) < seconds*time.Second; i++ {
				if wait := time.Until(began.Add(time.Duration(i) * every)); wait > 0 {
					time.Sleep(wait)
				} else {
					late.Add(1)
				}
				o := order("org-a", "28.86")
				id := fmt.Sprint(c, "-", i)
				do("p"+id, o)
				position := do("y"+id, domain.PayOrder{OrderID: o.OrderID, OrgID: o.OrgID})
				if i%8 != c%8 {
					continue
				}
				answered := time.Now()
				if err := reader.WaitFor(b.Context(), position, projections.Names...); err != nil {
					b.Error(err)
				}
				mu.Lock()
				delays = append(delays, time.Since(answered))
				mu.Unlock()
			}
		})
	}
	all.Wait()
	head, err := log.Head(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	slices.Sort(delays)
	n := len(delays)
	b.Logf("%.0f events/s, %d of the orders late; readable after p50 %s, p99 %s, max %s", float64(head.Position)/time.Since(began).Seconds(),
		late.Load(), delays[n/2], delays[n*99/100], delays[n-1])
}
