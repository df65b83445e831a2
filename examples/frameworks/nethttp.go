package frameworks

import (
	"io"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
)

// Hello is what the application does for a user. It stands for everything that needs an authenticated user.
type Hello func(user apitoken.User) string

// NetHTTP is the application with the router of the standard library. Each route that needs a token is wrapped.
func NetHTTP(m *apitoken.Manager, hello Hello) http.Handler {
	protected := httpauth.Require(m, nil)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", health)
	mux.Handle("GET /api/hello", protected(handle(hello)))
	return mux
}

func health(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "healthy") }

// handle reads the user from the context, where the middleware has put them.
func handle(hello Hello) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		identity, _ := httpauth.FromContext(r.Context())
		_, _ = io.WriteString(w, hello(identity.User))
	})
}
