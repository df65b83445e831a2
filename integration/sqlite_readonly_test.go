package integration_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// In a read-only database every read succeeds, and the error of every change says the cause.
func TestSQLiteReadOnly(t *testing.T) {
	for _, c := range []struct{ name, parameters string }{
		{"the file is opened for reading", "mode=ro&_pragma=busy_timeout(5000)"},
		{"the connection may only query", recommended + "&_pragma=query_only(ON)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx := context.Background()
			file := sqliteFile(t)
			store := newMigratedSQLite(t, openSQLite(t, file, recommended), nil)
			writing, _ := newManager(t, store)
			texts := generateMany(t, writing, 2)
			identity, err := writing.Authenticate(ctx, texts[0])
			must(t, err)
			d := database{backend: onSQLite}
			plain := openSQLite(t, file, recommended)
			before := d.contents(t, plain).lines()

			readOnly := newMigratedSQLite(t, openSQLite(t, file, c.parameters), nil) // the tables exist, so nothing is written
			m, _ := newManager(t, readOnly)
			_, generate := generateErr(m, "new")
			_, setPolicy := m.SetPolicy(ctx, apitoken.System(), apitoken.MaxLifetimePolicy{Max: apitoken.Days(1)})
			_, putUser := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "eve"})
			_, denied := m.ListTokens(ctx, apitoken.As("bob"), apitoken.TokenQuery{AnyOwner: true})
			for what, err := range map[string]error{
				"create a token": generate,
				"revoke a token": m.Revoke(ctx, apitoken.System(), identity.Token.ID),
				"put the policy": setPolicy,
				"create a user":  putUser,
				"append events":  denied,
			} {
				if !errors.Is(err, apitoken.ErrUnavailable) || errors.Is(err, apitoken.ErrUncertain) ||
					!strings.Contains(err.Error(), "sqlstore: "+what+": ") || !strings.Contains(err.Error(), "readonly") {
					t.Errorf("%s: error %v, want %v that says so", what, err, apitoken.ErrUnavailable)
				}
			}
			if !errors.Is(denied, apitoken.ErrDenied) {
				t.Errorf("a denial that cannot be recorded: error %v, want %v as well", denied, apitoken.ErrDenied)
			}
			for _, text := range texts {
				if _, err := m.Authenticate(ctx, text); err != nil {
					t.Errorf("Authenticate: %v", err)
				}
			}
			if n := len(all(t, m.Tokens(ctx, apitoken.System(), apitoken.TokenQuery{AnyOwner: true}))); n != len(texts) {
				t.Errorf("%d tokens are listed, want %d", n, len(texts))
			}
			if diff := cmp.Diff(feed(t, store), all(t, m.Events(ctx, apitoken.System(), apitoken.EventQuery{}))); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, d.contents(t, plain).lines()); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			if _, err := generateErr(writing, "new"); err != nil {
				t.Errorf("with a writable connection: %v", err)
			}
		})
	}
}

func generateErr(m *apitoken.Manager, name string) (apitoken.Token, error) {
	token, _, err := m.Generate(context.Background(), apitoken.System(), apitoken.GenerateParams{Owner: "bob", Name: name})
	return token, err
}
