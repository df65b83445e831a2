package storetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// narrowingRules are about a token that loses permissions or expires earlier.
func narrowingRules() []rule {
	return []rule{{
		"a narrowed token is read back",
		"After NarrowToken all reads return the permissions that remain and the earlier expiry. Nothing else of the token has changed.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := draft("ada", "nightly build")
			n.Kind, n.Resource, n.CreatedBy, n.CreatedWith, n.Description = "robot", "project:web", "carol", newTokenID(), "for the nightly build"
			f.create(n)
			f.touches(apitoken.Touch{Token: n.ID, At: base.Add(microsecond)})
			n.LastUsedAt = base.Add(microsecond)
			other := f.addToken("ada", "other")
			n = f.narrow(n, apitoken.Narrowing{Keep: 1<<63 | 1<<32 | apitoken.GenerateOwn, ExpiresAt: base.Add(time.Minute)})
			f.wantToken(n, ada)
			n = f.narrow(n, apitoken.Narrowing{Keep: 1<<63 | apitoken.ListAny})
			f.wantToken(n, ada)
			n = f.narrow(n, apitoken.Narrowing{ExpiresAt: base.Add(microsecond)})
			f.wantToken(n, ada)
			f.wantToken(other, ada)
		},
	}, {
		"a token that never expires is narrowed",
		"A token without an expiration gets the expiry of the narrowing.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := draft("ada", "a")
			n.ExpiresAt = noTime
			f.create(n)
			n = f.narrow(n, apitoken.Narrowing{Keep: apitoken.GenerateOwn})
			f.wantToken(n, ada)
			f.wantToken(f.narrow(n, apitoken.Narrowing{ExpiresAt: far}), ada)
		},
	}, {
		"narrowing never widens",
		"NarrowToken takes the permissions that both the token and the narrowing have, and the earlier expiry. If that changes nothing, nothing is written.",
		narrowingNeverWidens,
	}, {
		"narrowing writes exactly its event",
		"The event of a NarrowToken is stored with it, once. Before and After are the state of the row, whatever the caller has read.",
		func(f *fixture) {
			f.addUser("ada")
			n := f.addToken("ada", "a")
			for i, narrowing := range []apitoken.Narrowing{
				{Keep: 31}, {ExpiresAt: base.Add(time.Minute)}, {Keep: 15}, {Keep: 7, ExpiresAt: base.Add(time.Second)}, {Keep: 3}, {Keep: 9},
			} {
				read := []apitoken.Token{n.Token, {}, wider(n.Token)}[i%3]
				e := tokenNarrowed(n)
				is, want := apitoken.TokenNarrowing{Narrowing: narrowing}.Apply(n.Token, e)
				f.wantEvent(want, func() error { return f.narrows(n, read, narrowing, e) })
				n.Token = is
			}
		},
	}, {
		"a missing token is not narrowed",
		"NarrowToken of an unknown ID is ErrNotFound, and writes no event.",
		func(f *fixture) {
			f.addUser("ada")
			n := draft("ada", "a")
			f.refusesNarrowing(apitoken.ErrNotFound, n)
		},
	}, {
		"a revoked token is not narrowed",
		"NarrowToken is ErrConflict for a token that was revoked, itself or with its epoch.",
		func(f *fixture) {
			ada := f.addUser("ada")
			itself, withEpoch := f.addToken("ada", "a"), f.addToken("ada", "b")
			itself = f.revoke(itself, later(0, "ada"))
			f.refusesNarrowing(apitoken.ErrConflict, itself)
			f.endEpoch(ada, later(0, "ada"))
			f.refusesNarrowing(apitoken.ErrConflict, withEpoch)
			late := f.addToken("ada", "d")
			f.refusesNarrowing(apitoken.ErrConflict, late)
		},
	}, {
		"an expired token is not narrowed",
		"NarrowToken is ErrConflict from the ExpiresAt of the token on, by the event's At, and not before.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			late, early := tokenNarrowed(n), tokenNarrowed(n)
			late.At, early.At = n.ExpiresAt, n.ExpiresAt.Add(-microsecond)
			narrowing := apitoken.Narrowing{Keep: apitoken.GenerateOwn}
			f.wantRefused("NarrowToken", apitoken.ErrConflict, func() error { return f.narrows(n, n.Token, narrowing, late) })
			f.must("NarrowToken", f.narrows(n, n.Token, narrowing, early))
			n.Permissions = apitoken.GenerateOwn
			f.wantToken(n, ada)
		},
	}, {
		"a narrowing again",
		"NarrowToken with a stored event returns the token as it is and changes nothing, whatever happened since.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := f.addToken("ada", "a")
			read, e := n.Token, tokenNarrowed(n)
			again := func() error { return f.narrows(n, read, apitoken.Narrowing{Keep: 7}, e) }
			f.must("NarrowToken", again())
			n.Permissions = 7
			f.wantRefused("NarrowToken again", nil, again)
			n = f.narrow(n, apitoken.Narrowing{Keep: 3})
			f.wantRefused("NarrowToken again", nil, again)
			n = f.revoke(n, later(microsecond, "ada"))
			f.wantRefused("NarrowToken again", nil, again)
			f.wantToken(n, ada)
		},
	}}
}

