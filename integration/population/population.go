// Package population fills the tables of a store within seconds with the users, tokens and events of a host that has run for
// years. Tests of the lists and pages use it. The same numbers give the same rows.
package population

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// Population is what to load.
type Population struct {
	Users  int       // besides Admin
	Tokens int       // of the users in turn
	Events int       // the least number: each token has an event or two
	Now    time.Time // all times are before it, except expiries
}

// Large is a host with many tokens.
func Large(now time.Time) Population { return Population{5_000, 40_000, 50_000, now} }

// Small has a hundredth of [Large].
func Small(now time.Time) Population { return Population{50, 400, 500, now} }

// Admin is an administrator. The other users are User(0) and so on.
const Admin apitoken.UserID = "root"

// User returns the ID of a user.
func User(i int) apitoken.UserID { return apitoken.UserID(fmt.Sprint("user ", i)) }

const (
	day = 24 * time.Hour

	age = 800 * day // of the oldest token

	// Unused is how many tokens of 40,000 are live and were not used for a year.
	Unused = 362
)

// hasLeft reports whether a user is disabled.
func hasLeft(i int) bool { return i%50 == 49 }

func (p Population) users() []apitoken.User {
	begin := p.Now.Add(-age)
	all := []apitoken.User{{ID: Admin, Name: "Administrator", Role: apitoken.RoleAdmin, CreatedAt: begin, Revision: 1}}
	for i := range p.Users {
		u := apitoken.User{ID: User(i), Name: fmt.Sprint("Somebody ", i), Role: apitoken.RoleUser, CreatedAt: begin, Revision: 1}
		if hasLeft(i) {
			u.DisabledAt, u.Epoch, u.Revision = p.Now.Add(-100*day), 1, 2
		}
		all = append(all, u)
	}
	return all
}

// lifetimes are those of the tokens in turn; 0: no expiration.
var lifetimes = []time.Duration{7 * day, 365 * day, 30 * day, 0, 90 * day, 30 * day, 365 * day, 90 * day, 730 * day, 365 * day, 730 * day}

// tokens returns the tokens, the oldest first, and the events of their generation and revocation. Of ten tokens one is revoked,
// of five an administrator generated one, of 25 one is bound to a resource. The others have expired, or are live and were used
// within 80 days, except some that were not used for up to a year, and those of Unused.
func (p Population) tokens() (tokens []apitoken.NewToken, events []apitoken.Event) {
	unused := p.Tokens * Unused / 40_000
	for i := range p.Tokens {
		owner := i % p.Users
		t := apitoken.NewToken{Token: apitoken.Token{
			Owner: User(owner), Name: fmt.Sprint("token ", i), Kind: apitoken.KindUser, Hint: "tok_..." + LastFour(i),
			CreatedAt: p.Now.Add(-age / time.Duration(p.Tokens) * time.Duration(p.Tokens-i)).Truncate(time.Microsecond), CreatedBy: User(owner),
		}}
		binary.BigEndian.PutUint64(t.ID[:], uint64(t.CreatedAt.UnixMilli())<<16)
		binary.BigEndian.PutUint32(t.ID[12:], uint32(i))
		binary.BigEndian.PutUint32(t.Digest[:], uint32(i)*2654435761) // in no order
		binary.BigEndian.PutUint32(t.Digest[4:], uint32(i))
		if i%5 == 0 {
			t.CreatedBy = Admin
		}
		if i%25 == 4 {
			t.Resource = fmt.Sprint("project:", i%7)
		}
		if life := lifetimes[i%len(lifetimes)]; life > 0 {
			t.ExpiresAt = t.CreatedAt.Add(life)
		}
		events = append(events, p.event(i, apitoken.ActionGenerate, t))
		if i%10 == 7 {
			t.RevokedAt, t.RevokedBy = t.CreatedAt.Add(min(5*day, p.Now.Sub(t.CreatedAt))), Admin
			events = append(events, p.event(i, apitoken.ActionRevoke, t))
		}
		live := t.RevokedAt.IsZero() && !hasLeft(owner) && (t.ExpiresAt.IsZero() || t.ExpiresAt.After(p.Now))
		if live && unused > 0 && p.Now.Sub(t.CreatedAt) > 366*day {
			unused--
		} else {
			t.LastUsedAt = p.lastUse(i, t.Token)
		}
		tokens = append(tokens, t)
	}
	return tokens, events
}

// lastUse returns when a token was used last: within 80 days, or of 13 tokens one within 280 days.
func (p Population) lastUse(i int, t apitoken.Token) time.Time {
	ago := time.Duration(i%80) * day
	if i%13 == 0 {
		ago += 200 * day
	}
	use := p.Now.Add(-ago)
	if !t.ExpiresAt.IsZero() && t.ExpiresAt.Before(use) {
		use = t.ExpiresAt.Add(-time.Hour)
	}
	if use.Before(t.CreatedAt) {
		return t.CreatedAt
	}
	return use
}

// LastFour returns the last four characters of the text of a token, which no other token has.
func LastFour(i int) string { return fmt.Sprintf("%04s", strconv.FormatInt(int64(i), 36)) }

func (p Population) event(i int, action apitoken.Action, t apitoken.NewToken) apitoken.Event {
	e := apitoken.Event{
		At: t.CreatedAt, Action: action, Outcome: apitoken.OutcomeDone, Actor: apitoken.As(t.CreatedBy), Owner: t.Owner, Token: t.ID,
		After: apitoken.State{Name: t.Name, Kind: t.Kind, Resource: t.Resource, ExpiresAt: t.ExpiresAt},
	}
	if action == apitoken.ActionRevoke {
		e.At, e.Actor, e.After.RevokedAt = t.RevokedAt, apitoken.As(t.RevokedBy), t.RevokedAt
	}
	e.ID = eventID(i, action)
	return e
}

func eventID(i int, action apitoken.Action) (id apitoken.EventID) {
	binary.BigEndian.PutUint32(id[:], uint32(i)*2654435761)
	binary.BigEndian.PutUint32(id[4:], uint32(i))
	copy(id[8:], action)
	return id
}

// otherEvents returns denials until there are as many events as wanted, spread over the time.
func (p Population) otherEvents(events []apitoken.Event) (more []apitoken.Event) {
	n := p.Events - len(events)
	for i := range n {
		more = append(more, apitoken.Event{
			ID: eventID(i, apitoken.ActionListTokens), At: p.Now.Add(-age / time.Duration(n) * time.Duration(n-i)).Truncate(time.Microsecond),
			Action: apitoken.ActionListTokens, Outcome: apitoken.OutcomeDenied, Actor: apitoken.As(User(i % p.Users)), Owner: User((i + 1) % p.Users), Reason: "needs ListAny",
		})
	}
	return more
}
