package webhooks

import "github.com/prometheus/client_golang/prometheus"

// counts are the worker's metrics.
type counts struct {
	deliveries *prometheus.CounterVec
	disabled   *prometheus.CounterVec
	endpoints  *prometheus.GaugeVec
	failing    prometheus.Gauge
	flying     prometheus.Gauge
	working    prometheus.Gauge
	took       prometheus.Histogram
}

func newCounts() *counts {
	return &counts{
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ledger_webhook_deliveries_total", Help: "Attempts, by what became of them: delivered, failed, or refused by the ledger itself.",
		}, []string{"outcome"}),
		disabled: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ledger_webhook_disabled_total", Help: "Endpoints that were disabled, by why.",
		}, []string{"reason"}),
		endpoints: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ledger_webhook_endpoints", Help: "Endpoints, by state; of the process that works.",
		}, []string{"state"}),
		failing: prometheus.NewGauge(prometheus.GaugeOpts{Name: "ledger_webhook_failing", Help: "Active endpoints whose last delivery failed."}),
		flying:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "ledger_webhook_in_flight", Help: "Deliveries under way."}),
		working: prometheus.NewGauge(prometheus.GaugeOpts{Name: "ledger_webhook_working", Help: "1 in the process that delivers, 0 in those that stand by."}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "ledger_webhook_seconds", Help: "Time that endpoints took to answer, or to fail.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15},
		}),
	}
}

func (c *counts) all() []prometheus.Collector {
	return []prometheus.Collector{c.deliveries, c.disabled, c.endpoints, c.failing, c.flying, c.working, c.took}
}

// forget is for a process that does not look any more.
func (c *counts) forget() {
	c.endpoints.Reset()
	c.failing.Set(0)
}

// Describe and Collect make the worker a collector of its metrics.
func (w *Worker) Describe(to chan<- *prometheus.Desc) {
	for _, c := range w.counts.all() {
		c.Describe(to)
	}
}

// Collect collects what is counted.
func (w *Worker) Collect(to chan<- prometheus.Metric) {
	for _, c := range w.counts.all() {
		c.Collect(to)
	}
}
