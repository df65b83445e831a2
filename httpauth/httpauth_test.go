package httpauth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/storetest"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

var ctx = context.Background()

// serve returns the response of a handler to a request with these Authorization headers.
func serve(h http.Handler, authorization ...string) *httptest.ResponseRecorder {
	return serveFields(h, auth(authorization...))
}

// serveFields returns the response of a handler to a request with these headers.
func serveFields(h http.Handler, fields []field) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, requestWith(fields))
	return w
}

func requestWith(fields []field) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	for _, f := range fields {
		r.Header.Add(f.name, f.value)
	}
	return r
}

func wantReply(t *testing.T, want reply, w *httptest.ResponseRecorder) {
	t.Helper()
	if diff := cmp.Diff(want, replyOf(w.Result(), w.Body.String())); diff != "" {
		t.Errorf("the response differs (-want +got):\n%s", diff)
	}
}

// wantServed also checks what the handler of a request that passes wrote.
func wantServed(t *testing.T, want reply, body string, w *httptest.ResponseRecorder) {
	t.Helper()
	wantReply(t, want, w)
	if want == passed && w.Body.String() != body {
		t.Errorf("the handler wrote %q, want %q", w.Body, body)
	}
}

var middlewares = map[string]func(*apitoken.Manager, *httpauth.Options) func(http.Handler) http.Handler{
	"Require": httpauth.Require, "Optional": httpauth.Optional,
}

// The errors that the callers of OnError and of ActorFunc distinguish.
var (
	causes      = []error{apitoken.ErrUnauthenticated, apitoken.ErrInvalid, apitoken.ErrDenied, apitoken.ErrUnavailable}
	actorErrors = []error{apitoken.ErrUnauthenticated, apitoken.ErrDenied, apitoken.ErrUnavailable}
)

// isOnly reports whether an error is the target and none of the others. A nil target wants no error.
func isOnly(err, target error, among []error) bool {
	for _, other := range among {
		if errors.Is(err, other) != (other == target) {
			return false
		}
	}
	return (err == nil) == (target == nil)
}

// newFailingManager returns a Manager over a store whose Lookup fails.
func newFailingManager(t *testing.T, failure error) *apitoken.Manager {
	t.Helper()
	store := storetest.Faulty{Store: memstore.New(), Before: func(_ context.Context, method string) error {
		if method == "Lookup" {
			return failure
		}
		return nil
	}}
	m, err := apitoken.New(store, nil)
	must(t, err)
	return m
}

func TestRefusedTokensGetTheSameResponseWhateverTheCause(t *testing.T) {
	tt := tokentest.New(t)
	unknown := tokentest.New(t).Token("ada")
	_, expired := tt.Generate(apitoken.GenerateParams{Owner: "ada", Lifetime: time.Hour})
	revoked, revokedText := tt.Generate(apitoken.GenerateParams{Owner: "ada"})
	must(t, tt.Manager.Revoke(ctx, apitoken.System(), revoked.ID))
	revokedWithAll := tt.Token("bob")
	must(t, tt.Manager.RevokeAll(ctx, apitoken.System(), "bob"))
	disabled := tt.Token("carol")
	must(t, tt.Manager.DisableUser(ctx, apitoken.System(), "carol"))
	tt.Clock.Add(time.Hour)

	var first string
	for _, test := range []struct {
		name, token string
		cause       error
	}{
		{"malformed", "tok_short", apitoken.ErrMalformed},
		{"too long", strings.Repeat("x", httpauth.MaxCredentials+1), apitoken.ErrMalformed},
		{"unknown", unknown, apitoken.ErrUnknownToken},
		{"expired", expired, apitoken.ErrExpired},
		{"revoked", revokedText, apitoken.ErrRevoked},
		{"revoked with all", revokedWithAll, apitoken.ErrRevoked},
		{"owner disabled", disabled, apitoken.ErrUserDisabled},
	} {
		t.Run(test.name, func(t *testing.T) {
			var cause error
			w := serve(requireOK(tt.Manager, &httpauth.Options{
				OnError: func(_ *http.Request, err error) { cause = err },
			}), "Bearer "+test.token)
			if !errors.Is(cause, test.cause) {
				t.Errorf("the cause is %v, want %v", cause, test.cause)
			}
			wantReply(t, invalidToken, w)
			if first == "" {
				first = asText(w)
			}
			if diff := cmp.Diff(first, asText(w)); diff != "" {
				t.Errorf("this response differs from the first (-first +this):\n%s", diff)
			}
		})
	}
}

func TestAFailingStoreIsNotARefusal(t *testing.T) {
	bearer := "Bearer " + tokentest.New(t).Token("ada")
	for name, failure := range map[string]error{
		"unavailable":                        apitoken.ErrUnavailable,
		"an error of a driver":               errors.New("connection reset"),
		"a deadline":                         context.DeadlineExceeded,
		"a failure that also claims refusal": errors.Join(apitoken.ErrUnavailable, apitoken.ErrUnauthenticated),
	} {
		t.Run(name, func(t *testing.T) {
			m := newFailingManager(t, failure)
			var told error
			opts := &httpauth.Options{OnError: func(_ *http.Request, err error) { told = err }}
			for name, h := range everyHandler(m, opts) {
				told = nil
				w := serve(h, bearer)
				wantReply(t, unavailable, w)
				if w.Header().Get("Retry-After") == "" || w.Header().Get("Cache-Control") != "no-store" || len(identityHeaders(w.Header())) > 0 {
					t.Errorf("%s: the header is %v", name, w.Header())
				}
				if !errors.Is(told, apitoken.ErrUnavailable) || !errors.Is(told, failure) {
					t.Errorf("%s: OnError got %v", name, told)
				}
			}
			actor, err := httpauth.ActorFunc(m, nil)(requestWith(auth(bearer)))
			if actor != (apitoken.Actor{}) || !errors.Is(err, apitoken.ErrUnavailable) {
				t.Errorf("ActorFunc: %+v, %v", actor, err)
			}
		})
	}
	// A request without a token needs no store.
	if _, err := httpauth.ActorFunc(newFailingManager(t, apitoken.ErrUnavailable), nil)(requestWith(nil)); !isOnly(err, apitoken.ErrUnauthenticated, actorErrors) {
		t.Errorf("without a token: %v", err)
	}
}

