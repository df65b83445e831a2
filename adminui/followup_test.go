package adminui_test

import (
	"github.com/seed-d6cf0a46/apitoken/adminui"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// Denials show who was denied what, why, how often and from where.
func TestActivityShowsDenials(t *testing.T) {
	h := newHost(t)
	bob := apitoken.As("bob").From(apitoken.Origin{Address: "192.0.2.7", UserAgent: "curl/8.5.0 <b>", RequestID: "01HZX3"})
	for range 48 {
		_, _ = h.Manager.ListTokens(ctx, bob, apitoken.TokenQuery{AnyOwner: true})
		h.Clock.Add(1e9)
	}
	h.must(h.Manager.RevokeAll(ctx, bob, "bob"))
	h.must(h.Manager.Flush(ctx))
	page := h.page("ada", "/admin/activity?actor=bob")
	h.says(page, "bob from 192.0.2.7 curl/8.5.0 <b> request 01HZX3 listed tokens", "denied needs ListAny",
		"1 Jan 2026, 12:00 UTC and 37 more until 1 Jan 2026, 12:00 UTC", "bob from 192.0.2.7 curl/8.5.0 <b> request 01HZX3 revoked all tokens")
	if n := strings.Count(page, "more until"); n != 1 {
		t.Errorf("%d rows gather denials, want 1", n)
	}
}

func TestActivityIsFiltered(t *testing.T) {
	h := newHost(t)
	token, _ := h.Generate(apitoken.GenerateParams{Owner: "bob", Name: "bobs"})
	h.must(h.Manager.Revoke(ctx, apitoken.As("bob"), token.ID))
	h.must(h.Manager.RevokeAll(ctx, apitoken.As("ada"), "bob"))
	_, _ = h.Manager.Token(ctx, apitoken.As("carol"), token.ID)
	const (
		revoked    = "bob revoked a token: bobs bob done"
		revokedAll = "ada revoked all tokens"
		generated  = "the host generated a token: bobs bob done"
		denied     = "carol looked at a token: the token bob denied needs ListAny"
	)
	all := []string{revoked, revokedAll, generated, denied}
	for query, wants := range map[string][]string{
		"":                                      all,
		"?owner=&actor=&action=&outcome=":       all,
		"?owner=bob":                            all,
		"?actor=bob":                            {revoked},
		"?actor=ada":                            {revokedAll},
		"?action=token.generate":                {generated},
		"?outcome=denied":                       {denied},
		"?outcome=done&action=token.revoke_all": {revokedAll},
		"?actor=bob&outcome=denied":             nil,
		"?action=token.steal":                   nil,
	} {
		page := h.page("ada", "/admin/activity"+query)
		h.says(page, wants...)
		for _, row := range all {
			if strings.Contains(text(page), row) != slices.Contains(wants, row) {
				t.Errorf("%q shows %q: %t", query, row, !slices.Contains(wants, row))
			}
		}
		if wants == nil {
			h.says(page, "No events match.")
		}
	}
	page := h.page("ada", "/admin/activity?owner=o&actor=a%22&action=token.revoke&outcome=denied")
	for _, entered := range []string{`value="o"`, `value="a&#34;"`, `value="token.revoke" selected`, `value="denied" selected`} {
		if !strings.Contains(page, entered) {
			t.Errorf("the form does not keep %s", entered)
		}
	}
	if w := h.send("ada", http.MethodGet, "/admin/activity?outcome=failed", nil); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("the outcome failed, which no event has: %d, want 422", w.Code)
	}
}

