package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// callers tell who sends a request. It is what adminapi and adminui ask the host for.
type callers struct {
	manager  *apitoken.Manager
	accounts *accounts
	sessions sessions
	token    func(*http.Request) (apitoken.Actor, error) // who holds the token that the request presents
}

var errDisabled = errors.New("the user is disabled")

// ofAPI is who sends a request to the administration in JSON: by name and password, by a token, or, where there is neither,
// by the session. What is presented and wrong is refused, also where somebody is signed in.
func (c callers) ofAPI(r *http.Request) (apitoken.Actor, error) {
	name, password, isBasic := r.BasicAuth()
	switch {
	case isBasic:
		return c.byPassword(r, name, password)
	case r.Header.Get("Authorization") != "":
		actor, err := c.token(r)
		note(r, string(actor.User))
		return actor, err
	}
	return c.ofPages(r)
}

func (c callers) byPassword(r *http.Request, name, password string) (apitoken.Actor, error) {
	_, err := c.accounts.check(r.Context(), name, password, "")
	if err == nil {
		err = c.enabled(r.Context(), name)
	}
	switch {
	case errors.Is(err, errPassword), errors.Is(err, errTries), errors.Is(err, errDisabled):
		return apitoken.Actor{}, nil // nobody: 401
	case err != nil:
		return apitoken.Actor{}, err
	}
	note(r, name)
	return apitoken.As(apitoken.UserID(name)), nil
}

// ofPages is who is signed in. The session of somebody who is disabled ends, and does not come back when he is enabled.
func (c callers) ofPages(r *http.Request) (apitoken.Actor, error) {
	name, err := c.sessions.name(r)
	if err != nil || name == "" {
		return apitoken.Actor{}, err
	}
	err = c.enabled(r.Context(), name)
	if errors.Is(err, errDisabled) {
		return apitoken.Actor{}, c.sessions.endAll(r.Context(), name)
	}
	if err != nil {
		return apitoken.Actor{}, err
	}
	note(r, name)
	return apitoken.As(apitoken.UserID(name)), nil
}

// enabled is errDisabled for an account whose user the library has disabled, or does not know.
func (c callers) enabled(ctx context.Context, name string) error {
	user, err := c.manager.User(ctx, apitoken.System(), apitoken.UserID(name))
	switch {
	case errors.Is(err, apitoken.ErrNotFound), err == nil && user.Disabled():
		return errDisabled
	case err != nil:
		return fmt.Errorf("is %s disabled: %w", name, err)
	}
	return nil
}
