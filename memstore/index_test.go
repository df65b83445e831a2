package memstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// A reader finds a free place in the index, and a writer puts another token there before the reader looks again.
func TestLookupNeverReturnsTheTokenOfAnotherDigest(t *testing.T) {
	ctx := context.Background()
	event := func(n int) apitoken.Event { return apitoken.Event{ID: apitoken.EventID{byte(n), byte(n >> 8), 1}} }
	for round := range 500 {
		s := memstore.New()
		if _, err := s.CreateUser(ctx, apitoken.User{ID: "ada"}, event(0)); err != nil {
			t.Fatal(err)
		}
		var written atomic.Bool
		reading := make(chan struct{})
		go func() {
			defer written.Store(true)
			<-reading
			for i := range 3 {
				n := apitoken.NewToken{
					Token:  apitoken.Token{ID: apitoken.TokenID{byte(i + 1)}, Owner: "ada", Name: fmt.Sprint(i), CreatedAt: time.Unix(1, 0).UTC()},
					Digest: apitoken.Digest{byte(i), 1},
				}
				if err := s.CreateToken(ctx, n, 0, event(i+1)); err != nil {
					t.Error(err)
				}
			}
		}()
		for first := true; first || !written.Load(); first = false {
			for i := range byte(4) {
				if rec, err := s.Lookup(ctx, apitoken.Digest{i, 2}); !errors.Is(err, apitoken.ErrNotFound) {
					t.Fatalf("round %d: Lookup of a digest that no token has returns %+v, error %v", round, rec, err)
				}
			}
			if first {
				close(reading)
			}
		}
	}
}
