package httpauth_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

var update = flag.Bool("update", false, "write the responses into the golden file")

// Every response of Require and Verify, byte for byte, with the default options and with all options.
func TestResponsesAreGolden(t *testing.T) {
	tt := tokentest.NewWith(t, apitoken.Options{Kinds: []apitoken.Kind{"project"}})
	token := tt.Token("ada")
	_, project := tt.Generate(apitoken.GenerateParams{Owner: "ada", Kind: "project", Lifetime: apitoken.Days(7)})
	failing := newFailingManager(t, apitoken.ErrUnavailable)
	everything := httpauth.Options{
		Realm: "my api", Basic: true, Header: "X-API-Key", Kinds: []apitoken.Kind{"project"}, ExpiryWindow: apitoken.Days(7),
	}
	configurations := []struct {
		name    string
		opts    *httpauth.Options
		handler func(m *apitoken.Manager, opts *httpauth.Options) http.Handler
		good    string
	}{
		{"Require, by default", nil, requireOK, token},
		{"Require, everything on", &everything, requireOK, project},
		{"Verify, by default", nil, httpauth.Verify, token},
		{"Verify, everything on", &everything, httpauth.Verify, project},
	}
	var got bytes.Buffer
	for _, c := range configurations {
		record := func(name string, m *apitoken.Manager, authorization ...string) {
			w := serve(c.handler(m, c.opts), authorization...)
			fmt.Fprintf(&got, "== %s: %s\n", c.name, name)
			writeResponse(&got, w)
		}
		record("a token", tt.Manager, "Bearer "+c.good)
		record("no credentials", tt.Manager)
		record("a refused token", tt.Manager, "Bearer "+c.good+"0")
		record("two tokens", tt.Manager, "Bearer "+c.good, "Bearer "+c.good)
		if c.opts != nil {
			record("a token of another kind", tt.Manager, "Bearer "+token)
		}
		record("a failing store", failing, "Bearer "+c.good)
	}
	// Token ids differ in each run.
	id, err := tt.Manager.Authenticate(ctx, token)
	must(t, err)
	projectID, err := tt.Manager.Authenticate(ctx, project)
	must(t, err)
	out := bytes.ReplaceAll(got.Bytes(), []byte(id.Token.ID.String()), []byte("<id of the token>"))
	out = bytes.ReplaceAll(out, []byte(projectID.Token.ID.String()), []byte("<id of the token>"))
	golden(t, "testdata/answers.golden", out)
}

func requireOK(m *apitoken.Manager, opts *httpauth.Options) http.Handler {
	return httpauth.Require(m, opts)(http.HandlerFunc(ok))
}

func writeResponse(out *bytes.Buffer, w *httptest.ResponseRecorder) {
	fmt.Fprintf(out, "%d %s\n", w.Code, http.StatusText(w.Code))
	for _, name := range slices.Sorted(maps.Keys(w.Header())) {
		for _, value := range w.Header()[name] {
			fmt.Fprintf(out, "%s: %s\n", name, value)
		}
	}
	fmt.Fprintf(out, "\n%s\n", bytes.TrimSuffix(w.Body.Bytes(), []byte("\n")))
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		must(t, os.WriteFile(file, got, 0o666))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the responses differ; -update writes them (-want +got):\n%s", diff)
	}
}

