package adminapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
)

// scene is the host of one section: Ada is an administrator, Bob and Carol are users, and it is noon on 1 January 2026.
type scene struct {
	t       *testing.T
	store   *faultyStore
	clock   *clock.Mock
	manager *apitoken.Manager
	handler http.Handler
	ids     standIns
	secrets map[string]string // by the id of the token
	failure error             // the error of the last request, from OnError
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{
		t: t, store: newFaultyStore(), clock: clock.NewMock(), ids: standIns{map[string]string{}, map[string]string{}}, secrets: map[string]string{},
	}
	s.clock.Set(time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC))
	m, err := apitoken.New(s.store, &apitoken.Options{Clock: s.clock, Kinds: []apitoken.Kind{"robot"}, MaxActivePerOwner: 1000})
	must(t, err)
	s.manager = m
	for _, u := range []apitoken.User{{ID: "ada", Name: "Ada", Role: apitoken.RoleAdmin}, {ID: "bob", Name: "Bob"}, {ID: "carol"}} {
		_, err := m.PutUser(ctx, apitoken.System(), u)
		must(t, err)
	}
	s.handler = newHandlerWith(t, m, adminapi.Options{
		Actor:  s.actor,
		Origin: originOf,

		Documentation: "/docs/",

		OnError: func(_ *http.Request, err error) { s.failure = err },
	})
	return s
}

// actor is the user that a request names, or the token with that id; "host" is the host itself.
func (s *scene) actor(r *http.Request) (apitoken.Actor, error) {
	user := r.Header.Get("Test-User")
	if secret, isToken := s.secrets[user]; isToken {
		identity, err := s.manager.Authenticate(ctx, secret)
		return identity.Actor(), err
	}
	if user == "host" {
		return apitoken.System(), nil
	}
	return signedIn(r)
}

// originOf is the origin of a request that has a request id.
func originOf(r *http.Request) apitoken.Origin {
	if r.Header.Get("X-Request-Id") == "" {
		return apitoken.Origin{}
	}
	return apitoken.Origin{Address: "192.0.2.7", UserAgent: r.UserAgent(), RequestID: r.Header.Get("X-Request-Id")}
}

// send sends the request of a line and checks the rules of every answer.
func (s *scene) send(line string) *httptest.ResponseRecorder {
	s.t.Helper()
	x := readSent(s.substitute(line))
	before := s.changes()
	s.failure = nil
	var w *httptest.ResponseRecorder
	if strings.HasPrefix(x.target, "/oauth2/") {
		w = s.sendForm(x)
	} else {
		w = s.sendJSON(x)
	}
	if after := s.changes(); w.Code >= 300 && after != before && codeOf(w.Body.Bytes()) != "outcome_unknown" {
		s.t.Errorf("%s: the request is refused, and %d things changed", line, after-before)
	}
	if errors.Is(s.failure, errStoreDown) != (w.Code >= 500) {
		s.t.Errorf("%s: the status is %d, and OnError got %v", line, w.Code, s.failure)
	}
	if strings.Contains(w.Body.String(), errStoreDown.Error()) {
		s.t.Errorf("%s: the answer shows the cause of the failure: %s", line, w.Body)
	}
	for id, secret := range s.secrets {
		if w.Code != http.StatusCreated && strings.Contains(fmt.Sprint(w.Header(), w.Body), secret) {
			s.t.Errorf("%s: the answer shows the secret of %s: %s", line, id, w.Body)
		}
	}
	return w
}

var (
	secretOf    = regexp.MustCompile(`\{([0-9a-f-]{36})\}`)
	credentials = regexp.MustCompile(`Basic \{(.*?)\}`)
)

// substitute replaces the names in a line: ids by the real ones, "{id}" by the secret of that token, and credentials by
// their base64.
func (s *scene) substitute(line string) string {
	line = secretOf.ReplaceAllStringFunc(s.ids.reveal(line), func(id string) string { return s.secrets[strings.Trim(id, "{}")] })
	return credentials.ReplaceAllStringFunc(line, func(text string) string {
		return basic(strings.TrimSuffix(strings.TrimPrefix(text, "Basic {"), "}"))
	})
}

