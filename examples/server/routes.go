package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
)

// routes are the application: one route for tokens, and their administration for people.
func routes(m *apitoken.Manager, a accounts) (http.Handler, error) {
	admin, err := adminapi.New(m, &adminapi.Options{
		Actor:     a.actor,
		Challenge: `Basic realm="administration", charset="UTF-8"`,
		OnError:   func(r *http.Request, err error) { log.Printf("%s %s: %v", r.Method, r.URL.Path, err) },
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /api/hello", httpauth.Require(m, nil)(http.HandlerFunc(hello)))
	mux.Handle("/admin/api/", http.StripPrefix("/admin/api", admin))
	return mux, nil
}

// hello is any handler of the application. Who sends the request is in its context.
func hello(w http.ResponseWriter, r *http.Request) {
	identity, _ := httpauth.FromContext(r.Context())
	fmt.Fprintf(w, "Hello, %s. Your token is %q.\n", identity.User.Name, identity.Token.Name)
}

// serve answers requests until the context ends, and then those that have begun, for up to ten seconds.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      15 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return server.Shutdown(ctx)
}
