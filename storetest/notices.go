package storetest

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/seed-d6cf0a46/apitoken"
)

const week = 7 * 24 * time.Hour

// noticeRules are about notices before tokens expire, of an [apitoken.NoticeStore].
func noticeRules() []rule {
	return []rule{{
		"notices of a range of expiry",
		"LeaseNotices returns the tokens that expire after ExpiresAfter and at ExpiresUpTo at the latest, the first to expire first, each as " +
			"Lookup returns it.",
		noticesOfARange,
	}, {
		"no notice of a token that cannot be used",
		"LeaseNotices returns no token that was revoked, itself or with its epoch, or whose owner is disabled or suspended; once they are " +
			"resumed it does.",
		noticesOfUsableTokens,
	}, {
		"a leased notice is not leased again",
		"A notice that is leased is not leased again before Until, and is from Until on.",
		func(f *fixture) {
			f.addUser("ada")
			n := f.addToken("ada", "a")
			l := lease(week)
			l.Until = l.At.Add(10 * time.Minute)
			f.wantNotices(l, n)
			f.wantNotices(laterLease(l, 0))
			f.wantNotices(laterLease(l, 10*time.Minute-microsecond))
			f.wantNotices(laterLease(l, 10*time.Minute), n)
			f.wantNotices(laterLease(l, 10*time.Minute))
		},
	}, {
		"a notice that was sent is not leased again",
		"After MarkNotice the notice is never leased again, however long ago it was leased. Marking it again, and marking one that was never " +
			"leased, change nothing.",
		func(f *fixture) {
			f.addUser("ada")
			n, other := f.addToken("ada", "a"), f.addToken("ada", "b")
			store, l := f.noticeStore(), lease(week)
			f.must("MarkNotice", store.MarkNotice(f.Context(), n.ID, l.Step, l.At))
			f.wantNotices(l, n, other)
			for range 2 {
				f.must("MarkNotice", store.MarkNotice(f.Context(), n.ID, l.Step, l.At))
			}
			f.wantNotices(laterLease(l, time.Hour), other)
		},
	}, {
		"each step has its own notice",
		"A notice of one step neither leases nor sends that of another.",
		func(f *fixture) {
			f.addUser("ada")
			n := f.addToken("ada", "a")
			first, second := lease(week), lease(week+microsecond)
			f.wantNotices(first, n)
			f.must("MarkNotice", f.noticeStore().MarkNotice(f.Context(), n.ID, first.Step, first.At))
			f.wantNotices(second, n)
			f.wantNotices(laterLease(second, time.Hour), n)
		},
	}, {
		"notices by the limit",
		"LeaseNotices returns at most Limit notices. Calls one after the other return each once.",
		func(f *fixture) {
			f.addUser("ada")
			var want []apitoken.NewToken
			for i := range 7 {
				n := draft("ada", string(rune('a'+i)))
				n.ExpiresAt = base.Add(time.Hour + time.Duration(i)*time.Minute)
				f.create(n)
				want = append(want, n)
			}
			l := lease(week)
			for l.Limit = 3; len(want) > 0; want = want[min(3, len(want)):] {
				f.wantNotices(newLease(l), want[:min(3, len(want))]...)
			}
			f.wantNotices(newLease(l))
		},
	}, {
		"many notices at once",
		"A lease of many notices is like many leases of one.",
		func(f *fixture) {
			f.addUser("ada")
			var all []apitoken.NewToken
			for i := range 300 {
				n := draft("ada", uuid.NewString())
				n.ExpiresAt = base.Add(time.Hour + time.Duration(i)*microsecond)
				f.create(n)
				all = append(all, n)
			}
			l := lease(week)
			l.Limit = 299
			f.wantNotices(l, all[:299]...)
			f.wantNotices(newLease(l), all[299])
		},
	}, {
		"a removed token has no notices",
		"Remove removes the notices of a token with the token: if a token of the same ID is stored again, its notices are due.",
		func(f *fixture) {
			f.addUser("ada")
			n, other := f.addToken("ada", "a"), f.addToken("ada", "b")
			l := lease(week)
			f.wantNotices(l, n, other)
			_, err := f.store.Remove(f.Context(), apitoken.Removal{Tokens: []apitoken.TokenID{n.ID}}, removing())
			f.must("Remove", err)
			f.create(n)
			f.wantNotices(newLease(l), n)
		},
	}, {
		"notices are no events",
		"Leasing and marking notices change nothing that can be read, and record no event.",
		func(f *fixture) {
			f.addUser("ada")
			n := f.addToken("ada", "a")
			f.wantUnchanged("LeaseNotices and MarkNotice", func() {
				f.wantNotices(lease(week), n)
				f.must("MarkNotice", f.noticeStore().MarkNotice(f.Context(), n.ID, week, base))
			})
		},
	}, {
		"concurrent calls lease each notice once",
		"Calls at the same time never lease one notice twice.",
		concurrentNotices,
	}}
}

// noticeStore returns the store as an optional NoticeStore. If the store is none, the test is skipped.
func (f *fixture) noticeStore() apitoken.NoticeStore {
	f.Helper()
	store, ok := f.store.(apitoken.NoticeStore)
	if !ok {
		f.Skip("the store is no apitoken.NoticeStore")
	}
	if _, err := store.LeaseNotices(f.Context(), apitoken.NoticeLease{Step: time.Minute, ExpiresAfter: far, ExpiresUpTo: far, At: base, Until: base, Limit: 1}); errors.Is(err, errors.ErrUnsupported) {
		f.Skip("the store wraps one that is no apitoken.NoticeStore")
	}
	return store
}

