// Command metrics counts the decisions of the library for Prometheus.
//
//	go run ./examples/metrics
//	curl -H "Authorization: Bearer $BOB" http://127.0.0.1:8080/api/hello
//	curl http://127.0.0.1:8080/metrics
//
// It keeps everything in memory. At the start it prints a token of the administrator Ada and one of the user Bob, as shell
// exports. Both tokens also open the administration below /admin/api. The part to copy is in metrics.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`address` to listen on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "metrics:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, addr string, out io.Writer) (err error) {
	registry := prometheus.NewRegistry()
	m, err := apitoken.New(memstore.New(), &apitoken.Options{Observer: newMetrics(registry)})
	if err != nil {
		return err
	}
	countDropped(registry, m)
	defer func() { err = errors.Join(err, m.Close(context.WithoutCancel(ctx))) }()

	for id, role := range map[apitoken.UserID]apitoken.Role{"ada": apitoken.RoleAdmin, "bob": apitoken.RoleUser} {
		if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: id, Role: role}); err != nil {
			return err
		}
		_, secret, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: id, Name: "first"})
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "export %s=%s\n", strings.ToUpper(string(id)), secret.Reveal())
	}

	handler, err := routes(m, registry)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "listening on http://%s, the counts are at /metrics; Ctrl-C ends it\n", listener.Addr())
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func routes(m *apitoken.Manager, registry *prometheus.Registry) (http.Handler, error) {
	admin, err := adminapi.New(m, &adminapi.Options{
		Actor: func(r *http.Request) (apitoken.Actor, error) { return httpauth.Actor(r.Context()), nil },
	})
	if err != nil {
		return nil, err
	}
	protected := httpauth.Require(m, nil)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.Handle("GET /api/hello", protected(http.HandlerFunc(hello)))
	mux.Handle("/admin/api/", protected(http.StripPrefix("/admin/api", admin)))
	return mux, nil
}

func hello(w http.ResponseWriter, r *http.Request) {
	identity, _ := httpauth.FromContext(r.Context())
	fmt.Fprintln(w, "Hello,", identity.User.ID)
}
