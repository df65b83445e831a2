package adminapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// tokenForm is a form with a token and nothing else.
func tokenForm(token string) string { return url.Values{"token": {token}}.Encode() }

// inactiveTokens are texts of tokens that are not active, one for every reason.
func inactiveTokens(t *testing.T, tt *tokentest.Kit) map[string]string {
	t.Helper()
	revoked, revokedText := tt.Generate(apitoken.GenerateParams{Owner: "bob"})
	_, expiredText := tt.Generate(apitoken.GenerateParams{Owner: "bob", Lifetime: time.Minute})
	_, endingText := tt.Generate(apitoken.GenerateParams{Owner: "bob", Lifetime: 2 * time.Minute})
	disabledText := tt.Token("carol")
	allText := tt.Token("dave")
	unknown := tokentest.New(t).Token("bob")
	for _, err := range []error{
		tt.Manager.Revoke(t.Context(), apitoken.System(), revoked.ID),
		tt.Manager.DisableUser(t.Context(), apitoken.System(), "carol"),
		tt.Manager.RevokeAll(t.Context(), apitoken.System(), "dave"),
	} {
		must(t, err)
	}
	tt.Clock.Add(2 * time.Minute)
	return map[string]string{
		"malformed": "x", "one character more": endingText + "0", "not UTF-8": "\xff\xfe", "very long": strings.Repeat("t", 16000), "unknown": unknown,
		"expired": expiredText, "at its end": endingText, "revoked": revokedText, "revoked with all": allText, "disabled": disabledText,
		"the id of a token": revoked.ID.String(), "space in front": " " + revokedText,
	}
}

func TestEveryInactiveTokenHasTheSameAnswer(t *testing.T) {
	tt := tokentest.New(t)
	h := introspecting(t, tt.Manager, adminapi.IntrospectionOptions{})
	for cause, text := range inactiveTokens(t, tt) {
		w := respond(h, asGateway(tokenForm(text)))
		if diff := cmp.Diff(wantInactive, clientView(w)); diff != "" {
			t.Errorf("%s: the answer differs (-want +got):\n%s", cause, diff)
		}
		want := http.Header{"Cache-Control": {"no-store"}, "Content-Type": {"application/json"}, "X-Content-Type-Options": {"nosniff"}}
		if diff := cmp.Diff(want, w.Header()); diff != "" {
			t.Errorf("%s: the header differs (-want +got):\n%s", cause, diff)
		}
	}
}

func TestIntrospectionCountsAsAUse(t *testing.T) {
	tt := tokentest.New(t)
	token, text := tt.Generate(apitoken.GenerateParams{Owner: "bob"})
	tt.Clock.Add(time.Hour)
	respond(introspecting(t, tt.Manager, adminapi.IntrospectionOptions{}), asGateway(tokenForm(text)))
	must(t, tt.Manager.Flush(t.Context()))
	got, err := tt.Manager.Token(t.Context(), apitoken.System(), token.ID)
	if err != nil || !got.LastUsedAt.Equal(tt.Clock.Now()) {
		t.Errorf("it was last used at %v, %v; want %v", got.LastUsedAt, err, tt.Clock.Now())
	}
}

// faultyWithToken returns a store that works until the test says otherwise, with one token.
func faultyWithToken(t *testing.T) (store *faultyStore, m *apitoken.Manager, token apitoken.Token, text string) {
	t.Helper()
	store = newFaultyStore()
	m, err := apitoken.New(store, nil)
	must(t, err)
	if _, err := m.PutUser(t.Context(), apitoken.System(), apitoken.User{ID: "bob"}); err != nil {
		t.Fatal(err)
	}
	token, secret, err := m.Generate(t.Context(), apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "laptop"})
	must(t, err)
	return store, m, token, secret.Reveal()
}

