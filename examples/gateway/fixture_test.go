package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/examples/gateway"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

const (
	clientSecret = "the-secret-of-the-gateway-in-tests"
	oddUser      = "jürgen+1 %/@example.org"
)

// store is a store whose Lookup fails while down is set.
type store struct {
	storetest.Faulty
	down atomic.Bool
}

func newStore() *store {
	s := &store{}
	s.Faulty = storetest.Faulty{Store: memstore.New(), Before: func(_ context.Context, method string) error {
		if method == "Lookup" && s.down.Load() {
			return errors.New("connection refused")
		}
		return nil
	}}
	return s
}

// host is a host with an application behind some gateway.
type host struct {
	t           *testing.T
	store       *store
	clock       *clock
	manager     *apitoken.Manager
	names       atomic.Int64     // of its tokens
	server      *httptest.Server // the gateways ask it
	tls         *httptest.Server // the same, for those that require TLS
	application *httptest.Server
}

// clock shows the real time, which the gateways use, until it is stopped.
type clock struct{ stopped atomic.Pointer[time.Time] }

func (c *clock) Now() time.Time {
	if at := c.stopped.Load(); at != nil {
		return *at
	}
	return time.Now()
}

func (c *clock) stopAt(at time.Time) { c.stopped.Store(&at) }

// newHost starts one.
func newHost(t *testing.T, expiryCap time.Duration) *host {
	t.Helper()
	h := &host{t: t, store: newStore(), clock: new(clock)}
	var err error
	h.manager, err = apitoken.New(h.store, &apitoken.Options{Clock: h.clock})
	must(t, err)
	for _, user := range []apitoken.User{{ID: "bob", Name: "Bob"}, {ID: oddUser, Name: "Jürgen"}} {
		_, err = h.manager.PutUser(t.Context(), apitoken.System(), user)
		must(t, err)
	}
	clients, err := adminapi.FixedClients(map[string]string{"gateway": clientSecret})
	must(t, err)
	h.server = httptest.NewUnstartedServer(nil)
	handler, err := gateway.Host(h.manager, "http://"+address(h.server), &adminapi.IntrospectionOptions{Clients: clients, ExpiryCap: expiryCap})
	must(t, err)
	h.server.Config.Handler = handler
	h.server.Start()
	h.tls, h.application = httptest.NewTLSServer(handler), httptest.NewServer(gateway.Application())
	t.Cleanup(func() { h.server.Close(); h.tls.Close(); h.application.Close() })
	return h
}

// address is where a server listens, without the scheme.
func address(s *httptest.Server) string { return s.Listener.Addr().String() }

// generate returns a token of 90 days, for which a gateway might cache it.
func (h *host) generate(owner apitoken.UserID) (apitoken.Token, string) {
	h.t.Helper()
	return h.generateWith(owner, apitoken.Days(90))
}

// generateFor returns a token of Bob.
func (h *host) generateFor(lifetime time.Duration) (apitoken.Token, string) {
	h.t.Helper()
	return h.generateWith("bob", lifetime)
}

func (h *host) generateWith(owner apitoken.UserID, lifetime time.Duration) (apitoken.Token, string) {
	h.t.Helper()
	name := fmt.Sprint(h.names.Add(1))
	token, secret, err := h.manager.Generate(h.t.Context(), apitoken.System(), apitoken.GenerateParams{Owner: owner, Name: name, Lifetime: lifetime})
	must(h.t, err)
	return token, secret.Reveal()
}

// revoke presents the token at the endpoint of RFC 7009.
func (h *host) revoke(token string) {
	h.t.Helper()
	res, err := http.PostForm(h.server.URL+"/oauth2/revoke", url.Values{"token": {token}})
	must(h.t, err)
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		h.t.Fatalf("the revocation is answered %s", res.Status)
	}
}

// seen is what comes back through a gateway.
type seen struct {
	Status     int
	Challenge  []string
	RetryAfter string
	By         map[string][]string // what the application is told of the caller, if it is reached
}

// Headers in which a client claims to be the administrator. In variables, as with CGI, hyphens and underscores are the same.
var (
	spoofed          = []string{"X-Auth-User", "x-auth-user", "X-Auth-Token-Id", "X-Auth-Token-Kind", "Remote-User"}
	spelledOtherwise = []string{"X_Auth_User", "X-Auth_User", "X_Auth-User", "x_auth_token_kind", "REMOTE_USER", "X.Auth.User", "x.auth-token.kind", "Remote.User"}
)

// send sends a request through a gateway. Every request claims to come from the administrator.
func send(t *testing.T, addr, token string, more ...string) seen {
	t.Helper()
	r, err := http.NewRequest("GET", "http://"+addr+"/hello?x=1", nil)
	must(t, err)
	for _, name := range spoofed {
		r.Header[name] = []string{"admin"}
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(more); i += 2 {
		r.Header[more[i]] = []string{more[i+1]}
	}
	res, err := http.DefaultClient.Do(r)
	must(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	must(t, err)
	s := seen{Status: res.StatusCode, Challenge: res.Header["Www-Authenticate"], RetryAfter: res.Header.Get("Retry-After")}
	if s.Status == http.StatusOK {
		if err := json.Unmarshal(body, &s.By); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
	}
	if strings.Contains(string(body), "admin") {
		t.Errorf("the claim of the client comes back: %s", body)
	}
	return s
}

// told returns the headers of a gateway that passes on everything about a token.
func told(token apitoken.Token, user string) map[string][]string {
	return map[string][]string{"X-Auth-User": {user}, "X-Auth-Token-Id": {token.ID.String()}, "X-Auth-Token-Kind": {"user"}}
}

// want compares the answer.
func want(t *testing.T, what string, want, got seen) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: what comes back differs (-want +got):\n%s", what, diff)
	}
}
