package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
)

// middleware compares httpauth.Require with a handler that calls Authenticate itself, and with a middleware for JWTs. No request
// goes over a network.
func middleware(ctx context.Context) (group, error) {
	const tokens = 10_000
	p, err := populate(ctx, tokens)
	if err != nil {
		return group{}, err
	}
	signer := newSigner()
	presented := p.hottest()
	var opaque, signed []*http.Request
	for _, t := range presented {
		text, err := signer.issue(t.identity)
		if err != nil {
			return group{}, err
		}
		opaque, signed = append(opaque, withBearer(t.text)), append(signed, withBearer(text))
	}
	empty := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	return group{
		title: fmt.Sprintf("Middleware, %d hot of %d tokens in memory", len(presented), tokens),
		cases: []benchCase{
			{name: "floor: Authenticate in the handler", run: serve(byHandler(p.m), opaque)},
			{
				name: "httpauth.Require", run: serve(httpauth.Require(p.m, nil)(empty), opaque),
				aims: []aim{{against: 2, most: 0.5}}, cost: "httpauth.Require, in memory",
			},
			{name: "JWT HS256 middleware", run: serve(signer.require(empty), signed)},
		},
	}, nil
}

func withBearer(text string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+text)
	return r
}

// byHandler returns a handler that authenticates a request and does nothing else.
func byHandler(m *apitoken.Manager) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if _, err := m.Authenticate(r.Context(), text); err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

type subject struct{}

// require is the middleware that users of the package write around it.
func (s signer) require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		user, err := s.check(text)
		if !ok || err != nil {
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), subject{}, user)))
	})
}

var errRefused = errors.New("refused")

// serve is a case that sends the requests to a handler. An answer other than 204 is an error.
func serve(h http.Handler, requests []*http.Request) func(n int) error {
	w := &status{header: http.Header{}}
	return inTurn(requests, func(r **http.Request) error {
		clear(w.header)
		w.code = 0
		h.ServeHTTP(w, *r)
		if w.code != http.StatusNoContent {
			return fmt.Errorf("%w: status %d", errRefused, w.code)
		}
		return nil
	})
}

// status is a ResponseWriter that keeps the status only. httptest's recorder would cost more than what is measured.
type status struct {
	header http.Header
	code   int
}

func (s *status) Header() http.Header         { return s.header }
func (s *status) Write(b []byte) (int, error) { return len(b), nil }
func (s *status) WriteHeader(code int)        { s.code = code }
