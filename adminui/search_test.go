package adminui_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// find enters a text into the search field, and returns the names of the tokens that the administrator is led to, and the page.
func (h host) find(entered string) (names []string, page string) {
	h.t.Helper()
	w := h.send("ada", http.MethodPost, "/admin/tokens/search", url.Values{"q": {entered}})
	if w.Code != http.StatusSeeOther {
		h.t.Fatalf("%q: %d, want 303", entered, w.Code)
	}
	page = h.page("ada", w.Header().Get("Location"))
	return append(firstGroups(nameCell, page), firstGroups(tokenHeading, page)...), page
}

var tokenHeading = regexp.MustCompile(`<h1>Token <bdi>([^<]*)</bdi></h1>`)

func TestSearchFindsTokensByWhatPeopleKnowOfThem(t *testing.T) {
	var h host
	var nightly apitoken.Token
	var secret, oldSecret string
	names := strings.ToLower("Nightly Build/deploy/old/bob/m.müller/Marta Müller/carol")
	found := func(secret string) bool { return strings.Contains(names, strings.ToLower(secret[len(secret)-4:])) }
	for secret == "" || found(secret) || found(oldSecret) { // its last four characters would find another token by its name
		h = newHost(t)
		h.put(apitoken.User{ID: "m.müller", Name: "Marta Müller"})
		nightly, secret = h.Generate(apitoken.GenerateParams{Owner: "bob", Name: "Nightly Build"})
		h.Generate(apitoken.GenerateParams{Owner: "m.müller", Name: "deploy"})
		var old apitoken.Token
		old, oldSecret = h.Generate(apitoken.GenerateParams{Owner: "carol", Name: "old"})
		h.must(h.Manager.Revoke(ctx, apitoken.System(), old.ID))
	}
	for entered, want := range map[string][]string{
		"nightly": {"Nightly Build"}, " BUILD ": {"Nightly Build"}, "MÜLLER": {"deploy"}, "marta": {"deploy"}, "Bob": {"Nightly Build"},
		secret: {"Nightly Build"}, secret[len(secret)-4:]: {"Nightly Build"}, nightly.Hint: {"Nightly Build"}, nightly.ID.String(): {"Nightly Build"},
		oldSecret: {"old"}, oldSecret[len(oldSecret)-4:]: {"old"}, "nobody": nil, "": {"deploy", "Nightly Build"},
	} {
		got, page := h.find(entered)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", entered, diff)
		}
		if strings.Contains(page, secret) || strings.Contains(page, oldSecret) {
			t.Errorf("%q: the page repeats the text of a token", entered)
		}
	}
	if _, page := h.find("marta"); !strings.Contains(page, `Users: <a href="/admin/users/m.m%C3%BCller/tokens"><bdi>m.müller</bdi></a>`) {
		t.Errorf("the search does not name the user: %s", text(page))
	}
	if _, page := h.find("nightly"); !strings.Contains(page, `href="/admin/tokens?order=oldest&amp;q=nightly&amp;status=all"`) {
		t.Error("the links of the list do not keep the search")
	}
}

// A text that may be a secret gets neither into an address nor into a page, whether or not it is a token.
func TestAPastedSecretIsNeverRepeated(t *testing.T) {
	h := newHost(t)
	h.generate("ci")
	for _, pasted := range []string{"tok_" + strings.Repeat("x", 49), "ghp_" + strings.Repeat("A1", 20), strings.Repeat("0123456789abcdef", 4)} {
		w := h.send("ada", http.MethodPost, "/admin/tokens/search", url.Values{"q": {pasted}})
		if w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), pasted) || strings.Contains(fmt.Sprint(w.Header()), pasted) {
			t.Errorf("%s: %d, want 404 without the text: %s", pasted, w.Code, text(w.Body.String()))
		}
		h.says(w.Body.String(), "This is the text of no token.")
		for _, path := range []string{"/admin/tokens?q=", "/admin/tokens.csv?q="} {
			w = h.send("ada", http.MethodGet, path+pasted, nil)
			if w.Code != http.StatusBadRequest || strings.Contains(w.Body.String(), pasted) {
				t.Errorf("%s in an address: %d, want 400 without the text", pasted, w.Code)
			}
		}
		h.form("ada", "/admin/tokens/revoke-matching", http.StatusBadRequest, url.Values{"filters": {"q=" + pasted}})
	}
	for _, name := range []string{"somebody.with.a.long.name@example.com", "01890a5d-ac96-774b-bcce-b302099a8057", "a name of several words, which is long"} {
		if got, _ := h.find(name); got != nil {
			t.Errorf("%q finds %q", name, got)
		}
	}
	var denied int
	for e, err := range h.Manager.Events(ctx, apitoken.System(), apitoken.EventQuery{Outcome: apitoken.OutcomeDenied}) {
		h.must(err)
		denied++
		t.Log(e)
	}
	if denied != 0 {
		t.Errorf("%d denials, want none: a text that is no token is no attempt", denied)
	}
}

// The last four characters find a token by an index, whatever its age.
func TestTheLastFourCharactersFindAnOldToken(t *testing.T) {
	store := memstore.New()
	h := hostOver(t, store)
	old, secret, err := h.Manager.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: "carol", Name: "old", Lifetime: apitoken.Days(9)})
	h.must(err)
	h.fill(store, 5_100, "first")
	if !strings.HasSuffix(old.Hint, secret.Reveal()[len(secret.Reveal())-4:]) {
		t.Fatalf("the hint is %s", old.Hint)
	}
	if got, _ := h.find(old.Hint[len(old.Hint)-4:]); len(got) == 0 || got[0] != "old" {
		t.Errorf("found %q, want the token with that hint first", got)
	}
}
