package adminapi_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

// Limits that are set between the read of a request that keeps them and its write stay, also if no policy was set before.
func TestLimitsThatAreSetMeanwhileAreKept(t *testing.T) {
	for _, before := range []int64{0, 1} {
		var m *apitoken.Manager
		limits := []apitoken.LifetimeLimit{{Role: apitoken.RoleUser, Max: apitoken.Days(7)}}
		armed := false
		store := storetest.Faulty{Store: memstore.New(), After: func(_ context.Context, method string) error {
			if method == "Policy" && armed {
				armed = false
				_, err := m.SetPolicy(ctx, apitoken.System(), apitoken.MaxLifetimePolicy{Max: apitoken.Days(90), Limits: limits})
				return err
			}
			return nil
		}}
		var err error
		m, err = apitoken.New(store, nil)
		must(t, err)
		_, err = m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "ada", Role: apitoken.RoleAdmin})
		must(t, err)
		for range before {
			_, err := m.SetPolicy(ctx, apitoken.System(), apitoken.MaxLifetimePolicy{Max: apitoken.Days(365)})
			must(t, err)
		}
		h := newHandlerWith(t, m, adminapi.Options{Actor: signedIn})
		armed = true
		wantStatus(t, 200, call(h, "ada", "PUT", "/policy", `{"max_lifetime_seconds": 2592000}`))
		p, err := m.Policy(ctx)
		must(t, err)
		if diff := cmp.Diff(limits, p.Limits); diff != "" || p.Max != apitoken.Days(30) || p.Revision != before+2 {
			t.Errorf("at revision %d: the policy is %+v, limits (-want +got):\n%s", before, p, diff)
		}
	}
}
