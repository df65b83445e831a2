package integration_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestPostgreSQLRevokesOnEveryReplica(t *testing.T) { onPostgreSQL.revokesOnEveryReplica(t, 10_000) }
func TestMySQLRevokesOnEveryReplica(t *testing.T)      { onMySQL.revokesOnEveryReplica(t, 1_000) }

// revokesOnEveryReplica generates each token on one replica, authenticates it on a second one, and revokes it on a third
// one. Once that has returned, no replica accepts the token. Every tenth token is revoked by RevokeAll or DisableUser.
func (b backend) revokesOnEveryReplica(t *testing.T, tokens int64) {
	long(t)
	var managers []*apitoken.Manager
	for _, store := range b.database(t).stores(t, nil) {
		m, err := apitoken.New(store, &apitoken.Options{LastUsedInterval: -1})
		must(t, err)
		managers = append(managers, m)
	}
	var left, refused atomic.Int64
	left.Store(tokens)
	var clients sync.WaitGroup
	for i := range 8 {
		c := revoker{managers: managers, owner: apitoken.UserID(fmt.Sprint("owner ", i)), refused: &refused}
		clients.Go(func() {
			for round := 0; left.Add(-1) >= 0; round++ {
				if err := c.revokeOne(context.Background(), round); err != nil {
					t.Errorf("%s, token %d: %v", c.owner, round, err)
					return
				}
			}
		})
	}
	clients.Wait()
	if want := tokens * int64(len(managers)); refused.Load() != want {
		t.Errorf("%d refusals, want %d", refused.Load(), want)
	}
}

// revoker is a client that generates and revokes tokens of its own user.
type revoker struct {
	managers []*apitoken.Manager
	owner    apitoken.UserID
	refused  *atomic.Int64
}

func (r revoker) revokeOne(ctx context.Context, round int) error {
	host := apitoken.System()
	at := func(i int) *apitoken.Manager { return r.managers[(round+i)%len(r.managers)] }
	if _, err := at(2).PutUser(ctx, host, apitoken.User{ID: r.owner}); err != nil {
		return err
	}
	token, secret, err := at(0).Generate(ctx, host, apitoken.GenerateParams{Owner: r.owner, Name: fmt.Sprint(round)})
	if err != nil {
		return err
	}
	if _, err := at(1).Authenticate(ctx, secret.Reveal()); err != nil {
		return fmt.Errorf("before it is revoked: %w", err)
	}
	want := apitoken.ErrRevoked
	switch round % 20 {
	case 9:
		err = at(2).RevokeAll(ctx, host, r.owner)
	case 19:
		want, err = apitoken.ErrUserDisabled, at(2).DisableUser(ctx, host, r.owner)
	default:
		err = at(2).Revoke(ctx, host, token.ID)
	}
	if err != nil {
		return err
	}
	for i := range r.managers {
		if _, err := at(i).Authenticate(ctx, secret.Reveal()); !errors.Is(err, want) {
			return fmt.Errorf("after it was revoked: %v, want %v", err, want)
		}
		r.refused.Add(1)
	}
	if want == apitoken.ErrUserDisabled {
		return at(1).EnableUser(ctx, host, r.owner)
	}
	return nil
}
