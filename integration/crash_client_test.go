package integration_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// client makes one call after the other, about users of its own and about the shared policy.
type client struct {
	load    *load
	number  int
	replica int
	ledger  *ledger
	serial  int          // of names and maxima
	doubts  []*heldToken // of unknown outcome, to be revoked as the documentation says

	acknowledged, failures int // guarded by load.mu
}

func (c *client) changes() int { return c.acknowledged }
func (c *client) failed() int  { return c.failures }

// act makes one call, and reports whether it failed.
func (c *client) act() (failed bool) {
	ctx, cancel := context.WithTimeout(context.Background(), longestOutcome)
	defer cancel()
	m, u := c.load.replicas[c.replica], c.ledger.users[rand.IntN(usersOfClient)]
	if len(c.doubts) > 0 {
		return c.revokeDoubt(ctx, m)
	}
	if u.disabled || u.perhapsDisabled {
		return c.enable(ctx, m, u)
	}
	switch n := rand.IntN(100); {
	case n < 45:
		return c.generate(ctx, m, u)
	case n < 65:
		return c.present(ctx, c.some(u))
	case n < 88:
		return c.revoke(ctx, m, c.some(u))
	case n < 91:
		return c.end(u, "revoke all", m.RevokeAll(ctx, apitoken.As(u.id), u.id))
	case n < 94:
		return c.disable(ctx, m, u)
	default:
		return c.setPolicy(ctx, m)
	}
}

// some is a random token of the user that exists and may be active, or nil.
func (c *client) some(u *heldUser) *heldToken {
	tokens := slices.Clone(u.mayBeActive())
	tokens = slices.DeleteFunc(tokens, func(t *heldToken) bool { return t.may&isAbsent != 0 })
	if len(tokens) == 0 {
		return nil
	}
	return tokens[rand.IntN(len(tokens))]
}

// conclusion is the effect of a change by its answer.
type conclusion int

const (
	changed conclusion = iota
	unknown
	unchanged
)

// concluded counts the answer to a change, and returns its conclusion.
func (c *client) concluded(what string, err error) conclusion {
	var o conclusion
	c.load.count(func() {
		switch {
		case err == nil:
			c.load.acknowledged++
			c.acknowledged++
			o = changed
		case errors.Is(err, apitoken.ErrUncertain):
			c.load.uncertain++
			o = unknown
		case errors.Is(err, apitoken.ErrUnavailable):
			c.load.unavailable++
			o = unchanged
		default:
			c.load.wrong = append(c.load.wrong, fmt.Sprintf("client %d, %s: %v", c.number, what, err))
			o = unchanged
		}
	})
	return o
}

func (c *client) generate(ctx context.Context, m *apitoken.Manager, u *heldUser) (failed bool) {
	c.serial++
	p := apitoken.GenerateParams{Owner: u.id, Name: fmt.Sprintf("token %d of client %d", c.serial, c.number)}
	token, secret, err := m.Generate(ctx, apitoken.As(u.id), p)
	o := c.concluded("generate", err)
	switch o {
	case changed:
		c.ledger.hold(u, &heldToken{id: token.ID, text: secret.Reveal(), may: isActive})
	case unknown:
		t := &heldToken{id: token.ID, may: isAbsent | isActive}
		c.ledger.hold(u, t)
		c.doubts = append(c.doubts, t)
	}
	return o != changed
}

// revokeDoubt revokes a token that may have been generated. If it does not exist, a write that is still on its way may create it later.
// Nobody has its secret.
func (c *client) revokeDoubt(ctx context.Context, m *apitoken.Manager) (failed bool) {
	t := c.doubts[0]
	err := m.Revoke(ctx, apitoken.As(boss), t.id)
	if errors.Is(err, apitoken.ErrNotFound) && t.may&isAbsent != 0 {
		c.doubts = c.doubts[1:]
		t.perhapsRevoked() // by the end of its epoch
		return false
	}
	o := c.concluded("revoke what may have been generated", err)
	switch o {
	case changed:
		c.doubts = c.doubts[1:]
		t.may = isRevoked
	case unknown:
		t.perhapsRevoked()
	}
	return o != changed
}

// revoke revokes a token and, if that was acknowledged, presents it.
func (c *client) revoke(ctx context.Context, m *apitoken.Manager, t *heldToken) (failed bool) {
	if t == nil {
		return false
	}
	o := c.concluded("revoke", m.Revoke(ctx, apitoken.As(boss), t.id))
	switch o {
	case changed:
		t.revoked()
		return c.present(ctx, t)
	case unknown:
		t.perhapsRevoked()
	}
	return o != changed
}

func (c *client) disable(ctx context.Context, m *apitoken.Manager, u *heldUser) (failed bool) {
	err := m.DisableUser(ctx, apitoken.As(boss), u.id)
	u.disabled = err == nil
	u.perhapsDisabled = errors.Is(err, apitoken.ErrUncertain)
	return c.end(u, "disable", err)
}

// end enters the answer to a call that ends the epoch of a user.
func (c *client) end(u *heldUser, what string, err error) (failed bool) {
	o := c.concluded(what, err)
	switch o {
	case changed:
		u.ends()
	case unknown:
		u.perhapsEnds()
	}
	return o != changed
}

func (c *client) enable(ctx context.Context, m *apitoken.Manager, u *heldUser) (failed bool) {
	o := c.concluded("enable", m.EnableUser(ctx, apitoken.As(boss), u.id))
	switch o {
	case changed:
		u.disabled, u.perhapsDisabled = false, false
	case unknown:
		u.perhapsDisabled = true
	}
	return o != changed
}

// setPolicy sets a maximum that is unique to this call.
func (c *client) setPolicy(ctx context.Context, m *apitoken.Manager) (failed bool) {
	c.serial++
	limit := apitoken.Days(300) + time.Duration(c.serial*len(c.load.clients)+c.number)*time.Microsecond
	_, err := m.SetPolicy(ctx, apitoken.As(boss), apitoken.MaxLifetimePolicy{Max: limit})
	o := c.concluded("set the policy", err)
	if o != unchanged {
		c.ledger.maxima[limit] = o == changed
	}
	return o != changed
}

// present authenticates a token at a replica whose server is up, and compares the result with the ledger.
func (c *client) present(ctx context.Context, t *heldToken) (failed bool) {
	if t == nil || t.text == "" {
		return false
	}
	at := rand.IntN(len(c.load.replicas))
	if _, away := c.load.outages[at].now(); away {
		at = c.replica
	}
	is, err := verdict(ctx, c.load.replicas[at], t.text)
	c.load.count(func() {
		switch {
		case err != nil:
			c.load.unavailable++
		case t.may&is == 0:
			c.load.wrong = append(c.load.wrong, fmt.Sprintf(
				"client %d presented token %s at replica %d: it is %s, and can only be %s", c.number, t.id, at, is, t.may))
		default:
			c.load.authenticated++
		}
	})
	return err != nil
}

// verdict returns the state of a token by Authenticate. A failure of the store is an error.
func verdict(ctx context.Context, m *apitoken.Manager, text string) (fates, error) {
	_, err := m.Authenticate(ctx, text)
	switch {
	case err == nil:
		return isActive, nil
	case errors.Is(err, apitoken.ErrRevoked):
		return isRevoked, nil
	case errors.Is(err, apitoken.ErrUnknownToken):
		return isAbsent, nil
	}
	return 0, err
}