// The refusal of Authenticator is the response of Require. Verify responds the same, except with 401 where Require has 400.
func TestAuthenticatorAndVerifyRespondAsRequire(t *testing.T) {
	tt := tokentest.New(t)
	token := tt.Token("ada")
	for _, set := range vectorSets(token) {
		authenticate := httpauth.Authenticator(tt.Manager, set.opts)
		require := requireOK(tt.Manager, set.opts)
		verify := httpauth.Verify(tt.Manager, set.opts)
		for _, v := range set.vectors {
			t.Run(set.name+"/"+v.name, func(t *testing.T) {
				r := requestWith(v.fields)
				if v.want == refusedByServer { // by net/http; another server might let it through
					if _, refusal := authenticate(r); refusal == nil {
						t.Error("it passes")
					}
					return
				}
				verified := serveFields(verify, v.fields)
				wantReply(t, v.want.ofVerify(set.opts), verified)
				if diff := cmp.Diff([]string{"no-store", set.vary()}, []string{verified.Header().Get("Cache-Control"), verified.Header().Get("Vary")}); diff != "" {
					t.Errorf("Cache-Control and Vary of Verify differ (-want +got):\n%s", diff)
				}

				// Authenticator reads only the header and the context.
				identity, refusal := authenticate((&http.Request{Header: r.Header}).WithContext(ctx))
				if refusal == nil {
					if identity.User.ID != "ada" || v.want != passed {
						t.Errorf("it passes as %q, want %v", identity.User.ID, v.want)
					}
					return
				}
				if refusal.Cause == nil || identity != (apitoken.Identity{}) {
					t.Errorf("the refusal has the cause %v and the identity %+v", refusal.Cause, identity)
				}
				want, got := serveFields(require, v.fields), httptest.NewRecorder()
				refusal.ServeHTTP(got, r)
				if diff := cmp.Diff(asText(want), asText(got)); diff != "" {
					t.Errorf("the response differs (-Require +Refusal):\n%s", diff)
				}
				if refusal.Status() != want.Code || !cmp.Equal(refusal.Header(), want.Header()) || !bytes.Equal(refusal.Body(), want.Body.Bytes()) {
					t.Errorf("the parts differ: %d %v %s", refusal.Status(), refusal.Header(), refusal.Body())
				}
			})
		}
	}
}

func TestCallersCannotChangeARefusal(t *testing.T) {
	tt := tokentest.New(t)
	authenticate := httpauth.Authenticator(tt.Manager, nil)
	r := httptest.NewRequest("GET", "/", nil)
	fresh := func() string {
		_, refusal := authenticate(r)
		w := httptest.NewRecorder()
		refusal.ServeHTTP(w, r)
		return asText(w)
	}
	before := fresh()
	_, refusal := authenticate(r)
	clear(refusal.Body())
	for _, values := range refusal.Header() {
		values[0] = "changed"
	}
	w := httptest.NewRecorder()
	refusal.ServeHTTP(w, r)
	for _, values := range w.Header() {
		values[0] = "changed"
	}
	if diff := cmp.Diff(before, fresh()); diff != "" {
		t.Errorf("the next response differs (-before +after):\n%s", diff)
	}
}

func asText(w *httptest.ResponseRecorder) string {
	var out bytes.Buffer
	writeResponse(&out, w)
	return out.String()
}

// Outer middleware may have set headers for the response of the handler. The refusal is another response.
func TestARefusalAddsToVaryAndReplacesOtherHeaders(t *testing.T) {
	tt := tokentest.New(t)
	outer := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Vary", "Accept-Encoding")
			w.Header().Set("Cache-Control", "public, max-age=3600")
			w.Header().Set("Content-Type", "text/html")
			next.ServeHTTP(w, r)
		})
	}
	w := serve(outer(requireOK(tt.Manager, nil)))
	want := http.Header{
		"Vary":             {"Accept-Encoding", "Authorization"},
		"Cache-Control":    {"no-store"},
		"Content-Type":     {"application/problem+json"},
		"Www-Authenticate": {`Bearer realm="api"`},
	}
	if diff := cmp.Diff(want, w.Header()); diff != "" {
		t.Errorf("the header differs (-want +got):\n%s", diff)
	}
	w = serve(outer(requireOK(tt.Manager, nil)), "Bearer "+tt.Token("ada"))
	if diff := cmp.Diff([]string{"Accept-Encoding", "Authorization"}, w.Header()["Vary"]); diff != "" {
		t.Errorf("Vary of the served response differs (-want +got):\n%s", diff)
	}
}

