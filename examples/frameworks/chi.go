package frameworks

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
)

// Chi is the application with chi, which takes the middleware unchanged. The routes of the group need a token. The middleware
// that catches panics stands outside of the group.
func Chi(m *apitoken.Manager, hello Hello) http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.Recoverer)
	r.Get("/health", health)
	r.Route("/api", func(r chi.Router) {
		r.Use(httpauth.Require(m, nil))
		r.Method("GET", "/hello", handle(hello))
	})
	return r
}
