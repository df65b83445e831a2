package browser_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

var ctx = context.Background()

// host is a host in memory. Its clock stands at noon of 1 January 2026 until a test moves it. The cookie person names the
// user who is signed in.
type host struct {
	*tokentest.Kit
	t     *testing.T
	pages http.Handler
	url   string // of the pages
}

// newHost makes a host with the administrator ada, the users bob and carol, an auditor, and a disabled user.
func newHost(t *testing.T, change ...func(*adminui.Options)) host {
	t.Helper()
	h := host{t: t, Kit: tokentest.NewWith(t, apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{
		"auditor": apitoken.ListAny | apitoken.ReadEvents,
	}})}
	opts := &adminui.Options{Prefix: "/admin", SignOut: "/sign-out", ServiceAccounts: true, EditUsers: true, DisableUsers: true, Actor: func(r *http.Request) (apitoken.Actor, error) {
		cookie, err := r.Cookie("person")
		switch {
		case err != nil:
			return apitoken.Actor{}, nil
		case cookie.Value == "broken":
			return apitoken.Actor{}, errors.New("the sessions are gone")
		}
		return apitoken.As(apitoken.UserID(cookie.Value)), nil
	}}
	for _, c := range change {
		c(opts)
	}
	pages, err := adminui.New(h.Manager, opts)
	h.must(err)
	h.pages = pages
	server := httptest.NewServer(pages)
	t.Cleanup(server.Close)
	h.url = server.URL + opts.Prefix
	for _, u := range []apitoken.User{
		{ID: "ada", Name: "Ada Lovelace", Role: apitoken.RoleAdmin}, {ID: "bob", Name: "Bob"}, {ID: "carol"}, {ID: "auditor", Role: "auditor"},
		{ID: "left@example.com", Name: "Somebody who has left"},
	} {
		_, err := h.Manager.PutUser(ctx, apitoken.System(), u)
		h.must(err)
	}
	h.must(h.Manager.DisableUser(ctx, apitoken.System(), "left@example.com"))
	return h
}

func (h host) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// withTokens generates tokens of all sorts for bob: used, expiring soon, expired, revoked, without expiration, on behalf,
// with a long name.
func (h host) withTokens() host {
	h.t.Helper()
	day := apitoken.Days(1)
	_, used := h.Generate(apitoken.GenerateParams{Owner: "bob", Name: "nightly build", Lifetime: 90 * day})
	h.generateAs("ada", "bob", "backup of the wiki", 20*day)
	h.generateAs("bob", "bob", "laptop", apitoken.NoExpiration)
	h.generateAs("bob", "bob", "an afternoon", time.Hour)
	gone := h.generateAs("bob", "bob", "lost phone", 30*day)
	h.Clock.Add(9 * day)
	h.must(h.Manager.Revoke(ctx, apitoken.As("ada"), gone.ID))
	_, err := h.Manager.Authenticate(ctx, used)
	h.must(err)
	h.must(h.Manager.Flush(ctx))
	h.Clock.Add(3 * time.Hour)
	h.generateAs("bob", "bob", strings.Repeat("W", 100), 365*day)
	h.generateAs("bob", "bob", "מפתח של בוב", 60*day)
	h.generateAs("ada", "ada", "terraform", 45*day)
	for i := range 6 {
		h.generateAs("bob", "bob", fmt.Sprintf("worker %d", i+1), time.Duration(10+7*i*i%83)*day)
	}
	_, err = h.Manager.User(ctx, apitoken.As("bob"), "ada") // a denial, for the events
	if !errors.Is(err, apitoken.ErrNotFound) && !errors.Is(err, apitoken.ErrDenied) {
		h.t.Fatalf("bob looks at ada: %v", err)
	}
	return h
}

// withServices makes service accounts for which bob answers.
func (h host) withServices() host {
	h.t.Helper()
	h.withTokens()
	for _, id := range []apitoken.UserID{"ci", "mirror"} {
		_, err := h.Manager.PutUser(ctx, apitoken.System(), apitoken.User{ID: id, Name: "Machine", Service: true, Responsible: "bob"})
		h.must(err)
	}
	return h
}

// withFamily generates a token, two tokens with it, and a successor of it, which gets another name.
func (h host) withFamily() host {
	h.t.Helper()
	token, text := h.Generate(apitoken.GenerateParams{Owner: "ada", Name: "provisioning", Description: "makes tokens for the build servers"})
	identity, err := h.Manager.Authenticate(ctx, text)
	h.must(err)
	for _, owner := range []apitoken.UserID{"bob", "carol"} {
		_, _, err = h.Manager.Generate(ctx, identity.Actor(), apitoken.GenerateParams{Owner: owner, Name: "build server"})
		h.must(err)
	}
	successor, _, err := h.Manager.Rotate(ctx, apitoken.As("ada"), token.ID, apitoken.RotateParams{})
	h.must(err)
	name := "provisions"
	_, err = h.Manager.UpdateToken(ctx, apitoken.As("ada"), successor.ID, apitoken.TokenChange{Name: &name})
	h.must(err)
	return h
}

// withMany generates more tokens for bob than fit on a page.
func (h host) withMany() host {
	h.t.Helper()
	for i := range 52 {
		h.generateAs("bob", "bob", fmt.Sprintf("robot %d", i+1), apitoken.Days(i+1))
	}
	return h
}

func (h host) generateAs(actor, owner apitoken.UserID, name string, lifetime time.Duration) apitoken.Token {
	h.t.Helper()
	token, _, err := h.Manager.Generate(ctx, apitoken.As(actor), apitoken.GenerateParams{Owner: owner, Name: name, Lifetime: lifetime})
	h.must(err)
	return token
}

func (h host) setMax(max time.Duration) host {
	h.t.Helper()
	_, err := h.Manager.SetPolicy(ctx, apitoken.As("ada"), apitoken.MaxLifetimePolicy{Max: max})
	h.must(err)
	return h
}

// withLayers sets a policy with limits and exemptions, one of which has expired.
func (h host) withLayers() host {
	h.t.Helper()
	p := apitoken.MaxLifetimePolicy{
		Max:    apitoken.Days(365),
		Limits: []apitoken.LifetimeLimit{{Role: apitoken.RoleUser, Max: apitoken.Days(20)}, {Role: apitoken.RoleUser, Kind: apitoken.KindUser, Max: apitoken.Days(10)}},
		Exemptions: []apitoken.Exemption{
			{User: "carol", Max: apitoken.Days(90), Until: h.Manager.Now().AddDate(0, 6, 0), Reason: "the migration of the build servers to the new data centre"},
			{User: "bob", Max: apitoken.NoExpiration, Until: h.Manager.Now().Add(time.Millisecond), Reason: "an audit"},
		},
	}
	_, err := h.Manager.SetPolicy(ctx, apitoken.As("ada"), p)
	h.must(err)
	h.Clock.Add(time.Second)
	return h
}

// signIn gives a tab the cookie of a person.
func (h host) signIn(p *tab, person string) {
	p.Helper()
	call(p, network.SetCookie, network.SetCookieParams{Name: "person", Value: person, URL: h.url, SameSite: network.CookieSameSiteLax})
}
