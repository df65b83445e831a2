package adminapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// scene is what an exchange takes place in: Ada is an administrator, Bob and Carol are users.
type scene struct {
	t       *testing.T
	store   *faultyStore
	clock   *clock.Mock
	manager *apitoken.Manager
	handler http.Handler
	tokens  map[string]apitoken.Token // by name, for {name} in the path or in the query
}

func newScene(t *testing.T, opts apitoken.Options) *scene {
	t.Helper()
	s := &scene{t: t, store: &faultyStore{Store: memstore.New()}, clock: clock.NewMock(), tokens: map[string]apitoken.Token{}}
	s.clock.Set(time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC))
	opts.Clock = s.clock
	var err error
	s.manager, err = apitoken.New(s.store, &opts)
	s.must(err)
	s.user("ada", "Ada", apitoken.RoleAdmin)
	s.user("bob", "Bob", apitoken.RoleUser)
	s.user("carol", "", apitoken.RoleUser)
	s.handler, err = adminapi.New(s.manager, &adminapi.Options{Actor: signedIn})
	s.must(err)
	return s
}

func (s *scene) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) user(id apitoken.UserID, name string, role apitoken.Role) {
	s.t.Helper()
	_, err := s.manager.PutUser(ctx, apitoken.System(), apitoken.User{ID: id, Name: name, Role: role})
	s.must(err)
}

func (s *scene) disable(id apitoken.UserID) {
	s.t.Helper()
	s.must(s.manager.DisableUser(ctx, apitoken.As("ada"), id))
}

func (s *scene) token(owner apitoken.UserID, name string, lifetime time.Duration) string {
	s.t.Helper()
	token, secret, err := s.manager.Generate(ctx, apitoken.As("ada"), apitoken.GenerateParams{Owner: owner, Name: name, Lifetime: lifetime})
	s.must(err)
	s.tokens[name] = token
	return secret.Reveal()
}

func (s *scene) policy(maximum time.Duration) {
	s.t.Helper()
	_, err := s.manager.SetPolicy(ctx, apitoken.As("ada"), apitoken.MaxLifetimePolicy{Max: maximum})
	s.must(err)
}

func (s *scene) use(secret string) {
	s.t.Helper()
	_, err := s.manager.Authenticate(ctx, secret)
	s.must(err)
	s.must(s.manager.Flush(ctx))
}

