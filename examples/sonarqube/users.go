package main

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"slices"

	"golang.org/x/crypto/bcrypt"

	"github.com/seed-d6cf0a46/apitoken"
)

// account is the data of a user that the library does not have.
type account struct {
	Email string
	SCM   []string // the accounts with source control
	Hash  []byte   // of the password; none: they sign in elsewhere
}

// shownUser is a user in an answer.
type shownUser struct {
	Login  apitoken.UserID `json:"login"`
	Name   string          `json:"name"`
	Email  string          `json:"email,omitempty"`
	Active bool            `json:"active"`
	Local  bool            `json:"local"` // they sign in with a password
	SCM    []string        `json:"scmAccounts,omitempty"`
	Tokens *int            `json:"tokensCount,omitempty"`
}

func (c *call) shown(u apitoken.User) shownUser {
	a := c.state.Load().Accounts[u.ID]
	return shownUser{Login: u.ID, Name: u.Name, Email: a.Email, Active: !u.Disabled(), Local: len(a.Hash) > 0, SCM: a.SCM}
}

func (s *server) hash(password string) ([]byte, error) {
	return bcrypt.GenerateFromPassword([]byte(password), s.cost)
}

// newHash is the hash of the password among the parameters.
func (c *call) newHash() []byte {
	password := c.Form.Get("password")
	c.wrongIf(password == "", "The 'password' parameter is missing")
	c.wrongIf(len(password) > 72, "'password' is longer than the maximum authorized (72 bytes)")
	hash, err := c.hash(password)
	c.keep(err)
	return hash
}

// user is the user of a login. An unknown login is 404.
func (c *call) user(login apitoken.UserID) apitoken.User {
	u, err := c.manager.User(c.Context(), c.actor, login)
	c.refuseIf(errors.Is(err, apitoken.ErrNotFound), noSuchUser(login))
	c.keep(err)
	return u
}

func noSuchUser(login apitoken.UserID) error {
	return refuse(http.StatusNotFound, "User with login '%s' doesn't exist", login)
}

// active is the user of the login among the parameters. A deactivated user is 404.
func (c *call) active() apitoken.User {
	u := c.user(apitoken.UserID(c.required("login", 255)))
	c.refuseIf(u.Disabled(), noSuchUser(u.ID))
	return u
}

func (c *call) setAccount(id apitoken.UserID, set func(*account)) any {
	return c.change(func(now *state) {
		a := now.Accounts[id]
		set(&a)
		now.Accounts[id] = a
	})
}

// currentUser also answers requests without credentials.
func (c *call) currentUser() any {
	if c.identify(); c.err == errUnauthorized && c.Header["Authorization"] == nil {
		c.err = nil
		return map[string]any{"isLoggedIn": false, "permissions": map[string]any{"global": []string{}}}
	}
	u, err := c.manager.User(c.Context(), apitoken.System(), c.actor.User) // as System, because a token may lack the permission
	c.keep(err)
	shown, named := c.shown(u), map[string]apitoken.Permission{"admin": administer, "provisioning": provision, "scan": scan}
	maps.DeleteFunc(named, func(_ string, permission apitoken.Permission) bool { return !c.may.Has(permission) })
	return map[string]any{"isLoggedIn": true, "login": shown.Login, "name": shown.Name, "email": shown.Email, "local": shown.Local,
		"scmAccounts": append([]string{}, shown.SCM...), "permissions": map[string]any{"global": slices.Sorted(maps.Keys(named))}}
}

func (c *call) searchUsers() any {
	deactivated, found := c.yes("deactivated", "false", "true", "no", "yes"), []shownUser{}
	for u, err := range c.manager.Users(c.Context(), c.actor, apitoken.UserQuery{}) {
		c.keep(err)
		if one := c.shown(u); u.Disabled() == deactivated && c.finds(string(u.ID), u.Name, one.Email) {
			one.Tokens = new(len(c.tokensOf(u.ID)))
			found = append(found, one)
		}
	}
	return page(c, "users", found)
}

// createUser creates a user, or activates a deactivated one, whose tokens stay revoked.
func (c *call) createUser() any {
	u := apitoken.User{ID: apitoken.UserID(c.required("login", 255)), Name: c.required("name", 200), Role: apitoken.RoleUser}
	a := account{Email: c.short("email", 100), SCM: c.Form["scmAccount"]}
	if c.yes("local", "true", "false", "yes", "no") {
		c.wrongIf(c.Form.Get("password") == "", "Password is mandatory and must not be empty")
		a.Hash = c.newHash()
	}
	was, err := c.manager.User(c.Context(), c.actor, u.ID)
	c.refuseIf(err != nil && !errors.Is(err, apitoken.ErrNotFound), err)
	_, known := c.state.Load().Accounts[u.ID]
	c.wrongIf(known && err == nil && !was.Disabled(), "An active user with login '%s' already exists", u.ID)
	// A failure in between can be retried: there is no account yet, or the user is still deactivated.
	c.do(func() error { return errorOf(c.manager.PutUser(c.Context(), c.actor, u)) })
	c.setAccount(u.ID, func(now *account) { *now = a })
	c.do(func() error { return c.manager.EnableUser(c.Context(), c.actor, u.ID) })
	return map[string]shownUser{"user": c.shown(u)}
}

func (c *call) updateUser() any {
	u, name, email := c.active(), c.short("name", 200), c.short("email", 100)
	u.Name = cmp.Or(name, u.Name)
	c.do(func() error { return errorOf(c.manager.PutUser(c.Context(), c.actor, u)) })
	c.setAccount(u.ID, func(a *account) {
		if c.Form.Has("email") {
			a.Email = email
		}
		if c.Form.Has("scmAccount") {
			a.SCM = slices.DeleteFunc(c.Form["scmAccount"], func(one string) bool { return one == "" }) // one empty value removes all
		}
	})
	return map[string]shownUser{"user": c.shown(u)}
}

// changePassword ends the sessions of the user. The tokens stay valid.
func (c *call) changePassword() any {
	own := c.text("login") == string(c.actor.User)
	c.refuseIf(!own && !c.may.Has(administer), errForbidden)
	u, hash := c.active(), c.newHash()
	old := c.state.Load().Accounts[u.ID].Hash
	c.wrongIf(len(old) == 0, "Password cannot be changed when external authentication is used")
	if own {
		previous := c.Form.Get("previousPassword")
		c.wrongIf(previous == "", "The 'previousPassword' parameter is missing")
		c.wrongIf(bcrypt.CompareHashAndPassword(old, []byte(previous)) != nil, "Incorrect password")
		c.wrongIf(previous == c.Form.Get("password"), "Password must be different from old password")
	}
	return c.setAccount(u.ID, func(a *account) { a.Hash = hash })
}

// deactivateUser revokes all tokens of the user for good.
func (c *call) deactivateUser() any {
	c.wrongIf(c.yes("anonymize", "false", "true", "no", "yes"), "'anonymize' is not offered here: the log of changes keeps the login")
	u := c.active()
	c.wrongIf(u.ID == c.actor.User, "Self-deactivation is not possible")
	c.do(func() error { return c.manager.DisableUser(c.Context(), c.actor, u.ID) })
	u.DisabledAt = c.manager.Now()
	return map[string]shownUser{"user": c.shown(u)}
}