func narrowingNeverWidens(f *fixture) {
	ada := f.addUser("ada")
	n := f.narrow(f.addToken("ada", "a"), apitoken.Narrowing{Keep: 7})
	for _, same := range []apitoken.Narrowing{
		{Keep: apitoken.Unlimited}, {Keep: 7}, {Keep: 1<<63 | 7}, {ExpiresAt: n.ExpiresAt}, {ExpiresAt: far}, {Keep: 15, ExpiresAt: far}, {},
	} {
		for _, read := range []apitoken.Token{n.Token, {}, wider(n.Token)} {
			f.wantRefused(fmt.Sprintf("NarrowToken to %+v", same), nil, func() error { return f.narrows(n, read, same, tokenNarrowed(n)) })
			f.wantToken(n, ada)
		}
	}
	n = f.narrow(n, apitoken.Narrowing{Keep: 1<<40 | 3, ExpiresAt: far})
	f.wantToken(n, ada)
	n = f.narrow(n, apitoken.Narrowing{Keep: 1 << 40})
	f.wantToken(n, ada) // which carries nothing now
}

// wider returns the token as a caller may have read it before it was narrowed.
func wider(t apitoken.Token) apitoken.Token {
	t.Permissions, t.ExpiresAt = apitoken.Unlimited, t.ExpiresAt.Add(time.Hour)
	return t
}

// tokenNarrowed returns the event of a NarrowToken at base. The store sets Before and After.
func tokenNarrowed(n apitoken.NewToken) apitoken.Event {
	e := newEvent(apitoken.ActionNarrow, base)
	e.Owner, e.Token = n.Owner, n.ID
	return e
}

// narrows calls NarrowToken from any goroutine and returns its error.
func (f *fixture) narrows(n apitoken.NewToken, read apitoken.Token, narrowing apitoken.Narrowing, e apitoken.Event) error {
	_, err := f.store.NarrowToken(f.Context(), n.ID, apitoken.TokenNarrowing{Narrowing: narrowing, Read: read}, e)
	return err
}

// narrow narrows an active token, checks the result, and returns the token.
func (f *fixture) narrow(n apitoken.NewToken, narrowing apitoken.Narrowing) apitoken.NewToken {
	f.Helper()
	want, _ := apitoken.TokenNarrowing{Narrowing: narrowing}.Apply(n.Token, apitoken.Event{})
	is, err := f.store.NarrowToken(f.Context(), n.ID, apitoken.TokenNarrowing{Narrowing: narrowing, Read: n.Token}, tokenNarrowed(n))
	f.must("NarrowToken", err)
	wantEqual(f, "the result of NarrowToken", want, is)
	n.Token = want
	return n
}

// refusesNarrowing checks that NarrowToken returns the error and writes nothing.
func (f *fixture) refusesNarrowing(want error, n apitoken.NewToken) {
	f.Helper()
	for _, read := range []apitoken.Token{n.Token, {}} {
		f.wantRefused("NarrowToken", want, func() error {
			return f.narrows(n, read, apitoken.Narrowing{Keep: apitoken.GenerateOwn}, tokenNarrowed(n))
		})
	}
}

// narrowedAtOnce narrows one token in many ways at the same time. Every caller has read it as it was before.
func narrowedAtOnce(f *fixture) {
	ada := f.addUser("ada")
	for round := range rounds {
		n := f.addToken("ada", fmt.Sprint(round))
		before := len(f.feed())
		together(func(i int) {
			narrowing := apitoken.Narrowing{Keep: apitoken.Unlimited &^ (1 << i), ExpiresAt: n.ExpiresAt.Add(-time.Duration(i%3) * microsecond)}
			if err := f.narrows(n, n.Token, narrowing, tokenNarrowed(n)); err != nil {
				f.broken("NarrowToken: %v", err)
			}
		})
		last := n.Token
		n.Permissions, n.ExpiresAt = apitoken.Unlimited&^(1<<crowd-1), n.ExpiresAt.Add(-2*microsecond)
		f.wantToken(n, ada)
		for _, e := range f.feed()[before:] {
			_, want := apitoken.TokenNarrowing{}.Apply(last, e)
			wantEqual(f, "Before of an event", want.Before, e.Before)
			last.ExpiresAt = e.After.ExpiresAt
			last.Permissions = permissionsIn(e.After)
		}
		wantEqual(f, "the token by its events", n.Token, last)
	}
}

// permissionsIn reads the permissions of a state, which are numbers in hexadecimal digits and names of this package.
func permissionsIn(s apitoken.State) (all apitoken.Permission) {
	if s.Permissions == "" {
		return apitoken.Unlimited
	}
	for name := range strings.SplitSeq(s.Permissions, "|") {
		for i := range 64 {
			if p := apitoken.Permission(1) << i; p.String() == name {
				all |= p
			}
		}
	}
	return all
}
