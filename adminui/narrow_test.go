package adminui_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

const deploy, report apitoken.Permission = 1 << 32, 1 << 33

// newNamingHost returns a host with a kind and two permissions of its own, whose tokens may be bound to a project.
func newNamingHost(t *testing.T) host {
	kit := tokentest.NewWith(t, apitoken.Options{
		Roles:           map[apitoken.Role]apitoken.Permission{apitoken.RoleUser: apitoken.GenerateOwn | deploy | report},
		KindRules:       map[apitoken.Kind]apitoken.KindRule{"ci": {Permissions: deploy}},
		PermissionNames: map[apitoken.Permission]string{deploy: "deploy", report: "report"},
	})
	kit.User("ada", apitoken.RoleAdmin)
	kit.User("bob", apitoken.RoleUser)
	return mount(t, kit, func(o *adminui.Options) { o.ResourceLabel = "Project" })
}

func TestTheFormOffersKindsPermissionsAndAResource(t *testing.T) {
	h := newNamingHost(t)
	page := h.page("bob", "/admin/users/bob/tokens")
	for _, part := range []string{
		`<option value="ci">ci</option>`, `<option value="user" selected>user</option>`,
		`value="deploy"> <label`, `value="report"> <label`, `value="GenerateOwn"> <label`, `<label for="resource">Project `,
	} {
		if !strings.Contains(page, part) {
			t.Errorf("the form does not contain %s", part)
		}
	}
	h.saysNothingOf(page, "ListAny", "SetPolicy") // which Bob does not hold
	h.says(h.form("bob", "/admin/users/bob/tokens", http.StatusCreated, url.Values{
		"name": {"nightly"}, "lifetime": {days30}, "kind": {"ci"}, "permission": {"deploy"}, "resource": {"web"},
	}), "ci web only deploy")
	token := h.tokensOf("bob")[0]
	if token.Kind != "ci" || token.Permissions != deploy || token.Resource != "web" {
		t.Errorf("the token is %+v", token)
	}
	page = h.form("bob", "/admin/users/bob/tokens", http.StatusUnprocessableEntity, url.Values{
		"name": {"more"}, "lifetime": {days30}, "kind": {"ci"}, "permission": {"deploy", "report"}, "resource": {"web"},
	})
	h.says(page, "the role of the owner or the kind does not carry them")
	for _, kept := range []string{`<option value="ci" selected>`, `value="report" checked>`, `value="deploy" checked>`, `name="resource" maxlength="255" autocomplete="off" value="web"`} {
		if !strings.Contains(page, kept) {
			t.Errorf("the form does not keep %s", kept)
		}
	}
	h.says(h.form("bob", "/admin/users/bob/tokens", http.StatusUnprocessableEntity, url.Values{
		"name": {"x"}, "lifetime": {days30}, "permission": {"Deploy"},
	}), "is not the name of a permission")
}

// A host that declares nothing has the form without these fields.
func TestTheFormOffersNothingThatTheHostDoesNotDeclare(t *testing.T) {
	h := hostOver(t, memstore.New())
	_, err := h.Manager.PutUser(ctx, apitoken.System(), apitoken.User{ID: "ada", Role: apitoken.RoleAdmin})
	h.must(err)
	page := h.page("ada", "/admin/users/ada/tokens")
	h.says(page, "Generate a token")
	for _, field := range []string{`name="kind"`, `name="permission"`, `name="resource"`} {
		if strings.Contains(page, field) {
			t.Errorf("the form contains %s", field)
		}
	}
}

func TestATokenIsNarrowed(t *testing.T) {
	h := newNamingHost(t)
	token, text := h.Generate(apitoken.GenerateParams{Owner: "bob", Name: "nightly", Lifetime: apitoken.Days(30)})
	edit, narrow := "/admin/tokens/"+token.ID.String()+"/edit", "/admin/tokens/"+token.ID.String()+"/narrow"
	page := h.page("bob", edit)
	for _, part := range []string{`action="` + narrow + `"`, `value="deploy" checked>`, `value="report" checked>`, `value="GenerateOwn" checked>`} {
		if !strings.Contains(page, part) {
			t.Errorf("the page does not contain %s", part)
		}
	}
	all := []string{"GenerateOwn", "deploy", "report"}
	for _, tt := range []struct {
		keep  []string
		until string
		says  string
	}{
		{all, "", "Take a permission away, or enter a last day."},
		{nil, "", "Keep at least one permission, or revoke the token."},
		{all, "tomorrow", "Enter the last day of the token, as year-month-day."},
		{all, "1969-12-31", "Enter the last day of the token, as year-month-day."},
		{all, "1999-12-31", "is not in the future; revoke the token instead"},
		{[]string{"other"}, "", "is not the name of a permission"},
	} {
		h.says(h.form("bob", narrow, http.StatusUnprocessableEntity, url.Values{"keep": tt.keep, "until": {tt.until}}), tt.says)
	}
	h.form("bob", narrow, http.StatusSeeOther, url.Values{"keep": {"deploy", "report"}, "until": {""}})
	h.says(h.page("bob", "/admin/users/bob/tokens"), "only deploy, report")
	day := token.CreatedAt.AddDate(0, 0, 3).Format(time.DateOnly)
	h.form("ada", narrow, http.StatusSeeOther, url.Values{"keep": {"deploy"}, "until": {day}})
	h.says(h.page("bob", edit), "only deploy")
	identity, err := h.Manager.Authenticate(ctx, text)
	h.must(err)
	if may := h.Manager.PermissionsOf(identity); may != deploy {
		t.Errorf("the token carries %s", may)
	}
	if want := token.CreatedAt.AddDate(0, 0, 4).Truncate(24 * time.Hour); !identity.Token.ExpiresAt.Equal(want) {
		t.Errorf("the token expires at %s, want %s", identity.Token.ExpiresAt, want)
	}
	h.says(h.page("ada", "/admin/activity"), "ada narrowed a token: nightly", "permissions: deploy, report → deploy",
		"permissions: all of its kind → deploy, report")
}

func TestAnUnknownNarrowingIsSaid(t *testing.T) {
	h, store, told := newFaultyHost(t)
	token := h.generate("nightly")
	store.writes = apitoken.ErrUncertain
	h.says(h.form("bob", "/admin/tokens/"+token.ID.String()+"/narrow", http.StatusServiceUnavailable, url.Values{"until": {token.CreatedAt.AddDate(0, 0, 3).Format(time.DateOnly)}, "keep": {"GenerateOwn"}}),
		"It is not known whether the token was narrowed. Send it again.")
	if len(*told) != 1 {
		t.Errorf("OnError got %v, want the unknown outcome", *told)
	}
}

// tokensOf returns the tokens of a user.
func (h host) tokensOf(owner apitoken.UserID) (all []apitoken.Token) {
	h.t.Helper()
	for token, err := range h.Manager.Tokens(ctx, apitoken.System(), apitoken.TokenQuery{Owner: owner}) {
		h.must(err)
		all = append(all, token)
	}
	return all
}
