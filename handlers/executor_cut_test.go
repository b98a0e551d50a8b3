package handlers_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"orderledger/domain"
	"orderledger/eventstore"
	"orderledger/handlers"
	"orderledger/internal/testkit"
)

// Wherever the connection breaks, the caller gets the true result, and the command has one effect.
func TestConnectionCutInAnAppend(t *testing.T) {
	t.Parallel()
	for name, cut := range cuts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, w := openWired(t, testkit.Database(t))
			l.must(t, "top-up", topUp("org-acme", "10.00", "bank"))
			o := order("org-acme", "6.00")
			l.must(t, "place", o)

			w.cut(cut)
			paid := l.must(t, "pay", pay(o))
			if paid.First != 3 || paid.Last != 4 || paid.Replayed || paid.State.(*domain.Order).Status != domain.Paid {
				t.Errorf("paid %+v", paid)
			}
			if w.hits != 1 {
				t.Fatal("no append was cut")
			}
			if again := l.must(t, "pay", pay(o)); again.Last != 4 || !again.Replayed {
				t.Errorf("again: %+v", again)
			}

			// A refusal goes by the true balance, too.
			second := order("org-acme", "6.00")
			waits := []waiter{l.start(t, "place-2", second), l.start(t, "pay-2", pay(second))}
			w.cut(cut)
			if _, err := waits[0](t.Context()); err != nil {
				t.Error(err)
			}
			_, err := waits[1](t.Context())
			var why *domain.Rejection
			if !errors.As(err, &why) || why.Missing != amount("2.00") {
				t.Errorf("paying 6.00 from 4.00: %v", err)
			}
			for len(w.late) > 0 {
				if tag := (<-w.late)(); wrote(tag) {
					t.Errorf("the append that came late was answered %q", tag)
				}
			}
			w.cut(nil)
			l.must(t, "end", topUp("org-acme", "1.00", "end"))
			for len(w.late) > 0 {
				(<-w.late)()
			}
			checkLog(t, l.log, 6)
		})
	}
}

// wrote says whether an append that came late did anything. The driver asks the server to cancel what it gave
// up, and that may reach it before the guard does.
func wrote(tag string) bool {
	return !strings.HasPrefix(tag, "INSERT 0 0;") && !strings.Contains(tag, "57014")
}

// A payment is given up in the middle, and refused when it is decided again, as its deadline has come. When the
// first attempt reaches the database after all, it must not count: nothing else has moved the head since.
func TestLateAppendAfterARefusal(t *testing.T) {
	t.Parallel()
	var off atomic.Int64
	off.Store(int64(-900 * time.Millisecond))
	l, w := openWiredAt(t, testkit.Database(t), func() time.Time { return time.Now().Add(time.Duration(off.Load())) })
	second := int64(1)
	l.must(t, "settings", domain.ChangeSettings{OrgID: "org-acme", PayBeforeSeconds: &second})
	l.must(t, "top-up", topUp("org-acme", "1.00", "bank"))
	o := order("org-acme", "1.00")
	l.must(t, "place", o)
	w.cut(func(c *wireConn, group []byte) error {
		off.Store(int64(900 * time.Millisecond)) // past the deadline, within what clocks may be off
		return cuts["late, after it was given up"](c, group)
	})
	_, err := l.do(t, "pay", pay(o))
	wantCode(t, err, domain.PaymentDeadlinePassed)
	if tag := (<-w.late)(); wrote(tag) {
		t.Errorf("the refused payment came late, and was answered %q", tag)
	}
	checkLog(t, l.log, 3)
}

