// Package apitokenotel reports what an [apitoken.Manager] decides to OpenTelemetry: as metrics, and as events on the current span.
//
//	observer, err := apitokenotel.New(nil) // the global MeterProvider
//	m, err := apitoken.New(store, &apitoken.Options{Observer: observer})
//
// There are two instruments:
//
//	apitoken.operation.duration   histogram, seconds: how long an operation took, and by its count how many there were
//	apitoken.uses.dropped         counter: uses of tokens that were not recorded, see [Observer.CountDropped]
//
// The histogram has the attributes apitoken.action, such as "token.authenticate"; apitoken.outcome, one of done, denied, refused and
// failed; and apitoken.reason, the stable name of the error, absent if there is none. Each has few values. No user and no token
// is an attribute: each would be a time series that never goes away. Look for them in the log and the events.
//
// If the context of an operation has a span that is recorded, the span gets an event of the same attributes. Authenticate takes
// less than a microsecond in memory, so it is not a span of its own.
//
// The package is a module of its own, so that the library does not depend on OpenTelemetry.
package apitokenotel

import (
	"context"
	"fmt"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/seed-d6cf0a46/apitoken"
)

const scope = "github.com/seed-d6cf0a46/apitoken/apitokenotel"

// Options configure an Observer. Nil means all defaults.
type Options struct {
	// MeterProvider makes the instruments. Nil: the global one, see [otel.GetMeterProvider].
	MeterProvider metric.MeterProvider
}

// Observer is an [apitoken.Observer]. It is safe for concurrent use.
type Observer struct {
	meter    metric.Meter
	duration metric.Float64Histogram
	known    sync.Map // of decision to attributes, which are made once for each
}

var _ apitoken.Observer = (*Observer)(nil)

// decision is what the attributes are made of.
type decision struct {
	action  apitoken.Action
	outcome apitoken.Outcome
	reason  string
}

type attributes struct {
	metric []metric.RecordOption
	event  trace.EventOption
}

// New returns an Observer. The error is that of the MeterProvider.
func New(opts *Options) (*Observer, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.MeterProvider == nil {
		o.MeterProvider = otel.GetMeterProvider()
	}
	meter := o.MeterProvider.Meter(scope)
	duration, err := meter.Float64Histogram("apitoken.operation.duration",
		metric.WithDescription("Duration of an operation of the token library."),
		metric.WithUnit("s"),
		metric.WithExplicitBucketBoundaries(1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10),
	)
	if err != nil {
		return nil, fmt.Errorf("apitokenotel: %w", err)
	}
	return &Observer{meter: meter, duration: duration}, nil
}

// Observe implements [apitoken.Observer].
func (o *Observer) Observe(ctx context.Context, seen apitoken.Observation) {
	with := o.attributes(decision{seen.Action, seen.Outcome, apitoken.Reason(seen.Err)})
	o.duration.Record(ctx, seen.Duration.Seconds(), with.metric...)
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.AddEvent("apitoken", with.event)
	}
}

func (o *Observer) attributes(d decision) *attributes {
	if known, ok := o.known.Load(d); ok {
		return known.(*attributes)
	}
	list := []attribute.KeyValue{
		attribute.String("apitoken.action", string(d.action)), attribute.String("apitoken.outcome", string(d.outcome)),
	}
	if d.reason != "" {
		list = append(list, attribute.String("apitoken.reason", d.reason))
	}
	made := &attributes{
		metric: []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(list...))},
		event:  trace.WithAttributes(list...),
	}
	known, _ := o.known.LoadOrStore(d, made)
	return known.(*attributes)
}

// CountDropped also reports how many uses of tokens the Manager could not record. Call it once for the Manager that has the
// Observer. The error is that of the MeterProvider.
func (o *Observer) CountDropped(m *apitoken.Manager) error {
	_, err := o.meter.Int64ObservableCounter("apitoken.uses.dropped",
		metric.WithDescription("Uses of tokens that were not recorded because too many others were waiting."),
		metric.WithUnit("{use}"),
		metric.WithInt64Callback(func(_ context.Context, to metric.Int64Observer) error {
			to.Observe(int64(m.UsesDropped()))
			return nil
		}),
	)
	if err != nil {
		return fmt.Errorf("apitokenotel: %w", err)
	}
	return nil
}
