package frameworks_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/examples/frameworks"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/storetest"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

var applications = map[string]func(*apitoken.Manager, frameworks.Hello) http.Handler{
	"net/http": frameworks.NetHTTP, "chi": frameworks.Chi, "gin": frameworks.Gin,
}

// answer is what a client sees.
type answer struct {
	Status    int
	Challenge string
	Type      string
	Body      string // or the code, of a problem
}

// send sends a request over a connection.
func send(t *testing.T, url, token string) answer {
	t.Helper()
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{res.StatusCode, res.Header.Get("WWW-Authenticate"), res.Header.Get("Content-Type"), string(body)}
	if a.Type == "application/problem+json" {
		var problem struct{ Code string }
		// Unmarshal refuses a body with more than the problem, such as the output of a handler that should not have run.
		if err := json.Unmarshal(body, &problem); err != nil {
			t.Errorf("the problem %q: %v", body, err)
		}
		a.Body = problem.Code
	}
	return a
}

// downStore is a store whose database is down.
var downStore = storetest.Faulty{Store: memstore.New(), Before: func(context.Context, string) error {
	return errors.New("connection refused")
}}

func TestEveryFrameworkServesOnlyAuthenticatedRequests(t *testing.T) {
	down, err := apitoken.New(downStore, nil)
	if err != nil {
		t.Fatal(err)
	}
	const text, problem = "text/plain; charset=utf-8", "application/problem+json"
	for name, application := range applications {
		t.Run(name, func(t *testing.T) {
			tt := tokentest.New(t)
			token, secret := tt.Generate(apitoken.GenerateParams{Owner: "ada"})
			var greeted []apitoken.UserID
			hello := func(u apitoken.User) string {
				greeted = append(greeted, u.ID)
				return "hello, " + string(u.ID)
			}
			server := httptest.NewServer(application(tt.Manager, hello))
			defer server.Close()
			downServer := httptest.NewServer(application(down, hello))
			defer downServer.Close()

			check := func(what, url, token string, want answer, wantGreeted ...apitoken.UserID) {
				t.Helper()
				greeted = nil
				if diff := cmp.Diff(want, send(t, url, token)); diff != "" {
					t.Errorf("%s: the answer differs (-want +got):\n%s", what, diff)
				}
				if diff := cmp.Diff(wantGreeted, greeted); diff != "" {
					t.Errorf("%s: users that reached the handler (-want +got):\n%s", what, diff)
				}
			}
			api := server.URL + "/api/hello"
			check("a token", api, secret, answer{200, "", text, "hello, ada"}, "ada")
			check("no token", api, "", answer{401, `Bearer realm="api"`, problem, "unauthenticated"})
			check("a wrong token", api, secret+"0", answer{401, `Bearer realm="api", error="invalid_token"`, problem, "invalid_token"})
			check("two tokens", api, secret+","+secret, answer{400, `Bearer realm="api", error="invalid_request"`, problem, "invalid_request"})
			check("the store is down", downServer.URL+"/api/hello", secret, answer{503, "", problem, "unavailable"})
			check("what needs no token", server.URL+"/health", "", answer{200, "", text, "healthy"})
			if err := tt.Manager.Revoke(context.Background(), apitoken.System(), token.ID); err != nil {
				t.Fatal(err)
			}
			check("a revoked token", api, secret, answer{401, `Bearer realm="api", error="invalid_token"`, problem, "invalid_token"})
		})
	}
}
