package storetest

import (
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// roomRefusals are about an owner who may have so many active tokens.
func roomRefusals() []rule {
	const promise = "CreateToken with a MaxActive is ErrTooMany if the owner has that many active tokens, and writes nothing. Zero is no limit."
	limited := func(name string, most int) apitoken.NewToken {
		n := draft("ada", name)
		n.MaxActive = most
		return n
	}
	created := func(f *fixture, n apitoken.NewToken) {
		f.Helper()
		f.create(n)
		n.MaxActive = 0 // a condition, which is not stored
		f.wantToken(n, f.user(n.Owner))
	}
	return []rule{{
		"an owner with as many tokens as they may have", promise,
		func(f *fixture) {
			f.addUser("ada")
			created(f, limited("a", 2))
			created(f, limited("b", 2))
			f.refuses(apitoken.ErrTooMany, limited("c", 2))
			f.refuses(apitoken.ErrTooMany, limited("c", 1))
			created(f, limited("c", 3))
			created(f, limited("d", 0))
		},
	}, {
		"the tokens of others take no room", promise,
		func(f *fixture) {
			f.addUser("ada")
			for _, owner := range []apitoken.UserID{"ad", "ada ", "Ada"} {
				f.addUser(owner)
				f.addToken(owner, "a")
			}
			created(f, limited("a", 1))
		},
	}, {
		"a revoked token takes no room", promise,
		func(f *fixture) {
			f.addUser("ada")
			held := f.addToken("ada", "a")
			f.refuses(apitoken.ErrTooMany, limited("b", 1))
			f.revoke(held, later(time.Minute, "root"))
			created(f, limited("b", 1))
		},
	}, {
		"an expired token takes no room", promise,
		func(f *fixture) {
			f.addUser("ada")
			held := f.addToken("ada", "a")
			n := limited("b", 1)
			n.CreatedAt, n.ExpiresAt = held.ExpiresAt.Add(-microsecond), far
			f.refuses(apitoken.ErrTooMany, n)
			n.CreatedAt = held.ExpiresAt
			created(f, n)
		},
	}, {
		"a token that never expires takes room", promise,
		func(f *fixture) {
			f.addUser("ada")
			held := draft("ada", "a")
			held.ExpiresAt = time.Time{}
			f.create(held)
			n := limited("b", 1)
			n.CreatedAt, n.ExpiresAt = far.Add(-microsecond), far
			f.refuses(apitoken.ErrTooMany, n)
		},
	}, {
		"a token of an earlier epoch takes no room", promise,
		func(f *fixture) {
			ada := f.addUser("ada")
			f.addToken("ada", "a")
			n := limited("b", 1)
			n.Epoch = f.endEpoch(ada, later(time.Minute, "root")).Epoch
			created(f, n)
		},
	}, {
		"the name of an expired token, and no room", promise,
		func(f *fixture) {
			f.addUser("ada")
			held := f.addToken("ada", "a")
			other := draft("ada", "b")
			other.ExpiresAt = far
			f.create(other)
			n := limited("a", 1)
			n.CreatedAt, n.ExpiresAt = held.ExpiresAt, far
			f.refuses(apitoken.ErrTooMany, n)
			n.MaxActive = 2
			created(f, n)
		},
	}, {
		"a token again, and no room", "A repeated CreateToken returns nil, also if the owner has as many tokens as they may have by now.",
		func(f *fixture) {
			f.addUser("ada")
			n := limited("a", 1)
			e := generated(n)
			revision := f.policy().Revision
			f.must("CreateToken", f.store.CreateToken(f.Context(), n, revision, e))
			f.wantUnchanged("CreateToken again", func() {
				f.must("CreateToken again", f.store.CreateToken(f.Context(), n, revision, e))
			})
		},
	}}
}
