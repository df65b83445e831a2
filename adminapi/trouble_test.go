package adminapi_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// faultyStore answers with an error, if one is set, in place of some of its methods or after it has done what it should.
type faultyStore struct {
	*memstore.Store
	lookup, down, appending, writing error
	done                             bool // the write is done all the same
}

func (s *faultyStore) Lookup(ctx context.Context, d apitoken.Digest) (*apitoken.Record, error) {
	if s.lookup != nil {
		return nil, s.lookup
	}
	return s.Store.Lookup(ctx, d)
}

func (s *faultyStore) User(ctx context.Context, id apitoken.UserID) (apitoken.User, error) {
	if s.down != nil {
		return apitoken.User{}, s.down
	}
	return s.Store.User(ctx, id)
}

func (s *faultyStore) Policy(ctx context.Context) (apitoken.MaxLifetimePolicy, error) {
	if s.down != nil {
		return apitoken.MaxLifetimePolicy{}, s.down
	}
	return s.Store.Policy(ctx)
}

func (s *faultyStore) AppendEvents(ctx context.Context, events []apitoken.Event) error {
	if s.appending != nil {
		return s.appending
	}
	return s.Store.AppendEvents(ctx, events)
}

func (s *faultyStore) write(do func() error) error {
	if s.writing == nil {
		return do()
	}
	if s.done {
		if err := do(); err != nil {
			return err
		}
	}
	return s.writing
}

func (s *faultyStore) CreateToken(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
	return s.write(func() error { return s.Store.CreateToken(ctx, n, rev, e) })
}

func (s *faultyStore) PutPolicy(ctx context.Context, p apitoken.MaxLifetimePolicy, rev int64, e apitoken.Event) error {
	return s.write(func() error { return s.Store.PutPolicy(ctx, p, rev, e) })
}

func (s *faultyStore) CreateUser(ctx context.Context, u apitoken.User, e apitoken.Event) (is apitoken.User, err error) {
	err = s.write(func() error {
		is, err = s.Store.CreateUser(ctx, u, e)
		return err
	})
	return is, err
}

func (s *faultyStore) ChangeUser(
	ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event,
) (is apitoken.User, err error) {
	err = s.write(func() error {
		is, err = s.Store.ChangeUser(ctx, id, c, e)
		return err
	})
	return is, err
}

func (s *faultyStore) RevokeToken(ctx context.Context, id apitoken.TokenID, r apitoken.Revocation, e apitoken.Event) (bool, error) {
	err := s.write(func() error {
		_, err := s.Store.RevokeToken(ctx, id, r, e)
		return err
	})
	return err == nil, err
}