// lease returns a lease at base of the notices of a step for all tokens that expire until far ahead.
func lease(step time.Duration) apitoken.NoticeLease {
	return apitoken.NoticeLease{
		ID: uuid.New(), Step: step, ExpiresAfter: in1970, ExpiresUpTo: far, At: base, Until: base.Add(10 * time.Minute), Limit: wholePage,
	}
}

// newLease returns the same lease of another call.
func newLease(l apitoken.NoticeLease) apitoken.NoticeLease {
	l.ID = uuid.New()
	return l
}

// laterLease returns the same lease of a later call.
func laterLease(l apitoken.NoticeLease, after time.Duration) apitoken.NoticeLease {
	l = newLease(l)
	l.At, l.Until = l.At.Add(after), l.Until.Add(after)
	return l
}

// wantNotices leases notices and checks their tokens. Tokens that expire at one moment come in any order.
func (f *fixture) wantNotices(l apitoken.NoticeLease, want ...apitoken.NewToken) {
	f.Helper()
	got, err := f.noticeStore().LeaseNotices(f.Context(), l)
	f.must("LeaseNotices", err)
	if !slices.IsSortedFunc(got, func(a, b apitoken.Record) int { return a.Token.ExpiresAt.Compare(b.Token.ExpiresAt) }) {
		f.broken("the notices are not in the order of the expiry")
	}
	records := map[apitoken.TokenID]apitoken.Record{}
	for _, n := range want {
		records[n.ID] = f.lookup(n.Digest)
	}
	leased := map[apitoken.TokenID]apitoken.Record{}
	for _, r := range got {
		leased[r.Token.ID] = r
	}
	wantEqual(f, "the notices", records, leased)
	if len(got) != len(want) {
		f.broken("%d notices are leased, want %d", len(got), len(want))
	}
}

func noticesOfARange(f *fixture) {
	f.addUser("ada")
	f.addUser("bob")
	all := map[time.Duration]apitoken.NewToken{}
	for i, after := range []time.Duration{time.Hour, 0, microsecond, 2 * time.Hour, 2*time.Hour + microsecond, -time.Hour} {
		n := draft([]apitoken.UserID{"ada", "bob"}[i%2], string(rune('a'+i)))
		n.CreatedAt, n.ExpiresAt, n.Description = base.Add(-week), base.Add(after), "for releases"
		f.create(n)
		all[after] = n
	}
	never := draft("ada", "never")
	never.ExpiresAt = noTime
	f.create(never)
	l := lease(week)
	l.ExpiresAfter, l.ExpiresUpTo = base, base.Add(2*time.Hour)
	f.wantNotices(l, all[microsecond], all[time.Hour], all[2*time.Hour])
	l = lease(week)
	l.ExpiresAfter, l.ExpiresUpTo = in1970, base
	f.wantNotices(l, all[-time.Hour], all[0])
	f.wantNotices(lease(week), all[2*time.Hour+microsecond])
}

func noticesOfUsableTokens(f *fixture) {
	for _, id := range []apitoken.UserID{"ada", "ended", "disabled", "suspended"} {
		f.addUser(id)
		f.addToken(id, "a")
	}
	itself, kept := f.addToken("ada", "b"), f.addToken("ada", "c")
	f.revoke(itself, later(0, "ada"))
	f.revoke(f.addToken("ada", "d"), apitoken.Revocation{At: in1970})
	f.endEpoch(f.user("ended"), later(0, "ada"))
	f.addToken("ended", "late") // of the earlier epoch
	f.disable("disabled", later(0, "ada"))
	f.changeUser(f.user("suspended"), apitoken.UserChange{Suspend: true})
	first := f.tokens(apitoken.TokenQuery{Owner: "ada"})[0]
	l := lease(week)
	f.wantNotices(l, f.newToken(first), kept)
	u := f.changeUser(f.user("suspended"), apitoken.UserChange{Resume: true})
	f.wantNotices(newLease(l), f.newToken(f.tokens(apitoken.TokenQuery{Owner: u.ID})[0]))
}

// newToken returns a stored token as it was inserted.
func (f *fixture) newToken(t apitoken.Token) apitoken.NewToken {
	f.Helper()
	rec := f.token(t.ID)
	return apitoken.NewToken{Token: rec.Token, Digest: rec.Digest, Epoch: rec.Epoch}
}

func concurrentNotices(f *fixture) {
	f.addUser("ada")
	want := map[apitoken.TokenID]bool{}
	for i := range 5 * crowd {
		n := draft("ada", uuid.NewString())
		n.ExpiresAt = base.Add(time.Hour + time.Duration(i)*microsecond)
		f.create(n)
		want[n.ID] = true
	}
	store := f.noticeStore()
	var mu sync.Mutex
	seen := map[apitoken.TokenID]int{}
	call := func() {
		l := lease(week)
		l.Limit = 7
		records, err := store.LeaseNotices(f.Context(), l)
		if err != nil {
			f.broken("LeaseNotices: %v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, r := range records {
			seen[r.Token.ID]++
		}
	}
	together(func(int) {
		for range 5 {
			call()
		}
	})
	for range len(want) { // those that were left because two calls read the same
		call()
	}
	for id := range want {
		if seen[id] != 1 {
			f.broken("the notice of %s is leased %d times, want once", id, seen[id])
		}
	}
}
