package browser_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// hostileNames returns 500 names that an attacker could give to tokens, as far as the library accepts them.
func hostileNames() []string {
	begin := []string{
		"<script>alert('x')</script>", "<img src=x onerror=alert(2)>", `"><svg/onload=alert(3)>`, `' autofocus onfocus='alert(4)`,
		"</bdi></th><iframe srcdoc='<script>alert(5)</script>'>", "</title><script>alert(6)</script>", "<!--", "--><base href=//evil.example>",
		"javascript:alert(7)", "<a href=javascript:alert(8)>click", "<form action=//evil.example><button>Revoke", "<meta http-equiv=refresh content=0>",
		"{{.Secret}}", "${alert(9)}", "&lt;script&gt;", "&#60;b&#62;", "%3Cscript%3E", `\u003cscript\u003e`, "]]>", "<?php ?>",
		"=1+1", "=HYPERLINK(\"http://evil.example\",\"x\")", "+1", "-2+3", "@SUM(A1:A9)", "'=1", "''", `"quoted"`, "a,b;c|d", `a\b`,
		"שם עוין", "اسم عدائي", "اسم <b>12</b>", "日本語の名前", "e\u0301\u0323", "😀👩", "Ω≈ç√∫", "ﷺ",
		"../../etc/passwd", "?after=x&owner=ada#top", "null", "0", "-0", "NaN", "’;--", "' OR 1=1 --", "name=\"x\" id=\"main\"", strings.Repeat("W", 90),
	}
	end := []string{"", " 1", " <b>", ` "`, " '", " ,", " =", " ש", " &amp;", " \\", " ;"}
	var names []string
	for _, e := range end {
		for _, b := range begin {
			if name := b + e; len(names) < 499 && len([]rune(name)) <= 100 {
				names = append(names, name)
			}
		}
	}
	return append(names, strings.Repeat("<", 100))
}

// withNames generates a token of each name for bob, bound to a resource of the same name.
func (h host) withNames(names ...string) host {
	h.t.Helper()
	for _, name := range names {
		_, _, err := h.Manager.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{
			Owner: "bob", Name: name, Resource: name, Lifetime: apitoken.Days(30),
		})
		h.must(err)
	}
	return h
}

// elements is JavaScript that counts the elements of a page by their names. It leaves out the hidden fields of the place and the
// filter, which the first page does not have.
const elements = `(() => {
	const counts = {};
	for (const e of document.querySelectorAll("*:not(input[type=hidden]:is([name=after], [name=filters], [name=list]))")) counts[e.localName] = (counts[e.localName] ?? 0) + 1;
	return counts;
})()`

// Hostile names are text on every page that shows them. They add no elements that harmless names do not add.
func TestBrowserHostileNamesAreText(t *testing.T) {
	long(t)
	t.Parallel()
	names := hostileNames()
	if len(names) != 500 {
		t.Fatalf("there are %d names", len(names))
	}
	h, harmless := newHost(t).withNames(names...), newHost(t)
	for i := range 51 {
		harmless.withNames(fmt.Sprintf("harmless %d", i))
	}
	p, beside := open(t), open(t)
	h.signIn(p, "ada")
	harmless.signIn(beside, "ada")
	for _, list := range []string{"/users/bob/tokens?order=oldest", "/tokens?order=oldest"} {
		beside.visit(harmless.url + list)
		want := eval[map[string]int](beside, elements)
		p.visit(h.url + list)
		var shown, bound []string
		for last := false; !last; {
			last = eval[bool](p, `!document.querySelector("[rel=next]")`)
			if last { // the last page is as long, but has no link to the next
				want["a"]--
				want["nav"]--
			}
			if diff := cmp.Diff(want, eval[map[string]int](p, elements)); diff != "" {
				t.Errorf("%s has other elements (-with harmless names +with hostile ones):\n%s", p.address(), diff)
			}
			shown = append(shown, eval[[]string](p, `[...document.querySelectorAll("tbody th > a > bdi")].map(e => e.textContent)`)...)
			bound = append(bound, eval[[]string](p, `[...document.querySelectorAll("tbody bdi.resource")].map(e => e.textContent)`)...)
			if !last {
				p.follow("Next page")
			}
		}
		if diff := cmp.Diff(names, shown); diff != "" {
			t.Errorf("names on %s (-want +got):\n%s", list, diff)
		}
		if diff := cmp.Diff(names, bound); diff != "" {
			t.Errorf("resources on %s (-want +got):\n%s", list, diff)
		}
	}
	for i, name := range names {
		if i%36 != 0 { // of the pages that show one name, some
			continue
		}
		p.visit(h.url + "/tokens?name=" + url.QueryEscape(name))
		if kept := eval[string](p, `document.getElementById("name").value`); kept != name {
			t.Errorf("the filter holds %q instead of %q", kept, name)
		}
		p.visit(strings.TrimSuffix(h.revocation(name), "/revoke"))
		if heading := eval[string](p, `document.querySelector("h1 bdi").textContent`); heading != name {
			t.Errorf("the page of the token is about %q", heading)
		}
		p.visit(h.revocation(name))
		p.says("“" + strings.Join(strings.Fields(name), " ") + "” of bob?")
		if button := eval[string](p, `document.querySelector("button.danger").textContent`); button != "Revoke "+name {
			t.Errorf("the button says %q", button)
		}
	}
}

