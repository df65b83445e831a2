package httpauth_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

func TestActorFuncSaysWhoseTokenItIs(t *testing.T) {
	tt := tokentest.NewWith(t, apitoken.Options{Kinds: []apitoken.Kind{"robot"}})
	token, text := tt.Generate(apitoken.GenerateParams{Owner: "bob"})
	_, robot := tt.Generate(apitoken.GenerateParams{Owner: "bob", Kind: "robot"})
	_, ended := tt.Generate(apitoken.GenerateParams{Owner: "bob", Lifetime: time.Second})
	revoked, revokedText := tt.Generate(apitoken.GenerateParams{Owner: "bob"})
	_, disabled := tt.Generate(apitoken.GenerateParams{Owner: "dan"})
	ctx := context.Background()
	if err := tt.Manager.Revoke(ctx, apitoken.System(), revoked.ID); err != nil {
		t.Fatal(err)
	}
	if err := tt.Manager.DisableUser(ctx, apitoken.System(), "dan"); err != nil {
		t.Fatal(err)
	}
	tt.Clock.Add(time.Second)
	bob := apitoken.Actor{Kind: apitoken.ActorToken, User: "bob", Token: token.ID}
	nobody := apitoken.Actor{}

	tests := []struct {
		name   string
		header http.Header
		want   apitoken.Actor
		err    error
	}{
		{"a token", http.Header{"Authorization": {"Bearer " + text}}, bob, nil},
		{"a token as Basic", http.Header{"Authorization": {"Basic " + basic(text+":")}}, bob, nil},
		{"a token in a header", http.Header{"X-Api-Key": {text}}, bob, nil},
		{"no token", http.Header{}, nobody, apitoken.ErrUnauthenticated},
		{"another scheme", http.Header{"Authorization": {"Digest x"}}, nobody, apitoken.ErrUnauthenticated},
		{"an unknown token", http.Header{"Authorization": {"Bearer " + tokentest.New(t).Token("bob")}}, nobody, apitoken.ErrUnauthenticated},
		{"no token at all", http.Header{"Authorization": {"Bearer x"}}, nobody, apitoken.ErrUnauthenticated},
		{"an expired token", http.Header{"Authorization": {"Bearer " + ended}}, nobody, apitoken.ErrUnauthenticated},
		{"a revoked token", http.Header{"Authorization": {"Bearer " + revokedText}}, nobody, apitoken.ErrUnauthenticated},
		{"a disabled user's", http.Header{"Authorization": {"Bearer " + disabled}}, nobody, apitoken.ErrUnauthenticated},
		{"the same header twice", http.Header{"Authorization": {"Bearer " + text, "Bearer " + text}}, nobody, apitoken.ErrUnauthenticated},
		{"two places", http.Header{"Authorization": {"Bearer " + text}, "X-Api-Key": {text}}, nobody, apitoken.ErrUnauthenticated},
		{"a comma", http.Header{"Authorization": {"Bearer " + text + ",x"}}, nobody, apitoken.ErrUnauthenticated},
		{"Basic that cannot be read", http.Header{"Authorization": {"Basic !"}}, nobody, apitoken.ErrUnauthenticated},
		{"another kind", http.Header{"Authorization": {"Bearer " + robot}}, nobody, apitoken.ErrDenied},
	}
	var told error
	actor := httpauth.ActorFunc(tt.Manager, &httpauth.Options{
		Basic: true, Header: "X-API-Key", Kinds: []apitoken.Kind{apitoken.KindUser},
		OnError: func(_ *http.Request, err error) { told = err },
	})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			told = nil
			got, err := actor(&http.Request{Header: test.header})
			if got != test.want {
				t.Errorf("the actor is %+v, want %+v", got, test.want)
			}
			wantOnly(t, test.err, err)
			if (told == nil) != (test.err == nil) {
				t.Errorf("OnError was told %v", told)
			}
		})
	}
}

// wantOnly wants an error to be this one of those that a handler tells apart, and no other.
func wantOnly(t *testing.T, want, err error) {
	t.Helper()
	for _, one := range []error{apitoken.ErrUnauthenticated, apitoken.ErrDenied, apitoken.ErrUnavailable} {
		if errors.Is(err, one) != (one == want) {
			t.Errorf("the error is %v, want %v", err, want)
		}
	}
	if want == nil && err != nil {
		t.Errorf("the error is %v", err)
	}
}

// lostStore is a store whose database is gone.
type lostStore struct{ *memstore.Store }

func (lostStore) Lookup(context.Context, apitoken.Digest) (*apitoken.Record, error) {
	return nil, errors.New("connection refused")
}

func TestActorFuncDoesNotTakeTroubleForARefusal(t *testing.T) {
	m, err := apitoken.New(lostStore{memstore.New()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	actor := httpauth.ActorFunc(m, nil)
	text := tokentest.New(t).Token("bob")
	got, err := actor(&http.Request{Header: http.Header{"Authorization": {"Bearer " + text}}})
	if got != (apitoken.Actor{}) {
		t.Errorf("the actor is %+v", got)
	}
	wantOnly(t, apitoken.ErrUnavailable, err)
	_, err = actor(&http.Request{Header: http.Header{}})
	wantOnly(t, apitoken.ErrUnauthenticated, err) // it needs no store to see that there is no token
}

func TestActorFuncWithoutAManagerPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it does not panic")
		}
	}()
	httpauth.ActorFunc(nil, nil)
}