func (s *scene) sendJSON(x sent) *httptest.ResponseRecorder {
	s.t.Helper()
	r := x.request()
	if x.user != "-" {
		r.Header.Set("Test-User", x.user)
	}
	w := respond(s.handler, r)
	wantStatus(s.t, w.Code, w)
	if w.Code == http.StatusCreated {
		g := decode[generated](s.t, w)
		if g.Secret != "" { // an offer has none
			s.secrets[g.Token.ID] = g.Secret
		}
	}
	if w.Code >= 300 {
		p := wantProblem(s.t, w.Code, codeOf(w.Body.Bytes()), w)
		if p.Code == "malformed" && !strings.HasPrefix(p.Detail, p.Field) {
			s.t.Errorf("%s %s: the detail %q does not name the field %q", x.method, x.target, p.Detail, p.Field)
		}
	}
	if (w.Header().Get("Retry-After") != "") != (codeOf(w.Body.Bytes()) == "unavailable") {
		s.t.Errorf("%s %s: Retry-After is %q", x.method, x.target, w.Header().Get("Retry-After"))
	}
	if x.target == "/openapi.json" && w.Code == http.StatusOK {
		if diff := cmp.Diff(adminapi.OpenAPI, w.Body.Bytes()); diff != "" {
			s.t.Errorf("the document differs (-want +got):\n%s", diff)
		}
		w.Body.Reset() // otherwise the file would repeat the document
		w.Body.WriteString(`{"openapi":"3.1.1","info":{"title":"This stands for the document.","version":"1"},"paths":{}}` + "\n")
	}
	return w
}

// sendForm sends a request to an endpoint of OAuth. A request to /oauth2/both goes to both, which have to refuse it alike.
func (s *scene) sendForm(x sent) *httptest.ResponseRecorder {
	s.t.Helper()
	onError := func(_ *http.Request, err error) { s.failure = err }
	introspect := func(limit time.Duration) http.Handler {
		return introspecting(s.t, s.manager, adminapi.IntrospectionOptions{ExpiryCap: limit, OnError: onError})
	}
	revoke := func(clients adminapi.ClientCheck) http.Handler {
		return revoking(s.t, s.manager, &adminapi.RevocationOptions{Clients: clients, Origin: originOf, OnError: onError})
	}
	path, query, _ := strings.Cut(x.target, "?")
	handlers := map[string][]http.Handler{
		"/oauth2/introspect":            {introspect(0)},
		"/oauth2/introspect/cap-1s":     {introspect(time.Second)},
		"/oauth2/introspect/cap-1.999s": {introspect(1999 * time.Millisecond)},
		"/oauth2/introspect/no-cap":     {introspect(apitoken.NoExpiration)},
		"/oauth2/revoke":                {revoke(nil)},
		"/oauth2/revoke/clients":        {revoke(gateways(s.t))},
		"/oauth2/both":                  {revoke(gateways(s.t)), introspect(0)},
	}[path]
	if handlers == nil {
		s.t.Fatalf("no endpoint is at %s", path)
	}
	var w *httptest.ResponseRecorder
	for i, h := range handlers {
		r := x.request()
		r.URL.RawQuery = query
		if x.user == "gw" {
			r.Header.Set("Authorization", basic("gw:"+gatewaySecret))
		}
		before := w
		w = respond(h, r)
		if i == 0 || w.Code == http.StatusOK && before.Code == http.StatusOK {
			continue
		}
		if diff := cmp.Diff(completeAnswer(before), completeAnswer(w)); diff != "" {
			s.t.Errorf("%s: the answers differ (-Revocation +Introspection):\n%s", x.body, diff)
		}
	}
	return w
}

// changes counts the changes so far, by their events.
func (s *scene) changes() (n int) {
	s.t.Helper()
	for e, err := range s.manager.Events(ctx, apitoken.System(), apitoken.EventQuery{Outcome: apitoken.OutcomeDone}) {
		must(s.t, err)
		_ = e
		n++
	}
	return n
}

