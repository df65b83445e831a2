package storetest

import (
	"fmt"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// touchRules are about the last use of tokens.
func touchRules() []rule {
	return []rule{{
		"a touch is seen by all reads",
		"Touch sets LastUsedAt to the given time and changes nothing else; Lookup, Token and Tokens show it.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			n.LastUsedAt = base.Add(time.Second)
			f.touch(n.LastUsedAt, n)
			f.wantToken(n, ada)
		},
	}, {
		"a touch writes no event and no other row",
		"Touch changes the given tokens, not another token, the owner or the feed.",
		func(f *fixture) {
			f.addUser("ada")
			f.addUser("bob")
			n, m, o := f.addToken("ada", "a"), f.addToken("ada", "b"), f.addToken("bob", "a")
			feed := f.feed()
			f.touch(base.Add(time.Second), n)
			f.wantToken(m, f.user("ada"))
			f.wantToken(o, f.user("bob"))
			wantEqual(f, "the feed", feed, f.feed())
		},
	}, {
		"a touch moves forward by a microsecond",
		"Touch moves LastUsedAt forward, even by a microsecond.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			f.touch(base, n)
			n.LastUsedAt = base.Add(microsecond)
			f.touch(n.LastUsedAt, n)
			f.wantToken(n, ada)
		},
	}, {
		"a touch never goes backwards",
		"A LastUsedAt that is equal, or later by at most 24 hours, stays.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			n.LastUsedAt = base.Add(time.Second)
			f.touch(n.LastUsedAt, n)
			for _, back := range []time.Duration{0, microsecond, time.Hour, 24 * time.Hour} {
				f.touch(n.LastUsedAt.Add(-back), n)
			}
			f.wantToken(n, ada)
		},
	}, {
		"a last use of a clock that was ahead is replaced",
		"A LastUsedAt that is more than 24 hours later than a use is replaced by the use.",
		func(f *fixture) {
			ada := f.addUser("ada")
			for i, ahead := range []time.Duration{24*time.Hour + microsecond, 365 * 24 * time.Hour} {
				n := f.addToken("ada", fmt.Sprint(i))
				f.touch(base.Add(ahead), n)
				n.LastUsedAt = base
				f.touch(base, n)
				f.wantToken(n, ada)
			}
		},
	}, {
		"a use that is written late does not go backwards",
		"A LastUsedAt is compared with the time at which a use is written, not with the time of the use: an old use that is written late does not mean that a clock was ahead.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			n.LastUsedAt = base.Add(30 * 24 * time.Hour)
			f.touch(n.LastUsedAt, n)
			late := apitoken.Touch{Token: n.ID, At: base, Now: n.LastUsedAt}
			f.must("Touch", f.store.Touch(f.Context(), []apitoken.Touch{late}))
			f.wantToken(n, ada)
		},
	}, {
		"a first use in 1970 is a use",
		"A token that was never used takes any time, including 1970-01-01T00:00:00Z.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			n.LastUsedAt = in1970
			f.touch(in1970, n)
			f.wantToken(n, ada)
			n.LastUsedAt = in1970.Add(microsecond)
			f.touch(n.LastUsedAt, n)
			f.wantToken(n, ada)
		},
	}, {
		"a token used before its creation is touched",
		"Touch compares with the last use only, not with the creation or the expiry of the token.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			for _, n.LastUsedAt = range []time.Time{n.CreatedAt.Add(-time.Hour), n.ExpiresAt, far} {
				f.touch(n.LastUsedAt, n)
				f.wantToken(n, ada)
			}
		},
	}, {
		"an unknown token is ignored",
		"Touch skips a token that does not exist, without an error, and touches the others of the batch.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n, m := f.addToken("ada", "a"), f.addToken("ada", "b")
			f.wantUnchanged("Touch of an unknown token", func() { f.touch(base, draft("ada", "unknown")) })
			n.LastUsedAt, m.LastUsedAt = base, base
			f.touch(base, draft("ada", "unknown"), n, draft("bob", "unknown"), m, apitoken.NewToken{})
			f.wantToken(n, ada)
			f.wantToken(m, ada)
		},
	}, {
		"an empty batch is no error",
		"Touch without tokens changes nothing.",
		func(f *fixture) {
			f.addUser("ada")
			f.addToken("ada", "a")
			f.wantUnchanged("Touch without tokens", func() {
				f.must("Touch of nil", f.store.Touch(f.Context(), nil))
				f.must("Touch of an empty slice", f.store.Touch(f.Context(), []apitoken.Touch{}))
			})
		},
	}, {
		"of several uses of a token in a batch the latest counts",
		"If a batch has a token more than once, its LastUsedAt becomes the latest of the times, in any order.",
		duplicatesInBatch,
	}, {
		"each token of a batch is compared on its own",
		"In one batch a token with a later use stays, and a token with an earlier use moves.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n, m, o := f.addToken("ada", "a"), f.addToken("ada", "b"), f.addToken("ada", "c")
			n.LastUsedAt, m.LastUsedAt, o.LastUsedAt = base.Add(time.Minute), base.Add(time.Second), base.Add(time.Second)
			f.touch(n.LastUsedAt, n)
			f.touch(base, m)
			f.touch(base.Add(time.Second), n, m, o)
			for _, n := range []apitoken.NewToken{n, m, o} {
				f.wantToken(n, ada)
			}
		},
	}, {
		"a batch of 4096 is written",
		"Touch takes up to 4,096 tokens at once, the most that a Manager gathers.",
		largeBatch,
	}, {
		"a revoked token stays revoked",
		"Touch of a revoked token moves LastUsedAt and keeps the revocation.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			f.touch(base, n)
			n = f.revoke(n, later(time.Minute, "carol"))
			n.LastUsedAt = base.Add(time.Second)
			f.touch(n.LastUsedAt, n)
			f.wantToken(n, ada)
		},
	}, {
		"a token of an ended epoch stays revoked",
		"Touch of a token whose epoch has ended moves LastUsedAt and keeps the revocation.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			f.touch(base, n)
			ada = f.endEpoch(ada, later(time.Minute, "carol"))
			n.LastUsedAt = base.Add(time.Second)
			f.touch(n.LastUsedAt, n)
			f.wantTokenRevoked(n, ada, later(time.Minute, "carol"))
		},
	}, {
		"a touch does not undo a change of the owner",
		"Touch changes only LastUsedAt: the owner keeps the last change.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			f.touch(base, n)
			ada = f.changeUser(ada, apitoken.UserChange{Name: "Ada L.", Role: apitoken.RoleAdmin})
			n.LastUsedAt = base.Add(time.Second)
			f.touch(n.LastUsedAt, n)
			f.wantToken(n, ada)
		},
	}}
}

