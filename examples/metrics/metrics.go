package main

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seed-d6cf0a46/apitoken"
)

// metrics counts the decisions of the Manager. Its three labels have few values each. Users and tokens are no labels: each would
// be a time series that never goes away. Look for them in the log and the events.
type metrics struct {
	operations     *prometheus.CounterVec
	authentication prometheus.Histogram
}

func newMetrics(to prometheus.Registerer) *metrics {
	m := &metrics{
		operations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "apitoken_operations_total",
			Help: "Operations by action, outcome and reason.",
		}, []string{"action", "outcome", "reason"}),
		authentication: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "apitoken_authentication_duration_seconds",
			Help:    "Duration of an authentication, accepted or refused.",
			Buckets: prometheus.ExponentialBuckets(10e-6, 4, 10), // 10 µs to 2.6 s
		}),
	}
	to.MustRegister(m.operations, m.authentication)
	return m
}

// Observe runs within each request, so it only adds to numbers in memory.
func (m *metrics) Observe(_ context.Context, o apitoken.Observation) {
	m.operations.WithLabelValues(string(o.Action), string(o.Outcome), apitoken.Reason(o.Err)).Inc()
	if o.Action == apitoken.ActionAuthenticate {
		m.authentication.Observe(o.Duration.Seconds())
	}
}

// countDropped exports a number that the Manager keeps. So it needs the Manager, which needs the metrics first.
func countDropped(to prometheus.Registerer, m *apitoken.Manager) {
	to.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "apitoken_uses_dropped_total",
		Help: "Uses of tokens that were not recorded because too many others were waiting.",
	}, func() float64 { return float64(m.UsesDropped()) }))
}
