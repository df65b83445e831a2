package integration_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

// Sixty-four requests at once, of which the owner may have ten tokens. They may get more, by less than the number of requests that
// run at the same time. One after the other, none gets through.
func TestRequestsAtOnceExceedTheLimitByLessThanTheirNumber(t *testing.T) {
	const most, requests = 10, 64
	onEach(t, everywhere, func(t *testing.T, d database) {
		m, err := apitoken.New(d.newMigrated(t, d.open(t, 0), nil), &apitoken.Options{MaxActivePerOwner: most})
		must(t, err)
		putUser(t, m, apitoken.User{ID: "bob"})
		generate := func(name string) error {
			_, _, err := m.Generate(t.Context(), apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: name})
			return err
		}
		var wg sync.WaitGroup
		for i := range requests {
			wg.Go(func() {
				if err := generate(fmt.Sprint(i)); err != nil && !errors.Is(err, apitoken.ErrTooMany) {
					t.Errorf("Generate: %v, want ErrTooMany", err)
				}
			})
		}
		wg.Wait()
		active, err := m.CountTokens(t.Context(), apitoken.System(), apitoken.TokenQuery{Owner: "bob", Status: apitoken.StatusActive})
		must(t, err)
		t.Logf("%d requests at once get %d tokens of %d", requests, active, most)
		upTo := most + requests - 1
		if d.driver == "sqlite" { // one write at a time
			upTo = most
		}
		if active < most || active > upTo {
			t.Errorf("the owner has %d active tokens, want %d to %d", active, most, upTo)
		}
		for i := range 3 {
			if err := generate(fmt.Sprint("later ", i)); !errors.Is(err, apitoken.ErrTooMany) {
				t.Errorf("Generate afterwards: %v, want ErrTooMany", err)
			}
		}
	})
}
