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
	wantEqual(f, "the user that CreateUser returns", u, is)
}

// changeUser changes a user at base and returns the new row.
func (f *fixture) changeUser(was apitoken.User, c apitoken.UserChange) apitoken.User {
	f.Helper()
	return f.changeUserBy(was, c, changing(was.ID))
}

// changeUserBy is changeUser with the caller's event.
func (f *fixture) changeUserBy(was apitoken.User, c apitoken.UserChange, e apitoken.Event) apitoken.User {
	f.Helper()
	want, _ := applied(was, c, e)
	is, err := f.store.ChangeUser(f.Context(), was.ID, c, e)
	f.must("ChangeUser", err)
	wantEqual(f, "the user that ChangeUser returns", want, is)
	return is
}

// changes calls ChangeUser from any goroutine and returns its error.
func (f *fixture) changes(id apitoken.UserID, c apitoken.UserChange, e apitoken.Event) error {
	_, err := f.store.ChangeUser(f.Context(), id, c, e)
	return err
}

// rename changes the name of a user.
func (f *fixture) rename(was apitoken.User, name string) apitoken.User {
	f.Helper()
	return f.changeUser(was, apitoken.UserChange{Name: name})
}

// endEpoch ends the epoch of a user, which revokes all of their tokens.
func (f *fixture) endEpoch(was apitoken.User, by apitoken.Revocation) apitoken.User {
	f.Helper()
	return f.changeUserBy(was, apitoken.UserChange{EndEpoch: true}, ending(was.ID, by))
}

// applied returns the user after a change, and the event as the store has to store it. The conditions hold.
func applied(was apitoken.User, c apitoken.UserChange, e apitoken.Event) (apitoken.User, apitoken.Event) {
	is, e, err := c.Apply(was, e)
	if err != nil {
		panic(err)
	}
	return is, e
}

// addToken stores a token of the first epoch that expires an hour after base.
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

// tryCreate calls CreateToken at the current policy.
func (f *fixture) tryCreate(n apitoken.NewToken) error {
	f.Helper()
	return f.store.CreateToken(f.Context(), n, f.policy().Revision, generated(n))
}

// revoke revokes an active token and returns it with the revocation.
func (f *fixture) revoke(n apitoken.NewToken, by apitoken.Revocation) apitoken.NewToken {
	f.Helper()
	changed, err := f.store.RevokeToken(f.Context(), n.ID, by, revoked(n, by))
	f.must("RevokeToken", err)
	if !changed {
		f.Fatalf("%s\nRevokeToken reports no change of an active token", f.promise)
	}
	n.RevokedAt, n.RevokedBy = by.At, by.By
	return n
}

// touch sets the last use of tokens. The caller sets the expected LastUsedAt.
func (f *fixture) touch(at time.Time, tokens ...apitoken.NewToken) {
	f.Helper()
	var touches []apitoken.Touch
	for _, n := range tokens {
		touches = append(touches, apitoken.Touch{Token: n.ID, At: at})
	}
	f.must("Touch", f.store.Touch(f.Context(), touches))
}

// setPolicy replaces the current policy.
func (f *fixture) setPolicy() apitoken.MaxLifetimePolicy {
	f.Helper()
	was := f.policy()
	is := newPolicy(was)
	f.must("PutPolicy", f.store.PutPolicy(f.Context(), is, was.Revision, policyPut(was, is)))
	return is
}

// appendEvents stores events without a change.
func (f *fixture) appendEvents(events ...apitoken.Event) {
	f.Helper()
	f.must("AppendEvents", f.store.AppendEvents(f.Context(), events))
}

// later returns a revocation some time after base.
func later(d time.Duration, by apitoken.UserID) apitoken.Revocation {
	return apitoken.Revocation{At: base.Add(d), By: by}
}
