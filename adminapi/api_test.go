package adminapi_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

func TestNewRefusesMissingOptions(t *testing.T) {
	m := tokentest.New(t).Manager
	for name, err := range map[string]error{
		"no manager": second(adminapi.New(nil, &adminapi.Options{Actor: signedIn})),
		"no options": second(adminapi.New(m, nil)),
		"no actor":   second(adminapi.New(m, &adminapi.Options{})),

		"documentation that runs a script":             second(adminapi.New(m, &adminapi.Options{Actor: signedIn, Documentation: "javascript:alert(1)"})),
		"documentation with a host that runs a script": second(adminapi.New(m, &adminapi.Options{Actor: signedIn, Documentation: "javascript://x/%0aalert(1)"})),
		"documentation without a host":                 second(adminapi.New(m, &adminapi.Options{Actor: signedIn, Documentation: "https:/docs"})),
		"documentation that is no URL":                 second(adminapi.New(m, &adminapi.Options{Actor: signedIn, Documentation: "/docs\n"})),
	} {
		if !errors.Is(err, apitoken.ErrInvalid) {
			t.Errorf("%s: the error is %v, want ErrInvalid", name, err)
		}
	}
}

func second(_ http.Handler, err error) error { return err }

// Every path with every method: a method without a route answers 405, and Allow lists those with one.
func TestOtherMethodsAreRefusedWithAllow(t *testing.T) {
	known := map[string]map[string]string{} // the bodies, by path and method
	for _, r := range requests() {
		if known[r.path] == nil {
			known[r.path] = map[string]string{}
		}
		known[r.path][r.Method] = r.body
		if r.Method == "GET" {
			known[r.path]["HEAD"] = ""
		}
	}
	for path, methods := range known {
		s := newSite(t)
		token, _ := s.Generate(apitoken.GenerateParams{Owner: "bob"})
		path, user := strings.Replace(path, noToken, token.ID.String(), 1), "ada"
		if strings.HasPrefix(path, "/offers/") {
			p, err := s.Manager.Offer(ctx, apitoken.System(), apitoken.OfferParams{GenerateParams: apitoken.GenerateParams{Owner: "bob", Name: "offered"}})
			must(t, err)
			path, user = strings.Replace(path, token.ID.String(), p.ID.String(), 1), "bob"
		}
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "get", "put"} {
			t.Run(method+" "+path, func(t *testing.T) {
				body, known := methods[method]
				w := s.call(user, method, path, body)
				if known {
					if w.Code >= 300 {
						t.Errorf("the status is %d, want a success: %s", w.Code, w.Body)
					}
					return
				}
				wantProblem(t, http.StatusMethodNotAllowed, "method_not_allowed", w)
				allowed := strings.Split(w.Header().Get("Allow"), ", ")
				for _, a := range allowed {
					if _, ok := methods[a]; !ok {
						t.Errorf("Allow lists %s, which the path does not have", a)
					}
				}
				if len(allowed) != len(methods) {
					t.Errorf("Allow is %q, want %d methods", allowed, len(methods))
				}
			})
		}
	}
}

func TestTheEmptyPathIsNotFound(t *testing.T) {
	r := newRequest("GET", "/admin", "")
	r.Header.Set("Test-User", "ada")
	wantProblem(t, http.StatusNotFound, "not_found", respond(http.StripPrefix("/admin", newSite(t).handler), r))
}

func TestLocationLeadsToTheTokenUnderAnyPrefix(t *testing.T) {
	s := newSite(t)
	mux := http.NewServeMux()
	mux.Handle("/admin/api/", http.StripPrefix("/admin/api", s.handler))
	server := httptest.NewServer(mux)
	defer server.Close()

	do := func(method, address, body string) *http.Response {
		t.Helper()
		req, err := http.NewRequest(method, address, strings.NewReader(body))
		must(t, err)
		req.Header.Set("Test-User", "ada")
		req.Header.Set("Content-Type", "application/json")
		res, err := server.Client().Do(req)
		must(t, err)
		res.Body.Close()
		return res
	}
	res := do("POST", server.URL+"/admin/api/users/bob/tokens", `{"name": "x"}`)
	if res.StatusCode != http.StatusCreated {
		t.Fatalf("the status is %d, want 201", res.StatusCode)
	}
	location, err := res.Location() // resolved against the address of the request
	must(t, err)
	if !strings.HasPrefix(location.Path, "/admin/api/tokens/") {
		t.Errorf("the location is %s, want it under the prefix", location)
	}
	if res := do("GET", location.String(), ""); res.StatusCode != http.StatusOK {
		t.Errorf("GET %s answers %d, want 200", location, res.StatusCode)
	}
}

