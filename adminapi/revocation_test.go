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

const toldRevoked = "200\nCache-Control: no-store\nContent-Type: application/json\n{}"

func revoking(t *testing.T, m *apitoken.Manager, opts *adminapi.RevocationOptions) http.Handler {
	t.Helper()
	h, err := adminapi.Revocation(m, opts)
	must(t, err)
	return h
}

// Whoever asks learns nothing of a token that is none.
func TestRevocationAnswersEveryTokenAlike(t *testing.T) {
	tt := tokentest.New(t)
	texts := deadTokens(t, tt)
	texts["active"] = tt.Token("bob")
	h := revoking(t, tt.Manager, nil)
	for cause, text := range texts {
		w := answerTo(h, formRequest(tokenForm(text)))
		if diff := cmp.Diff(toldRevoked, told(w)); diff != "" {
			t.Errorf("%s: the answer differs (-want +got):\n%s", cause, diff)
		}
		if diff := cmp.Diff(http.Header{"Cache-Control": {"no-store"}, "Content-Type": {"application/json"}, "X-Content-Type-Options": {"nosniff"}}, w.Header()); diff != "" {
			t.Errorf("%s: the header differs (-want +got):\n%s", cause, diff)
		}
	}
}

func TestRevocationIsAcknowledgedOnlyWhenItIsDone(t *testing.T) {
	uncertain := errors.Join(apitoken.ErrUncertain, errors.New("connection reset"))
	endMeanwhile := func(s *faultyStore) { // by somebody else, between the look-up and the revocation
		m, err := apitoken.New(s.Store, nil)
		if err == nil {
			err = m.RevokeAll(t.Context(), apitoken.System(), "bob")
		}
		if err != nil {
			t.Error(err)
		}
	}
	tests := []struct {
		name  string
		store faultyStore
		want  string
	}{
		{"the look-up fails", faultyStore{lookup: errors.New("connection reset")}, toldTrouble},
		{"the write fails", faultyStore{writing: errors.New("connection reset")}, toldTrouble},
		{"the store is away at the write", faultyStore{writing: apitoken.ErrUnavailable}, toldTrouble},
		{"the outcome is unknown, and it was done", faultyStore{writing: uncertain, done: true}, toldTrouble},
		{"the outcome is unknown, and it was not done", faultyStore{writing: uncertain}, toldTrouble},
		{"a store that knows no such token, which lives", faultyStore{writing: apitoken.ErrNotFound}, toldTrouble},
		{"somebody else is faster", faultyStore{beforeRevoke: endMeanwhile}, toldRevoked},
		{"somebody else is faster, and then the store fails", faultyStore{beforeRevoke: func(s *faultyStore) {
			endMeanwhile(s)
			s.lookup = errors.New("connection reset")
		}}, toldTrouble},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			store, m, _, text := newFaultyStore(t)
			store.lookup, store.writing, store.done, store.beforeRevoke = test.store.lookup, test.store.writing, test.store.done, test.store.beforeRevoke
			var toldHost error
			h := revoking(t, m, &adminapi.RevocationOptions{OnError: func(_ *http.Request, err error) { toldHost = err }})
			if diff := cmp.Diff(test.want, told(answerTo(h, formRequest(tokenForm(text))))); diff != "" {
				t.Errorf("the answer differs (-want +got):\n%s", diff)
			}
			if (test.want == toldTrouble) != (toldHost != nil) || toldHost != nil && strings.Contains(toldHost.Error(), text) {
				t.Errorf("the host is told %v", toldHost)
			}
			store.lookup, store.writing = nil, nil
			if diff := cmp.Diff(toldRevoked, told(answerTo(h, formRequest(tokenForm(text))))); diff != "" {
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

// Possession is enough, whatever a token may do besides: also one that leaked revokes itself.
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
	if diff := cmp.Diff(toldRevoked, told(answerTo(revoking(t, m, nil), formRequest(tokenForm(text))))); diff != "" {
		t.Errorf("a token %s: the answer differs (-want +got):\n%s", name, diff)
	}
	if _, err := m.Authenticate(t.Context(), text); !errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("a token %s: Authenticate says %v", name, err)
	}
}
