package adminui_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
)

// pageOf returns the path of the page of a token.
func pageOf(t apitoken.Token) string { return "/admin/tokens/" + t.ID.String() }

func TestThePageOfATokenSaysWhatIsKnownOfIt(t *testing.T) {
	h := newHost(t).withVisitors()
	parent, text := h.Generate(apitoken.GenerateParams{Owner: "ada", Name: "provisioning"})
	identity, err := h.Manager.Authenticate(ctx, text)
	h.must(err)
	old, oldText, err := h.Manager.Generate(ctx, identity.Actor(), apitoken.GenerateParams{
		Owner: "bob", Name: "nightly", Description: "rebuilds the site", Permissions: apitoken.GenerateOwn, Lifetime: apitoken.Days(90),
	})
	h.must(err)
	bound, _ := h.Generate(apitoken.GenerateParams{Owner: "bob", Name: "deploy", Resource: "project:web"})
	_, err = h.Manager.Authenticate(ctx, oldText.Reveal())
	h.must(err)
	h.must(h.Manager.Flush(ctx))
	h.Clock.Add(3 * time.Hour)
	successor, secret, err := h.Manager.Rotate(ctx, apitoken.As("bob"), old.ID, apitoken.RotateParams{})
	h.must(err)
	_, err = h.Manager.Authenticate(ctx, secret.Reveal())
	h.must(err)

	page := h.page("ada", pageOf(old))
	h.says(page, "Token nightly rebuilds the site", "Status revoked", "Owner bob", "Id "+old.ID.String(), "Hint "+old.Hint, "Kind user",
		"Permissions only GenerateOwn", "Created 1 Jan 2026, 12:00 UTC by ada with the token "+parent.ID.String(), "Last use 1 Jan 2026, 12:00 UTC 3 hours ago",
		"Expires 2 Jan 2026, 15:00 UTC", "Revoked 1 Jan 2026, 15:00 UTC by bob", "Replaced by "+successor.ID.String(),
		"Newest events", "bob with a token used a successor, which ended the token before it", "All events of this token")
	h.saysNothingOf(page, "Edit or replace…") // it has ended
	h.says(h.page("ada", pageOf(successor)), "Replaces "+old.ID.String(), "Status active")
	h.says(h.page("ada", pageOf(bound)), "Bound to project:web", "Permissions all that its kind carries", "by the host", "Last use Never", "Expires 1 Apr 2026, 12:00 UTC", "Edit or replace… Revoke")
	h.says(h.page("ada", pageOf(parent)), "Generated with this token", "nightly")
	for _, address := range []string{`href="/admin/activity?token=` + old.ID.String(), `href="/admin/users/ada"`, `href="/admin/tokens/` + parent.ID.String() + `"`, `<code id="token-id" tabindex="0">`, `data-copies="token-id"`} {
		if !strings.Contains(page, address) {
			t.Errorf("the page does not have %s", address)
		}
	}
}

func TestThePageOfATokenSaysThatItsOwnerIsSuspended(t *testing.T) {
	h := newHost(t)
	token := h.generate("nightly")
	const suspended = "The owner is suspended: this token is refused until they are resumed."
	h.saysNothingOf(text(h.page("ada", pageOf(token))), suspended)
	h.must(h.Manager.SuspendUser(ctx, apitoken.System(), "bob"))
	h.says(h.page("ada", pageOf(token)), suspended)
	h.must(h.Manager.Revoke(ctx, apitoken.System(), token.ID))
	h.saysNothingOf(text(h.page("ada", pageOf(token))), suspended)
}

// The lists and the events lead to the page of a token.
func TestListsLinkToThePagesOfTokens(t *testing.T) {
	h := newHost(t)
	token := h.generate("nightly")
	for _, path := range []string{"/users/bob/tokens", "/tokens", "/activity"} {
		if !strings.Contains(h.page("ada", "/admin"+path), `<a href="`+pageOf(token)+`">`) {
			t.Errorf("%s has no link to the page of the token", path)
		}
	}
	question := h.form("ada", "/admin/policy", http.StatusOK, url.Values{"max": {"1"}})
	if !strings.Contains(question, `<a href="`+pageOf(token)+`">`) {
		t.Error("the plan of a maximum has no link to the page of the token")
	}
}

