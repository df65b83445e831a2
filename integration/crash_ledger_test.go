package integration_test

import (
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// ledger records the answers that one client got about its own users, their tokens, and the maxima that it set. No other client
// changes these. So the answers determine which stored data are possible.
type ledger struct {
	users  []*heldUser
	tokens map[apitoken.TokenID]*heldToken
	maxima map[time.Duration]bool // true: acknowledged; false: the outcome is unknown
	asked  map[string]bool        // the names of requested tokens without an answer
}

func newLedger(users ...apitoken.UserID) *ledger {
	l := &ledger{tokens: map[apitoken.TokenID]*heldToken{}, maxima: map[time.Duration]bool{}, asked: map[string]bool{}}
	for _, id := range users {
		l.users = append(l.users, &heldUser{id: id})
	}
	return l
}

// fates are the possible states of a token. An answer leaves one of them, an unknown outcome two.
type fates uint8

const (
	isAbsent fates = 1 << iota // not stored
	isActive
	isRevoked
)

func (f fates) String() string {
	var names string
	for i, name := range []string{"absent", "active", "revoked"} {
		if f&(1<<i) == 0 {
			continue
		}
		if names != "" {
			names += " or "
		}
		names += name
	}
	return names
}

type heldToken struct {
	id   apitoken.TokenID
	text string // empty if the client did not get it
	may  fates
	news bool // changed since the last audit
}

// hold enters a token that was or may have been generated.
func (l *ledger) hold(owner *heldUser, t *heldToken) {
	t.news = true
	l.tokens[t.id] = t
	owner.tokens = append(owner.tokens, t)
}

// revoked enters an acknowledged revocation.
func (t *heldToken) revoked() {
	t.news = true
	if t.may&isActive != 0 {
		t.may = t.may&^isActive | isRevoked
	}
}

// perhapsRevoked enters a revocation of unknown outcome.
func (t *heldToken) perhapsRevoked() {
	t.news = true
	if t.may&isActive != 0 {
		t.may |= isRevoked
	}
}

type heldUser struct {
	id              apitoken.UserID
	tokens          []*heldToken // all that may be active, and possibly others
	ended           int64        // acknowledged ends of epochs
	perhapsEnded    int64        // those of unknown outcome
	disabled        bool
	perhapsDisabled bool // disabled is unknown
}

// ends enters an acknowledged end of the epoch.
func (u *heldUser) ends() {
	u.ended++
	for _, t := range u.tokens {
		t.revoked()
	}
}

// perhapsEnds enters an end of the epoch of unknown outcome.
func (u *heldUser) perhapsEnds() {
	u.perhapsEnded++
	for _, t := range u.tokens {
		t.perhapsRevoked()
	}
}

// mayBeActive returns the tokens of the user that may be active.
func (u *heldUser) mayBeActive() []*heldToken {
	u.tokens = slices.DeleteFunc(u.tokens, func(t *heldToken) bool { return t.may&isActive == 0 })
	return u.tokens
}
