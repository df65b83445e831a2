package main

import (
	"net/http"

	"github.com/swaggest/swgui/v5emb"
)

// document serves the page on which people read the OpenAPI document of the administration, under a prefix. Its viewer is Swagger UI,
// with the files that the package embeds: nothing comes from another site. The page is the host's own, because that of the package has
// scripts inside, which the Content-Security-Policy would have to permit.
func document(prefix string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+prefix+"/{$}", file("web/document.html"))
	mux.HandleFunc("GET "+prefix+"/document.js", file("web/document.js"))
	viewer := v5emb.New("", "", prefix)
	for _, name := range []string{"swagger-ui.css", "swagger-ui-bundle.js"} {
		mux.Handle("GET "+prefix+"/"+name, viewer)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		// The style sheet of the viewer has its images inside. The document, and the requests that people try, are of this origin.
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "+
			"connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		mux.ServeHTTP(w, r)
	})
}
