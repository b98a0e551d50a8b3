package handlers

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"orderledger/internal/auth"
)

const (
	// lagMax is how many events behind a read model may be while the process counts as ready …
	lagMax = 10_000
	// … and looksWithin bounds what health and metrics wait for.
	looksWithin = 2 * time.Second
)

func (s *Server) statusRoutes() []route {
	health := func(path, id, summary string, handle func(*call) error) route {
		return route{method: http.MethodGet, path: path, id: id, summary: summary, status: http.StatusOK, answer: healthAnswer{}, handle: handle}
	}
	return []route{
		readRoute("/v1/status", "get-status", "Where the log ends, and how far its mirror and read models are", Status{}, s.getStatus),
		health("/livez", "get-liveness", "200 as long as the process answers", s.live),
		health("/readyz", "get-readiness", "200 when requests can be answered", s.ready),
		{
			method: http.MethodGet, path: "/metrics", id: "get-metrics", summary: "For Prometheus; with a platform key",
			needs: auth.ReadMetrics, status: http.StatusOK, handle: s.metrics(),
		},
	}
}

func (s *Server) getStatus(c *call) error {
	if _, err := s.begin(c.queryOf()); err != nil {
		return err
	}
	status, err := s.status(c.r.Context())
	if err != nil {
		return err
	}
	if c.who.OrgID != "" { // what stopped a read model may tell of another organisation's event
		for i := range status.Projections {
			status.Projections[i].Error = ""
		}
	}
	return c.answer(status)
}

func (s *Server) status(ctx context.Context) (Status, error) {
	return ReadStatus(ctx, s.Reader, s.Log, s.Relay)
}

type healthAnswer struct {
	Status string        `json:"status" enum:"ok,failing"`
	Checks []healthCheck `json:"checks,omitempty"`
}

type healthCheck struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Needed checks decide; the others are for people.
	Needed bool   `json:"needed"`
	Detail string `json:"detail,omitempty"`
}

func (s *Server) live(c *call) error { return c.answer(healthAnswer{Status: "ok"}) }

// CheckHeld is the name of the check that fails while Options.Held is true.
const CheckHeld = "held"

// ready answers 503 when requests could not be answered: without the database, and after a start until the
// read models have caught up. What follows is shown, but does not count, as taking all replicas out at once
// would help nobody: a broker out of reach (orders are taken, and read models follow Postgres, without
// it), a fenced log (reads go on, and commands say why they are refused), and a read model that stopped
// or fell behind later (reads say how old they are).
func (s *Server) ready(c *call) error {
	ctx, cancel := context.WithTimeout(c.r.Context(), looksWithin)
	defer cancel()
	status, err := s.status(ctx)
	a := healthAnswer{Status: "ok", Checks: []healthCheck{{Name: "database", OK: err == nil, Needed: true}}}
	if err == nil {
		a.Checks = append(a.Checks, healthCheck{Name: "log", OK: status.Head.Fenced == "", Detail: status.Head.Fenced})
		caughtUp := true
		for _, p := range status.Projections {
			near := p.State != "stopped" && p.Lag <= lagMax
			caughtUp = caughtUp && (near || p.State == "stopped")
			a.Checks = append(a.Checks, healthCheck{
				Name: "projection " + p.Name, OK: near, Needed: p.State == "running" && !s.caughtUp.Load(),
				Detail: fmt.Sprintf("%s, %d behind", p.State, p.Lag),
			})
		}
		if caughtUp {
			s.caughtUp.Store(true)
		}
	}
	if s.Held != nil && s.Held.Load() {
		a.Checks = append(a.Checks, healthCheck{Name: CheckHeld, Needed: true, Detail: "it is about to begin"})
	}
	if s.draining.Load() {
		a.Checks = append(a.Checks, healthCheck{Name: "process", Needed: true, Detail: "it is about to stop"})
	}
	if s.Connected != nil {
		a.Checks = append(a.Checks, healthCheck{Name: "nats", OK: s.Connected()})
	}
	for _, check := range a.Checks {
		if check.Needed && !check.OK {
			a.Status = "failing"
			c.w.Header().Set("Content-Type", "application/json")
			c.w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = c.w.Write(encodeAnswer(a)) // who left does not hear it
			return nil
		}
	}
	return c.answer(a)
}
