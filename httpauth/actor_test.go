package httpauth_test

import (
	"net/http"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

func TestActorFuncReturnsTheHolderOfTheToken(t *testing.T) {
	tt := tokentest.NewWith(t, apitoken.Options{Kinds: []apitoken.Kind{"robot"}})
	token, text := tt.Generate(apitoken.GenerateParams{Owner: "bob"})
	_, robot := tt.Generate(apitoken.GenerateParams{Owner: "bob", Kind: "robot"})
	bob := apitoken.Actor{Kind: apitoken.ActorToken, User: "bob", Token: token.ID}

	tests := []struct {
		name   string
		fields []field
		want   apitoken.Actor
		err    error
	}{
		{"a token", auth("Bearer " + text), bob, nil},
		{"a token as Basic", auth("Basic " + basic(text+":")), bob, nil},
		{"a token in Options.Header", key(text), bob, nil},
		{"no token", nil, apitoken.Actor{}, apitoken.ErrUnauthenticated},
		{"another scheme", auth("Digest x"), apitoken.Actor{}, apitoken.ErrUnauthenticated},
		{"a refused token", auth("Bearer " + text + "0"), apitoken.Actor{}, apitoken.ErrUnauthenticated},
		{"the same header twice", auth("Bearer "+text, "Bearer "+text), apitoken.Actor{}, apitoken.ErrUnauthenticated},
		{"two places", append(auth("Bearer "+text), key(text)...), apitoken.Actor{}, apitoken.ErrUnauthenticated},
		{"Basic that cannot be decoded", auth("Basic !"), apitoken.Actor{}, apitoken.ErrUnauthenticated},
		{"another kind", auth("Bearer " + robot), apitoken.Actor{}, apitoken.ErrDenied},
	}
	var told error
	actor := httpauth.ActorFunc(tt.Manager, &httpauth.Options{
		Basic: true, Header: "X-API-Key", Kinds: []apitoken.Kind{apitoken.KindUser},
		OnError: func(_ *http.Request, err error) { told = err },
	})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			told = nil
			got, err := actor(requestWith(test.fields))
			if got != test.want || !isOnly(err, test.err, actorErrors) {
				t.Errorf("got %+v, %v, want %+v, %v", got, err, test.want, test.err)
			}
			if (told == nil) != (test.err == nil) {
				t.Errorf("OnError got %v", told)
			}
		})
	}
}