func TestATokenPassesWithThePermissionThatItCarries(t *testing.T) {
	const deploy, report apitoken.Permission = 1 << 32, 1 << 33
	tt := tokentest.NewWith(t, apitoken.Options{
		Roles: map[apitoken.Role]apitoken.Permission{apitoken.RoleUser: apitoken.GenerateOwn | deploy, "reporter": report},
		KindRules: map[apitoken.Kind]apitoken.KindRule{
			"ci": {Permissions: deploy | report},
		},
		PermissionNames: map[apitoken.Permission]string{deploy: "deploy"},
	})
	_, user := tt.Generate(apitoken.GenerateParams{Owner: "ada"})
	_, ci := tt.Generate(apitoken.GenerateParams{Owner: "ada", Kind: "ci"})
	_, limited := tt.Generate(apitoken.GenerateParams{Owner: "ada", Permissions: apitoken.GenerateOwn})
	for _, test := range []struct {
		name              string
		needed            apitoken.Permission
		user, ci, limited reply
	}{
		{"no permission", 0, passed, passed, passed},
		{"carried by both kinds", deploy, passed, passed, missing("deploy")},
		{"not carried by the kind", apitoken.GenerateOwn, passed, missing("GenerateOwn"), passed},
		{"not held by the owner", report, missing("0x200000000"), missing("0x200000000"), missing("0x200000000")},
		{"only one of two held", deploy | report, missing("deploy 0x200000000"), missing("deploy 0x200000000"), missing("deploy 0x200000000")},
	} {
		for name, middleware := range middlewares {
			t.Run(test.name+"/"+name, func(t *testing.T) {
				var told error
				opts := &httpauth.Options{Permission: test.needed, OnError: func(_ *http.Request, err error) { told = err }}
				for text, want := range map[string]reply{user: test.user, ci: test.ci, limited: test.limited} {
					told = nil
					wantReply(t, want, serve(middleware(tt.Manager, opts)(http.HandlerFunc(ok)), "Bearer "+text))
					if isOnly(told, apitoken.ErrDenied, causes) != (want.Status == 403) {
						t.Errorf("OnError got %v", told)
					}
				}
			})
		}
	}
	// The owner's role at the moment of the request counts.
	if _, err := tt.Manager.PutUser(t.Context(), apitoken.System(), apitoken.User{ID: "ada", Role: "reporter"}); err != nil {
		t.Fatal(err)
	}
	wantReply(t, missing("deploy"), serve(requireOK(tt.Manager, &httpauth.Options{Permission: deploy}), "Bearer "+ci))
	wantReply(t, passed, serve(requireOK(tt.Manager, &httpauth.Options{Permission: report}), "Bearer "+ci))
}

func TestATokenOfAnotherKindIsRefused(t *testing.T) {
	tt := tokentest.NewWith(t, apitoken.Options{Kinds: []apitoken.Kind{"project", "deploy"}})
	text := map[apitoken.Kind]string{}
	for _, kind := range []apitoken.Kind{apitoken.KindUser, "project", "deploy"} {
		_, text[kind] = tt.Generate(apitoken.GenerateParams{Owner: "ada", Kind: kind, Lifetime: time.Hour})
	}
	tests := []struct {
		name  string
		kinds []apitoken.Kind
		want  map[apitoken.Kind]reply
	}{
		{"every declared kind", nil, map[apitoken.Kind]reply{apitoken.KindUser: passed, "project": passed, "deploy": passed}},
		{"one", []apitoken.Kind{"project"}, map[apitoken.Kind]reply{apitoken.KindUser: insufficientScope, "project": passed, "deploy": insufficientScope}},
		{"two", []apitoken.Kind{"project", apitoken.KindUser}, map[apitoken.Kind]reply{apitoken.KindUser: passed, "project": passed, "deploy": insufficientScope}},
		{"the empty kind", []apitoken.Kind{""}, map[apitoken.Kind]reply{apitoken.KindUser: insufficientScope, "project": insufficientScope, "deploy": insufficientScope}},
	}
	for _, test := range tests {
		for kind, want := range test.want {
			t.Run(test.name+"/"+string(kind), func(t *testing.T) {
				var told error
				opts := &httpauth.Options{Kinds: test.kinds, OnError: func(_ *http.Request, err error) { told = err }}
				for name, middleware := range middlewares {
					told = nil
					w := serve(middleware(tt.Manager, opts)(http.HandlerFunc(ok)), "Bearer "+text[kind])
					wantReply(t, want, w)
					if denied := isOnly(told, apitoken.ErrDenied, causes); denied != (want == insufficientScope) {
						t.Errorf("%s: OnError got %v", name, told)
					}
				}
			})
		}
	}
	// A later change to the slice has no effect.
	kinds := []apitoken.Kind{"project"}
	require := requireOK(tt.Manager, &httpauth.Options{Kinds: kinds})
	kinds[0] = "deploy"
	wantReply(t, passed, serve(require, "Bearer "+text["project"]))
	wantReply(t, insufficientScope, serve(require, "Bearer "+text["deploy"]))
	// An expired token gets 401 whatever its kind: 403 would tell that it was valid once.
	tt.Clock.Add(time.Hour)
	w := serve(requireOK(tt.Manager, &httpauth.Options{Kinds: []apitoken.Kind{"project"}}), "Bearer "+text["deploy"])
	wantReply(t, invalidToken, w)
}
