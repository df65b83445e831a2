package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

// A database that cannot be reached is not a refusal: the host answers 503, not 401.
func ExampleFaulty() {
	ctx := context.Background()
	store := &storetest.Faulty{Store: memstore.New()}
	m, err := apitoken.New(store, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob"}); err != nil {
		fmt.Println(err)
		return
	}
	_, secret, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: "bob", Name: "ci"})
	if err != nil {
		fmt.Println(err)
		return
	}
	store.Before = func(_ context.Context, method string) error {
		if method == "Lookup" {
			return errors.New("connection refused")
		}
		return nil
	}
	_, err = m.Authenticate(ctx, secret.Reveal())
	fmt.Println("unavailable:", errors.Is(err, apitoken.ErrUnavailable))
	fmt.Println("unauthenticated:", errors.Is(err, apitoken.ErrUnauthenticated))
	// Output:
	// unavailable: true
	// unauthenticated: false
}

// Without functions Faulty is as good as its store, whether that has the optional methods or not.
func TestFaultyWithoutFunctionsSatisfiesTheContract(t *testing.T) {
	type storeOnly struct{ apitoken.Store } // hides the optional methods
	for name, wrap := range map[string]func(apitoken.Store) apitoken.Store{
		"with optional methods":    func(s apitoken.Store) apitoken.Store { return s },
		"without optional methods": func(s apitoken.Store) apitoken.Store { return storeOnly{s} },
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(*testing.T) apitoken.Store { return storetest.Faulty{Store: wrap(memstore.New())} })
		})
	}
}

// faultyCall calls one method, and reports whether it has returned more than the zero value.
type faultyCall struct {
	method string
	call   func(s storetest.Faulty) (found bool, err error)
}

func faultyCalls(ctx context.Context) []faultyCall {
	event := func(id byte) apitoken.Event { return apitoken.Event{ID: apitoken.EventID{id}} }
	all := apitoken.TokenQuery{AnyOwner: true, Limit: 1}
	token := apitoken.NewToken{Token: apitoken.Token{ID: apitoken.TokenID{2}, Owner: "bob", Name: "second"}, Digest: apitoken.Digest{2}}
	return []faultyCall{
		{"Lookup", func(s storetest.Faulty) (bool, error) {
			r, err := s.Lookup(ctx, apitoken.Digest{1})
			return r != nil, err
		}},
		{"CreateToken", func(s storetest.Faulty) (bool, error) { return false, s.CreateToken(ctx, token, 0, event(11)) }},
		{"RevokeToken", func(s storetest.Faulty) (bool, error) {
			return s.RevokeToken(ctx, apitoken.TokenID{1}, apitoken.Revocation{At: someDay}, event(12))
		}},
		{"CreateUser", func(s storetest.Faulty) (bool, error) {
			u, err := s.CreateUser(ctx, apitoken.User{ID: "eve"}, event(13))
			return u != apitoken.User{}, err
		}},
		{"ChangeUser", func(s storetest.Faulty) (bool, error) {
			u, err := s.ChangeUser(ctx, "bob", apitoken.UserChange{Name: "Bob"}, event(14))
			return u != apitoken.User{}, err
		}},
		{"PutPolicy", func(s storetest.Faulty) (bool, error) {
			return false, s.PutPolicy(ctx, apitoken.MaxLifetimePolicy{Revision: 1}, 0, event(15))
		}},
		{"Touch", func(s storetest.Faulty) (bool, error) {
			return false, s.Touch(ctx, []apitoken.Touch{{Token: apitoken.TokenID{1}, At: someDay}})
		}},
		{"Remove", func(s storetest.Faulty) (bool, error) {
			r, err := s.Remove(ctx, apitoken.Removal{EventsTo: 2}, event(17))
			return r != apitoken.Removed{}, err
		}},
		{"Forget", func(s storetest.Faulty) (bool, error) {
			rows, err := s.Forget(ctx, apitoken.Forgetting{User: "bob", Pseudonym: "nobody", Revision: 1, Tokens: []apitoken.TokenID{{1}}}, event(18))
			return rows != 0, err
		}},
		{"AppendEvents", func(s storetest.Faulty) (bool, error) {
			return false, s.AppendEvents(ctx, []apitoken.Event{event(16)})
		}},
		{"Facts", func(s storetest.Faulty) (bool, error) {
			f, err := s.Facts(ctx, apitoken.FactsQuery{Owner: "bob"})
			return f.Owner != nil, err
		}},
		{"Policy", func(s storetest.Faulty) (bool, error) {
			p, err := s.Policy(ctx)
			return p.Revision != 0, err
		}},
		{"User", func(s storetest.Faulty) (bool, error) {
			u, err := s.User(ctx, "bob")
			return u != apitoken.User{}, err
		}},
		{"Token", func(s storetest.Faulty) (bool, error) {
			r, err := s.Token(ctx, apitoken.TokenID{1})
			return r != nil, err
		}},
		{"Tokens", func(s storetest.Faulty) (bool, error) {
			page, err := s.Tokens(ctx, all.At(someDay))
			return page != nil, err
		}},
		{"Users", func(s storetest.Faulty) (bool, error) {
			page, err := s.Users(ctx, apitoken.UserQuery{Limit: 1})
			return page != nil, err
		}},
		{"Events", func(s storetest.Faulty) (bool, error) {
			page, err := s.Events(ctx, apitoken.EventQuery{Limit: 1})
			return page != nil, err
		}},
		{"ScanTokens", func(s storetest.Faulty) (bool, error) {
			page, err := s.ScanTokens(ctx, all.At(someDay), 1)
			return page.Tokens != nil, err
		}},
		{"CountTokens", func(s storetest.Faulty) (bool, error) {
			n, err := s.CountTokens(ctx, all.At(someDay))
			return n != 0, err
		}},
	}
}

