package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
)

// door is a handler behind a middleware, with the requests that it lets pass.
type door struct {
	name     string
	handler  http.Handler
	requests []*http.Request
}

// doors are an empty handler alone, the same behind httpauth.Require, and behind a middleware that verifies a JWT. Both put
// who the caller is into the context of the request.
func doors(m *apitoken.Manager, presented []issued) ([]door, error) {
	key := []byte("thirty-two bytes for HMAC-SHA256")
	var alone, opaque, signed []*http.Request
	for _, t := range presented {
		alone = append(alone, withBearer(t.text))
		opaque = append(opaque, withBearer(t.text))
		claims := jwt.RegisteredClaims{
			Subject: string(t.token.Owner), ID: t.token.ID.String(),
			IssuedAt: jwt.NewNumericDate(t.token.CreatedAt), ExpiresAt: jwt.NewNumericDate(t.token.ExpiresAt),
		}
		text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(key)
		if err != nil {
			return nil, err
		}
		signed = append(signed, withBearer(text))
	}
	empty := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	return []door{
		{"floor: empty handler", empty, alone},
		{"httpauth.Require, empty handler", httpauth.Require(m, nil)(empty), opaque},
		{"JWT HS256 middleware, empty handler", requireJWT(key, empty), signed},
	}, nil
}

func withBearer(text string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+text)
	return r
}

type subject struct{}

// requireJWT is the middleware that its users write around the package: it has no way to know of a revocation.
func requireJWT(key []byte, next http.Handler) http.Handler {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired())
	keys := func(*jwt.Token) (any, error) { return key, nil }
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		var claims jwt.RegisteredClaims
		if _, err := parser.ParseWithClaims(text, &claims, keys); !ok || err != nil {
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), subject{}, claims.Subject)))
	})
}

// calledDirectly compares what the middlewares cost by themselves.
func calledDirectly(ctx context.Context) (group, error) {
	aims := []aim{{name: "HTTP: Require to a JWT middleware, called directly", of: 1, against: 2, most: 0.5}}
	return throughDoors(ctx, "HTTP middleware, called directly", aims, func(d door) (func(*http.Request) error, func()) {
		w := &status{header: http.Header{}}
		return func(r *http.Request) error {
			clear(w.header)
			d.handler.ServeHTTP(w, r)
			return w.passed()
		}, func() {}
	})
}

// throughServer compares requests on a kept connection to a server on this machine.
func throughServer(ctx context.Context) (group, error) {
	aims := []aim{{name: "HTTP: requests behind Require to requests behind a JWT middleware", of: 1, against: 2, most: 1}}
	return throughDoors(ctx, "HTTP server on loopback, one kept connection", aims, func(d door) (func(*http.Request) error, func()) {
		server := httptest.NewServer(d.handler)
		for _, r := range d.requests {
			r.RequestURI = ""
			r.URL.Scheme, r.URL.Host = "http", server.Listener.Addr().String()
		}
		return func(r *http.Request) error {
			response, err := server.Client().Do(r)
			if err != nil {
				return err
			}
			if err := response.Body.Close(); err != nil || response.StatusCode == http.StatusNoContent {
				return err
			}
			return fmt.Errorf("%w: %s", errRefused, response.Status)
		}, server.Close
	})
}

// throughDoors is a group of one case a door, each with its own way to send a request.
func throughDoors(ctx context.Context, title string, aims []aim, open func(door) (send func(*http.Request) error, shut func())) (group, error) {
	const tokens = 10_000
	m, all, err := issue(ctx, tokens)
	if err != nil {
		return group{}, err
	}
	list, err := doors(m, scattered(all))
	if err != nil {
		return group{}, err
	}
	g := group{title: fmt.Sprintf("%s, %d tokens in memory, %d hot", title, tokens, hot), aims: aims}
	var shuts []func()
	for _, d := range list {
		send, shut := open(d)
		shuts = append(shuts, shut)
		g.cases = append(g.cases, benchCase{name: d.name, run: inTurn(d.requests, func(r **http.Request) error { return send(*r) })})
	}
	g.close = func() error {
		for _, shut := range shuts {
			shut()
		}
		return m.Close(ctx)
	}
	return g, nil
}

var errRefused = errors.New("refused")

// status is a ResponseWriter that keeps the header until the next request, and the status.
type status struct {
	header http.Header
	code   int
}

func (s *status) Header() http.Header         { return s.header }
func (s *status) Write(b []byte) (int, error) { return len(b), nil }
func (s *status) WriteHeader(code int)        { s.code = code }

// passed forgets the answer, and is an error unless the request came to the empty handler.
func (s *status) passed() error {
	code := s.code
	s.code = 0
	if code != http.StatusNoContent {
		return fmt.Errorf("%w: status %d", errRefused, code)
	}
	return nil
}
