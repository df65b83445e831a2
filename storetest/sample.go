package storetest

import (
	"crypto/sha256"
	"time"

	"github.com/google/uuid"

	"github.com/seed-d6cf0a46/apitoken"
)

// base is the time of most tests and far that of some. One is long past and one is far ahead, to detect a store that reads a
// clock.
var (
	base = time.Date(2001, time.February, 3, 4, 5, 6, 7000, time.UTC)
	far  = time.Date(2198, time.November, 30, 23, 59, 59, 999999000, time.UTC)
)

// in1970 is a time, although databases and encodings write it as zero.
var in1970 = time.Unix(0, 0).UTC()

// noTime is the absence of a time.
var noTime time.Time

const microsecond = time.Microsecond

func newTokenID() apitoken.TokenID { return apitoken.TokenID(uuid.Must(uuid.NewV7())) }

func newEventID() apitoken.EventID { return apitoken.EventID(uuid.Must(uuid.NewV7())) }

// newTokenIDs returns n IDs in ascending order.
func newTokenIDs(n int) []apitoken.TokenID {
	ids := make([]apitoken.TokenID, n)
	for i := range ids {
		ids[i] = newTokenID()
	}
	return ids
}

// draft returns a token of the first epoch that expires an hour after base and is not stored yet.
func draft(owner apitoken.UserID, name string) apitoken.NewToken {
	id := newTokenID()
	return apitoken.NewToken{
		Token: apitoken.Token{
			ID: id, Owner: owner, Name: name, Kind: apitoken.KindUser,
			CreatedAt: base, ExpiresAt: base.Add(time.Hour), CreatedBy: owner,
			Hint: "tok_...wxyz", Permissions: apitoken.Unlimited,
		},
		Digest: sha256.Sum256(id[:]),
	}
}

// newUser returns an active user who is not stored yet.
func newUser(id apitoken.UserID) apitoken.User {
	return apitoken.User{ID: id, Name: "The user", Role: apitoken.RoleUser, CreatedAt: base, Revision: 1}
}

// newPolicy returns the policy after another one, in all its layers.
func newPolicy(was apitoken.MaxLifetimePolicy) apitoken.MaxLifetimePolicy {
	p := plainPolicy(was)
	p.Limits = []apitoken.LifetimeLimit{
		{Role: apitoken.RoleUser, Max: apitoken.Days(20) + microsecond},
		{Kind: apitoken.KindUser, Max: apitoken.Days(40)},
		{Role: apitoken.RoleUser, Kind: apitoken.KindUser, Max: apitoken.Days(10)},
	}
	p.Exemptions = []apitoken.Exemption{
		{User: "bob", Max: apitoken.NoExpiration, Until: far, Reason: "a migration", At: base},
		{User: "ada", Kind: apitoken.KindUser, Max: apitoken.Days(90), Until: base.Add(microsecond), Reason: "an audit", By: "carol", At: base.Add(-microsecond)},
		{User: "ad", Max: apitoken.Days(5), Until: base.Add(time.Hour), Reason: "of ada's", By: "ada", At: in1970},
	}
	return p
}

// plainPolicy returns the policy after another one, without limits and exemptions.
func plainPolicy(was apitoken.MaxLifetimePolicy) apitoken.MaxLifetimePolicy {
	return apitoken.MaxLifetimePolicy{Max: apitoken.Days(30), UpdatedAt: base, UpdatedBy: "ada", Revision: was.Revision + 1}
}

// generated returns the event of a CreateToken.
func generated(n apitoken.NewToken) apitoken.Event {
	e := newEvent(apitoken.ActionGenerate, n.CreatedAt)
	e.Owner, e.Token = n.Owner, n.ID
	e.After = apitoken.State{
		Name: n.Name, Description: n.Description, Kind: n.Kind, Resource: n.Resource, ExpiresAt: n.ExpiresAt, MaxLifetime: apitoken.NoExpiration,
	}
	return e
}

