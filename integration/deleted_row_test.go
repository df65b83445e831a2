package integration_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// If the row of a user is deleted by SQL, no token of the user authenticates. If the user is provisioned again, all earlier
// tokens count as revoked, including those that were active when the row was deleted. Without foreign keys the rows of tokens
// and epochs stay behind. It makes no difference which of them are deleted, too.
func TestProvisioningADeletedUserAgainRevivesNoToken(t *testing.T) {
	for _, c := range []struct {
		name    string
		deletes []string
		epoch   int64 // of the row that comes back, after two epochs have ended
	}{
		{"the user", []string{"users"}, 3},
		{"the user and the epochs", []string{"users", "epochs"}, 3},
		{"the user and the tokens", []string{"users", "tokens"}, 3},
		{"everything", []string{"users", "epochs", "tokens"}, 0},
	} {
		for _, b := range everywhere {
			t.Run(c.name+", "+b.name, func(t *testing.T) {
				d := b.database(t)
				db := d.open(t, 0)
				store := d.newMigrated(t, db, nil)
				m, _ := newManager(t, store)
				ctx := context.Background()
				host := apitoken.System()
				var texts []string
				generate := func(name string) {
					t.Helper()
					_, secret, err := m.Generate(ctx, host, apitoken.GenerateParams{Owner: "bob", Name: name, Lifetime: apitoken.Days(1)})
					must(t, err)
					texts = append(texts, secret.Reveal())
				}
				putUser(t, m, apitoken.User{ID: "bob"})
				for _, name := range []string{"first", "second"} {
					generate(name)
					must(t, m.RevokeAll(ctx, host, "bob"))
				}
				generate("alive")
				token := all(t, m.Tokens(ctx, host, apitoken.TokenQuery{Owner: "bob", Status: apitoken.StatusActive}))[0]
				d.deleteUnchecked(t, c.deletes...)
				for i, text := range texts {
					if id, err := m.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrUnknownToken) {
						t.Errorf("token %d without its owner: identity %v, error %v, want %v", i, id, err, apitoken.ErrUnknownToken)
					}
				}
				if _, err := store.Token(ctx, token.ID); !errors.Is(err, apitoken.ErrNotFound) {
					t.Errorf("Token without the owner: error %v, want %v", err, apitoken.ErrNotFound)
				}
				var want error
				if slices.Contains(c.deletes, "tokens") {
					want = apitoken.ErrNotFound
				}
				changed, err := store.RevokeToken(ctx, token.ID, apitoken.Revocation{At: at}, event(apitoken.ActionRevoke))
				if changed || !errors.Is(err, want) {
					t.Errorf("RevokeToken without the owner: changed %v, error %v, want no change and %v", changed, err, want)
				}

				bob, err := m.PutUser(ctx, host, apitoken.User{ID: "bob"})
				if err != nil || bob.Epoch != c.epoch || bob.Revision != 1 {
					t.Fatalf("the user is %+v, error %v, want epoch %d at revision 1", bob, err, c.epoch)
				}
				stored, err := m.User(ctx, host, "bob")
				must(t, err)
				if diff := cmp.Diff(bob, stored); diff != "" {
					t.Errorf("the user as stored (-want +got):\n%s", diff)
				}
				for i, text := range texts {
					if id, err := m.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrUnauthenticated) {
						t.Errorf("earlier token %d: identity %v, error %v, want %v", i, id.User.ID, err, apitoken.ErrUnauthenticated)
					}
				}
				for _, token := range all(t, m.Tokens(ctx, host, apitoken.TokenQuery{Owner: "bob"})) {
					if token.RevokedAt.IsZero() {
						t.Errorf("the earlier token %s does not count as revoked", token.Name)
					}
				}
				if n, err := m.CountTokens(ctx, host, apitoken.TokenQuery{Owner: "bob", Status: apitoken.StatusActive}); n != 0 || err != nil {
					t.Errorf("%d earlier tokens count as active, error %v, want 0", n, err)
				}
				generate("new")
				if _, err := m.Authenticate(ctx, texts[len(texts)-1]); err != nil {
					t.Errorf("a new token: %v", err)
				}
			})
		}
	}
}

// deleteUnchecked deletes the rows of tables without checking foreign keys.
func (d database) deleteUnchecked(t *testing.T, tables ...string) {
	t.Helper()
	ctx := context.Background()
	conn, err := d.open(t, 1).Conn(ctx)
	must(t, err)
	defer func() { _ = conn.Close() }()
	statements := map[string][]string{
		"sqlite": {`PRAGMA foreign_keys = OFF`},
		"pgx":    {`SET session_replication_role = replica`},
	}[d.driver]
	for _, table := range tables {
		statements = append(statements, "DELETE FROM "+defaultPrefix+table)
	}
	for _, statement := range statements {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			t.Fatalf("%v: %s", err, statement)
		}
	}
}
