package main

import (
	"bytes"
	"errors"

	"golang.org/x/crypto/bcrypt"

	"github.com/seed-d6cf0a46/apitoken"
)

// identify sets the actor: by a valid session, and otherwise by name and password or by a token. A wrong password or token is
// refused.
func (c *call) identify() {
	name, password, isBasic := c.BasicAuth()
	login, hash := c.sessions.GetString(c.Context(), "login"), c.sessions.GetBytes(c.Context(), "hash")
	switch shown := c.Header["Authorization"]; {
	case hash != nil && bytes.Equal(hash, c.state.Load().Accounts[apitoken.UserID(login)].Hash): // a change of the password ends it
		c.actor = apitoken.As(apitoken.UserID(login))
	case isBasic && password != "" && len(shown) == 1: // a token in Basic has no password
		c.actor = c.person(name, password)
	case len(shown) > 0:
		c.byToken()
	default:
		c.keep(errUnauthorized)
	}
	if c.err != nil {
		return
	}
	c.may, c.err = c.manager.Permissions(c.Context(), c.actor)
	if errors.Is(c.err, apitoken.ErrDenied) { // deactivated since then
		c.err = errUnauthorized
	}
	// The header, the query and the form may have secrets, so they are not logged.
	c.log.Info("request", "method", c.Method, "path", c.URL.Path, "user", c.actor.User, "token", c.token.Name)
}

// byToken authenticates a token, as Bearer or as the name of Basic without a password. The answer does not tell the cause of a
// refusal; the log does.
func (c *call) byToken() {
	identity, refused := c.authenticate(c.Request)
	if refused != nil {
		c.log.Info("refused", "method", c.Method, "path", c.URL.Path, "reason", apitoken.Reason(refused.Cause))
		c.refuseIf(!errors.Is(refused.Cause, apitoken.ErrUnavailable), errUnauthorized)
		c.keep(refused.Cause)
		return
	}
	c.actor, c.token = identity.Actor(), identity.Token
	if !c.token.ExpiresAt.IsZero() {
		c.w.Header().Set("SonarQube-Authentication-Token-Expiration", c.date(c.token.ExpiresAt))
	}
}

// person is the active user with a login and a password. An unknown login takes the same time as a wrong password.
func (c *call) person(login, password string) apitoken.Actor {
	id := apitoken.UserID(login)
	hash := c.state.Load().Accounts[id].Hash
	if len(hash) == 0 {
		_, _ = c.hash("of no account")
	}
	c.refuseIf(bcrypt.CompareHashAndPassword(hash, []byte(password)) != nil, errUnauthorized)
	u, err := c.manager.User(c.Context(), apitoken.System(), id)
	c.keep(err)
	c.refuseIf(u.Disabled(), errUnauthorized)
	return apitoken.As(id)
}

// validate also answers requests that are not authenticated.
func (c *call) validate() any {
	c.identify()
	valid := c.err == nil
	if errors.Is(c.err, errUnauthorized) {
		c.err = nil
	}
	return map[string]bool{"valid": valid}
}

func (c *call) signIn() any {
	actor := c.person(c.text("login"), c.Form.Get("password"))
	if c.err != nil {
		return nil
	}
	c.keep(c.sessions.RenewToken(c.Context()))
	c.sessions.Put(c.Context(), "login", string(actor.User))
	c.sessions.Put(c.Context(), "hash", c.state.Load().Accounts[actor.User].Hash)
	return ""
}

func (c *call) signOut() any {
	c.keep(c.sessions.Destroy(c.Context()))
	return ""
}
