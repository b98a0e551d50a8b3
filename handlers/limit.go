package handlers

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"orderledger/internal/auth"
)

const (
	rateDefault = 5000
	limitersMax = 10_000 // API keys that are counted at once
)

// limiter gives each API key a bucket of requests. It is safe for concurrent use.
type limiter struct {
	perSecond rate.Limit
	mu        sync.Mutex
	buckets   map[string]*rate.Limiter
}

func newLimiter(perSecond float64) *limiter {
	if perSecond == 0 {
		perSecond = rateDefault
	}
	return &limiter{perSecond: rate.Limit(perSecond), buckets: map[string]*rate.Limiter{}}
}

// take takes a request out of the caller's bucket.
func (l *limiter) take(who auth.Identity) error {
	if !l.bucket(who.KeyID).AllowN(time.Now(), 1) {
		return problem(codeRateLimited, "this key sends too many requests")
	}
	return nil
}

func (l *limiter) bucket(keyID string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.buckets[keyID]
	if !ok {
		if len(l.buckets) >= limitersMax {
			clear(l.buckets) // full buckets are as good as new ones, and who is limited starts with one burst
		}
		b = rate.NewLimiter(l.perSecond, max(1, int(2*l.perSecond)))
		l.buckets[keyID] = b
	}
	return b
}