func TestFaultyFailsEachMethod(t *testing.T) {
	errDown := errors.New("down")
	for _, c := range faultyCalls(t.Context()) {
		t.Run(c.method, func(t *testing.T) {
			store := memstore.New()
			if _, err := store.CreateUser(t.Context(), apitoken.User{ID: "bob"}, apitoken.Event{ID: apitoken.EventID{1}}); err != nil {
				t.Fatal(err)
			}
			n := apitoken.NewToken{Token: apitoken.Token{ID: apitoken.TokenID{1}, Owner: "bob", Name: "first"}, Digest: apitoken.Digest{1}}
			if err := store.CreateToken(t.Context(), n, 0, apitoken.Event{ID: apitoken.EventID{2}}); err != nil {
				t.Fatal(err)
			}
			contents := func() string { // everything that a write changes
				t.Helper()
				events, err := store.Events(t.Context(), apitoken.EventQuery{Limit: 1000})
				if err != nil {
					t.Fatal(err)
				}
				r, err := store.Token(t.Context(), apitoken.TokenID{1})
				if err != nil {
					t.Fatal(err)
				}
				return fmt.Sprint(len(events), r.Token.LastUsedAt)
			}
			var calls []string
			fail := func(when string) func(context.Context, string) error {
				return func(_ context.Context, method string) error {
					calls = append(calls, when+" "+method)
					return errDown
				}
			}
			before := contents()
			for _, f := range []storetest.Faulty{{Store: store, Before: fail("before")}, {Store: store, After: fail("after")}} {
				if f.After != nil && contents() != before {
					t.Error("a call that failed before it reached the store has changed it")
				}
				if found, err := c.call(f); err != errDown || found {
					t.Errorf("error %v, with a result: %v; want %v without a result", err, found, errDown)
				}
			}
			if isWrite[c.method] != (contents() != before) {
				t.Errorf("after the call the store holds %s, before %s; want a change: %v", contents(), before, isWrite[c.method])
			}
			if diff := cmp.Diff([]string{"before " + c.method, "after " + c.method}, calls); diff != "" {
				t.Errorf("calls of the functions (-want +got):\n%s", diff)
			}
		})
	}
}

// someDay is any time.
var someDay = time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)

var isWrite = map[string]bool{
	"CreateToken": true, "RevokeToken": true, "CreateUser": true, "ChangeUser": true, "PutPolicy": true, "Touch": true, "AppendEvents": true, "Remove": true, "Forget": true,
}
