package browser_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seed-d6cf0a46/apitoken/adminui"
)

// A style sheet, a logo and a link of the host work under the Content-Security-Policy of the pages, which stay accessible and fit.
func TestBrowserThePagesAreAPartOfTheHost(t *testing.T) {
	long(t)
	t.Parallel()
	source := needAxe(t)
	h, p := newHost(t, func(o *adminui.Options) {
		o.Title = "API tokens of the shop"
		o.StyleSheet = "/theme.css"
		o.Logo = adminui.Image{Path: "/logo.svg", Text: "Shop"}
		o.BackTo = adminui.Link{Path: "/", Text: "the shop"}
	}), open(t)
	mux := http.NewServeMux()
	mux.Handle("/admin/", h.pages)
	serveText := func(path, contentType, text string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			_, _ = io.WriteString(w, text)
		})
	}
	serveText("/theme.css", "text/css", `:root { --accent: #6a1b9a; }`)
	serveText("/logo.svg", "image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 10"><rect width="30" height="10"/></svg>`)
	serveText("/{$}", "text/html", `<!DOCTYPE html><html lang="en"><title>The shop</title><link rel="icon" href="/logo.svg"><main>The shop</main></html>`)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	h.url = server.URL + "/admin"
	h.signIn(p, "ada")
	p.visit(h.url + "/policy")
	if color := eval[string](p, `getComputedStyle(document.querySelector(".primary")).backgroundColor`); color != "rgb(106, 27, 154)" {
		t.Errorf("the buttons have the color %s, want that of the host", color)
	}
	p.await("the logo is there", `document.querySelector(".brand img").complete && document.querySelector(".brand img").naturalWidth > 0`)
	for _, l := range looks {
		if l.scheme == "light" { // the theme of this test has no other
			p.look(l)
			p.accessible(source, l)
		}
	}
	p.fits()
	p.look(wide)
	p.follow("Back to the shop")
	p.says("The shop")
}
