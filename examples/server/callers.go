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

// callers tells the actor of a request. Options.Actor of adminapi and adminui need it.
type callers struct {
	manager  *apitoken.Manager
	accounts *accounts
	sessions sessions
	address  func(*http.Request) string                  // of the client
	token    func(*http.Request) (apitoken.Actor, error) // the holder of the token that the request presents
}

var errDisabled = errors.New("the user is disabled")

// ofAPI returns the actor of a request to the administration in JSON: by name and password, by a token, or, without either, by
// the session. A wrong password or token is refused even if there is a session.
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
		return apitoken.Actor{}, nil // the zero Actor: 401
	case err != nil:
		return apitoken.Actor{}, err
	}
	note(r, l.name)
	return apitoken.As(apitoken.UserID(l.name)), nil
}

// ofPages returns the user who is signed in.
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

// enabled returns the user of an account. It fails with errDisabled if the user is disabled or was not provisioned.
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

// login is the name that a request presented with a password, and the result of the check.
type login struct {
	name string
	err  error
}

type loginKey struct{}

// basicMaxWait is how long a request with a name and a password waits for its turn. Programs send such requests, and seldom
// retry.
const basicMaxWait = 5 * time.Second

// withLogin checks the name and the password of a request that presents them. It answers 429 if the request would have to wait
// for too long, because adminapi has no such answer.
func (c callers) withLogin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, password, isBasic := r.BasicAuth()
		if !isBasic {
			next.ServeHTTP(w, r)
			return
		}
		_, err := c.accounts.check(r.Context(), name, password, client{address: c.address(r), maxWait: basicMaxWait})
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