// newFaultySite gives a host whose store is in order until the test says otherwise.
func newFaultySite(t *testing.T, told *error) (*faultyStore, *apitoken.Manager, http.Handler) {
	t.Helper()
	store := &faultyStore{Store: memstore.New()}
	m, err := apitoken.New(store, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range []apitoken.User{{ID: "ada", Role: apitoken.RoleAdmin}, {ID: "bob"}, {ID: "carol"}} {
		if _, err := m.PutUser(ctx, apitoken.System(), u); err != nil {
			t.Fatal(err)
		}
	}
	return store, m, newHandlerWith(t, m, adminapi.Options{
		Actor:   signedIn,
		OnError: func(_ *http.Request, err error) { *told = err },
	})
}

func TestTroubleWithTheStoreIs503OnEveryRoute(t *testing.T) {
	cause := errors.New("secret address of the database")
	for _, r := range requests() {
		if r.anybody() {
			continue // asks for nothing
		}
		t.Run(r.String(), func(t *testing.T) {
			var told error
			store, _, h := newFaultySite(t, &told)
			store.down = cause
			w := call(h, "ada", r.Method, r.path, r.body)
			wantProblem(t, 503, "unavailable", w)
			if w.Header().Get("Retry-After") == "" {
				t.Error("there is no Retry-After")
			}
			if !errors.Is(told, cause) {
				t.Errorf("OnError was told %v", told)
			}
			wantSilence(t, w.Body.String())
		})
	}
}

func wantSilence(t *testing.T, body string) {
	t.Helper()
	if strings.Contains(body, "secret") {
		t.Errorf("the answer tells the cause: %s", body)
	}
}

func TestADenialThatCannotBeRecordedIs503(t *testing.T) {
	var told error
	store, m, h := newFaultySite(t, &told)
	token, _, err := m.Generate(ctx, apitoken.As("carol"), apitoken.GenerateParams{Owner: "carol", Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	store.appending = errors.New("secret cause")
	for _, target := range []string{"/tokens", "/tokens/" + token.ID.String()} {
		w := call(h, "bob", "GET", target, "")
		wantProblem(t, 503, "unavailable", w)
		wantSilence(t, w.Body.String())
	}
	store.appending = apitoken.ErrUncertain // the denial itself is certain
	wantProblem(t, 403, "denied", call(h, "bob", "GET", "/tokens", ""))
	wantProblem(t, 403, "denied", call(h, "bob", "POST", "/users/carol/tokens", `{"name": "y"}`))
	wantProblem(t, 404, "not_found", call(h, "bob", "GET", "/tokens/"+token.ID.String(), ""))
}

func TestAnUnknownOutcomeNamesTheTokenAndNoSecret(t *testing.T) {
	for name, done := range map[string]bool{"done": true, "not done": false} {
		t.Run(name, func(t *testing.T) {
			var told error
			store, m, h := newFaultySite(t, &told)
			store.writing, store.done = errors.Join(apitoken.ErrUncertain, errors.New("secret cause")), done
			w := call(h, "bob", "POST", "/users/bob/tokens", `{"name": "x"}`)
			p := wantProblem(t, 503, "outcome_unknown", w)
			wantSilence(t, w.Body.String())
			if got := w.Header().Get("Retry-After"); got != "" {
				t.Errorf("Retry-After invites to repeat it: %s", got)
			}
			if !errors.Is(told, apitoken.ErrUncertain) {
				t.Errorf("OnError was told %v", told)
			}
			id, err := apitoken.ParseTokenID(p.TokenID)
			if err != nil {
				t.Fatalf("token_id is %q", p.TokenID)
			}
			_, err = m.Token(ctx, apitoken.As("bob"), id)
			if (err == nil) != done {
				t.Errorf("the token is %v", err)
			}
			store.writing = nil
			want := map[bool]int{true: 204, false: 404}[done]
			wantStatus(t, want, call(h, "bob", "DELETE", "/tokens/"+p.TokenID, ""))
		})
	}
}

func TestAnUnknownOutcomeOfOtherWrites(t *testing.T) {
	var told error
	store, m, h := newFaultySite(t, &told)
	token, _, err := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	putDisabled(t, m, "eve")
	store.writing = apitoken.ErrUncertain
	for _, route := range [][3]string{
		{"DELETE", "/tokens/" + token.ID.String(), ""},
		{"DELETE", "/users/bob/tokens", ""},
		{"PUT", "/policy", `{"no_maximum": true}`},
		{"PUT", "/users/bob", `{"name": "Robert"}`},
		{"PUT", "/users/dan", `{"name": "Dan"}`},
		{"PUT", "/users/bob/disabled", ""},
		{"DELETE", "/users/eve/disabled", ""},
	} {
		p := wantProblem(t, 503, "outcome_unknown", call(h, "ada", route[0], route[1], route[2]))
		if p.TokenID != "" {
			t.Errorf("%s %s names the token %s", route[0], route[1], p.TokenID)
		}
	}
}

func putDisabled(t *testing.T, m *apitoken.Manager, id apitoken.UserID) {
	t.Helper()
	if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: id}); err != nil {
		t.Fatal(err)
	}
	if err := m.DisableUser(ctx, apitoken.System(), id); err != nil {
		t.Fatal(err)
	}
}

// Only after all attempts of the Manager, and only where the client has named no revision: else it is 412.
func TestAStandingConflictIs409(t *testing.T) {
	var told error
	store, _, h := newFaultySite(t, &told)
	store.writing = apitoken.ErrConflict
	for _, route := range [][3]string{
		{"PUT", "/policy", `{"no_maximum": true}`},
		{"POST", "/users/bob/tokens", `{"name": "x"}`},
	} {
		wantProblem(t, 409, "conflict", call(h, "ada", route[0], route[1], route[2]))
	}
	wantProblem(t, 412, "precondition_failed", call(h, "ada", "PUT", "/users/bob", `{"name": "Robert"}`, "If-Match", `"1"`))
	if told != nil {
		t.Errorf("OnError was told %v", told)
	}
}
