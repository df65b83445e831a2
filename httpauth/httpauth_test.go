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
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

var ctx = context.Background()

// serve gives what a handler answers to a request with the values as Authorization headers.
func serve(h http.Handler, authorization ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/", nil)
	for _, value := range authorization {
		r.Header.Add("Authorization", value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func wantReply(t *testing.T, want reply, w *httptest.ResponseRecorder) {
	t.Helper()
	if diff := cmp.Diff(want, replyOf(w.Result(), w.Body.String())); diff != "" {
		t.Errorf("the answer differs (-want +got):\n%s", diff)
	}
}

// middlewares are those that stand in front of a handler.
var middlewares = map[string]func(*apitoken.Manager, *httpauth.Options) func(http.Handler) http.Handler{
	"Require": httpauth.Require, "Optional": httpauth.Optional,
}

// isOnly reports whether an error is this one of those that an answer goes by.
func isOnly(err, target error) bool {
	for _, other := range []error{apitoken.ErrUnauthenticated, apitoken.ErrInvalid, apitoken.ErrDenied, apitoken.ErrUnavailable} {
		if errors.Is(err, other) != (other == target) {
			return false
		}
	}
	return true
}

// brokenStore fails to look a token up.
type brokenStore struct {
	*memstore.Store
	err error
}

func (s brokenStore) Lookup(context.Context, apitoken.Digest) (*apitoken.Record, error) {
	return nil, s.err
}

func TestRefusalsLookAlikeWhateverTheCause(t *testing.T) {
	tt := tokentest.New(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	unknown := tokentest.New(t).Token("ada")
	_, expired := tt.Generate(apitoken.GenerateParams{Owner: "ada", Lifetime: time.Hour})
	revoked, revokedText := tt.Generate(apitoken.GenerateParams{Owner: "ada"})
	must(tt.Manager.Revoke(ctx, apitoken.System(), revoked.ID))
	ended := tt.Token("bob")
	must(tt.Manager.RevokeAll(ctx, apitoken.System(), "bob"))
	disabled := tt.Token("carol")
	must(tt.Manager.DisableUser(ctx, apitoken.System(), "carol"))
	tt.Clock.Add(time.Hour)

	tests := []struct {
		name, token string
		cause       error
	}{
		{"malformed", "tok_short", apitoken.ErrMalformed},
		{"too long", strings.Repeat("x", httpauth.MaxCredentials+1), apitoken.ErrMalformed},
		{"unknown", unknown, apitoken.ErrUnknownToken},
		{"expired", expired, apitoken.ErrExpired},
		{"revoked", revokedText, apitoken.ErrRevoked},
		{"revoked with all", ended, apitoken.ErrRevoked},
		{"owner disabled", disabled, apitoken.ErrUserDisabled},
	}
	type whole struct {
		Status int
		Header http.Header
		Body   string
	}
	var first *whole
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var cause error
			protected := httpauth.Require(tt.Manager, &httpauth.Options{
				OnError: func(_ *http.Request, err error) { cause = err },
			})(http.HandlerFunc(ok))
			w := serve(protected, "Bearer "+test.token)
			if !errors.Is(cause, test.cause) {
				t.Errorf("the test does not test what it says: the cause is %v, want %v", cause, test.cause)
			}
			wantReply(t, invalidToken, w)
			got := &whole{w.Code, w.Header(), w.Body.String()}
			if first == nil {
				first = got
			}
			if diff := cmp.Diff(first, got); diff != "" {
				t.Errorf("this refusal differs from the first (-first +this):\n%s", diff)
			}
		})
	}
}

func TestTroubleIsNoRefusal(t *testing.T) {
	token := tokentest.New(t).Token("ada")
	for name, trouble := range map[string]error{
		"unavailable":                apitoken.ErrUnavailable,
		"any error of a driver":      errors.New("connection reset"),
		"a deadline":                 context.DeadlineExceeded,
		"trouble that looks refused": errors.Join(apitoken.ErrUnavailable, apitoken.ErrUnauthenticated),
	} {
		t.Run(name, func(t *testing.T) {
			m, err := apitoken.New(brokenStore{memstore.New(), trouble}, nil)
			if err != nil {
				t.Fatal(err)
			}
			var told error
			opts := &httpauth.Options{OnError: func(_ *http.Request, err error) { told = err }}
			for _, middleware := range []func(http.Handler) http.Handler{httpauth.Require(m, opts), httpauth.Optional(m, opts)} {
				w := serve(middleware(http.HandlerFunc(ok)), "Bearer "+token)
				wantReply(t, unavailable, w)
				if got := w.Header().Get("Retry-After"); got == "" {
					t.Error("there is no Retry-After")
				}
				if got := w.Header().Get("Cache-Control"); got != "no-store" {
					t.Errorf("Cache-Control is %q", got)
				}
			}
			if !errors.Is(told, apitoken.ErrUnavailable) || !errors.Is(told, trouble) {
				t.Errorf("OnError was told %v", told)
			}
		})
	}
}

func TestOptionalServesNobodyOnlyWithoutAHeader(t *testing.T) {
	tt := tokentest.New(t)
	token := tt.Token("ada")
	optional := httpauth.Optional(tt.Manager, nil)(http.HandlerFunc(ok))

	tests := []struct {
		name          string
		authorization []string
		want          reply
		body          string
	}{
		{"no header", nil, passed, "served "},
		{"a token", []string{"Bearer " + token}, passed, "served ada"},
		{"an empty header", []string{""}, unauthenticated, ""},
		{"another scheme", []string{"Basic YTpi"}, unauthenticated, ""},
		{"no token", []string{"Bearer"}, invalidRequest, ""},
		{"two headers", []string{"Bearer " + token, "Bearer " + token}, invalidRequest, ""},
		{"a wrong token", []string{"Bearer " + token + "0"}, invalidToken, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := serve(optional, test.authorization...)
			wantReply(t, test.want, w)
			if test.want == passed && w.Body.String() != test.body {
				t.Errorf("the handler behind answered %q, want %q", w.Body, test.body)
			}
			if got := w.Header().Values("Vary"); !cmp.Equal(got, []string{"Authorization"}) {
				t.Errorf("Vary is %q", got)
			}
		})
	}
}

