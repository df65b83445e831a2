package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

func (c *call) generateToken() any {
	p := apitoken.GenerateParams{Owner: c.target(), Name: c.required("name", 100)}
	p.Kind = apitoken.Kind(c.oneOf("type", string(userToken), string(globalAnalysis), string(projectAnalysis)))
	p.Lifetime, p.ExpiresAt = c.expiration()
	var bound project
	if p.Kind == projectAnalysis {
		c.wrongIf(c.text("projectKey") == "", "A projectKey is needed when creating Project Analysis Token")
		bound = c.project("projectKey")
		p.Resource = bound.ID
	}
	c.refuseIf(p.Kind != userToken && p.Owner == c.actor.User && !c.may.Has(scan), errForbidden)
	if c.err != nil {
		return nil
	}
	token, secret, err := c.manager.Generate(c.Context(), c.actor, p)
	if err != nil {
		return c.keep(c.notGenerated(p, token.ID, err))
	}
	answer := map[string]string{"login": string(token.Owner), "name": token.Name, "type": string(token.Kind), "createdAt": c.date(token.CreatedAt),
		"expirationDate": c.date(token.ExpiresAt), "projectKey": bound.Key, "token": secret.Reveal()}
	maps.DeleteFunc(answer, func(_, text string) bool { return text == "" })
	return answer
}

// notGenerated translates an error of Generate into SonarQube's message.
func (c *call) notGenerated(p apitoken.GenerateParams, id apitoken.TokenID, err error) error {
	var limit *apitoken.LifetimeError
	var invalid *apitoken.InvalidError
	switch {
	case errors.As(err, &limit):
		// The maximum counts from this instant. Dates begin at midnight, so the last one that fits is today plus the maximum.
		last, please := c.manager.Now().Add(limit.Max).Format(time.DateOnly), "a valid expiration date"
		if limit.Requested == apitoken.NoExpiration {
			please = "an expiration date"
		}
		return refuse(http.StatusBadRequest, "Tokens expiring after %s are not allowed. Please use %s.", last, please)
	case errors.As(err, &invalid) && invalid.Field == "kind": // it is for oneself
		called := map[apitoken.Kind]string{globalAnalysis: "Global", projectAnalysis: "Project"}[p.Kind]
		return refuse(http.StatusBadRequest, "A %s Analysis Token cannot be generated for another user.", called)
	case errors.Is(err, apitoken.ErrExists):
		return refuse(http.StatusBadRequest, "A user token for login '%s' and name '%s' already exists", p.Owner, p.Name)
	case errors.Is(err, apitoken.ErrUserDisabled):
		return noSuchUser(p.Owner)
	case errors.Is(err, apitoken.ErrUncertain):
		// If the token exists, its secret is lost. The revocation must not depend on a client that may be gone.
		err = c.manager.Revoke(context.WithoutCancel(c.Context()), apitoken.System(), id)
		if err == nil || errors.Is(err, apitoken.ErrNotFound) {
			return &refusal{http.StatusServiceUnavailable, "Error while generating token. Please try again."}
		}
	}
	return err
}

// target is the owner that a request is about: the caller, or for administrators any login. Other callers do not learn
// whether a login exists.
func (c *call) target() apitoken.UserID {
	login := cmp.Or(apitoken.UserID(c.text("login")), c.actor.User)
	c.refuseIf(login != c.actor.User && !c.may.Has(administer), errForbidden)
	if c.err == nil {
		c.user(login)
	}
	return login
}

// expiration is the requested expiry: midnight in UTC at the beginning of the date, so the token is valid until the end of the
// day before. Without a date the request is for no expiration, which a maximum refuses.
func (c *call) expiration() (lifetime time.Duration, end time.Time) {
	if !c.Form.Has("expirationDate") {
		return apitoken.NoExpiration, time.Time{}
	}
	date, err := time.Parse(time.DateOnly, c.text("expirationDate"))
	if err != nil {
		date, err = time.Parse(time.DateOnly+"Z07:00", c.text("expirationDate"))
	}
	c.wrongIf(err != nil, "Supplied date format for parameter expirationDate is wrong. Please supply date in the ISO 8601 date format (YYYY-MM-DD)")
	end = time.Date(date.Year(), date.Month(), date.Day(), 0, 0, 0, 0, time.UTC) // the date counts, not its offset
	tomorrow := c.manager.Now().Truncate(24*time.Hour).AddDate(0, 0, 1)
	c.wrongIf(end.Before(tomorrow), "The minimum value for parameter expirationDate is %s.", tomorrow.Format(time.DateOnly))
	return 0, end
}

func (c *call) searchTokens() any {
	owner, all := c.target(), []map[string]any{}
	c.keep(c.manager.Flush(c.Context())) // so that a use is seen at once
	for _, t := range c.tokensOf(owner) {
		shown := map[string]any{"name": t.Name, "createdAt": c.date(t.CreatedAt), "type": t.Kind,
			"expirationDate": c.date(t.ExpiresAt), "lastConnectionDate": c.date(t.LastUsedAt)}
		maps.DeleteFunc(shown, func(_ string, value any) bool { return value == "" })
		if !t.ExpiresAt.IsZero() {
			shown["isExpired"] = t.Status(c.manager.Now()) == apitoken.StatusExpired
		}
		for _, p := range c.state.Load().Projects {
			if p.ID == t.Resource {
				shown["project"] = map[string]string{"key": p.Key, "name": p.Name}
			}
		}
		all = append(all, shown)
	}
	return map[string]any{"login": owner, "userTokens": all}
}

// tokensOf returns the tokens of a user that are not revoked, the oldest first. An expired token whose name is in use again is
// left out.
func (c *call) tokensOf(owner apitoken.UserID) []apitoken.Token {
	named := map[string]apitoken.Token{}
	for _, t := range c.unrevoked(apitoken.TokenQuery{Owner: owner}) {
		named[t.Name] = t
	}
	return slices.SortedFunc(maps.Values(named), func(a, b apitoken.Token) int { return bytes.Compare(a.ID[:], b.ID[:]) })
}

// unrevoked returns the tokens of a query that are not revoked, the expired ones first.
func (c *call) unrevoked(q apitoken.TokenQuery) (all []apitoken.Token) {
	for _, q.Status = range []apitoken.Status{apitoken.StatusExpired, apitoken.StatusActive} {
		if c.err != nil {
			break
		}
		for t, err := range c.manager.Tokens(c.Context(), c.actor, q) {
			c.keep(err)
			all = append(all, t)
		}
	}
	return all
}

// revokeToken revokes the token of a name, and the expired ones that had it before. It succeeds if there is none.
func (c *call) revokeToken() any {
	owner, name := c.target(), c.required("name", 1<<10)
	all := c.unrevoked(apitoken.TokenQuery{Owner: owner})
	return c.revoke(slices.DeleteFunc(all, func(t apitoken.Token) bool { return t.Name != name }))
}

func (c *call) revoke(tokens []apitoken.Token) any {
	for _, t := range tokens {
		c.do(func() error { return c.manager.Revoke(c.Context(), c.actor, t.ID) })
	}
	return nil
}
