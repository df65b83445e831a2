package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/bcrypt"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

const (
	admins = "admin:secret of admin"
	bobs   = "bob:secret of bob"
	carols = "carol:secret of carol"
)

// start is the time at which every test begins.
var start = time.Date(2026, time.January, 10, 14, 6, 5, 0, time.UTC)

// host is the server under test, over HTTP, with the administrator admin and the users bob and carol.
type host struct {
	*server
	t     *testing.T
	clock *clock.Mock
	store *store
	url   string
	logs  *lines
}

// store is a store with calls that a test changes.
type store struct {
	storetest.Faulty
	created error  // if not nil, the answer to CreateToken, although the token was created
	down    error  // if not nil, the answer to Lookup
	during  func() // is called after a token was created
	revoke  func() // is called before a token is revoked
}

func newStore(sound apitoken.Store) *store {
	s := &store{}
	s.Faulty = storetest.Faulty{
		Store: sound,
		Before: func(_ context.Context, method string) error {
			switch {
			case method == "Lookup":
				return s.down
			case method == "RevokeToken" && s.revoke != nil:
				s.revoke()
			}
			return nil
		},
		After: func(_ context.Context, method string) error {
			if method != "CreateToken" {
				return nil
			}
			if s.during != nil {
				s.during()
			}
			return s.created
		},
	}
	return s
}

type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{t: t, clock: clock.NewMock(), logs: new(lines)}
	h.clock.Set(start)
	db, err := openDatabase(filepath.Join(t.TempDir(), "test.db"))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	sql, err := sqlstore.New(db, sqlstore.SQLite, nil)
	must(t, err)
	t.Cleanup(func() { must(t, sql.Close()) })
	must(t, sql.Migrate(t.Context()))
	h.store = newStore(sql)
	rules := options
	rules.Clock = h.clock
	rules.Roles = maps.Clone(options.Roles)
	rules.Roles["reader"] = signedIn // without the permission to scan
	m, err := apitoken.New(h.store, &rules)
	must(t, err)
	t.Cleanup(func() { must(t, m.Close(context.Background())) })
	h.server, err = newServer(t.Context(), m, db, slog.New(slog.NewTextHandler(h.logs, nil)))
	must(t, err)
	h.zone, h.cost = time.UTC, bcrypt.MinCost
	must(t, h.firstStart(t.Context(), "secret of admin", io.Discard))
	server := httptest.NewServer(h.handler())
	t.Cleanup(server.Close)
	h.url = server.URL
	h.want(200, `{"user":{"login":"bob","name":"Bob","email":"bob@example.org","active":true,"local":true}}`,
		admins, "POST", "api/users/create", "login", "bob", "name", "Bob", "password", "secret of bob", "email", "bob@example.org")
	h.want(200, `{"user":{"login":"carol","name":"Carol","active":true,"local":true}}`,
		admins, "POST", "api/users/create", "login", "carol", "name", "Carol", "password", "secret of carol")
	t.Cleanup(func() {
		if tokens := secrets.FindAllString(h.logs.String(), -1); len(tokens) > 0 {
			t.Errorf("the log has tokens: %q", tokens)
		}
	})
	return h
}

var secrets = regexp.MustCompile(`tok_[0-9A-Za-z]{49}`)

// send sends a request. by is empty, user:password, token: for Basic, a token for Bearer, or a cookie. The parameters go into a
// form, or with GET into the query.
func (h *host) send(by, method, path string, params ...string) (*http.Response, string) {
	h.t.Helper()
	form := url.Values{}
	for i := 0; i < len(params); i += 2 {
		form.Add(params[i], params[i+1])
	}
	return h.sendForm(by, method, path, form.Encode())
}

// sendForm is send with encoded parameters.
func (h *host) sendForm(by, method, path, form string) (*http.Response, string) {
	h.t.Helper()
	target, body := h.url+"/"+path, ""
	if method == "POST" {
		body = form
	} else if form != "" {
		target += "?" + form
	}
	r, err := http.NewRequestWithContext(h.t.Context(), method, target, strings.NewReader(body))
	must(h.t, err)
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	authorize(r, by)
	return h.do(r)
}

