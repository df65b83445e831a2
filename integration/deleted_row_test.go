package integration_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// The row of a user that somebody deletes by SQL, and that is provisioned again, revives no token: not one that was revoked
// with its epoch, and not one that was alive when the row went. All of them count as revoked. Without foreign keys tokens and
// epochs stay behind; what else somebody deletes makes no difference.
func TestAUserWhoComesBackRevivesNoToken(t *testing.T) {
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
		for _, b := range withSchemas {
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
				d.deleteUnchecked(t, c.deletes...)

				bob, err := m.PutUser(ctx, host, apitoken.User{ID: "bob"})
				if err != nil || bob.Epoch != c.epoch || bob.Revision != 1 {
					t.Fatalf("the user who comes back is %+v, %v, want epoch %d at revision 1", bob, err, c.epoch)
				}
				stored, err := m.User(ctx, host, "bob")
				must(t, err)
				if diff := cmp.Diff(bob, stored); diff != "" {
					t.Errorf("the user as stored (-want +got):\n%s", diff)
				}
				for i, text := range texts {
					if id, err := m.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrUnauthenticated) {
						t.Errorf("token %d of before opens %v, %v", i, id.User.ID, err)
					}
				}
				for _, token := range all(t, m.Tokens(ctx, host, apitoken.TokenQuery{Owner: "bob"})) {
					if token.RevokedAt.IsZero() {
						t.Errorf("the token %s of before does not count as revoked", token.Name)
					}
				}
				if n, err := m.CountTokens(ctx, host, apitoken.TokenQuery{Owner: "bob", Status: apitoken.StatusActive}); n != 0 || err != nil {
					t.Errorf("%d tokens of before count as active, %v", n, err)
				}
				generate("new")
				if _, err := m.Authenticate(ctx, texts[len(texts)-1]); err != nil {
					t.Errorf("a new token: %v", err)
				}
			})
		}
	}
}

// deleteUnchecked deletes the rows of tables while nobody looks at foreign keys.
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
