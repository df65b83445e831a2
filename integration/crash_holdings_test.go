package integration_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// holdings are the stored data without the events.
type holdings struct {
	tokens map[apitoken.TokenID]apitoken.Token
	users  map[apitoken.UserID]apitoken.User
	policy apitoken.MaxLifetimePolicy
}

func readAll(t *testing.T, m *apitoken.Manager) *holdings {
	t.Helper()
	is := &holdings{tokens: map[apitoken.TokenID]apitoken.Token{}, users: map[apitoken.UserID]apitoken.User{}}
	for _, token := range all(t, m.Tokens(t.Context(), apitoken.System(), apitoken.TokenQuery{AnyOwner: true, Limit: 1000})) {
		is.tokens[token.ID] = token
	}
	users, err := m.ListUsers(t.Context(), apitoken.System(), apitoken.UserQuery{Limit: 1000})
	must(t, err)
	for _, u := range users {
		is.users[u.ID] = u
	}
	if is.policy, err = m.Policy(t.Context()); err != nil {
		t.Fatal(err)
	}
	return is
}

// fate returns the state of a token.
func (is *holdings) fate(id apitoken.TokenID) fates {
	t, stored := is.tokens[id]
	if !stored {
		return isAbsent
	}
	return fateOf(t)
}

func fateOf(t apitoken.Token) fates {
	if t.RevokedAt.IsZero() {
		return isActive
	}
	return isRevoked
}

// revocation is a revocation as both the token and the event show it.
type revocation struct {
	token apitoken.TokenID // zero: all of the owner
	owner apitoken.UserID
	at    time.Time
	by    apitoken.UserID
}

// halves finds changes without their event, and events without their change.
func (is *holdings) halves(feed []apitoken.Event) (found []string) {
	note := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	generated := map[apitoken.TokenID]bool{}
	revocations := map[revocation]bool{}
	changes, ends := map[apitoken.UserID]int64{}, map[apitoken.UserID]int64{}
	limits := map[time.Duration]bool{}
	var policies int64
	for _, e := range feed {
		if e.Outcome != apitoken.OutcomeDone {
			note("event %d is a denial: %+v", e.Seq, e)
			continue
		}
		switch e.Action {
		case apitoken.ActionGenerate:
			t := is.tokens[e.Token]
			if t.Owner != e.Owner || !t.CreatedAt.Equal(e.At) || t.Name != e.After.Name || !t.ExpiresAt.Equal(e.After.ExpiresAt) {
				note("event %d says that token %s was generated, which is %+v", e.Seq, e.Token, t)
			}
			if generated[e.Token] {
				note("event %d says that token %s was generated, as another event does", e.Seq, e.Token)
			}
			generated[e.Token] = true
		case apitoken.ActionRevoke:
			r := revocation{token: e.Token, owner: e.Owner, at: e.At, by: e.Actor.User}
			revocations[r] = true
			if t := is.tokens[e.Token]; (revocation{t.ID, t.Owner, t.RevokedAt, t.RevokedBy}) != r {
				note("event %d says that token %s was revoked, which is %+v", e.Seq, e.Token, t)
			}
		case apitoken.ActionRevokeAll, apitoken.ActionDisableUser:
			revocations[revocation{owner: e.Owner, at: e.At, by: e.Actor.User}] = true
			ends[e.Owner]++
			changes[e.Owner]++
		case apitoken.ActionPutUser, apitoken.ActionEnableUser:
			changes[e.Owner]++
		case apitoken.ActionSetPolicy:
			policies++
			limits[e.After.MaxLifetime] = true
		default:
			note("event %d is %s", e.Seq, e.Action)
		}
	}
	for id, t := range is.tokens {
		if !generated[id] {
			note("token %s has no event: %+v", id, t)
		}
		if t.RevokedAt.IsZero() {
			continue
		}
		one := revocation{token: id, owner: t.Owner, at: t.RevokedAt, by: t.RevokedBy}
		whole := revocation{owner: t.Owner, at: t.RevokedAt, by: t.RevokedBy}
		if !revocations[one] && !revocations[whole] {
			note("token %s was revoked, and no event says so: %+v", id, t)
		}
	}
	for id := range changes {
		if is.users[id].ID != id {
			note("%s was changed by the events, and does not exist", id)
		}
	}
	for id, u := range is.users {
		if u.Revision != changes[id] || u.Epoch != ends[id] {
			note("%s was changed %d times and began %d epochs by the events: %+v", id, changes[id], ends[id], u)
		}
	}
	if is.policy.Revision != policies || policies > 0 && !limits[is.policy.Max] {
		note("the policy was set %d times by the events: %+v", policies, is.policy)
	}
	return found
}
