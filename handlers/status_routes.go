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
		readRoute("/v1/status", "get-status", "Where the log ends, and how far its mirror and read models are", statusAnswer{}, s.getStatus),
		health("/livez", "get-liveness", "200 as long as the process answers", s.live),
		health("/readyz", "get-readiness", "200 when requests can be answered", s.ready),
		{
			method: http.MethodGet, path: "/metrics", id: "get-metrics", summary: "For Prometheus; with a platform key",
			needs: auth.ReadMetrics, status: http.StatusOK, handle: s.metrics(),
		},
	}
}

type statusAnswer struct {
	Head struct {
		Position int64  `json:"position"`
		Hash     string `json:"hash"`
		Epoch    int64  `json:"epoch"`
		Fenced   string `json:"fenced,omitempty" doc:"Why commands are refused until an operator has looked"`
	} `json:"head"`
	Relay       *relayStatus       `json:"relay" doc:"null where there is no broker"`
	Projections []projectionStatus `json:"projections"`
	Checkpoint  *checkpointStatus  `json:"checkpoint" doc:"The last signed one; null before it"`
	AsOf        int64              `json:"as_of_position"`
}

type relayStatus struct {
	Position int64  `json:"position"`
	Lag      int64  `json:"lag"`
	State    string `json:"state"`
}

type projectionStatus struct {
	Name     string `json:"name"`
	Version  int    `json:"version"`
	Position int64  `json:"position"`
	Lag      int64  `json:"lag"`
	State    string `json:"state"`
	Error    string `json:"error,omitempty"`
}

type checkpointStatus struct {
	Position int64     `json:"position"`
	At       time.Time `json:"at"`
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

// status reads the head last: nothing is ahead of it, and no lag is negative.
func (s *Server) status(ctx context.Context) (statusAnswer, error) {
	var a statusAnswer
	models, err := s.Reader.Checkpoints(ctx)
	if err != nil {
		return a, err
	}
	if s.Relay != nil {
		r := s.Relay(ctx)
		a.Relay = &relayStatus{Position: r.Position, State: r.State}
	}
	head, err := s.Log.Head(ctx)
	if err != nil {
		return a, err
	}
	a.Head.Position, a.Head.Hash, a.Head.Epoch, a.Head.Fenced = head.Position, head.Hash.String(), head.Epoch, head.Fenced
	a.AsOf = head.Position
	if a.Relay != nil {
		a.Relay.Lag = max(0, head.Position-a.Relay.Position)
	}
	a.Projections = make([]projectionStatus, len(models))
	for i, m := range models {
		a.Projections[i] = projectionStatus{m.Name, m.Version, m.Position, max(0, head.Position-m.Position), m.State, m.Error}
	}
	return a, nil
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
