package storetest

import (
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// addUser stores an active user.
func (f *fixture) addUser(id apitoken.UserID) apitoken.User {
	f.Helper()
	u := newUser(id)
	f.putUser(apitoken.User{}, u)
	return u
}

// putUser replaces a user, or stores the first if he was nobody.
func (f *fixture) putUser(was, is apitoken.User) {
	f.Helper()
	f.must("PutUser", f.store.PutUser(f.Context(), is, was.Revision, userPut(was, is)))
}

// changeUser stores what edit makes of a user, one revision on.
func (f *fixture) changeUser(was apitoken.User, edit func(u *apitoken.User)) apitoken.User {
	f.Helper()
	is := was
	is.Revision++
	edit(&is)
	f.putUser(was, is)
	return is
}

// endEpoch ends all tokens of a user.
func (f *fixture) endEpoch(was apitoken.User, by apitoken.Revocation) apitoken.User {
	f.Helper()
	is, e := nextEpoch(was, by)
	f.must("PutUser with the next epoch", f.store.PutUser(f.Context(), is, was.Revision, e))
	return is
}

// nextEpoch is what endEpoch stores.
func nextEpoch(was apitoken.User, by apitoken.Revocation) (apitoken.User, apitoken.Event) {
	is := was
	is.Revision++
	is.Epoch++
	e := userPut(was, is)
	e.Action, e.At, e.Actor = apitoken.ActionRevokeAll, by.At, actor(by.By)
	return is, e
}

// addToken stores a token of the first epoch that lives for an hour from base.
func (f *fixture) addToken(owner apitoken.UserID, name string) apitoken.NewToken {
	f.Helper()
	n := draft(owner, name)
	f.create(n)
	return n
}

// create stores a token.
func (f *fixture) create(n apitoken.NewToken) {
	f.Helper()
	f.must("CreateToken", f.tryCreate(n))
}

// tryCreate is CreateToken at the policy that is.
func (f *fixture) tryCreate(n apitoken.NewToken) error {
	f.Helper()
	return f.store.CreateToken(f.Context(), n, f.policy().Revision, generated(n))
}

// revoke revokes a live token and gives it as it is then.
func (f *fixture) revoke(n apitoken.NewToken, by apitoken.Revocation) apitoken.NewToken {
	f.Helper()
	changed, err := f.store.RevokeToken(f.Context(), n.ID, by, revoked(n, by))
	f.must("RevokeToken", err)
	if !changed {
		f.Fatalf("%s\nRevokeToken reports no change of a token that was not revoked", f.says)
	}
	n.RevokedAt, n.RevokedBy = by.At, by.By
	return n
}

// touch moves the last use of tokens and gives nothing back: the caller knows what he expects.
func (f *fixture) touch(at time.Time, tokens ...apitoken.NewToken) {
	f.Helper()
	var touches []apitoken.Touch
	for _, n := range tokens {
		touches = append(touches, apitoken.Touch{Token: n.ID, At: at})
	}
	f.must("Touch", f.store.Touch(f.Context(), touches))
}

// setPolicy replaces the policy that is.
func (f *fixture) setPolicy() apitoken.MaxLifetimePolicy {
	f.Helper()
	was := f.policy()
	is := newPolicy(was)
	f.must("PutPolicy", f.store.PutPolicy(f.Context(), is, was.Revision, policyPut(was, is)))
	return is
}

// appendEvents stores events that go with no change.
func (f *fixture) appendEvents(events ...apitoken.Event) {
	f.Helper()
	f.must("AppendEvents", f.store.AppendEvents(f.Context(), events))
}

// later is a revocation some time after base.
func later(d time.Duration, by apitoken.UserID) apitoken.Revocation {
	return apitoken.Revocation{At: base.Add(d), By: by}
}