// send sends the request of an exchange and writes the exchange.
func (s *scene) send(x exchange) string {
	s.t.Helper()
	target := x.target
	for name, token := range s.tokens {
		target = strings.ReplaceAll(target, "{"+name+"}", token.ID.String())
	}
	r := httptest.NewRequest(x.method, target, strings.NewReader(x.body))
	r.Host = "api.example.com"
	if x.user != "" {
		r.Header.Set("Test-User", x.user)
	}
	if x.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, pair := range x.header {
		r.Header.Set(pair[0], pair[1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if x.method == http.MethodGet && x.target == "/openapi.json" && w.Code == http.StatusOK {
		if diff := cmp.Diff(adminapi.OpenAPI, w.Body.Bytes()); diff != "" {
			s.t.Errorf("the document differs (-want +got):\n%s", diff)
		}
		w.Body.Reset() // the document would be here a second time
		w.Body.WriteString(`{"openapi":"3.1.1","info":{"title":"This stands for the document.","version":"1"},"paths":{}}` + "\n")
	}
	return withStandIns(exchangeText(r, x.body, w))
}

// exchange is a request in a scene, with what is wanted of the answer besides what the file says.
type exchange struct {
	name   string
	opts   apitoken.Options
	given  func(*scene) // nil: nothing more
	user   string
	method string
	target string
	body   string
	header [][2]string
	status int
	code   string
}

func ifMatch(tag string) [][2]string { return [][2]string{{"If-Match", tag}} }

func key(k string) [][2]string { return [][2]string{{"Idempotency-Key", k}} }

func failing(err error) func(*scene) { return func(s *scene) { s.store.writing = err } }

// slug is the name of a route as part of the name of a file.
func slug(method, path string) string {
	path = strings.NewReplacer("/", "-", "{", "", "}", "", ".", "-").Replace(path)
	return strings.ToLower(method) + path
}

// commonExchanges are the answers that are the same on many routes.
func commonExchanges() []exchange {
	var all []exchange
	for _, r := range requests() {
		add := func(status int, code string, x exchange) {
			x.name, x.status, x.code = slug(r.Method, r.Route.Path)+"-"+code, status, code
			x.method = r.Method
			if x.target == "" {
				x.target = r.path
			}
			if x.body == "" {
				x.body = r.body
			}
			all = append(all, x)
		}
		add(400, "malformed", exchange{user: "ada", target: r.path + "?verbose=1"})
		if !r.anybody() {
			add(401, "unauthenticated", exchange{})
			add(503, "unavailable", exchange{user: "ada", given: func(s *scene) { s.store.down = errors.New("connection refused") }})
		}
		switch {
		case r.asksManager():
			add(403, "denied", exchange{user: "mallory"}) // of whom the library was not told
		case !r.anybody():
			add(403, "denied", exchange{user: "robot"})
		}
		if r.body != "" {
			add(413, "too_large", exchange{user: "ada", body: strings.TrimSuffix(r.body, "}") + strings.Repeat(" ", 16<<10) + "}"})
			add(415, "unsupported_media_type", exchange{user: "ada", header: [][2]string{{"Content-Type", "text/plain"}}})
		}
	}
	seen := map[string]bool{}
	for _, r := range requests() {
		if seen[r.Route.Path] {
			continue
		}
		seen[r.Route.Path] = true
		all = append(all, exchange{
			name: slug("patch", r.Route.Path) + "-method_not_allowed", user: "ada", method: "PATCH", target: r.path,
			status: 405, code: "method_not_allowed",
		})
	}
	return all
}

func TestExchanges(t *testing.T) {
	all := slices.Concat(commonExchanges(), userExchanges, tokenExchanges, policyExchanges, eventExchanges)
	if *update {
		if err := os.RemoveAll(exchangeDir); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(exchangeDir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	known := map[string]bool{}
	for _, x := range all {
		t.Run(x.name, func(t *testing.T) {
			path := filepath.Join(exchangeDir, x.name+".http")
			if known[path] {
				t.Fatal("there are two of this name")
			}
			known[path] = true
			s := newScene(t, x.opts)
			if x.given != nil {
				x.given(s)
			}
			got := s.send(x)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("the exchange differs; -update writes it (-want +got):\n%s", diff)
			}
			read, err := readExchange(path)
			if err != nil {
				t.Fatal(err)
			}
			kind := read.kind()
			if kind.status != x.status || kind.code != x.code {
				t.Errorf("it is answered %d %s, want %d %s: %s", kind.status, kind.code, x.status, x.code, read.answered)
			}
			if string(read.sent) != x.body {
				t.Errorf("the body that is read from the file is %q", read.sent)
			}
		})
	}
	paths, err := filepath.Glob(filepath.Join(exchangeDir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if !known[path] {
			t.Errorf("%s is of no exchange; -update removes it", path)
		}
	}
	t.Logf("%d exchanges", len(all))
}

// What every route can answer, and every problem that the documentation lists. What any other test sees besides is for onRecord.
func TestEveryAnswerHasAnExchange(t *testing.T) {
	kinds := recordedKinds(t)
	want := map[answerKind]bool{{"/", 404, "not_found"}: true}
	codes := map[string]int{}
	for _, p := range documentedProblems(t) {
		codes[p.code] = p.status
	}
	for _, r := range requests() {
		pattern := r.String()
		want[answerKind{r.Route.Path, 405, "method_not_allowed"}] = true
		want[answerKind{pattern, 400, "malformed"}] = true
		if !r.anybody() {
			want[answerKind{pattern, 401, "unauthenticated"}] = true
			want[answerKind{pattern, 403, "denied"}] = true
			want[answerKind{pattern, 503, "unavailable"}] = true
		}
		if strings.Contains(r.Route.Path, "{id}") && pattern != "PUT /users/{id}" && pattern != "GET /users/{id}/tokens" {
			want[answerKind{pattern, 404, "not_found"}] = true
		}
		if strings.HasPrefix(r.Route.Path, "/users/{id}") || len(r.Params) > 0 || r.body != "" {
			want[answerKind{pattern, 422, "invalid"}] = true
		}
		if r.Method != "GET" {
			want[answerKind{pattern, 503, "outcome_unknown"}] = true
		}
		if r.body != "" {
			want[answerKind{pattern, 413, "too_large"}] = true
			want[answerKind{pattern, 415, "unsupported_media_type"}] = true
		}
		if !slices.ContainsFunc(readExchanges(t), func(x recorded) bool { return x.kind().pattern == pattern && x.response.StatusCode < 300 }) {
			t.Errorf("there is no exchange of a success of %s", pattern)
		}
	}
	for kind := range want {
		if !kinds[kind] {
			t.Errorf("there is no exchange of %s", kind)
		}
	}
	for kind := range kinds {
		if kind.status >= 300 && codes[kind.code] != kind.status {
			t.Errorf("the exchange of %s is of no problem that the documentation lists", kind)
		}
	}
	for code, status := range codes {
		found := false
		for kind := range kinds {
			found = found || kind.code == code && kind.status == status
		}
		if !found {
			t.Errorf("there is no exchange of %d %s, which the documentation lists", status, code)
		}
	}
	t.Logf("%d kinds of answers, %d of them of necessity, %d problems", len(kinds), len(want), len(codes))
}

// A canary: only what generates a token shows a secret, and only in its body.
func TestNoOtherExchangeShowsASecret(t *testing.T) {
	shown := 0
	for _, x := range readExchanges(t) {
		text := string(x.answered) + fmt.Sprint(x.response.Header)
		if !anySecret.MatchString(text) {
			continue
		}
		if kind := x.kind(); kind.pattern != "POST /users/{id}/tokens" || kind.status != 201 || anySecret.MatchString(fmt.Sprint(x.response.Header)) {
			t.Errorf("%s shows a secret:\n%s", x.name, text)
		}
		shown++
	}
	if shown == 0 {
		t.Error("no exchange shows a secret: this test finds none")
	}
}
