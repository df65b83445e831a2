package main

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seed-d6cf0a46/apitoken"
)

// metrics counts what the Manager decides. Its labels are the three things that take few values. Who did it, to whom, and with
// which token is for the log and the events: as a label, each would be a time series of its own, for ever.
type metrics struct {
	operations     *prometheus.CounterVec
	authentication prometheus.Histogram
}

func newMetrics(to prometheus.Registerer) *metrics {
	m := &metrics{
		operations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "apitoken_operations_total",
			Help: "What was done or attempted, how it ended, and why.",
		}, []string{"action", "outcome", "reason"}),
		authentication: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "apitoken_authentication_duration_seconds",
			Help:    "How long it took to tell whose token it is, or that it is none.",
			Buckets: prometheus.ExponentialBuckets(10e-6, 4, 10), // 10 µs to 2.6 s
		}),
	}
	to.MustRegister(m.operations, m.authentication)
	return m
}

// Observe is called on the path of each request: it adds to numbers in memory and does nothing else.
func (m *metrics) Observe(_ context.Context, o apitoken.Observation) {
	m.operations.WithLabelValues(string(o.Action), string(o.Outcome), apitoken.Reason(o.Err)).Inc()
	if o.Action == apitoken.ActionAuthenticate {
		m.authentication.Observe(o.Duration.Seconds())
	}
}

// countDropped shows a number that the Manager keeps itself. It has to be there before it can be asked.
func countDropped(to prometheus.Registerer, m *apitoken.Manager) {
	to.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "apitoken_uses_dropped_total",
		Help: "Uses of tokens that were not recorded, because too many others were waiting to be.",
	}, func() float64 { return float64(m.UsesDropped()) }))
}
