// Package gateway is a host of apitoken behind gateways that are not written in Go: nginx and Caddy ask its verify
// endpoint, Apache its introspection endpoint. The folders beside it have a configuration for each, and README.md says how
// to use them.
package gateway

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
)

// Host is what gateways talk to. It belongs where only they reach it, but for /oauth2/revoke, which is for everybody.
func Host(m *apitoken.Manager, opts *adminapi.IntrospectionOptions) (http.Handler, error) {
	introspection, err := adminapi.Introspection(m, opts)
	if err != nil {
		return nil, err
	}
	revocation, err := adminapi.Revocation(m, nil)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/verify", httpauth.Verify(m, nil))
	mux.Handle("/oauth2/introspect", introspection)
	mux.Handle("/oauth2/revoke", revocation)
	return mux, nil
}

// Application stands for what is behind the gateway, in any language. It believes the header X-Auth-User, so nothing but
// the gateway may reach it, and it serves nobody who has none. It answers with everything that it is told of the caller.
func Application() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Auth-User") == "" {
			http.Error(w, "the gateway does not say whose request this is", http.StatusForbidden)
			return
		}
		seen := map[string][]string{}
		for name, values := range r.Header {
			if tellsWho(name) {
				seen[name] = values
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(seen) // a client that is gone is nobody to tell
	})
}

// tellsWho reports whether some application might believe the header. To those that get headers as variables, as by CGI,
// X-Auth-User, X_Auth_User and X.Auth.User can be the same.
func tellsWho(header string) bool {
	header = strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(header))
	for _, prefix := range []string{"x-auth-", "remote-user", "authorization"} {
		if strings.HasPrefix(header, prefix) {
			return true
		}
	}
	return false
}
