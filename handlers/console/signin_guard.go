package console

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"golang.org/x/time/rate"
)

const (
	signInsPerSecond = 2
	signInBurst      = 20
	signInHosts      = 10_000 // that are counted at once
)

// signInLimit bounds how often each host may try to sign in. A key has too many bits to be guessed; what is spared is the
// database. Hosts are those of the connection: behind a proxy everybody shares a bucket, and what the proxy says about
// whom it works for could be invented. It is safe for concurrent use.
type signInLimit struct {
	mu      sync.Mutex
	buckets map[netip.Prefix]*rate.Limiter
}

// take says whether a host may try once more.
func (l *signInLimit) take(r *http.Request) bool {
	var host netip.Prefix
	if from, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		addr := from.Addr().Unmap()
		bits := 32
		if addr.Is6() {
			bits = 64 // what one household or server has to choose from
		}
		host, _ = addr.WithZone("").Prefix(bits) // an address has that many
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.buckets[host]
	if !ok {
		if len(l.buckets) >= signInHosts || l.buckets == nil {
			l.buckets = map[netip.Prefix]*rate.Limiter{}
		}
		b = rate.NewLimiter(signInsPerSecond, signInBurst)
		l.buckets[host] = b
	}
	return b.Allow()
}

// unsafeConnection says whether a browser would throw the session away: it keeps the cookie for https and for the
// machine that it runs on. Browsers tell that a connection is good enough by sending Sec-Fetch-Site.
func unsafeConnection(r *http.Request) bool {
	if r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") || r.Header.Get("Sec-Fetch-Site") != "" {
		return false
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host != "localhost" && !strings.HasSuffix(host, ".localhost") && (err != nil || !addr.IsLoopback())
}
