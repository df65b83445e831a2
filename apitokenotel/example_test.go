package apitokenotel_test

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/apitokenotel"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

func Example() {
	ctx := context.Background()
	reader := metric.NewManualReader() // a host has an exporter here
	observer, err := apitokenotel.New(&apitokenotel.Options{MeterProvider: metric.NewMeterProvider(metric.WithReader(reader))})
	if err != nil {
		panic(err)
	}
	m, err := apitoken.New(memstore.New(), &apitoken.Options{Observer: observer})
	if err != nil {
		panic(err)
	}
	_, err = m.Authenticate(ctx, "not a token")
	fmt.Println(err)

	var collected metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &collected); err != nil {
		panic(err)
	}
	for _, point := range collected.ScopeMetrics[0].Metrics[0].Data.(metricdata.Histogram[float64]).DataPoints {
		for _, attribute := range point.Attributes.ToSlice() {
			fmt.Println(attribute.Key, attribute.Value.AsString())
		}
	}
	// Output:
	// apitoken: authenticate: malformed token
	// apitoken.action token.authenticate
	// apitoken.outcome refused
	// apitoken.reason malformed
}
