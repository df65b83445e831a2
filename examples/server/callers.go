package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// callers tell who sends a request. It is what adminapi and adminui ask the host for.
type callers struct {
	manager  *apitoken.Manager
	accounts *accounts
	sessions sessions
	address  func(*http.Request) string                  // from which a request comes
	token    func(*http.Request) (apitoken.Actor, error) // who holds the token that the request presents
}

var errDisabled = errors.New("the user is disabled")

// ofAPI is who sends a request to the administration in JSON: by name and password, by a token, or, where there is neither,
// by the session. What is presented and wrong is refused, also where somebody is signed in.
func (c callers) ofAPI(r *http.Request) (apitoken.Actor, error) {
	if l, ok := r.Context().Value(loginKey{}).(login); ok {
		return c.byPassword(r, l)
	}
	if r.Header.Get("Authorization") != "" {
		actor, err := c.token(r)
		note(r, string(actor.User))
		return actor, err
	}
	return c.ofPages(r)
}

func (c callers) byPassword(r *http.Request, l login) (apitoken.Actor, error) {
	err := l.err
	if err == nil {
		_, err = c.enabled(r.Context(), l.name)
	}
	switch {
	case errors.Is(err, errPassword), errors.Is(err, errDisabled):
		return apitoken.Actor{}, nil // nobody: 401
	case err != nil:
		return apitoken.Actor{}, err
	}
	note(r, l.name)
	return apitoken.As(apitoken.UserID(l.name)), nil
}

// ofPages is who is signed in.
func (c callers) ofPages(r *http.Request) (apitoken.Actor, error) {
	name, epoch, err := c.sessions.user(r)
	if err != nil || name == "" {
		return apitoken.Actor{}, err
	}
	user, err := c.enabled(r.Context(), name)
	if err == nil && user.Epoch != epoch {
		err = errDisabled
	}
	if errors.Is(err, errDisabled) {
		return apitoken.Actor{}, c.sessions.end(r)
	}
	if err != nil {
		return apitoken.Actor{}, err
	}
	note(r, name)
	return apitoken.As(user.ID), nil
}

// enabled is the user of an account, or errDisabled if the library has disabled them or does not know them.
func (c callers) enabled(ctx context.Context, name string) (apitoken.User, error) {
	user, err := c.manager.User(ctx, apitoken.System(), apitoken.UserID(name))
	switch {
	case errors.Is(err, apitoken.ErrNotFound), err == nil && user.Disabled():
		return user, errDisabled
	case err != nil:
		return user, fmt.Errorf("is %s disabled: %w", name, err)
	}
	return user, nil
}

// login is a name and a password that a request has shown, and what came of it.
type login struct {
	name string
	err  error
}

type loginKey struct{}

// basicPatience is how long a request with a name and a password waits for its turn. Programs send them, and seldom again.
const basicPatience = 5 * time.Second

// withLogin checks the name and the password of a request that shows them. One that would have to wait for too long is
// answered 429, which adminapi has no answer for.
func (c callers) withLogin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, password, isBasic := r.BasicAuth()
		if !isBasic {
			next.ServeHTTP(w, r)
			return
		}
		_, err := c.accounts.check(r.Context(), name, password, client{address: c.address(r), patience: basicPatience})
		var tooMany *tooManyError
		if errors.As(err, &tooMany) {
			w.Header().Set("Retry-After", tooMany.retryAfter())
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, `{"type":"about:blank","title":"Too Many Requests","status":429,"detail":"too many wrong passwords under this name"}`+"\n")
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), loginKey{}, login{name, err})))
	})
}
