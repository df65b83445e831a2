// Package gateway is a host whose tokens are checked by gateways that are not written in Go. nginx and Caddy ask its verify
// endpoint, Apache asks its introspection endpoint. The folders beside this file have a configuration for each. README.md
// explains how to use them. The command in the folder demo runs both parts:
//
//	go run ./examples/gateway/demo
package gateway

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
)

// Host has the endpoints that gateways ask, and the document by which clients of OAuth find them. Only gateways should reach it,
// except for /oauth2/revoke, which is public. origin is where they reach it, such as "https://host.internal".
func Host(m *apitoken.Manager, origin string, opts *adminapi.IntrospectionOptions) (http.Handler, error) {
	introspection, err := adminapi.Introspection(m, opts)
	if err != nil {
		return nil, err
	}
	revocation, err := adminapi.Revocation(m, nil)
	if err != nil {
		return nil, err
	}
	metadata, err := adminapi.ServerMetadata(adminapi.AuthorizationServer{
		Issuer: origin, IntrospectionEndpoint: origin + "/oauth2/introspect", RevocationEndpoint: origin + "/oauth2/revoke",
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/.well-known/oauth-authorization-server", metadata)
	mux.Handle("/verify", httpauth.Verify(m, nil))
	mux.Handle("/oauth2/introspect", introspection)
	mux.Handle("/oauth2/revoke", revocation)
	return mux, nil
}

// Application stands for an application in any language behind the gateway. It trusts the header X-Auth-User, so only the
// gateway may reach it. It refuses requests without that header, and answers with everything that it is told of the caller.
func Application() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Auth-User") == "" {
			http.Error(w, "the gateway does not say whose request this is", http.StatusForbidden)
			return
		}
		seen := map[string][]string{}
		for name, values := range r.Header {
			if isIdentityHeader(name) {
				seen[name] = values
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(seen) // it fails only if the client is gone
	})
}

// isIdentityHeader reports whether some application might trust the header. In variables, as with CGI, X-Auth-User, X_Auth_User and
// X.Auth.User can have the same name.
func isIdentityHeader(header string) bool {
	header = strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(header))
	for _, prefix := range []string{"x-auth-", "remote-user", "authorization"} {
		if strings.HasPrefix(header, prefix) {
			return true
		}
	}
	return false
}
