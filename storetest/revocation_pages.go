package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// revocationPageRules are about the revocation of a page of tokens.
func revocationPageRules() []rule {
	return []rule{{
		"a page of tokens is revoked, and no other token",
		"RevokeTokens revokes every token of its events that RevokeToken would revoke, records the event of each, and changes nothing else.",
		revokedPage,
	}, {
		"revoking nothing records nothing",
		"RevokeTokens skips tokens that do not exist or were revoked before. If that is all of them, it returns 0 and changes nothing.",
		func(f *fixture) {
			ada := f.addUser("ada")
			ended := f.addToken("ada", "a")
			f.endEpoch(ada, later(time.Minute, "carol"))
			n := draft("ada", "b")
			n.Epoch = 1
			f.create(n)
			f.revoke(n, later(time.Minute, "carol"))
			by := later(time.Hour, "bob")
			f.wantUnchanged("RevokeTokens of nothing", func() {
				f.wantRevoked(0, by)
				f.wantRevoked(0, by, revoked(n, by), revoked(ended, by), revoked(draft("ada", "c"), by))
			})
		},
	}, {
		"a page of revocations again",
		"RevokeTokens with stored events returns their number and changes nothing, even if another token could be revoked.",
		func(f *fixture) {
			f.addUser("ada")
			a, b, c := f.addToken("ada", "a"), f.addToken("ada", "b"), f.addToken("ada", "c")
			f.revoke(c, later(time.Minute, "carol"))
			by := later(time.Hour, "bob")
			first, second, third := revoked(a, by), revoked(b, by), revoked(c, by)
			f.wantRevoked(2, by, first, second, third)
			f.wantUnchanged("RevokeTokens again", func() { f.wantRevoked(2, by, first, second, third) })
			d := f.addToken("ada", "d")
			f.wantUnchanged("RevokeTokens again", func() { f.wantRevoked(2, by, first, second, revoked(d, by)) })
		},
	}, {
		"a page of revocations frees the names",
		"After RevokeTokens the names of the tokens are free. A name that has passed on stays with its holder.",
		func(f *fixture) {
			f.addUser("ada")
			old := f.addExpiring("a", base, 0)
			holder := f.addToken("ada", "a")
			b := f.addToken("ada", "b")
			by := later(time.Hour, "bob")
			f.wantRevoked(2, by, revoked(old, by), revoked(b, by))
			f.refuses(apitoken.ErrExists, draft(holder.Owner, holder.Name))
			f.create(draft("ada", "b"))
		},
	}, {
		"two callers revoke each token once",
		"If several callers revoke the same tokens, each token is counted by one of them and has one event.",
		revokedTogether,
	}}
}

// wantRevoked revokes the tokens of events and checks how many of them were revoked.
func (f *fixture) wantRevoked(want int, by apitoken.Revocation, events ...apitoken.Event) {
	f.Helper()
	got, err := f.store.RevokeTokens(f.Context(), by, events)
	f.must("RevokeTokens", err)
	wantEqual(f, "the number of revoked tokens", want, got)
}

func revokedPage(f *fixture) {
	users := map[apitoken.UserID]apitoken.User{}
	owners := []apitoken.UserID{"ada", "bob", "ad", "Ada"}
	for _, id := range owners {
		users[id] = f.addUser(id)
	}
	by := later(30*time.Minute, "carol")
	var events []apitoken.Event
	var tokens []apitoken.NewToken
	for i := range 330 { // more than most stores name in one statement
		n := draft(owners[i%len(owners)], fmt.Sprint("a ", i))
		if i%7 == 0 {
			n.ExpiresAt = base.Add(time.Minute) // it has expired when it is revoked
		}
		f.must("CreateToken", f.store.CreateToken(f.Context(), n, 0, generated(n)))
		tokens = append(tokens, n)
	}
	before := f.feed()
	for i, n := range tokens {
		if i%5 == 0 {
			continue
		}
		e := revoked(n, by)
		e.Reason = fmt.Sprint("leaked ", i)
		events = append(events, e)
		tokens[i].RevokedAt, tokens[i].RevokedBy = by.At, by.By
	}
	slices.Reverse(events)
	f.wantRevoked(len(events), by, events...)
	for i := range 40 {
		f.wantToken(tokens[i], users[tokens[i].Owner])
	}
	want := before
	feed := f.feed()
	for i, e := range feed[min(len(before), len(feed)):] {
		at := slices.IndexFunc(events, func(is apitoken.Event) bool { return is.ID == e.ID })
		if at < 0 {
			f.broken("the feed has an event that no call has stored: %+v", e)
			continue
		}
		stored := events[at]
		stored.Seq = apitoken.EventSeq(len(before) + i + 1)
		want = append(want, stored)
	}
	wantEqual(f, "the number of events", len(before)+len(events), len(feed))
	wantEqual(f, "the feed", want, feed)
	var all []apitoken.Token
	for _, n := range tokens {
		all = append(all, n.Token)
	}
	wantEqual(f, "the tokens", all, f.tokens(apitoken.TokenQuery{AnyOwner: true}))
}

func revokedTogether(f *fixture) {
	var tokens []apitoken.NewToken
	for i := range 40 {
		id := apitoken.UserID(fmt.Sprint("user ", i%8))
		if i < 8 {
			f.addUser(id)
		}
		tokens = append(tokens, f.addToken(id, fmt.Sprint("a ", i)))
	}
	before := len(f.feed())
	var counts [4]int
	var errs [4]error
	var wg sync.WaitGroup
	for i := range counts {
		by := later(time.Minute, apitoken.UserID(fmt.Sprint("user ", i)))
		var events []apitoken.Event
		for _, n := range tokens {
			events = append(events, revoked(n, by))
		}
		if i%2 == 1 {
			slices.Reverse(events)
		}
		wg.Go(func() { counts[i], errs[i] = f.store.RevokeTokens(f.Context(), by, events) })
	}
	wg.Wait()
	sum := 0
	for i, n := range counts {
		f.must("RevokeTokens", errs[i])
		sum += n
	}
	wantEqual(f, "how many tokens all of them have revoked", len(tokens), sum)
	seen := map[apitoken.TokenID]int{}
	for _, e := range f.feed()[before:] {
		seen[e.Token]++
	}
	for _, n := range tokens {
		if seen[n.ID] != 1 {
			f.broken("the token %q has %d events of its revocation, want 1", n.Name, seen[n.ID])
		}
	}
}

// revokedPageWrite is a RevokeTokens of three tokens as a write of the rules about all writes.
func revokedPageWrite(f *fixture, i int) attempt {
	id := f.addNumbered(i)
	by := later(microsecond, "carol")
	var events []apitoken.Event
	for _, name := range []string{"a", "b", "c"} {
		events = append(events, revoked(f.addToken(id, name), by))
	}
	return attempt{events[2], func(ctx context.Context) error {
		n, err := f.store.RevokeTokens(ctx, by, slices.Clone(events))
		if want := len(events); err == nil && n != want || err != nil && n != 0 {
			f.broken("RevokeTokens of %d tokens returns %d with the error %v", want, n, err)
		}
		return err
	}, func() bool {
		page, err := f.store.Tokens(f.Context(), apitoken.TokenQuery{Owner: id, Limit: wholePage}.At(base))
		f.must("Tokens", err)
		page = slices.DeleteFunc(page, func(t apitoken.Token) bool { return t.RevokedAt.IsZero() })
		if n := len(page); n != 0 && n != len(events) {
			f.broken("%d of %d tokens of one RevokeTokens are revoked", n, len(events))
		}
		return len(page) == len(events)
	}}
}