func duplicatesInBatch(f *fixture) {
	ada := f.addUser("ada")
	for i, order := range [][]int{{1, 2, 3}, {3, 2, 1}, {2, 3, 1}, {3, 3, 3}, {0, 0, 3}} {
		n := f.addToken("ada", fmt.Sprint(i))
		other := f.addToken("ada", fmt.Sprint("other ", i))
		var touches []apitoken.Touch
		for _, at := range order {
			touches = append(touches,
				apitoken.Touch{Token: n.ID, At: base.Add(time.Duration(at) * microsecond)},
				apitoken.Touch{Token: other.ID, At: base})
		}
		f.must("Touch", f.store.Touch(f.Context(), touches))
		n.LastUsedAt, other.LastUsedAt = base.Add(3*microsecond), base
		f.wantToken(n, ada)
		f.wantToken(other, ada)
	}
}

func largeBatch(f *fixture) {
	const size, every = 4096, 64
	f.addUser("ada")
	var stored []apitoken.NewToken
	touches := make([]apitoken.Touch, size)
	for i := range touches {
		n := draft("ada", fmt.Sprint(i))
		n.LastUsedAt = base.Add(time.Duration(i) * microsecond)
		if i%every == every-1 { // also the last one
			fresh := n
			fresh.LastUsedAt = noTime
			f.create(fresh)
			stored = append(stored, n)
		}
		touches[i] = apitoken.Touch{Token: n.ID, At: n.LastUsedAt}
	}
	f.must("Touch", f.store.Touch(f.Context(), touches))
	var want []apitoken.Token
	for _, n := range stored {
		want = append(want, n.Token)
	}
	wantEqual(f, "the touched tokens", want, f.tokens(apitoken.TokenQuery{Owner: "ada"}))
}