// After a leak, the tokens that were generated with the leaked one must be found.
func TestTokensLinkToThoseGeneratedWithThem(t *testing.T) {
	h := newHost(t).withVisitors()
	parent, text := h.Generate(apitoken.GenerateParams{Owner: "ada", Name: "parent"})
	identity, err := h.Manager.Authenticate(ctx, text)
	h.must(err)
	for owner, name := range map[apitoken.UserID]string{"ada": "own child", "bob": "child for bob"} {
		_, _, err = h.Manager.Generate(ctx, identity.Actor(), apitoken.GenerateParams{Owner: owner, Name: name})
		h.must(err)
	}
	_, _, err = h.Manager.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "bobs own"})
	h.must(err)
	link := `href="/admin/tokens?status=all&amp;with=` + parent.ID.String() + `"`
	if !strings.Contains(h.page("ada", pageOf(parent)), link) {
		t.Error("the page of the parent has no link to the tokens generated with it")
	}
	for query, names := range map[string][]string{
		"?with=" + parent.ID.String():                    {"own child", "child for bob"},
		"?with=" + parent.ID.String() + "&on-behalf=yes": {"child for bob"},
		"?on-behalf=yes":                                 {"parent", "child for bob"}, // the host generated the parent
		"?on-behalf=yes&owner=bob":                       {"child for bob"},
	} {
		for _, path := range []string{"/admin/tokens", "/admin/tokens.csv"} {
			page := h.send("ada", http.MethodGet, path+query, nil).Body.String()
			for _, name := range []string{"own child", "child for bob", "bobs own"} {
				if strings.Contains(page, name) != slices.Contains(names, name) {
					t.Errorf("%s%s shows %q: %t", path, query, name, !slices.Contains(names, name))
				}
			}
		}
	}
	page := h.page("ada", "/admin/tokens?on-behalf=yes&with="+parent.ID.String())
	if !strings.Contains(page, `name="on-behalf" type="checkbox" value="yes" checked`) || !strings.Contains(page, `name="with" type="checkbox" value="`+parent.ID.String()+`" checked`) {
		t.Error("the form does not keep the filters")
	}
	if w := h.send("ada", http.MethodGet, "/admin/tokens?with=x", nil); w.Code != http.StatusNotFound {
		t.Errorf("a text that is not a token id: %d, want 404", w.Code)
	}
}

// Events are found by the token that they are about, and by day in the visitor's zone, on the page and in the file. The rows link
// to what they are about.
func TestActivityIsFilteredByTokenAndTime(t *testing.T) {
	h := newHost(t, func(o *adminui.Options) {
		o.Location = func(*http.Request) *time.Location { return time.FixedZone("", 12*60*60) }
	})
	first := h.generate("alpha") // on 1 January at 12:00 UTC, which is 2 January for the visitor
	h.Clock.Add(apitoken.Days(1))
	second := h.generate("omega")
	_, err := h.Manager.SetPolicy(ctx, apitoken.As("ada"), apitoken.MaxLifetimePolicy{Max: apitoken.Days(180)})
	h.must(err)
	p, err := h.Manager.Policy(ctx)
	h.must(err)
	p.Max = apitoken.Days(90)
	_, err = h.Manager.SetPolicy(ctx, apitoken.As("ada"), p)
	h.must(err)
	for query, names := range map[string][]string{
		"token=" + first.ID.String():      {"alpha"},
		"from=2026-01-03":                 {"omega"},
		"to=2026-01-02":                   {"alpha"},
		"from=2026-01-02&to=2026-01-03":   {"omega", "alpha"},
		"from=2026-01-04":                 nil,
		"from=x&to=y":                     {"omega", "alpha"},
		"from=2026-01-03&owner=bob":       {"omega"},
		"from=2026-01-03&action=user.put": nil,
	} {
		for _, path := range []string{"/admin/activity?", "/admin/activity.csv?"} {
			page := h.send("ada", http.MethodGet, path+query, nil).Body.String()
			for _, name := range []string{"alpha", "omega"} {
				if strings.Contains(page, name) != slices.Contains(names, name) {
					t.Errorf("%s%s shows %q: %t", path, query, name, !slices.Contains(names, name))
				}
			}
		}
	}
	if w := h.send("ada", http.MethodGet, "/admin/activity?token=x", nil); w.Code != http.StatusNotFound {
		t.Errorf("a text that is not a token id: %d, want 404", w.Code)
	}
	page := h.page("ada", "/admin/activity")
	h.says(page, "ada set the maximum lifetime, maximum: 180 days → 90 days")
	for _, link := range []string{"/admin/tokens/" + second.ID.String(), "/admin/users/bob/tokens", "/admin/activity?actor=ada"} {
		if !strings.Contains(page, `href="`+link+`"`) {
			t.Errorf("the page has no link to %s", link)
		}
	}
	w := h.send("ada", http.MethodGet, "/admin/activity.csv?action=policy.set", nil)
	if got := w.Header().Get("Content-Disposition"); got != `attachment; filename="activity.csv"` {
		t.Errorf("Content-Disposition: %s", got)
	}
	if rows := strings.Split(strings.TrimSpace(w.Body.String()), "\n"); len(rows) != 3 || !strings.Contains(rows[1], "maximum: 180 days → 90 days") {
		t.Errorf("the file is %q, want two changes of the policy, the newest first", rows)
	}
}
