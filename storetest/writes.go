package storetest

import (
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// addUser stores an active user.
func (f *fixture) addUser(id apitoken.UserID) apitoken.User {
	f.Helper()
	u := newUser(id)
	f.createUser(u)
	return u
}

// createUser stores a user of the first epoch.
func (f *fixture) createUser(u apitoken.User) {
	f.Helper()
	is, err := f.store.CreateUser(f.Context(), u, userCreated(u))
	f.must("CreateUser", err)
	same(f, "the user that CreateUser returns", u, is)
}

// changeUser changes a user at base and returns the user as they are then.
func (f *fixture) changeUser(was apitoken.User, c apitoken.UserChange) apitoken.User {
	f.Helper()
	return f.changeUserBy(was, c, changing(was.ID))
}

// changeUserBy is changeUser with an event of the caller's.
func (f *fixture) changeUserBy(was apitoken.User, c apitoken.UserChange, e apitoken.Event) apitoken.User {
	f.Helper()
	want, _ := applied(was, c, e)
	is, err := f.store.ChangeUser(f.Context(), was.ID, c, e)
	f.must("ChangeUser", err)
	same(f, "the user that ChangeUser returns", want, is)
	return is
}

// changes is ChangeUser from any goroutine, for its error alone.
func (f *fixture) changes(id apitoken.UserID, c apitoken.UserChange, e apitoken.Event) error {
	_, err := f.store.ChangeUser(f.Context(), id, c, e)
	return err
}

// rename gives a user another name.
func (f *fixture) rename(was apitoken.User, name string) apitoken.User {
	f.Helper()
	return f.changeUser(was, apitoken.UserChange{Name: name})
}

// endEpoch ends all tokens of a user.
func (f *fixture) endEpoch(was apitoken.User, by apitoken.Revocation) apitoken.User {
	f.Helper()
	return f.changeUserBy(was, apitoken.UserChange{EndEpoch: true}, ending(was.ID, by))
}

// applied is the user after a change, and the event as the store has to store it. The conditions hold.
func applied(was apitoken.User, c apitoken.UserChange, e apitoken.Event) (apitoken.User, apitoken.Event) {
	is, e, err := c.Apply(was, e)
	if err != nil {
		panic(err)
	}
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
