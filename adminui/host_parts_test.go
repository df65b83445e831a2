package adminui_test

import (
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken/adminui"
)

// Every page has the parts of the host, also that of an error.
func TestThePagesShowThePartsOfTheHost(t *testing.T) {
	h := newHost(t, func(o *adminui.Options) {
		o.StyleSheet = "/theme.css?v=2"
		o.Logo = adminui.Image{Path: "/logo.svg", Text: `The "Shop" & more`}
		o.BackTo = adminui.Link{Path: "/", Text: "the <Shop>"}
	})
	for _, person := range []string{"ada", "broken", ""} {
		page := h.send(person, "GET", "/admin/users", nil).Body.String()
		own, theme := strings.Index(page, `/admin/static/style-`), strings.Index(page, `<link rel="stylesheet" href="/theme.css?v=2">`)
		if own < 0 || theme < own {
			t.Errorf("for %q: the style sheet of the host does not follow that of the pages:\n%.900s", person, page)
		}
		for _, want := range []string{
			`<img src="/logo.svg" alt="The &#34;Shop&#34; &amp; more">`, `<p class="back"><a href="/">Back to the &lt;Shop&gt;</a></p>`,
		} {
			if !strings.Contains(page, want) {
				t.Errorf("for %q: the page does not have %s:\n%.1500s", person, want, page)
			}
		}
	}
	plain := newHost(t).page("ada", "/admin/users")
	h.saysNothingOf(plain, "<img", `class="back"`)
	if n := strings.Count(plain, `rel="stylesheet"`); n != 1 {
		t.Errorf("without options a page has %d style sheets, want 1", n)
	}
}