func TestAFailingStoreIsNeverInactive(t *testing.T) {
	store, m, _, text := faultyWithToken(t)
	var reported error
	h := introspecting(t, m, adminapi.IntrospectionOptions{OnError: func(_ *http.Request, err error) { reported = err }})
	quiet := introspecting(t, m, adminapi.IntrospectionOptions{})
	for _, failure := range []error{
		errors.New("connection reset"), apitoken.ErrUnavailable, context.Canceled, apitoken.ErrConflict, apitoken.ErrUncertain,
		apitoken.ErrUnauthenticated, apitoken.ErrRevoked, // a store does not refuse tokens
	} {
		store.lookup, reported = failure, nil
		for _, h := range []http.Handler{h, quiet} {
			if diff := cmp.Diff(wantUnavailable, clientView(respond(h, asGateway(tokenForm(text))))); diff != "" {
				t.Errorf("%v: the answer differs (-want +got):\n%s", failure, diff)
			}
		}
		if !errors.Is(reported, apitoken.ErrUnavailable) || !errors.Is(reported, failure) || strings.Contains(reported.Error(), text) {
			t.Errorf("%v: OnError got %v", failure, reported)
		}
	}
	store.lookup, reported = nil, nil
	if w := respond(h, asGateway(tokenForm(text))); !strings.HasPrefix(w.Body.String(), `{"active":true,`) || reported != nil {
		t.Errorf("afterwards it answers %s, and OnError got %v", clientView(w), reported)
	}
}

func TestIntrospectionRefusesBadOptions(t *testing.T) {
	m := tokentest.New(t).Manager
	check := gateways(t)
	for name, try := range map[string]func() (http.Handler, error){
		"no manager": func() (http.Handler, error) {
			return adminapi.Introspection(nil, &adminapi.IntrospectionOptions{Clients: check})
		},
		"no options":        func() (http.Handler, error) { return adminapi.Introspection(m, nil) },
		"no clients":        func() (http.Handler, error) { return adminapi.Introspection(m, &adminapi.IntrospectionOptions{}) },
		"a negative cap":    func() (http.Handler, error) { return capped(m, check, -time.Second) },
		"a cap of no sense": func() (http.Handler, error) { return capped(m, check, time.Second-1) },
	} {
		if h, err := try(); h != nil || !errors.Is(err, apitoken.ErrInvalid) {
			t.Errorf("%s: it gives %v, %v", name, h, err)
		}
	}
	for _, most := range []time.Duration{0, time.Second, apitoken.NoExpiration} {
		if _, err := capped(m, check, most); err != nil {
			t.Errorf("a cap of %v: %v", most, err)
		}
	}
}

func capped(m *apitoken.Manager, check adminapi.ClientCheck, most time.Duration) (http.Handler, error) {
	return adminapi.Introspection(m, &adminapi.IntrospectionOptions{Clients: check, ExpiryCap: most})
}

// Over a connection, so that what net/http does to a request is part of it.
func TestIntrospectionOverAConnection(t *testing.T) {
	tt := tokentest.New(t)
	text := tt.Token("bob")
	server := httptest.NewServer(introspecting(t, tt.Manager, adminapi.IntrospectionOptions{}))
	defer server.Close()
	for form, want := range map[string]int{tokenForm(text): 200, strings.Repeat("x", 1<<20): 413} {
		r, err := http.NewRequest("POST", server.URL, strings.NewReader(form))
		must(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth("gw", gatewaySecret)
		res, err := http.DefaultClient.Do(r)
		must(t, err)
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("a form of %d bytes is answered %d, want %d", len(form), res.StatusCode, want)
		}
	}
}

// RFC 7662 has no answer for a token that is active and may not be used at the gateway.
func TestATokenOfAnUndeclaredKindIsInactive(t *testing.T) {
	newer, older, text := rollOut(t)
	if diff := cmp.Diff(wantInactive, clientView(respond(introspecting(t, older, adminapi.IntrospectionOptions{}), asGateway(tokenForm(text))))); diff != "" {
		t.Errorf("the answer differs (-want +got):\n%s", diff)
	}
	w := respond(introspecting(t, newer, adminapi.IntrospectionOptions{}), asGateway(tokenForm(text)))
	if !strings.Contains(w.Body.String(), `"active":true`) {
		t.Errorf("a manager that declares the kind answers %s", w.Body)
	}
}

// rollOut returns the Managers of two replicas over one store, and a token of a kind that only the first declares.
func rollOut(t *testing.T) (newer, older *apitoken.Manager, text string) {
	t.Helper()
	store := memstore.New()
	newer, err := apitoken.New(store, &apitoken.Options{Kinds: []apitoken.Kind{"robot"}})
	must(t, err)
	older, err = apitoken.New(store, nil)
	must(t, err)
	_, err = newer.PutUser(t.Context(), apitoken.System(), apitoken.User{ID: "bob"})
	must(t, err)
	_, secret, err := newer.Generate(t.Context(), apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "x", Kind: "robot"})
	must(t, err)
	return newer, older, secret.Reveal()
}
