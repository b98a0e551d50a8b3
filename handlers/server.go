package handlers

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"orderledger/eventstore"
	"orderledger/handlers/webhooks"
	"orderledger/internal/auth"
	"orderledger/projections"
)

// Options are what a server works on. The caller closes all of it after the server.
type Options struct {
	Executor *Executor
	// Log works as ledger_app: commands and their first answers are every organisation's.
	Log   *eventstore.Log
	Watch *eventstore.Watch
	// Reads works as ledger_reader: what is read of the log itself.
	Reads  *eventstore.Log
	Reader *projections.Reader
	Keys   *auth.Keys
	// Webhooks may be nil: then nobody finds any.
	Webhooks *webhooks.Store
	// Relay says how far the log is on the broker, from a relay in this process or from the stream itself.
	// Connected says whether the broker can be reached. Either may be nil where there is no broker.
	Relay     func(context.Context) eventstore.RelayStatus
	Connected func() bool
	// Held makes /readyz say 503 while it is true: for a process that has something to do before others come.
	// It may be nil.
	Held *atomic.Bool
	// Collectors add metrics of other parts of the process.
	Collectors []prometheus.Collector
	// RateLimit is how many requests a second one key may send, with bursts of twice as many; 0 is 5,000.
	RateLimit float64
}

// Server is the HTTP API. It is safe for concurrent use.
type Server struct {
	Options
	mux    *http.ServeMux
	routes []route
	limits *limiter
	ids    *requestIDs
	counts *httpMetrics
	pages  documents
	// followers counts live streams.
	followers atomic.Int64
	// rehearsals counts dry runs.
	rehearsals atomic.Int64
	// caughtUp: the read models were near the log's end once.
	caughtUp atomic.Bool
	draining atomic.Bool
	// console answers what is no route of the API; nil has none.
	console http.Handler
	stop    context.Context // ended by Close: whoever streams goes home
	cancel  context.CancelFunc
}

// NewServer makes the API.
func NewServer(o Options) *Server {
	s := &Server{Options: o, mux: http.NewServeMux(), limits: newLimiter(o.RateLimit), ids: newRequestIDs()}
	s.stop, s.cancel = context.WithCancel(context.Background())
	s.counts = newHTTPMetrics()
	s.routes = s.allRoutes()
	s.pages = makeDocuments(s.routes)
	for i := range s.routes {
		rt := &s.routes[i]
		s.mux.Handle(rt.method+" "+rt.path, s.serve(rt))
	}
	s.mux.HandleFunc("/", s.noRoute)
	return s
}

// UseConsole gives what is no route of the API to the console. It is called before the server serves.
func (s *Server) UseConsole(console http.Handler) { s.console = console }

// Drain makes /readyz say 503 from now on, so that no new requests are sent here; those that come are answered.
func (s *Server) Drain() { s.draining.Store(true) }

// Close ends live streams and long uploads, which http.Server.Shutdown would wait for.
func (s *Server) Close() { s.cancel() }

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	s.mux.ServeHTTP(w, r)
}

// Timeouts of a connection. Streams move their own deadlines on.
const (
	headerTimeout = 10 * time.Second
	requestTime   = 60 * time.Second
	idleTimeout   = 2 * time.Minute
	headerBytes   = 32 << 10
)

// HTTPServer is a server for an address, with the bounds of time and size that a public port needs.
func (s *Server) HTTPServer(addr string) *http.Server {
	h := &http.Server{
		Addr: addr, Handler: s,
		ReadHeaderTimeout: headerTimeout, ReadTimeout: requestTime, WriteTimeout: requestTime, IdleTimeout: idleTimeout,
		MaxHeaderBytes: headerBytes,
		ErrorLog:       slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
	h.RegisterOnShutdown(s.Close)
	return h
}

// serve answers requests of one route: who calls, the handler, what went wrong, one line of log.
func (s *Server) serve(rt *route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		out := &statusWriter{ResponseWriter: w}
		c := &call{w: out, r: r, route: rt, id: s.ids.of(r)}
		out.Header().Set("X-Request-Id", c.id)
		if !storable(r.URL.Path) {
			c.wrong = problem(codeMalformed, "the address is not UTF-8 text, or has a NUL character")
		}
		if rt.needs != "" {
			c.who, c.unknown = s.identify(r)
		}
		if err := rt.handle(c); err != nil && out.status == 0 {
			writeProblem(out, problemOf(err))
		}
		s.counts.count(rt, out.status, time.Since(start))
		if slog.Default().Enabled(r.Context(), slog.LevelDebug) {
			slog.DebugContext(r.Context(), "request", "id", c.id, "method", r.Method, "route", rt.path, "status", out.status,
				"key", c.who.KeyID, "took", time.Since(start))
		}
	})
}

// identify finds out who calls.
func (s *Server) identify(r *http.Request) (auth.Identity, error) {
	kind, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "bearer") {
		return auth.Identity{}, auth.ErrUnauthenticated
	}
	return s.Keys.Find(r.Context(), strings.TrimSpace(key))
}

// noRoute answers what no route does: the console's pages, 405 where another method would do, and else 404.
func (s *Server) noRoute(w http.ResponseWriter, r *http.Request) {
	if s.console != nil && !strings.HasPrefix(r.URL.Path, "/v1/") {
		s.console.ServeHTTP(w, r)
		return
	}
	var methods []string
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		try := *r
		try.Method = m
		if _, pattern := s.mux.Handler(&try); pattern != "/" && pattern != "" {
			methods = append(methods, m)
		}
	}
	if len(methods) == 0 {
		writeProblem(w, problem(codeNotFound, "there is no such address; /openapi.json lists them"))
		return
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	writeProblem(w, problem(codeMethodNotAllowed, "this address does not take "+shorten(r.Method)))
}

// statusWriter remembers the status that was sent.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
