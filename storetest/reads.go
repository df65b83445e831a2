package storetest

import (
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

const (
	wholePage = 1000   // the largest page of a Store
	allRows   = 50_000 // more rows than any test has
)

func (f *fixture) policy() apitoken.MaxLifetimePolicy {
	f.Helper()
	p, err := f.store.Policy(f.Context())
	f.must("Policy", err)
	return p
}

func (f *fixture) user(id apitoken.UserID) apitoken.User {
	f.Helper()
	u, err := f.store.User(f.Context(), id)
	f.must("User", err)
	return u
}

func (f *fixture) token(id apitoken.TokenID) apitoken.Record {
	f.Helper()
	rec, err := f.store.Token(f.Context(), id)
	f.must("Token", err)
	return *rec
}

func (f *fixture) lookup(d apitoken.Digest) apitoken.Record {
	f.Helper()
	rec, err := f.store.Lookup(f.Context(), d)
	f.must("Lookup", err)
	return *rec
}

// tokens reads all pages of a query at base, of q.Limit rows or of the largest size.
func (f *fixture) tokens(q apitoken.TokenQuery) []apitoken.Token {
	f.Helper()
	return f.tokensAt(base, q)
}

// tokensAt is tokens at another time.
func (f *fixture) tokensAt(now time.Time, q apitoken.TokenQuery) []apitoken.Token {
	f.Helper()
	if q.Limit == 0 {
		q.Limit = wholePage
	}
	return readPages(f, "Tokens", q.Limit, func(last *apitoken.Token) ([]apitoken.Token, error) {
		if last != nil {
			q = following(q, last.ID, last.ExpiresAt)
		}
		return f.store.Tokens(f.Context(), q.At(now))
	})
}

// following returns the query of the page after a token.
func following(q apitoken.TokenQuery, id apitoken.TokenID, expiry time.Time) apitoken.TokenQuery {
	q.After = id
	if q.Order == apitoken.OrderExpiry {
		q.AfterExpiry = expiry
	}
	return q
}

func (f *fixture) users() []apitoken.User {
	f.Helper()
	return f.usersBy(apitoken.UserQuery{Limit: wholePage})
}

// usersBy reads all pages of a query.
func (f *fixture) usersBy(q apitoken.UserQuery) []apitoken.User {
	f.Helper()
	return readPages(f, "Users", q.Limit, func(last *apitoken.User) ([]apitoken.User, error) {
		if last != nil {
			q.After = last.ID
		}
		return f.store.Users(f.Context(), q)
	})
}

// feed reads all events.
func (f *fixture) feed() []apitoken.Event {
	f.Helper()
	return f.events(apitoken.EventQuery{Limit: wholePage})
}

// events reads all pages of a query.
func (f *fixture) events(q apitoken.EventQuery) []apitoken.Event {
	f.Helper()
	return readPages(f, "Events", q.Limit, func(last *apitoken.Event) ([]apitoken.Event, error) {
		if last != nil {
			q.After = last.Seq
		}
		return f.store.Events(f.Context(), q)
	})
}

// readPages reads page after page, each after the last row of the previous one, until one is short. It returns nil for no rows.
func readPages[T any](f *fixture, what string, limit int, read func(last *T) ([]T, error)) []T {
	f.Helper()
	var all []T
	var last *T
	for {
		page, err := read(last)
		f.must(what, err)
		all = append(all, page...)
		switch {
		case len(page) > limit:
			f.Fatalf("%s\n%s returns a page of %d rows, the limit is %d", f.promise, what, len(page), limit)
		case len(all) > allRows:
			f.Fatalf("%s\nthe pages of %s do not end", f.promise, what)
		case len(page) < limit:
			return all
		}
		last = &page[len(page)-1]
	}
}

// names returns the names of tokens, in their order.
func names(tokens []apitoken.Token) []string {
	var all []string
	for _, t := range tokens {
		all = append(all, t.Name)
	}
	return all
}

// userIDs returns the IDs of users, in their order.
func userIDs(users []apitoken.User) []apitoken.UserID {
	var all []apitoken.UserID
	for _, u := range users {
		all = append(all, u.ID)
	}
	return all
}

// eventIDs returns the IDs of events, in their order.
func eventIDs(events []apitoken.Event) []apitoken.EventID {
	var all []apitoken.EventID
	for _, e := range events {
		all = append(all, e.ID)
	}
	return all
}
