package integration_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// A revocation that begins while a change of the owner waits for its lock runs after that change. Otherwise a user could delay an
// administrator who disables them, with a stream of revocations.
func TestNoRevocationPassesAChangeOfTheOwner(t *testing.T) {
	onEach(t, servers, func(t *testing.T, d database) {
		replicas, db := d.stores(t, nil), d.open(t, 0)
		ctx := context.Background()
		first, second := newToken("first"), newToken("second")
		for _, err := range []error{
			addBob(ctx, replicas[0]),
			replicas[0].CreateToken(ctx, first, 0, event(apitoken.ActionGenerate)),
			replicas[0].CreateToken(ctx, second, 0, event(apitoken.ActionGenerate)),
		} {
			must(t, err)
		}
		revoke := func(store apitoken.Store, n apitoken.NewToken) <-chan error {
			done := make(chan error, 1)
			go func() {
				_, err := store.RevokeToken(ctx, n.ID, apitoken.Revocation{At: at, By: "bob"}, event(apitoken.ActionRevoke))
				done <- err
			}()
			return done
		}

		held, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
		must(t, err)
		if err := <-revoke(replicas[0].(*sqlstore.Store).WithTx(held), first); err != nil {
			t.Fatal(err)
		}
		disabled := make(chan error, 1)
		disable := event(apitoken.ActionDisableUser)
		disable.At = at.Add(time.Minute)
		go func() {
			_, err := replicas[1].ChangeUser(ctx, "bob", apitoken.UserChange{Disable: true}, disable)
			disabled <- err
		}()
		for d.waiters(t, db) < 1 {
		}
		two := revoke(replicas[2], second)
		passed := false
		for !passed && d.waiters(t, db) < 2 {
			passed = len(two) > 0
		}
		for what, err := range map[string]error{"the first revocation": held.Commit(), "the change": <-disabled, "the second revocation": <-two} {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		rec, err := replicas[0].Token(ctx, second.ID)
		must(t, err)
		if passed || !rec.Token.RevokedAt.Equal(disable.At) {
			t.Errorf("the second revocation overtook the change: %t; its token was revoked at %v, want with the epoch, at %v",
				passed, rec.Token.RevokedAt, disable.At)
		}
	})
}
