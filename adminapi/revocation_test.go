package adminapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

const wantRevoked = "200\nCache-Control: no-store\nContent-Type: application/json\n{}"

func revoking(t *testing.T, m *apitoken.Manager, opts *adminapi.RevocationOptions) http.Handler {
	t.Helper()
	h, err := adminapi.Revocation(m, opts)
	must(t, err)
	return h
}

// The answer does not show whether the token existed.
func TestRevocationHasOneAnswerForEveryToken(t *testing.T) {
	tt := tokentest.New(t)
	texts := inactiveTokens(t, tt)
	texts["active"] = tt.Token("bob")
	h := revoking(t, tt.Manager, nil)
	for cause, text := range texts {
		w := respond(h, formRequest(tokenForm(text)))
		if diff := cmp.Diff(wantRevoked, clientView(w)); diff != "" {
			t.Errorf("%s: the answer differs (-want +got):\n%s", cause, diff)
		}
		if diff := cmp.Diff(http.Header{"Cache-Control": {"no-store"}, "Content-Type": {"application/json"}, "X-Content-Type-Options": {"nosniff"}}, w.Header()); diff != "" {
			t.Errorf("%s: the header differs (-want +got):\n%s", cause, diff)
		}
	}
}

func TestRevocationIsAcknowledgedOnlyWhenItIsDone(t *testing.T) {
	uncertain := errors.Join(apitoken.ErrUncertain, errors.New("connection reset"))
	revokeMeanwhile := func(s *faultyStore) { // between the lookup and the revocation
		m, err := apitoken.New(s.Store, nil)
		if err == nil {
			err = m.RevokeAll(t.Context(), apitoken.System(), "bob")
		}
		if err != nil {
			t.Error(err)
		}
	}
	tests := []struct {
		name string
		faults
		want string
	}{
		{"the lookup fails", faults{lookup: errors.New("connection reset")}, wantUnavailable},
		{"the write fails", faults{writing: errors.New("connection reset")}, wantUnavailable},
		{"the store is unavailable at the write", faults{writing: apitoken.ErrUnavailable}, wantUnavailable},
		{"the outcome is unknown, and it was done", faults{writing: uncertain, done: true}, wantUnavailable},
		{"the outcome is unknown, and it was not done", faults{writing: uncertain}, wantUnavailable},
		{"a store that does not find an active token", faults{writing: apitoken.ErrNotFound}, wantUnavailable},
		{"it is revoked in the meantime", faults{beforeRevoke: revokeMeanwhile}, wantRevoked},
		{"it is revoked in the meantime, and then the store fails", faults{beforeRevoke: func(s *faultyStore) {
			revokeMeanwhile(s)
			s.lookup = errors.New("connection reset")
		}}, wantUnavailable},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			store, m, _, text := faultyWithToken(t)
			store.faults = test.faults
			var reported error
			h := revoking(t, m, &adminapi.RevocationOptions{OnError: func(_ *http.Request, err error) { reported = err }})
			if diff := cmp.Diff(test.want, clientView(respond(h, formRequest(tokenForm(text))))); diff != "" {
				t.Errorf("the answer differs (-want +got):\n%s", diff)
			}
			if (test.want == wantUnavailable) != (reported != nil) || reported != nil && strings.Contains(reported.Error(), text) {
				t.Errorf("OnError got %v", reported)
			}
			store.lookup, store.writing = nil, nil
			if diff := cmp.Diff(wantRevoked, clientView(respond(h, formRequest(tokenForm(text))))); diff != "" {
				t.Errorf("the answer to the same request later differs (-want +got):\n%s", diff)
			}
			if _, err := m.Authenticate(t.Context(), text); !errors.Is(err, apitoken.ErrRevoked) {
				t.Errorf("then Authenticate says %v", err)
			}
		})
	}
}

func TestRevocationNeedsAManager(t *testing.T) {
	if h, err := adminapi.Revocation(nil, nil); h != nil || !errors.Is(err, apitoken.ErrInvalid) {
		t.Errorf("it gives %v, %v", h, err)
	}
}

// Possession is enough to revoke, whatever else the token may do.
func TestEveryTokenMayRevokeItself(t *testing.T) {
	tt := tokentest.NewWith(t, apitoken.Options{
		Roles:     map[apitoken.Role]apitoken.Permission{"nothing": 0},
		KindRules: map[apitoken.Kind]apitoken.KindRule{"idle": {}, "reader": {Permissions: apitoken.ListAny}, "mine": {OwnOnly: true}},
	})
	tt.User("ada", apitoken.RoleAdmin)
	tt.User("demoted", apitoken.RoleUser)
	texts := map[string]string{}
	for name, p := range map[string]apitoken.GenerateParams{
		"of a kind that carries nothing":          {Owner: "ada", Kind: "idle"},
		"of a kind that carries no GenerateOwn":   {Owner: "ada", Kind: "reader"},
		"of a kind for oneself that carries none": {Owner: "bob", Kind: "mine"},
		"bound to a resource":                     {Owner: "ada", Resource: "project:web"},
		"bound, of a kind that carries nothing":   {Owner: "ada", Kind: "idle", Resource: "project:web"},
		"of a user whose role grants nothing":     {Owner: "demoted"},
	} {
		if p.Kind == "mine" {
			tt.User("bob", apitoken.RoleUser)
			_, secret, err := tt.Manager.Generate(t.Context(), apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "x", Kind: "mine"})
			must(t, err)
			texts[name] = secret.Reveal()
			continue
		}
		_, texts[name] = tt.Generate(p)
	}
	tt.User("demoted", "nothing")
	for name, text := range texts {
		wantRevokedBy(t, name, tt.Manager, text)
	}
	_, older, text := rollOut(t)
	wantRevokedBy(t, "of an undeclared kind", older, text)
}

// wantRevokedBy sends the token to the endpoint of a Manager, and wants it to be refused from then on.
func wantRevokedBy(t *testing.T, name string, m *apitoken.Manager, text string) {
	t.Helper()
	if diff := cmp.Diff(wantRevoked, clientView(respond(revoking(t, m, nil), formRequest(tokenForm(text))))); diff != "" {
		t.Errorf("a token %s: the answer differs (-want +got):\n%s", name, diff)
	}
	if _, err := m.Authenticate(t.Context(), text); !errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("a token %s: Authenticate says %v", name, err)
	}
}