func authorize(r *http.Request, by string) {
	switch user, password, isBasic := strings.Cut(by, ":"); {
	case by == "":
	case isBasic:
		r.SetBasicAuth(user, password)
	case strings.HasPrefix(by, "JWT-SESSION="):
		r.Header.Set("Cookie", by)
	default:
		r.Header.Set("Authorization", "Bearer "+by)
	}
}

func (h *host) do(r *http.Request) (*http.Response, string) {
	h.t.Helper()
	res, err := http.DefaultClient.Do(r)
	must(h.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	must(h.t, err)
	return res, strings.TrimSuffix(string(text), "\n")
}

// want sends a request and compares the answer: JSON, the message of an error after "!", or the text itself. SECRET stands for a
// token in the answer, which want returns.
func (h *host) want(status int, want, by, method, path string, params ...string) (secret string) {
	h.t.Helper()
	res, got := h.send(by, method, path, params...)
	secret = secrets.FindString(got)
	if msg, isError := strings.CutPrefix(want, "!"); isError {
		text, err := json.Marshal(map[string]any{"errors": []any{map[string]any{"msg": msg}}})
		must(h.t, err)
		want = string(text)
	}
	if res.StatusCode != status {
		h.t.Fatalf("%s %s %q is answered %s, want %d: %s", method, path, params, res.Status, status, got)
	}
	if diff := cmp.Diff(parsed(want), parsed(secrets.ReplaceAllString(got, "SECRET"))); diff != "" {
		h.t.Errorf("%s %s %q (-want +got):\n%s", method, path, params, diff)
	}
	return secret
}

// parsed decodes JSON. It returns any other text unchanged.
func parsed(text string) any {
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return text
	}
	return value
}

// generate generates a token and returns its text.
func (h *host) generate(by, name string, params ...string) string {
	h.t.Helper()
	res, body := h.send(by, "POST", "api/user_tokens/generate", append([]string{"name", name}, params...)...)
	if res.StatusCode != 200 {
		h.t.Fatalf("generate %q %q: %s: %s", name, params, res.Status, body)
	}
	return secrets.FindString(body)
}

// valid returns the answer of api/authentication/validate.
func (h *host) valid(by string) bool {
	h.t.Helper()
	_, body := h.send(by, "GET", "api/authentication/validate")
	return body == `{"valid":true}`
}

// names returns the names of a user's tokens, as the administrator sees them.
func (h *host) names(login string) (names []string) {
	h.t.Helper()
	for _, token := range h.tokens(login) {
		names = append(names, token["name"].(string))
	}
	return names
}

func (h *host) tokens(login string) []map[string]any {
	h.t.Helper()
	_, body := h.send(admins, "GET", "api/user_tokens/search", "login", login)
	var found struct{ UserTokens []map[string]any }
	if err := json.Unmarshal([]byte(body), &found); err != nil {
		h.t.Fatalf("%v: %s", err, body)
	}
	return found.UserTokens
}

func (h *host) setMax(value string) {
	h.t.Helper()
	h.want(204, "", admins, "POST", "api/settings/set", "key", maxLifetime, "value", value)
}

func (h *host) makeProject(key string) {
	h.t.Helper()
	h.want(200, `{"project":{"key":"`+key+`","name":"The `+key+`","qualifier":"TRK","visibility":"private"}}`,
		admins, "POST", "api/projects/create", "project", key, "name", "The "+key)
}

// putUser gives a user a role.
func (h *host) putUser(login apitoken.UserID, role apitoken.Role) {
	h.t.Helper()
	_, err := h.manager.PutUser(h.t.Context(), apitoken.System(), apitoken.User{ID: login, Name: string(login), Role: role})
	must(h.t, err)
}

// must ends the test if there is an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