var errStoreDown = errors.New("secret address of the database")

// incidents can happen between requests. A line names one after "$ ".
var incidents = map[string]func(*scene){
	"the store fails":                                  func(s *scene) { s.store.down = errStoreDown },
	"lookups fail":                                     func(s *scene) { s.store.lookup = errStoreDown },
	"the owner has a thousand tokens":                  func(s *scene) { s.store.writing = apitoken.ErrTooMany }, // all that they may have here
	"a hundred offers wait for bob":                    offerHundred,
	"bob is offered a kind that is no longer declared": offerFormerKind,
	"writes conflict":                                  func(s *scene) { s.store.writing = apitoken.ErrConflict },
	"the outcome of writes is unknown":                 func(s *scene) { s.store.writing = errors.Join(apitoken.ErrUncertain, errStoreDown) },
	"the outcome of writes is unknown; they happen":    func(s *scene) { s.store.writing, s.store.done = errors.Join(apitoken.ErrUncertain, errStoreDown), true },
	"denials cannot be recorded":                       func(s *scene) { s.store.appending = errStoreDown },
	"it is unknown whether denials are recorded":       func(s *scene) { s.store.appending = apitoken.ErrUncertain },
	"what is older than a day is removed":              sweepEvents,
	"the store works again":                            func(s *scene) { s.store.faults = faults{} },
	"the denials that were counted are written":        func(s *scene) { must(s.t, s.manager.Flush(ctx)) },
	"a caller without an identity reads bob": func(s *scene) {
		_, _ = s.manager.User(ctx, apitoken.Actor{}.From(apitoken.Origin{Address: "192.0.2.7"}), "bob")
	},
}

func offerFormerKind(s *scene) {
	before, err := apitoken.New(s.store, &apitoken.Options{Clock: s.clock, Kinds: []apitoken.Kind{"former"}})
	must(s.t, err)
	p := apitoken.OfferParams{GenerateParams: apitoken.GenerateParams{Owner: "bob", Name: "nightly build", Kind: "former"}}
	_, err = before.Offer(ctx, apitoken.System(), p)
	must(s.t, err)
}

func offerHundred(s *scene) {
	for range 100 {
		_, err := s.manager.Offer(ctx, apitoken.System(), apitoken.OfferParams{GenerateParams: apitoken.GenerateParams{Owner: "bob", Name: "x"}})
		must(s.t, err)
	}
}

func sweepEvents(s *scene) {
	_, err := s.manager.Sweep(ctx, apitoken.System(), apitoken.SweepParams{Events: apitoken.Days(1)})
	must(s.t, err)
}

// thirteenTimes is the beginning of a line whose request is sent more often than denials are written one by one.
const thirteenTimes = "$ 13 times, after a second each: "

// happen lets the incident of a line happen.
func (s *scene) happen(line string) {
	s.t.Helper()
	first, rest, _ := strings.Cut(s.ids.reveal(strings.TrimPrefix(line, "$ ")), " ")
	switch {
	case incidents[strings.TrimPrefix(line, "$ ")] != nil:
		incidents[strings.TrimPrefix(line, "$ ")](s)
	case first == "wait":
		d, err := time.ParseDuration(rest)
		must(s.t, err)
		s.clock.Add(d)
	case strings.HasPrefix(line, thirteenTimes):
		for n := range 13 {
			s.clock.Add(time.Second)
			s.send("> " + strings.ReplaceAll(strings.TrimPrefix(line, thirteenTimes), "{n}", strconv.Itoa(n+1)))
		}
	case rest == "authenticates": // which is a use of the token
		_, err := s.manager.Authenticate(ctx, s.secrets[first])
		must(s.t, err)
		must(s.t, s.manager.Flush(ctx))
	case rest == "no longer authenticates":
		if _, err := s.manager.Authenticate(ctx, s.secrets[first]); s.secrets[first] == "" || !errors.Is(err, apitoken.ErrUnauthenticated) {
			s.t.Errorf("%s: Authenticate returns %v", line, err)
		}
	default:
		s.t.Errorf("no incident is called %q", line)
	}
}

