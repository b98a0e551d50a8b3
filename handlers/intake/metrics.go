package intake

import (
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/prometheus/client_golang/prometheus"
)

// counts are the intake's metrics.
type counts struct {
	outcomes *prometheus.CounterVec
	retries  prometheus.Counter
	took     prometheus.Histogram
	flying   prometheus.Gauge
	parked   prometheus.GaugeFunc
}

func newCounts(parked *parking) *counts {
	return &counts{
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ledger_intake_commands_total", Help: "Commands that came over NATS, by what became of them.",
		}, []string{"outcome"}),
		retries: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "ledger_intake_retries_total", Help: "Attempts that were made again.",
		}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "ledger_intake_seconds", Help: "Time from the publishing of a command to its outcome.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}),
		flying: prometheus.NewGauge(prometheus.GaugeOpts{Name: "ledger_intake_in_flight", Help: "Commands in hand."}),
		parked: prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "ledger_intake_parked", Help: "Commands that came too early and wait for others.",
		}, func() float64 { return float64(parked.count()) }),
	}
}

func (c *counts) all() []prometheus.Collector {
	return []prometheus.Collector{c.outcomes, c.retries, c.took, c.flying, c.parked}
}

// Describe and Collect make the intake a collector of its metrics.
func (in *Intake) Describe(to chan<- *prometheus.Desc) {
	for _, c := range in.counts.all() {
		c.Describe(to)
	}
}

// Collect collects what is counted.
func (in *Intake) Collect(to chan<- prometheus.Metric) {
	for _, c := range in.counts.all() {
		c.Collect(to)
	}
}

func (in *Intake) measure(next message.HandlerFunc) message.HandlerFunc {
	return func(m *message.Message) ([]*message.Message, error) {
		in.counts.flying.Inc()
		defer in.counts.flying.Dec()
		out, err := next(m)
		if len(out) > 0 {
			in.counts.took.Observe(time.Since(DeliveryOf(m).Published).Seconds())
		}
		return out, err
	}
}
