package main

import (
	"fmt"
	"log/slog"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/adminui"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
)

// routes is the application: one route that needs a token, and the administration of tokens.
func routes(m *apitoken.Manager, a *accounts, o options, log *slog.Logger) (http.Handler, error) {
	proxy, err := readOrigin(o.origin)
	if err != nil {
		return nil, err
	}
	s := signIn{
		callers: callers{manager: m, accounts: a, token: httpauth.ActorFunc(m, nil), address: proxy.address,
			sessions: sessions{db: a.db, secure: proxy.secure}},
		fail: func(r *http.Request, err error) {
			log.Error("failure", "method", r.Method, "path", r.URL.Path, "error", err)
		},
	}
	protection, trusted, err := proxy.crossOrigin()
	if err != nil {
		return nil, err
	}
	pages, err := adminui.New(m, &adminui.Options{
		Prefix: "/admin", Actor: s.ofPages, Origin: proxy.ofRequest, SignIn: "/sign-in", SignOut: "/sign-out", TrustedOrigins: trusted,
		ServiceAccounts: true, EditUsers: true, DisableUsers: true, OnError: s.fail,
	})
	if err != nil {
		return nil, err
	}
	api, err := adminapi.New(m, &adminapi.Options{
		Actor:     s.ofAPI,
		Origin:    proxy.ofRequest,
		Challenge: `Basic realm="administration", charset="UTF-8", Bearer realm="administration"`,
		OnError:   s.fail,

		Documentation: "/docs/",
	})
	if err != nil {
		return nil, err
	}

	mux := http.NewServeMux()
	mux.Handle("GET /{$}", http.RedirectHandler("/admin/", http.StatusSeeOther))
	mux.Handle("GET /api/hello", httpauth.Require(m, nil)(http.HandlerFunc(hello)))
	mux.Handle("/verify", httpauth.Verify(m, nil))
	mux.Handle("/admin/", pages)
	// A session opens the administration in JSON, too. Other sites can make a browser send its cookie, so this needs protection.
	mux.Handle("/admin/api/", protection.Handler(s.withLogin(http.StripPrefix("/admin/api", api))))
	mux.Handle("/docs/", document("/docs"))

	protection.SetDenyHandler(http.HandlerFunc(s.foreign))
	mux.Handle("GET /sign-in", secured(http.HandlerFunc(s.page)))
	mux.Handle("POST /sign-in", secured(protection.Handler(http.HandlerFunc(s.in))))
	mux.Handle("POST /sign-out", secured(protection.Handler(http.HandlerFunc(s.out))))
	mux.HandleFunc("GET /sign-in.css", file("web/sign-in.css"))
	mux.HandleFunc("GET /icon.svg", file("web/icon.svg"))
	return logged(log, mux), nil
}

// secured sets headers that keep the pages of the sign-in from being cached or framed, and from running scripts.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "same-origin") // with no-referrer, browsers without TLS send forms with Origin: null
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// file serves a file of the sign-in. Browsers may cache it for an hour.
func file(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=3600")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		http.ServeFileFS(w, r, web, name)
	}
}

// hello stands for any handler of the application. The identity of the caller is in the context of the request.
func hello(w http.ResponseWriter, r *http.Request) {
	identity, _ := httpauth.FromContext(r.Context())
	note(r, string(identity.User.ID))
	fmt.Fprintf(w, "Hello, %s. Your token is %q.\n", identity.User.Name, identity.Token.Name)
}