func TestExchanges(t *testing.T) {
	requests := 0
	paths, err := filepath.Glob(filepath.Join(exchangeDir, "*.txtar"))
	must(t, err)
	oauth, err := filepath.Glob(filepath.Join(oauthDir, "*.txtar"))
	must(t, err)
	for _, path := range slices.Concat(paths, oauth) {
		text, err := os.ReadFile(path)
		must(t, err)
		played, sections := readSections(string(text))
		for _, section := range sections {
			t.Run(filepath.Base(path)+"/"+section.name, func(t *testing.T) { requests += section.play(t) })
			played += section.String()
		}
		switch {
		case *update:
			must(t, os.WriteFile(path, []byte(played), 0o666))
		case !t.Failed():
			if diff := cmp.Diff(string(text), played); diff != "" {
				t.Errorf("the form of %s differs; -update writes it (-want +got):\n%s", path, diff)
			}
		}
	}
	t.Logf("%d requests", requests)
}

// play lets the steps of a section happen and compares the answers. With -update it replaces them.
func (sec section) play(t *testing.T) (requests int) {
	s := newScene(t)
	for _, step := range sec.steps {
		if strings.HasPrefix(step.line, "$ ") {
			s.happen(step.line)
		}
		if !step.isRequest() {
			continue
		}
		requests++
		w := s.send(step.line)
		got := completeAnswer(w)
		if step.isBrief {
			got = briefAnswer(w)
		}
		got = s.ids.hide(got)
		if *update {
			step.answer = got
		}
		if diff := cmp.Diff(step.answer, got); diff != "" {
			t.Errorf("the answer to %q differs; -update writes it (-want +got):\n%s", step.line, diff)
		}
	}
	return requests
}

// The exchanges show the answers that every route can give, and every problem that the documentation lists. onRecord adds the
// answers that the other tests see.
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
		if strings.Contains(r.Route.Path, "{id}") && pattern != "PUT /users/{id}" && pattern != "GET /users/{id}/tokens" && pattern != "GET /users/{id}/offers" {
			want[answerKind{pattern, 404, "not_found"}] = true
		}
		if strings.HasPrefix(r.Route.Path, "/users/{id}") || len(r.Params) > 0 || r.body != "" {
			want[answerKind{pattern, 422, "invalid"}] = true
		}
		if r.Method != "GET" && pattern != "POST /policy/plan" { // which writes nothing
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
			t.Errorf("the exchange of %s shows no problem that the documentation lists", kind)
		}
	}
	for code, status := range codes {
		if !slices.ContainsFunc(readExchanges(t), func(x recorded) bool { return x.kind().code == code && x.kind().status == status }) {
			t.Errorf("there is no exchange of %d %s, which the documentation lists", status, code)
		}
	}
	t.Logf("%d kinds of answers, %d of them required, %d problems", len(kinds), len(want), len(codes))
}

// A section with the name of a code shows that code, so that -update cannot replace it unnoticed.
func TestSectionsShowTheCodeInTheirName(t *testing.T) {
	for _, p := range documentedProblems(t) {
		for _, x := range readExchanges(t) {
			if strings.HasSuffix(x.name, " "+p.code) && x.kind().code != p.code {
				t.Errorf("%s shows %s", x.name, x.kind())
			}
		}
	}
}

// Only the answers that generate a token and that claim one show a secret, and only in its body.
func TestNoOtherExchangeShowsASecret(t *testing.T) {
	shown := 0
	for _, x := range readExchanges(t) {
		text := string(x.answered) + fmt.Sprint(x.response.Header)
		if !anySecret.MatchString(text) {
			continue
		}
		if kind := x.kind(); kind.pattern != "POST /users/{id}/tokens" && kind.pattern != "POST /tokens/{id}/successors" && kind.pattern != "POST /offers/{id}/claim" || kind.status != 201 || anySecret.MatchString(fmt.Sprint(x.response.Header)) {
			t.Errorf("%s shows a secret:\n%s", x.name, text)
		}
		shown++
	}
	if shown == 0 {
		t.Error("no exchange shows a secret: this test finds none")
	}
}
