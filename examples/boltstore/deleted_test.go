package boltstore_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.etcd.io/bbolt"

	"github.com/seed-d6cf0a46/apitoken"
)

var (
	someTime = time.Date(2030, time.January, 1, 9, 0, 0, 1000, time.UTC)
	ada      = apitoken.User{ID: "ada", Role: apitoken.RoleUser, CreatedAt: someTime}
)

func newEvent() apitoken.Event {
	return apitoken.Event{ID: apitoken.EventID(uuid.Must(uuid.NewV7())), At: someTime, Outcome: apitoken.OutcomeDone}
}

// The suite cannot delete a row, because no method does.
func TestDeletedUserWhoIsCreatedAgainRevivesNoToken(t *testing.T) {
	tests := []struct {
		name  string
		ended int   // epochs before the row is deleted
		token int64 // epoch of a token that is left
		want  int64 // epoch of the new row
	}{
		{name: "a token of the first epoch", token: 0, want: 1},
		{name: "a token of a later epoch", ended: 2, token: 2, want: 3},
		{name: "a token of an ended epoch", ended: 3, token: 1, want: 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, db := t.Context(), openEmpty(t)
			s := newStore(t, db)
			must := func(what string, err error) {
				t.Helper()
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
			}
			_, err := s.CreateUser(ctx, ada, newEvent())
			must("CreateUser", err)
			for range tt.ended {
				_, err := s.ChangeUser(ctx, "ada", apitoken.UserChange{EndEpoch: true}, newEvent())
				must("ChangeUser", err)
			}
			id := apitoken.TokenID(uuid.Must(uuid.NewV7()))
			n := apitoken.NewToken{
				Token:  apitoken.Token{ID: id, Owner: "ada", Name: "laptop", CreatedAt: someTime},
				Digest: sha256.Sum256(id[:]), Epoch: tt.token,
			}
			must("CreateToken", s.CreateToken(ctx, n, 0, newEvent()))
			must("delete the row", db.Update(func(tx *bbolt.Tx) error {
				return tx.Bucket([]byte("users")).Delete([]byte("ada"))
			}))
			again, err := s.CreateUser(ctx, ada, newEvent())
			must("CreateUser again", err)
			if again.Epoch != tt.want {
				t.Errorf("the new row has the epoch %d, want %d", again.Epoch, tt.want)
			}
			r, err := s.Lookup(ctx, n.Digest)
			must("Lookup", err)
			if r.Epoch >= r.User.Epoch {
				t.Errorf("a token of epoch %d authenticates for its owner of epoch %d", r.Epoch, r.User.Epoch)
			}
			r, err = s.Token(ctx, id)
			must("Token", err)
			if !r.Token.RevokedAt.Equal(someTime) {
				t.Errorf("the token was revoked at %v, want %v", r.Token.RevokedAt, someTime)
			}
		})
	}
}
