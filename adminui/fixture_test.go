package adminui_test

import (
	"context"
	"errors"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

var ctx = context.Background()

// host is a host application with an administrator, ada, and two users, bob and carol.
type host struct {
	*tokentest.Kit // of hostOver: only its Manager
	t              *testing.T
	pages          http.Handler
}

// newHost returns a host whose pages are under /admin. The header Person names the signed-in user; "broken" is a session that
// fails.
func newHost(t *testing.T, change ...func(*adminui.Options)) host {
	t.Helper()
	return mount(t, tokentest.NewWith(t, apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{
		"auditor":  apitoken.ListAny | apitoken.ReadEvents,
		"helpdesk": apitoken.ListAny | apitoken.RevokeAny | apitoken.ManageUsers | apitoken.GenerateOwn,
		"nothing":  0,
	}, KindRules: map[apitoken.Kind]apitoken.KindRule{
		"reader": {Permissions: apitoken.ListAny},
		"keeper": {Permissions: apitoken.ManageUsers},
	}}), change...)
}

// hostOver is newHost with default options over another store.
func hostOver(t *testing.T, store apitoken.Store, change ...func(*adminui.Options)) host {
	t.Helper()
	m, err := apitoken.New(store, nil)
	must(t, err)
	return mount(t, &tokentest.Kit{Manager: m}, change...)
}

func mount(t *testing.T, kit *tokentest.Kit, change ...func(*adminui.Options)) host {
	t.Helper()
	opts := &adminui.Options{Prefix: "/admin", Actor: func(r *http.Request) (apitoken.Actor, error) {
		if r.Header.Get("Person") == "broken" {
			return apitoken.Actor{}, errors.New("the sessions are gone")
		}
		return apitoken.As(apitoken.UserID(r.Header.Get("Person"))), nil
	}}
	for _, c := range change {
		c(opts)
	}
	isMarked := withMarks(opts)
	h := host{Kit: kit, t: t}
	var err error
	h.pages, err = adminui.New(h.Manager, opts)
	h.must(err)
	if isMarked {
		h.pages = withoutMarks(t, h.pages)
	}
	h.put(apitoken.User{ID: "ada", Name: "Ada", Role: apitoken.RoleAdmin})
	h.put(apitoken.User{ID: "bob", Name: "Bob"})
	h.put(apitoken.User{ID: "carol"})
	return h
}

// signedInAs is an option: every request comes from this user.
func signedInAs(id apitoken.UserID) func(*adminui.Options) {
	return func(o *adminui.Options) {
		o.Actor = func(*http.Request) (apitoken.Actor, error) { return apitoken.As(id), nil }
	}
}

// generate generates a token of bob with a name. Unlike Kit.Generate it works with hostOver.
func (h host) generate(name string) apitoken.Token {
	h.t.Helper()
	token, _, err := h.Manager.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: "bob", Name: name})
	h.must(err)
	return token
}

func (h host) put(u apitoken.User) {
	h.t.Helper()
	if _, err := h.Manager.PutUser(ctx, apitoken.System(), u); err != nil {
		h.t.Fatal(err)
	}
}

func (h host) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// send requests a page or sends a form.
func (h host) send(person, method, path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if person != "" {
		r.Header.Set("Person", person)
	}
	w := httptest.NewRecorder()
	h.pages.ServeHTTP(w, r)
	return w
}

// page requests a page and wants status 200.
func (h host) page(person, path string) string {
	h.t.Helper()
	w := h.send(person, http.MethodGet, path, nil)
	if w.Code != http.StatusOK {
		h.t.Fatalf("GET %s for %s: %d %s", path, person, w.Code, text(w.Body.String()))
	}
	return w.Body.String()
}

// form sends a form and wants a status.
func (h host) form(person, path string, status int, form url.Values) string {
	h.t.Helper()
	w := h.send(person, http.MethodPost, path, form)
	if w.Code != status {
		h.t.Fatalf("POST %s for %s: %d, want %d: %s", path, person, w.Code, status, text(w.Body.String()))
	}
	return w.Body.String()
}

var (
	isolated = regexp.MustCompile(`</?bdi[^>]*>`)
	tag      = regexp.MustCompile(`<[^>]*>`)
	spaces   = regexp.MustCompile(`\s+`)
	secret   = regexp.MustCompile(`tok_[0-9A-Za-z]{49}`)
)

// text returns the visible text of a page.
func text(page string) string {
	if _, main, found := strings.Cut(page, `<main id="main" tabindex="-1">`); found {
		page = main
	}
	return strings.TrimSpace(spaces.ReplaceAllString(html.UnescapeString(tag.ReplaceAllString(isolated.ReplaceAllString(page, ""), " ")), " "))
}

func (h host) says(page string, wants ...string) {
	h.t.Helper()
	for _, want := range wants {
		if !strings.Contains(text(page), want) {
			h.t.Errorf("the page does not say %q:\n%.600s", want, text(page))
		}
	}
}

func (h host) saysNothingOf(page string, wants ...string) {
	h.t.Helper()
	for _, want := range wants {
		if strings.Contains(page, want) {
			h.t.Errorf("the page contains %q:\n%.600s", want, text(page))
		}
	}
}

// days30 is the value of the choice of 30 days in the form.
var days30 = "2592000000000000"

// must ends the test if there is an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