func TestEachResultOfOptionsActorHasItsStatus(t *testing.T) {
	m := tokentest.New(t).Manager
	none := errors.New("no session")
	tests := []struct {
		name   string
		actor  apitoken.Actor
		err    error
		status int
		code   string
	}{
		{"the zero actor", apitoken.Actor{}, nil, 401, "unauthenticated"},
		{"a refused token", apitoken.Actor{}, apitoken.ErrExpired, 401, "unauthenticated"},
		{"a disabled user", apitoken.Actor{}, fmt.Errorf("session: %w", apitoken.ErrUserDisabled), 401, "unauthenticated"},
		{"an actor and an error", apitoken.System(), apitoken.ErrUnauthenticated, 401, "unauthenticated"},
		{"the sessions fail", apitoken.Actor{}, none, 503, "unavailable"},
		{"an actor and a failure", apitoken.System(), none, 503, "unavailable"},
		{"a failure that is also a refusal", apitoken.Actor{}, errors.Join(apitoken.ErrUnauthenticated, apitoken.ErrUnavailable), 503, "unavailable"},
		{"a failure that is also a denial", apitoken.System(), errors.Join(apitoken.ErrDenied, apitoken.ErrUnavailable), 503, "unavailable"},
		{"a token that may not be used here", apitoken.System(), fmt.Errorf("kind: %w", apitoken.ErrDenied), 403, "denied"},
		{"an unknown user", apitoken.As("mallory"), nil, 403, "denied"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var reported error
			h := newHandlerWith(t, m, adminapi.Options{
				Actor:   func(*http.Request) (apitoken.Actor, error) { return test.actor, test.err },
				OnError: func(_ *http.Request, err error) { reported = err },
			})
			for _, r := range requests() {
				w := call(h, "", r.Method, r.path, r.body)
				if r.anybody() || test.actor == apitoken.As("mallory") && !r.asksManager() {
					wantStatus(t, http.StatusOK, w)
					continue
				}
				wantProblem(t, test.status, test.code, w)
				challenge := map[bool]string{true: "Bearer"}[test.status == 401]
				if got := w.Header().Get("WWW-Authenticate"); got != challenge {
					t.Errorf("WWW-Authenticate is %q, want %q", got, challenge)
				}
				if retry := w.Header().Get("Retry-After"); (retry != "") != (test.status == 503) {
					t.Errorf("Retry-After is %q, want it with 503 only", retry)
				}
			}
			if (reported != nil) != (test.status == 503) || reported != nil && !errors.Is(reported, test.err) {
				t.Errorf("OnError got %v, want the error of Options.Actor with 503 only", reported)
			}
		})
	}
}

func TestTheHostChoosesTheChallenge(t *testing.T) {
	h, err := adminapi.New(tokentest.New(t).Manager, &adminapi.Options{Actor: signedIn, Challenge: `Basic realm="site"`})
	must(t, err)
	w := call(h, "", "GET", "/tokens", "")
	wantProblem(t, 401, "unauthenticated", w)
	if got := w.Header().Get("WWW-Authenticate"); got != `Basic realm="site"` {
		t.Errorf("WWW-Authenticate is %q", got)
	}
}

func TestUnknownQueryParametersAreRefusedOnEveryRoute(t *testing.T) {
	s := newSite(t)
	for _, r := range requests() {
		for query, field := range map[string]string{
			"?x=1":                  "x",
			"?access_token=tok_abc": "access_token",
			"?Limit=1":              "Limit",
			"?=1":                   "",
			"?a;b":                  "",
			"?x=%zz":                "",
		} {
			t.Run(r.String()+query, func(t *testing.T) {
				p := wantProblem(t, 400, "malformed", s.call("ada", r.Method, r.path+query, r.body))
				if p.Field != field {
					t.Errorf("the field is %q, want %q", p.Field, field)
				}
				if strings.Contains(p.Detail, "tok_abc") {
					t.Errorf("the detail repeats the value: %s", p.Detail)
				}
			})
		}
	}
	all := map[string]bool{}
	for _, r := range requests() {
		for _, name := range r.Params {
			all[name] = true
		}
	}
	for _, r := range requests() {
		for name := range all {
			if slices.Contains(r.Params, name) {
				continue
			}
			p := wantProblem(t, 400, "malformed", s.call("ada", r.Method, r.path+"?"+name+"=x", r.body))
			if p.Field != name {
				t.Errorf("%s?%s=x: the field is %q, want %q", r, name, p.Field, name)
			}
		}
	}
	if policy, err := s.Manager.Policy(ctx); err != nil || policy.Revision != 0 {
		t.Errorf("a refused request changed the policy: %+v, %v", policy, err)
	}
}

func TestEveryParameterIsGivenOnceAndNotEmpty(t *testing.T) {
	s := newSite(t)
	for _, r := range requests() {
		for _, name := range r.Params {
			for _, query := range []string{name + "=", name, name + "=x&" + name + "=x"} {
				p := wantProblem(t, 400, "malformed", s.call("ada", r.Method, r.path+"?"+query, r.body))
				if p.Field != name {
					t.Errorf("%s?%s: the field is %q, want %q", r, query, p.Field, name)
				}
			}
		}
	}
}

// Over a connection, because net/http leaves out the body there.
func TestHeadAnswersLikeGetWithoutABody(t *testing.T) {
	s := newSite(t)
	token, _ := s.Generate(apitoken.GenerateParams{Owner: "bob"})
	server := httptest.NewServer(s.handler)
	defer server.Close()
	send := func(method, path string) (*http.Response, []byte) {
		t.Helper()
		req, err := http.NewRequest(method, server.URL+path, nil)
		must(t, err)
		req.Header.Set("Test-User", "ada")
		res, err := server.Client().Do(req)
		must(t, err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		must(t, err)
		res.Header.Del("Date")
		res.Header.Del("Content-Length") // absent if the answer is long
		return res, body
	}
	for _, r := range requests() {
		if r.Method != "GET" {
			continue
		}
		path := strings.Replace(r.path, noToken, token.ID.String(), 1)
		get, _ := send("GET", path)
		head, body := send("HEAD", path)
		if head.StatusCode != http.StatusOK || len(body) != 0 {
			t.Errorf("HEAD %s answers %d with the body %q, want 200 without one", path, head.StatusCode, body)
		}
		if diff := cmp.Diff(get.Header, head.Header); diff != "" {
			t.Errorf("the header of HEAD %s differs from that of GET (-get +head):\n%s", path, diff)
		}
	}
}
