package adminapi

import (
	"fmt"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/internal/wellknown"
)

// AuthorizationServer says where the endpoints of [Introspection] and [Revocation] are, for clients that read it from a document
// (RFC 8414). Each URL is https, or http on a loopback address, without a query and a fragment.
type AuthorizationServer struct {
	Issuer                string // identifies the server: the origin of its endpoints, or a path below it; required
	IntrospectionEndpoint string // empty: none
	RevocationEndpoint    string // empty: none
	Documentation         string // the URL of a page for people; empty: none
}

// MetadataURL returns the address at which clients expect the document of [ServerMetadata]: the Issuer with
// "/.well-known/oauth-authorization-server" between its host and its path. The error is [apitoken.ErrInvalid].
func (s AuthorizationServer) MetadataURL() (string, error) {
	u, err := wellknown.URL("AuthorizationServer.Issuer", s.Issuer)
	if err != nil {
		return "", fmt.Errorf("adminapi: %w", err)
	}
	return wellknown.Of(u, "oauth-authorization-server"), nil
}

// ServerMetadata returns a handler of the document that describes the endpoints (RFC 8414 section 3.2). It serves every path:
// mount it at the path of [AuthorizationServer.MetadataURL]. Anybody may read it, pages of other sites included.
//
// The document names no grant and no response type, because nobody can ask these endpoints for a token. The error is
// [apitoken.ErrInvalid], and names the field.
func ServerMetadata(s AuthorizationServer) (http.Handler, error) {
	if _, err := s.MetadataURL(); err != nil {
		return nil, err
	}
	if s.IntrospectionEndpoint == "" && s.RevocationEndpoint == "" {
		return nil, fmt.Errorf("adminapi: %w: AuthorizationServer names neither an IntrospectionEndpoint nor a RevocationEndpoint", apitoken.ErrInvalid)
	}
	document := map[string]any{"issuer": s.Issuer, "response_types_supported": []string{}, "grant_types_supported": []string{}}
	for _, endpoint := range []struct{ field, key, url string }{
		{"IntrospectionEndpoint", "introspection_endpoint", s.IntrospectionEndpoint},
		{"RevocationEndpoint", "revocation_endpoint", s.RevocationEndpoint},
	} {
		if endpoint.url == "" {
			continue
		}
		if _, err := wellknown.URL("AuthorizationServer."+endpoint.field, endpoint.url); err != nil {
			return nil, fmt.Errorf("adminapi: %w", err)
		}
		document[endpoint.key] = endpoint.url
		document[endpoint.key+"_auth_methods_supported"] = []string{"client_secret_basic", "client_secret_post"}
	}
	if s.Documentation != "" {
		document["service_documentation"] = s.Documentation
	}
	return wellknown.Document(document)
}