// checkLog wants so many events, gapless, in one chain, and no key twice.
func checkLog(t *testing.T, log *eventstore.Log, want int64) map[string]int64 {
	t.Helper()
	keys := map[string]int64{}
	var hash eventstore.Hash
	var last int64
	for {
		page, err := log.Read(t.Context(), last, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for i := range page {
			e := &page[i]
			if hash = e.ChainHash(hash); e.Position != last+1 || e.Hash != hash {
				t.Fatalf("event %d after %d breaks the chain", e.Position, last)
			}
			if last = e.Position; e.Key != "" {
				if keys[e.OrgID+"/"+e.Key] != 0 {
					t.Errorf("the key %s is at %d and at %d", e.Key, keys[e.OrgID+"/"+e.Key], e.Position)
				}
				keys[e.OrgID+"/"+e.Key] = e.Position
			}
		}
		if len(page) < 1000 {
			break
		}
	}
	head, err := log.Head(t.Context())
	if err != nil || head.Position != last || head.Hash != hash || want >= 0 && last != want {
		t.Errorf("the log has %d events (want %d), its head is at %d, %v", last, want, head.Position, err)
	}
	return keys
}

// Two replicas under load, whose connections break again and again in every way.
func TestCutsUnderLoad(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	a, wireA := openWired(t, db)
	b, wireB := openWired(t, db)
	a.must(t, "top-up", topUp("org-acme", "100.00", "bank"))
	names := []string{"nothing was sent", "sent, and lost on the way", "lost before its end", "committed, the answer lost"}

	const callers, each = 12, 12
	var wg sync.WaitGroup
	var mu sync.Mutex
	paid, events := 0, int64(1)
	for c := range callers {
		l, w := a, wireA
		if c%2 == 1 {
			l, w = b, wireB
		}
		wg.Go(func() {
			for i := range each {
				if c < 4 && i%3 == 0 {
					w.cut(cuts[names[rand.IntN(len(names))]])
				}
				o := order("org-acme", "1.00")
				if _, err := l.Do(context.Background(), request(fmt.Sprint("place", c, "-", i), o)); err != nil {
					t.Errorf("place: %v", err)
				}
				_, err := l.Do(context.Background(), request(fmt.Sprint("pay", c, "-", i), pay(o)))
				mu.Lock()
				if events++; err == nil {
					paid, events = paid+1, events+2
				} else if codeOf(err) != domain.InsufficientFunds {
					t.Errorf("pay: %v", err)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if paid != 100 {
		t.Errorf("%d payments of 1.00 from 100.00", paid)
	}
	checkLog(t, a.log, events)
	t.Logf("%d and %d cuts, %d and %d settled", wireA.hits, wireB.hits, a.Stats().Settled.Load(), b.Stats().Settled.Load())
}

// A caller who leaves takes nobody along, and learns the truth by the same key.
func TestCallerLeaves(t *testing.T) {
	t.Parallel()
	l, w := openWired(t, testkit.Database(t))
	l.must(t, "first", topUp("org-acme", "1.00", "first"))
	ctx, leave := context.WithCancel(t.Context())
	sent := make(chan struct{})
	resume := make(chan struct{})
	w.cut(func(c *wireConn, group []byte) error {
		close(sent)
		go func() { // only held up
			<-resume
			_, _ = c.Conn.Write(group)
		}()
		return nil
	})
	r := request("leaver", topUp("org-acme", "2.00", "leaver"))
	left := make(chan error, 1)
	go func() { _, err := l.Do(ctx, r); left <- err }()
	<-sent
	stays, err := l.Start(t.Context(), request("stays", topUp("org-acme", "3.00", "stays")))
	if err != nil {
		t.Fatal(err)
	}
	leave()
	if err := <-left; !errors.Is(err, handlers.ErrOutcomeUnknown) {
		t.Errorf("who left in the middle got %v", err)
	}
	close(resume)
	if _, err := stays(t.Context()); err != nil {
		t.Errorf("who stayed got %v", err)
	}
	if again, err := l.Do(t.Context(), r); err != nil || !again.Replayed || again.First != 2 {
		t.Errorf("the same key afterwards: %+v, %v", again, err)
	}
	checkLog(t, l.log, 3)

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Do(gone, request("gone", topUp("org-acme", "1.00", "gone"))); err != nil && !errors.Is(err, handlers.ErrBusy) && !errors.Is(err, handlers.ErrOutcomeUnknown) {
		t.Errorf("who had left before got %v", err)
	}
}

// What could not be written before its caller left is not tried again for nobody.
func TestCallerLeavesBeforeAnotherAttempt(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	l, w := openWired(t, db)
	other := openLedger(t, db)
	ctx, leave := context.WithCancel(t.Context())
	sent, resume := make(chan struct{}), make(chan struct{})
	w.cut(func(c *wireConn, group []byte) error {
		close(sent)
		go func() {
			<-resume
			_, _ = c.Conn.Write(group)
		}()
		return nil
	})
	left := make(chan error, 1)
	go func() {
		_, err := l.Do(ctx, request("leaver", topUp("org-acme", "2.00", "leaver")))
		left <- err
	}()
	<-sent
	other.must(t, "other", topUp("org-acme", "1.00", "other")) // moves the head
	leave()
	if err := <-left; !errors.Is(err, handlers.ErrOutcomeUnknown) {
		t.Errorf("who left in the middle got %v", err)
	}
	close(resume)
	l.must(t, "next", topUp("org-acme", "3.00", "next"))
	if keys := checkLog(t, l.log, 2); keys["org-acme/leaver"] != 0 {
		t.Errorf("a command that nobody waited for was carried out at %d", keys["org-acme/leaver"])
	}
}

// Closing answers everybody: with the result, or that nothing was done. Nobody waits for ever, and no answer
// contradicts the log.
func TestCloseUnderLoad(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	l := openLedger(t, db)
	var wg sync.WaitGroup
	var mu sync.Mutex
	acked, refused := map[string]bool{}, map[string]bool{}
	begun := make(chan struct{}, 1000)
	for c := range 32 {
		wg.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprint(c, "-", i)
				ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
				_, err := l.Do(ctx, request(key, topUp("org-acme", "1.00", key)))
				cancel()
				mu.Lock()
				if err == nil {
					acked[key] = true
				} else {
					refused[key] = true
				}
				mu.Unlock()
				if err != nil {
					if !errors.Is(err, handlers.ErrBusy) {
						t.Errorf("on closing: %v, want ErrBusy", err)
					}
					return
				}
				select {
				case begun <- struct{}{}:
				default:
				}
			}
		})
	}
	for range 200 {
		<-begun
	}
	l.Close()
	wg.Wait()
	keys := checkLog(t, l.log, int64(len(acked)))
	for key := range refused {
		if keys["org-acme/"+key] != 0 {
			t.Errorf("%s was told that nothing was done, and is in the log", key)
		}
	}
	if _, err := l.do(t, "late", topUp("org-acme", "1.00", "late")); !errors.Is(err, handlers.ErrBusy) {
		t.Errorf("after closing: %v", err)
	}
}