// Optional serves an anonymous client only if the request has none of the headers that are turned on.
func TestOptionalRefusesWrongCredentials(t *testing.T) {
	tt := tokentest.New(t)
	token := tt.Token("ada")
	tests := []struct {
		name   string
		header string // Options.Header
		fields []field
		want   reply
		body   string
	}{
		{"no header", "", nil, passed, "served "},
		{"a token", "", auth("Bearer " + token), passed, "served ada"},
		{"an empty header", "", auth(""), unauthenticated, ""},
		{"another scheme", "", auth("Basic YTpi"), unauthenticated, ""},
		{"no token", "", auth("Bearer"), invalidRequest, ""},
		{"two headers", "", auth("Bearer "+token, "Bearer "+token), invalidRequest, ""},
		{"a wrong token", "", auth("Bearer " + token + "0"), invalidToken, ""},
		{"a key that is not turned on", "", key(token + "0"), passed, "served "},
		{"no header and no key", "X-API-Key", nil, passed, "served "},
		{"a key", "x-api-key", key(token), passed, "served ada"},
		{"an empty key", "X-API-Key", key(""), unauthenticated, ""},
		{"a wrong key", "X-API-Key", key(token + "0"), invalidToken, ""},
		{"two keys", "X-API-Key", key(token, token), invalidRequest, ""},
		{"a token and no key", "X-API-Key", auth("Bearer " + token), passed, "served ada"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			opts := &httpauth.Options{Header: test.header}
			w := serveFields(httpauth.Optional(tt.Manager, opts)(http.HandlerFunc(ok)), test.fields)
			wantServed(t, test.want, test.body, w)
			vary := []string{"Authorization"}
			if test.header != "" {
				vary[0] += ", " + test.header
			}
			if diff := cmp.Diff(vary, w.Header().Values("Vary")); diff != "" {
				t.Errorf("Vary differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheInnermostMiddlewareDecides(t *testing.T) {
	outer, inner := tokentest.New(t), tokentest.New(t)
	ada := key(outer.Token("ada"))
	withKey := &httpauth.Options{Header: "X-API-Key"}
	for name, outside := range middlewares {
		tests := []struct {
			name   string
			inside func(http.Handler) http.Handler
			want   reply
			body   string
		}{
			{"Optional of another Manager finds nothing", httpauth.Optional(inner.Manager, nil), passed, "served "},
			{"Optional of the same Manager finds nothing", httpauth.Optional(outer.Manager, nil), passed, "served "},
			{"Optional finds the same", httpauth.Optional(outer.Manager, withKey), passed, "served ada"},
			{"Require refuses", httpauth.Require(inner.Manager, nil), unauthenticated, ""},
			{"Optional finds nothing, twice", func(next http.Handler) http.Handler {
				return httpauth.Optional(inner.Manager, nil)(httpauth.Optional(inner.Manager, nil)(next))
			}, passed, "served "},
			{"Optional finds nothing, Require finds a token", func(next http.Handler) http.Handler {
				return httpauth.Optional(inner.Manager, nil)(httpauth.Require(outer.Manager, withKey)(next))
			}, passed, "served ada"},
		}
		for _, test := range tests {
			t.Run(name+", "+test.name, func(t *testing.T) {
				h := outside(outer.Manager, withKey)(test.inside(http.HandlerFunc(ok)))
				wantServed(t, test.want, test.body, serveFields(h, ada))
			})
		}
	}
}

func TestTheHandlerGetsTheIdentity(t *testing.T) {
	tt := tokentest.New(t)
	tt.User("ada", apitoken.RoleAdmin)
	token, text := tt.Generate(apitoken.GenerateParams{Owner: "ada"})

	var identity apitoken.Identity
	var actor apitoken.Actor
	h := httpauth.Require(tt.Manager, nil)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		identity, _ = httpauth.FromContext(r.Context())
		actor = httpauth.Actor(r.Context())
	}))
	serve(h, "Bearer "+text)
	if identity.User.ID != "ada" || identity.User.Role != apitoken.RoleAdmin || identity.Token.ID != token.ID {
		t.Errorf("the identity is %+v", identity)
	}
	want := apitoken.Actor{Kind: apitoken.ActorToken, User: "ada", Token: token.ID}
	if diff := cmp.Diff(want, actor); diff != "" {
		t.Errorf("the actor differs (-want +got):\n%s", diff)
	}
}

func TestWithoutAnIdentityTheActorIsZero(t *testing.T) {
	if identity, found := httpauth.FromContext(ctx); found {
		t.Errorf("an empty context has the identity %+v", identity)
	}
	if actor := httpauth.Actor(ctx); actor != (apitoken.Actor{}) {
		t.Errorf("an empty context has the actor %+v", actor)
	}
}

// must ends the test if there is an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