// revoked returns the event of a RevokeToken.
func revoked(n apitoken.NewToken, r apitoken.Revocation) apitoken.Event {
	e := newEvent(apitoken.ActionRevoke, r.At)
	e.Actor, e.Owner, e.Token = actor(r.By), n.Owner, n.ID
	e.Before = apitoken.State{Name: n.Name, Description: n.Description, Kind: n.Kind, Resource: n.Resource, ExpiresAt: n.ExpiresAt}
	e.After = e.Before
	e.After.RevokedAt = r.At
	return e
}

// userCreated returns the event of a CreateUser.
func userCreated(u apitoken.User) apitoken.Event {
	e := changing(u.ID)
	e.After = u.State()
	return e
}

// changing returns the event of a ChangeUser at base. The store sets Before and After.
func changing(id apitoken.UserID) apitoken.Event {
	e := newEvent(apitoken.ActionPutUser, base)
	e.Owner = id
	return e
}

// ending returns the event of a ChangeUser that ends an epoch.
func ending(id apitoken.UserID, by apitoken.Revocation) apitoken.Event {
	e := newEvent(apitoken.ActionRevokeAll, by.At)
	e.Owner, e.Actor = id, actor(by.By)
	return e
}

// policyPut returns the event of a PutPolicy.
func policyPut(was, is apitoken.MaxLifetimePolicy) apitoken.Event {
	e := newEvent(apitoken.ActionSetPolicy, is.UpdatedAt)
	e.Before = apitoken.State{MaxLifetime: was.Max}
	e.After = apitoken.State{MaxLifetime: is.Max, Policy: "limit of role user: 20 days"}
	return e
}

// denied returns an event without a change.
func denied(owner apitoken.UserID) apitoken.Event {
	e := newEvent(apitoken.ActionListTokens, base)
	e.Outcome, e.Owner = apitoken.OutcomeDenied, owner
	return e
}

func newEvent(action apitoken.Action, at time.Time) apitoken.Event {
	return apitoken.Event{ID: newEventID(), At: at, Action: action, Outcome: apitoken.OutcomeDone, Actor: apitoken.As("root")}
}

// fullEvent returns an event with a distinct value in every field that the caller sets.
func fullEvent(action apitoken.Action, owner apitoken.UserID, token apitoken.TokenID) apitoken.Event {
	return apitoken.Event{
		ID: newEventID(), At: base.Add(microsecond), Action: action, Outcome: apitoken.OutcomeDone,
		Actor: apitoken.Actor{
			Kind: apitoken.ActorToken, User: "root", Token: newTokenID(),
			Origin: apitoken.Origin{Address: "192.0.2.1", UserAgent: "curl/8.5", RequestID: "r-1"},
		},
		Owner: owner, Token: token,
		Reason: "a permission is missing", Count: 1<<53 + 5, FirstAt: base,
		Before: apitoken.State{
			Name: "before", Description: "as it was", Kind: "first", Resource: "project:old", ExpiresAt: base.Add(2 * microsecond), RevokedAt: base.Add(3 * microsecond),
			Role: "junior", Service: true, Responsible: "carol", DisabledAt: base.Add(4 * microsecond), Epoch: 1<<53 + 1, MaxLifetime: microsecond,
			Policy: "limit of role junior removed",
		},
		After: apitoken.State{
			Name: "after", Description: "as it is", Kind: "second", Resource: "project:new", ExpiresAt: far, RevokedAt: far.Add(-microsecond),
			Role: "senior", Responsible: "dave", DisabledAt: far.Add(-2 * microsecond), Epoch: 1<<53 + 3, MaxLifetime: apitoken.NoExpiration,
			Policy: "limit of role senior: 30 days",
		},
	}
}

// actor returns the signed-in user with that ID, or the host itself if it is empty.
func actor(u apitoken.UserID) apitoken.Actor {
	if u == "" {
		return apitoken.System()
	}
	return apitoken.As(u)
}