// A header of the host's own counts where it is named, and nowhere else.
func TestOptionalServesNobodyOnlyWithoutAKey(t *testing.T) {
	tt := tokentest.New(t)
	token := tt.Token("ada")
	tests := []struct {
		name   string
		header string
		fields []field
		want   reply
		body   string
	}{
		{"nothing", "X-API-Key", nil, passed, "served "},
		{"a key", "x-api-key", key(token), passed, "served ada"},
		{"an empty key", "X-API-Key", key(""), unauthenticated, ""},
		{"a wrong key", "X-API-Key", key(token + "0"), invalidToken, ""},
		{"two keys", "X-API-Key", key(token, token), invalidRequest, ""},
		{"a token and no key", "X-API-Key", auth("Bearer " + token), passed, "served ada"},
		{"a key that means nothing", "", key(token + "0"), passed, "served "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			for _, f := range test.fields {
				r.Header.Add(f.name, f.value)
			}
			w := httptest.NewRecorder()
			httpauth.Optional(tt.Manager, &httpauth.Options{Header: test.header})(http.HandlerFunc(ok)).ServeHTTP(w, r)
			wantReply(t, test.want, w)
			if test.want == passed && w.Body.String() != test.body {
				t.Errorf("the handler behind answered %q, want %q", w.Body, test.body)
			}
			vary := []string{"Authorization"}
			if test.header != "" {
				vary[0] += ", " + test.header
			}
			if got := w.Header().Values("Vary"); !cmp.Equal(got, vary) {
				t.Errorf("Vary is %q, want %q", got, vary)
			}
		})
	}
}

// A handler sees the identity of the innermost middleware, and none where that one found none, of whichever Manager.
func TestTheInnermostMiddlewareDecidesWhoItIs(t *testing.T) {
	outer, inner := tokentest.New(t), tokentest.New(t)
	ada := outer.Token("ada")
	ofKeys := &httpauth.Options{Header: "X-API-Key"}
	for name, outside := range middlewares {
		tests := []struct {
			name   string
			inside func(http.Handler) http.Handler
			fields []field
			want   reply
			body   string
		}{
			{"the inner finds nothing", httpauth.Optional(inner.Manager, nil), key(ada), passed, "served "},
			{"the inner of the same Manager finds nothing", httpauth.Optional(outer.Manager, nil), key(ada), passed, "served "},
			{"the inner finds the same", httpauth.Optional(outer.Manager, ofKeys), key(ada), passed, "served ada"},
			{"the inner insists", httpauth.Require(inner.Manager, nil), key(ada), unauthenticated, ""},
			{"twice nothing", func(next http.Handler) http.Handler {
				return httpauth.Optional(inner.Manager, nil)(httpauth.Optional(inner.Manager, nil)(next))
			}, key(ada), passed, "served "},
			{"nothing, and then a token", func(next http.Handler) http.Handler {
				return httpauth.Optional(inner.Manager, nil)(httpauth.Require(outer.Manager, ofKeys)(next))
			}, key(ada), passed, "served ada"},
		}
		for _, test := range tests {
			t.Run(name+", "+test.name, func(t *testing.T) {
				r := httptest.NewRequest("GET", "/", nil)
				for _, f := range test.fields {
					r.Header.Add(f.name, f.value)
				}
				w := httptest.NewRecorder()
				outside(outer.Manager, ofKeys)(test.inside(http.HandlerFunc(ok))).ServeHTTP(w, r)
				wantReply(t, test.want, w)
				if test.want == passed && w.Body.String() != test.body {
					t.Errorf("the handler behind answered %q, want %q", w.Body, test.body)
				}
			})
		}
	}
}

func TestIdentityReachesTheHandler(t *testing.T) {
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

func TestWithoutAnIdentityTheActorIsNobody(t *testing.T) {
	if identity, found := httpauth.FromContext(ctx); found {
		t.Errorf("an empty context has the identity %+v", identity)
	}
	if actor := httpauth.Actor(ctx); actor != (apitoken.Actor{}) {
		t.Errorf("an empty context has the actor %+v", actor)
	}
	tt := tokentest.New(t)
	_, err := tt.Manager.ListTokens(ctx, httpauth.Actor(ctx), apitoken.TokenQuery{AnyOwner: true})
	if !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("nobody is answered %v", err)
	}
}
