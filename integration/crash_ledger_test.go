package integration_test

import (
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// ledger is what one client was told about what is his alone: his users, their tokens, and the maxima that he set. Nobody
// else changes them, so what may be stored follows from the answers that he got, whatever the others did.
type ledger struct {
	users  []*heldUser
	tokens map[apitoken.TokenID]*heldToken
	maxima map[time.Duration]bool // true: acknowledged; false: the outcome is unknown
	asked  map[string]bool        // the names of tokens that he asked for and was not answered
}

func newLedger(users ...apitoken.UserID) *ledger {
	l := &ledger{tokens: map[apitoken.TokenID]*heldToken{}, maxima: map[time.Duration]bool{}, asked: map[string]bool{}}
	for _, id := range users {
		l.users = append(l.users, &heldUser{id: id})
	}
	return l
}

// fates are what may have become of a token. The answer to a call leaves one; a call whose outcome is unknown leaves two.
type fates uint8

const (
	absent fates = 1 << iota // it is not stored
	alive
	dead // revoked
)

func (f fates) String() string {
	var names string
	for i, name := range []string{"absent", "alive", "dead"} {
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
	text string // empty: the client was not given it
	may  fates
	news bool // since the last accounting
}

// hold enters a token that was generated, or may have been.
func (l *ledger) hold(owner *heldUser, t *heldToken) {
	t.news = true
	l.tokens[t.id] = t
	owner.tokens = append(owner.tokens, t)
}

// revoked enters an acknowledged revocation.
func (t *heldToken) revoked() {
	t.news = true
	if t.may&alive != 0 {
		t.may = t.may&^alive | dead
	}
}

// perhapsRevoked enters a revocation whose outcome is unknown.
func (t *heldToken) perhapsRevoked() {
	t.news = true
	if t.may&alive != 0 {
		t.may |= dead
	}
}

type heldUser struct {
	id              apitoken.UserID
	tokens          []*heldToken // all that may be alive, and perhaps others
	ended           int64        // epochs that were ended, acknowledged
	perhapsEnded    int64        // and those with unknown outcome
	disabled        bool
	perhapsDisabled bool // nobody knows which
}

// ends enters that all tokens of the user were revoked, acknowledged.
func (u *heldUser) ends() {
	u.ended++
	for _, t := range u.tokens {
		t.revoked()
	}
}

// perhapsEnds enters the same with an unknown outcome.
func (u *heldUser) perhapsEnds() {
	u.perhapsEnded++
	for _, t := range u.tokens {
		t.perhapsRevoked()
	}
}

// mayLive are the tokens of the user that may be alive.
func (u *heldUser) mayLive() []*heldToken {
	u.tokens = slices.DeleteFunc(u.tokens, func(t *heldToken) bool { return t.may&alive == 0 })
	return u.tokens
}
