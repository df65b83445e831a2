package apitokenotel_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/apitokenotel"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// newManager returns a Manager that reports to the provider, with the users Ada, an administrator, and Bob.
func newManager(t testing.TB, provider *metric.MeterProvider) *apitoken.Manager {
	t.Helper()
	observer, err := apitokenotel.New(&apitokenotel.Options{MeterProvider: provider})
	must(t, err)
	m, err := apitoken.New(memstore.New(), &apitoken.Options{Observer: observer})
	must(t, err)
	t.Cleanup(func() { _ = m.Close(context.Background()) })
	must(t, observer.CountDropped(m))
	for id, role := range map[apitoken.UserID]apitoken.Role{"ada": apitoken.RoleAdmin, "bob": apitoken.RoleUser} {
		_, err := m.PutUser(t.Context(), apitoken.System(), apitoken.User{ID: id, Role: role})
		must(t, err)
	}
	return m
}

// decide lets the Manager decide four times about Bob's token, whose text it returns.
func decide(ctx context.Context, t testing.TB, m *apitoken.Manager) (text string) {
	t.Helper()
	token, secret, err := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "ci"})
	must(t, err)
	_, err = m.Authenticate(ctx, secret.Reveal())
	must(t, err)
	must(t, m.Revoke(ctx, apitoken.As("bob"), token.ID))
	if _, err := m.Authenticate(ctx, secret.Reveal()); err == nil {
		t.Fatal("a revoked token is accepted")
	}
	if _, err := m.ListTokens(ctx, apitoken.As("bob"), apitoken.TokenQuery{AnyOwner: true}); err == nil {
		t.Fatal("a user lists everybody's tokens")
	}
	return secret.Reveal()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestDecisionsAreCounted(t *testing.T) {
	reader := metric.NewManualReader()
	decide(t.Context(), t, newManager(t, metric.NewMeterProvider(metric.WithReader(reader))))
	var collected metricdata.ResourceMetrics
	must(t, reader.Collect(t.Context(), &collected))
	got := map[string]uint64{}
	for _, m := range collected.ScopeMetrics[0].Metrics {
		switch data := m.Data.(type) {
		case metricdata.Histogram[float64]:
			for _, point := range data.DataPoints {
				got[m.Name+" "+m.Unit+" "+inWords(point.Attributes.ToSlice())] = point.Count
			}
		case metricdata.Sum[int64]:
			for _, point := range data.DataPoints {
				got[m.Name+" "+m.Unit+" "+inWords(point.Attributes.ToSlice())] = uint64(point.Value)
			}
		}
	}
	const duration = "apitoken.operation.duration s "
	want := map[string]uint64{
		duration + "action=user.put outcome=done":                             2,
		duration + "action=token.generate outcome=done":                       1,
		duration + "action=token.revoke outcome=done":                         1,
		duration + "action=token.authenticate outcome=done":                   1,
		duration + "action=token.authenticate outcome=refused reason=revoked": 1,
		duration + "action=token.list outcome=denied reason=denied":           1,
		"apitoken.uses.dropped {use} ":                                        0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what is counted (-want +got):\n%s", diff)
	}
}

// inWords returns attributes as text, without the common prefix of their names.
func inWords(list []attribute.KeyValue) string {
	var words []string
	for _, a := range list {
		words = append(words, strings.TrimPrefix(string(a.Key), "apitoken.")+"="+a.Value.AsString())
	}
	return strings.Join(words, " ")
}

func TestASpanGetsAnEvent(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	tracer := trace.NewTracerProvider(trace.WithSpanProcessor(spans)).Tracer("test")
	m := newManager(t, metric.NewMeterProvider())
	ctx, span := tracer.Start(t.Context(), "request")
	text := decide(ctx, t, m)
	span.End()
	var got []string
	for _, e := range spans.Ended()[0].Events() {
		got = append(got, e.Name+" "+inWords(e.Attributes))
	}
	want := []string{
		"apitoken action=token.generate outcome=done",
		"apitoken action=token.authenticate outcome=done",
		"apitoken action=token.revoke outcome=done",
		"apitoken action=token.authenticate outcome=refused reason=revoked",
		"apitoken action=token.list outcome=denied reason=denied",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the events of the span (-want +got):\n%s", diff)
	}
	if strings.Contains(fmt.Sprint(spans.Ended()), text) {
		t.Error("the span shows the token")
	}
}

// With the Observer off, Authenticate costs what it always does.
func BenchmarkAuthenticate(b *testing.B) {
	on, err := apitokenotel.New(&apitokenotel.Options{MeterProvider: metric.NewMeterProvider(metric.WithReader(metric.NewManualReader()))})
	must(b, err)
	for name, opts := range map[string]apitoken.Options{"off": {}, "on": {Observer: on}} {
		b.Run(name, func(b *testing.B) {
			m, err := apitoken.New(memstore.New(), &opts)
			must(b, err)
			_, err = m.PutUser(b.Context(), apitoken.System(), apitoken.User{ID: "bob"})
			must(b, err)
			_, secret, err := m.Generate(b.Context(), apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "ci"})
			must(b, err)
			text := secret.Reveal()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Authenticate(b.Context(), text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