// Visitors who see a token find on its page no link and no question that is refused.
func TestThePageOfATokenOffersNothingThatIsRefused(t *testing.T) {
	h := newHost(t).withVisitors()
	_, text := h.Generate(apitoken.GenerateParams{Owner: "ada", Name: "provisioning"})
	identity, err := h.Manager.Authenticate(ctx, text)
	h.must(err)
	token, ofBob, err := h.Manager.Generate(ctx, identity.Actor(), apitoken.GenerateParams{Owner: "bob", Name: "nightly"})
	h.must(err)
	identity, err = h.Manager.Authenticate(ctx, ofBob.Reveal())
	h.must(err)
	_, _, err = h.Manager.Generate(ctx, identity.Actor(), apitoken.GenerateParams{Owner: "bob", Name: "child"})
	h.must(err)
	for visitor, events := range map[string]bool{"ada": true, "helpdesk": false, "auditor": true, "bob": false} {
		page := h.page(visitor, pageOf(token))
		h.says(page, "Generated with this token Tokens that were generated with it")
		if strings.Contains(page, "Newest events") != events {
			t.Errorf("%s sees the events: %t, want %t", visitor, !events, events)
		}
		for _, target := range firstGroups(links, page) {
			if w := h.send(visitor, http.MethodGet, html.UnescapeString(target), nil); w.Code >= 400 {
				t.Errorf("%s is offered %s, which is %d", visitor, target, w.Code)
			}
		}
	}
}

// The page does not reveal whether a token exists that the visitor may not see.
func TestAnotherUsersTokenLooksLikeNone(t *testing.T) {
	h := newHost(t)
	token := h.generate("nightly")
	there := h.send("carol", http.MethodGet, pageOf(token), nil)
	missing := h.send("carol", http.MethodGet, "/admin/tokens/01890a5d-ac96-774b-bcce-b302099a8057", nil)
	if there.Code != http.StatusNotFound || missing.Code != http.StatusNotFound {
		t.Errorf("%d and %d, want 404", there.Code, missing.Code)
	}
	if diff := cmp.Diff(missing.Body.String(), there.Body.String()); diff != "" {
		t.Errorf("the pages differ (-missing +there):\n%s", diff)
	}
	if w := h.send("ada", http.MethodGet, "/admin/tokens/x", nil); w.Code != http.StatusNotFound {
		t.Errorf("a text that is not a token id: %d, want 404", w.Code)
	}
}

// The holder of a token that carries nothing sees its page.
func TestABoundTokenSeesItsPage(t *testing.T) {
	var actor apitoken.Actor
	h := newHost(t, func(o *adminui.Options) {
		o.Actor = func(*http.Request) (apitoken.Actor, error) { return actor, nil }
	})
	token, text := h.Generate(apitoken.GenerateParams{Owner: "bob", Name: "deploy", Resource: "project:web"})
	identity, err := h.Manager.Authenticate(ctx, text)
	h.must(err)
	actor = identity.Actor()
	h.says(h.page("", pageOf(token)), "Token deploy")
}

// A form that was opened on the page of a token leads back to it, and one that was opened on a list leads back to its place there.
func TestFormsLeadBackToWhereTheyWereOpened(t *testing.T) {
	for _, place := range []struct{ name, field, value, back string }{
		{"the page of the token", "back", "token", "/admin/tokens/{id}"},
		{"a list", "list", "order=oldest", "/admin/users/bob/tokens?order=oldest"},
		{"another site", "back", "//example.com", "/admin/users/bob/tokens"},
	} {
		t.Run(place.name, func(t *testing.T) {
			h := newHost(t)
			token := h.generate("nightly")
			back := strings.Replace(place.back, "{id}", token.ID.String(), 1)
			for _, form := range []string{"/edit", "/revoke"} {
				opened := h.page("bob", pageOf(token)+form+"?"+url.Values{place.field: {place.value}}.Encode())
				if !strings.Contains(opened, `href="`+back+`">Cancel</a>`) {
					t.Errorf("%s does not lead back to %s", form, back)
				}
			}
			form := url.Values{place.field: {place.value}, "name": {"weekly"}, "keep": {"GenerateOwn"}, "until": {"2026-01-20"}}
			for _, path := range []string{"/edit", "/narrow", "/revoke"} {
				w := h.send("bob", http.MethodPost, pageOf(token)+path, form)
				if got := w.Header().Get("Location"); got != back {
					t.Errorf("%s leads to %q, want %q: %s", path, got, back, text(w.Body.String()))
				}
			}
		})
	}
	h := newHost(t)
	token := h.generate("nightly")
	page := h.page("bob", pageOf(token))
	for _, address := range []string{
		`href="` + pageOf(token) + `/edit?back=token"`,
		`<form method="get" action="` + pageOf(token) + `/revoke" data-asks="Sure?"><input type="hidden" name="back" value="token">`,
	} {
		if !strings.Contains(page, address) {
			t.Errorf("the page has no %s", address)
		}
	}
}
