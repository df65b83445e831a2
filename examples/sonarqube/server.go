package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alexedwards/scs/v2"
	"golang.org/x/crypto/bcrypt"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
)

// server is the Web API as a handler.
type server struct {
	manager      *apitoken.Manager
	authenticate func(*http.Request) (apitoken.Identity, *httpauth.Refusal)
	sessions     *scs.SessionManager
	protection   *http.CrossOriginProtection // because another site can make a browser send the cookie of a session
	log          *slog.Logger
	zone         *time.Location // of the dates in answers
	cost         int            // of a password hash

	db       *sql.DB
	changing sync.Mutex // held by change
	state    atomic.Pointer[state]
}

func newServer(ctx context.Context, m *apitoken.Manager, db *sql.DB, log *slog.Logger) (*server, error) {
	s := &server{
		manager: m, db: db, log: log, zone: time.Local, cost: bcrypt.DefaultCost,
		authenticate: httpauth.Authenticator(m, &httpauth.Options{Basic: true}),
		sessions:     scs.New(), // in memory, so they end with the server
		protection:   http.NewCrossOriginProtection(),
	}
	s.sessions.Lifetime, s.sessions.Cookie.Name, s.sessions.Cookie.Persist = 12*time.Hour, "JWT-SESSION", false
	return s, s.load(ctx)
}

func (s *server) handler() http.Handler { return s.sessions.LoadAndSave(http.HandlerFunc(s.answer)) }

// answer writes the result of the action: JSON, plain text, or nothing.
func (s *server) answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	c := &call{server: s, Request: r, w: w}
	body := c.act()
	if c.err != nil {
		c.fail()
		return
	}
	switch body := body.(type) {
	case nil:
		w.WriteHeader(http.StatusNoContent)
	case string:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(body)) // it fails only if the client is gone
	default:
		writeJSON(w, http.StatusOK, body)
	}
}

// act authenticates the request before it reads the parameters, so their errors tell an outsider nothing.
func (c *call) act() any {
	action, ok := actions[strings.Trim(c.URL.Path, "/")]
	c.refuseIf(!ok, refuse(http.StatusNotFound, "Unknown url : %s", c.URL.Path))
	if ok && c.Method != action.method && (c.Method != http.MethodHead || action.method != http.MethodGet) {
		c.w.Header().Set("Allow", action.method)
		c.keep(refuse(http.StatusMethodNotAllowed, "HTTP method %s is required", action.method))
	}
	c.refuseIf(c.protection.Check(c.Request) != nil, errForbidden)
	if action.needs != 0 && c.err == nil {
		c.identify()
		c.refuseIf(!c.may.Has(action.needs), errForbidden)
	}
	c.parse(action.takes)
	if c.err != nil {
		return nil
	}
	return action.do(c)
}

// refusal is an unsuccessful answer. With 401 the body is empty.
type refusal struct {
	status int
	msg    string
}

func (f *refusal) Error() string { return f.msg }

var (
	errUnauthorized = &refusal{status: http.StatusUnauthorized}
	errForbidden    = &refusal{http.StatusForbidden, "Insufficient privileges"}
)

func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// fail answers an error. A failure of the store is 503, never 401, or a client would discard a valid token.
func (c *call) fail() {
	var refused *refusal
	var invalid *apitoken.InvalidError
	switch {
	case errors.As(c.err, &refused):
	case errors.Is(c.err, apitoken.ErrDenied):
		refused = errForbidden
	case errors.As(c.err, &invalid):
		refused = &refusal{http.StatusBadRequest, invalid.Field + ": " + invalid.Problem}
	default:
		c.log.Error("failure", "method", c.Method, "path", c.URL.Path, "error", c.err)
		c.w.Header().Set("Retry-After", "5")
		refused = &refusal{http.StatusServiceUnavailable, "This is not available at the moment. Please try again."}
	}
	if refused == errUnauthorized {
		c.w.Header().Set("WWW-Authenticate", `Bearer realm="sonarqube"`)
		c.w.WriteHeader(refused.status)
		return
	}
	writeJSON(c.w, refused.status, map[string]any{"errors": []any{map[string]string{"msg": refused.msg}}})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
