package handlers

import (
	"context"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"orderledger/projections"
)

// httpMetrics counts requests by route and status. It is safe for concurrent use.
type httpMetrics struct {
	requests *prometheus.CounterVec
	took     *prometheus.HistogramVec
}

func newHTTPMetrics() *httpMetrics {
	return &httpMetrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ledger_http_requests_total", Help: "Requests answered, by route and status.",
		}, []string{"method", "route", "status"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ledger_http_request_seconds", Help: "Time to answer a request, by route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"method", "route"}),
	}
}

func (m *httpMetrics) count(rt *route, status int, took time.Duration) {
	m.requests.WithLabelValues(rt.method, rt.path, strconv.Itoa(status)).Inc()
	m.took.WithLabelValues(rt.method, rt.path).Observe(took.Seconds())
}

// metrics answers with what Prometheus collects, from a registry of the server's own.
func (s *Server) metrics() func(*call) error {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	r.MustRegister(s.counts.requests, s.counts.took, lags{s})
	r.MustRegister(s.Collectors...)
	stats := s.Executor.Stats()
	for name, c := range map[string]struct {
		help string
		read func() int64
	}{
		"batches":       {"Batches that the executor finished.", stats.Batches.Load},
		"commands":      {"Commands carried out.", stats.Commands.Load},
		"events":        {"Events appended.", stats.Events.Load},
		"refused":       {"Commands refused by a rule.", stats.Refused.Load},
		"replayed":      {"Commands answered with their first answer.", stats.Replayed.Load},
		"head_misses":   {"Batches decided again because others had moved the head.", stats.Misses.Load},
		"settled":       {"Appends whose unknown outcome was settled by fencing.", stats.Settled.Load},
		"audit_dropped": {"Refusals that were not recorded.", stats.AuditDropped.Load},
	} {
		r.MustRegister(prometheus.NewCounterFunc(
			prometheus.CounterOpts{Namespace: "ledger", Subsystem: "executor", Name: name + "_total", Help: c.help},
			func() float64 { return float64(c.read()) }))
	}
	handler := promhttp.HandlerFor(r, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 2 * looksWithin})
	return func(c *call) error {
		if err := c.allow(s.limits); err != nil {
			return err
		}
		handler.ServeHTTP(c.w, c.r)
		return nil
	}
}

// lags collects positions and lags when they are asked for.
type lags struct{ *Server }

var (
	headDesc     = prometheus.NewDesc("ledger_head_position", "Where the log ends.", nil, nil)
	fencedDesc   = prometheus.NewDesc("ledger_head_fenced", "1 while commands are refused until an operator has looked.", nil, nil)
	relayAtDesc  = prometheus.NewDesc("ledger_relay_position", "How far the log is on the broker.", nil, nil)
	relayLagDesc = prometheus.NewDesc("ledger_relay_lag_events", "Events that are not on the broker yet.", nil, nil)
	modelAtDesc  = prometheus.NewDesc("ledger_projection_position", "How far a read model is.", []string{"name"}, nil)
	modelLagDesc = prometheus.NewDesc("ledger_projection_lag_events", "Events that a read model is behind.", []string{"name"}, nil)
	stoppedDesc  = prometheus.NewDesc("ledger_projection_stopped", "1 when a read model stands before an event that it can't apply.", []string{"name"}, nil)
	overdueDesc  = prometheus.NewDesc("ledger_orders_overdue", "Orders that are paid, and not fulfilled by their deadline; 10001 is more than 10000.", nil, nil)
	releaseDesc  = prometheus.NewDesc("ledger_resources_releasing", "Resources that are to be released, and are not closed; 10001 is more than 10000.", nil, nil)
	followDesc   = prometheus.NewDesc("ledger_http_live_streams", "Live streams of events that are open here.", nil, nil)
)

// Describe lists what is collected.
func (l lags) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{headDesc, fencedDesc, relayAtDesc, relayLagDesc, modelAtDesc, modelLagDesc, stoppedDesc, followDesc, overdueDesc, releaseDesc} {
		to <- d
	}
}

// Collect reads the status. When the database can't be asked, the figures are missing, which alerts
// can see; the process's own are there all the same.
func (l lags) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(followDesc, float64(l.followers.Load()))
	ctx, cancel := context.WithTimeout(l.stop, looksWithin)
	defer cancel()
	status, err := l.status(ctx)
	if err != nil {
		return
	}
	gauge(headDesc, float64(status.Head.Position))
	gauge(fencedDesc, oneIf(status.Head.Fenced != ""))
	if r := status.Relay; r != nil {
		gauge(relayAtDesc, float64(r.Position))
		gauge(relayLagDesc, float64(r.Lag))
	}
	for _, p := range status.Projections {
		gauge(modelAtDesc, float64(p.Position), p.Name)
		gauge(modelLagDesc, float64(p.Lag), p.Name)
		gauge(stoppedDesc, oneIf(p.State == "stopped"), p.Name)
	}
	if waiting, err := l.Reader.Waiting(ctx, projections.AllOrgs, waitingMost); err == nil {
		gauge(overdueDesc, float64(waiting.Overdue))
		gauge(releaseDesc, float64(waiting.Releasing))
	}
}

// waitingMost bounds what is counted for a metric.
const waitingMost = 10_000

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
