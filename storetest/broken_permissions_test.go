package storetest_test

import (
	"context"

	"github.com/seed-d6cf0a46/apitoken"
)

// brokenPermissions returns stores that let a token carry more than it is limited to.
func brokenPermissions() []broken {
	storing := func(name, bug, found string, as func(apitoken.Permission) apitoken.Permission) broken {
		return broken{name, bug, []string{found}, func(s apitoken.Store) apitoken.Store {
			return &otherwise{Store: s, create: func(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
				n.Permissions = as(n.Permissions)
				return s.CreateToken(ctx, n, rev, e)
			}}
		}}
	}
	return []broken{
		storing("drops the limit", "stores tokens that are not limited", "tokens/a created token is read back with every field",
			func(apitoken.Permission) apitoken.Permission { return apitoken.Unlimited }),
		storing("63 permissions", "drops the highest of the permissions", "tokens/a created token is read back with every field",
			func(p apitoken.Permission) apitoken.Permission { return p &^ (1 << 63) }),
		storing("no permission is no limit", "stores no permission as no limit", "tokens/a token with nothing optional is read back",
			func(p apitoken.Permission) apitoken.Permission {
				if p == 0 {
					return apitoken.Unlimited
				}
				return p
			}),
	}
}