// revocation returns the address of the page that asks whether to revoke a token.
func (h host) revocation(name string) string {
	h.t.Helper()
	for token, err := range h.Manager.Tokens(ctx, apitoken.System(), apitoken.TokenQuery{Owner: "bob", NameContains: name}) {
		h.must(err)
		if token.Name == name {
			return h.url + "/tokens/" + token.ID.String() + "/revoke"
		}
	}
	h.t.Fatalf("there is no token %q", name)
	return ""
}

// apostrophes are the apostrophes before texts that a spreadsheet would take for formulas.
var apostrophes = regexp.MustCompile(`(^|[,;|\t\r\n])'`)

// The downloaded file has every name unchanged, except for an apostrophe before each text that a spreadsheet would take for
// a formula, at the start of a cell and after each separator in it.
func TestBrowserDownloadsNoFormula(t *testing.T) {
	long(t)
	t.Parallel()
	names := hostileNames()
	h := newHost(t).withNames(names...)
	p := open(t)
	h.signIn(p, "ada")
	p.visit(h.url + "/tokens")
	file, err := os.Open(p.download(func() { p.activate("Download as CSV") }))
	h.must(err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	h.must(err)
	var read []string
	for _, row := range rows[1:] {
		for _, cell := range row {
			for _, part := range regexp.MustCompile(`[,;|]`).Split(cell, -1) {
				if part != "" && strings.ContainsRune("=+-@\t\r", rune(part[0])) {
					t.Errorf("the cell %q has the formula %q", cell, part)
				}
			}
		}
		read = append(read, apostrophes.ReplaceAllString(row[2], "$1"))
	}
	if diff := cmp.Diff(names, read); diff != "" {
		t.Errorf("names in the file (-want +got):\n%s", diff)
	}
}

// download returns the path of the file that the browser downloads during an action.
func (p *tab) download(do func()) string {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, limit)
	defer cancel()
	dir := p.TempDir()
	done := make(chan *browser.EventDownloadProgress, 1)
	p.must(chromedp.ListenBrowser(ctx, func(event any) {
		if e, ok := event.(*browser.EventDownloadProgress); ok && e.State != "inProgress" && strings.HasPrefix(e.FilePath, dir) {
			done <- e
		}
	}))
	yes := true
	_, err := chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: "allowAndName", BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID, DownloadPath: dir, EventsEnabled: &yes,
	})
	p.must(err)
	do()
	select {
	case e := <-done:
		return filepath.Join(dir, e.GUID)
	case <-ctx.Done():
		p.Fatalf("nothing was downloaded: %v", ctx.Err())
		return ""
	}
}
