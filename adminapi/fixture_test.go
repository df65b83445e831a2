package adminapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

var ctx = context.Background()

// site is a host with an administrator, Ada, and two users, Bob and Carol. The header Test-User names the caller.
type site struct {
	*tokentest.Kit
	t       *testing.T
	handler http.Handler
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newSite(t *testing.T) site {
	t.Helper()
	return newSiteWith(t, apitoken.Options{})
}

func newSiteWith(t *testing.T, opts apitoken.Options) site {
	t.Helper()
	tt := tokentest.NewWith(t, opts)
	tt.User("ada", apitoken.RoleAdmin)
	tt.User("bob", apitoken.RoleUser)
	tt.User("carol", apitoken.RoleUser)
	return site{tt, t, newHandler(t, tt.Manager)}
}

func newHandler(t testing.TB, m *apitoken.Manager) http.Handler {
	t.Helper()
	return newHandlerWith(t, m, adminapi.Options{Actor: signedIn})
}

// newHandlerWith makes a handler that fails the test if it gives a kind of answer that no exchange in testdata shows.
func newHandlerWith(t testing.TB, m *apitoken.Manager, opts adminapi.Options) http.Handler {
	t.Helper()
	h, err := adminapi.New(m, &opts)
	must(t, err)
	if test, ok := t.(*testing.T); ok {
		return onRecord(test, h)
	}
	return h
}

// signedIn returns the user in the header Test-User. The robot has a token of a kind that the host does not accept here.
func signedIn(r *http.Request) (apitoken.Actor, error) {
	switch user := r.Header.Get("Test-User"); user {
	case "":
		return apitoken.Actor{}, nil
	case "robot":
		return apitoken.Actor{}, apitoken.ErrDenied
	default:
		return apitoken.As(apitoken.UserID(user)), nil
	}
}

const noToken = "01890a5d-ac96-774b-bcce-b302099a8057" // no token has this id

var tooLongID = strings.Repeat("x", 256)

// validBodies are bodies that routes accept, by route.
var validBodies = map[string]string{
	"PUT /users/{id}":              `{"name": "Bob"}`,
	"POST /users/{id}/tokens":      `{"name": "x"}`,
	"PUT /policy":                  `{"no_maximum": true}`,
	"POST /policy/plan":            `{"no_maximum": true}`,
	"POST /revocations":            `{"at_most": 1000}`,
	"PATCH /tokens/{id}":           `{"name": "x"}`,
	"POST /tokens/{id}/successors": `{}`,
	"POST /tokens/{id}/narrow":     `{"permissions": ["GenerateOwn"]}`,
	"POST /users/{id}/offers":      `{"name": "x"}`,
}

// request is a valid request to a route, about Bob or about a token that does not exist.
type request struct {
	adminapi.Route
	path, body string
}

func (r request) String() string { return r.Method + " " + r.Route.Path }

// anybody reports whether the route asks for no actor.
func (r request) anybody() bool { return r.Who == "anybody" }

// asksManager reports whether the Manager decides about the caller.
func (r request) asksManager() bool { return !r.anybody() && r.Who != "anyone signed in" }

// requests returns one request for each route.
func requests() []request {
	var all []request
	for _, route := range adminapi.Routes() {
		id := "bob"
		if strings.HasPrefix(route.Path, "/tokens/") || strings.HasPrefix(route.Path, "/offers/") {
			id = noToken
		}
		all = append(all, request{route, strings.Replace(route.Path, "{id}", id, 1), validBodies[route.Method+" "+route.Path]})
	}
	return all
}

// call sends a request as a user. A body is sent as JSON. More headers are pairs of name and value.
func (s site) call(user, method, target, body string, more ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	return call(s.handler, user, method, target, body, more...)
}

// newRequest makes a request with a JSON body, if any.
func newRequest(method, target, body string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// serve sends a request as a user.
func (s site) serve(user string, r *http.Request) *httptest.ResponseRecorder {
	r.Header.Set("Test-User", user)
	return respond(s.handler, r)
}

func respond(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func call(h http.Handler, user, method, target, body string, more ...string) *httptest.ResponseRecorder {
	r := newRequest(method, target, body)
	r.Header.Set("Test-User", user)
	for i := 0; i < len(more); i += 2 {
		r.Header.Set(more[i], more[i+1])
	}
	return respond(h, r)
}

// wantStatus checks the status and what every answer has in common.
func wantStatus(t *testing.T, want int, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code != want {
		t.Fatalf("the status is %d, want %d: %s", w.Code, want, w.Body)
	}
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %q", got)
	}
	wantType := map[bool]string{true: "application/json", false: "application/problem+json"}[want < 300]
	if want == http.StatusNoContent {
		wantType = ""
	}
	if got := w.Header().Get("Content-Type"); got != wantType {
		t.Errorf("Content-Type is %q, want %q", got, wantType)
	}
}

type problem struct {
	Type, Title  string
	Status       int
	Code, Detail string
	Field        string
	TokenID      string `json:"token_id"`
}

// wantProblem checks the status and the code, and returns the problem.
func wantProblem(t *testing.T, status int, code string, w *httptest.ResponseRecorder) problem {
	t.Helper()
	wantStatus(t, status, w)
	p := decode[problem](t, w)
	if p.Code != code {
		t.Errorf("the code is %q, want %q: %s", p.Code, code, w.Body)
	}
	if p.Type != "about:blank" || p.Title != http.StatusText(status) || p.Status != status || p.Detail == "" {
		t.Errorf("the problem is incomplete: %s", w.Body)
	}
	return p
}

func decode[T any](t *testing.T, w *httptest.ResponseRecorder) (value T) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &value); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return value
}

// denials counts the events of denials.
func (s site) denials() (n int) {
	s.t.Helper()
	for e, err := range s.Manager.Events(ctx, apitoken.System(), apitoken.EventQuery{}) {
		must(s.t, err)
		if e.Outcome == apitoken.OutcomeDenied {
			n++
		}
	}
	return n
}
