package httpauth

import (
	"fmt"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/internal/wellknown"
)

// Resource describes protected routes to clients that find out by themselves how to get in, such as those of the Model Context
// Protocol (RFC 9728).
type Resource struct {
	// URL identifies the routes: the address that clients know, such as "https://example.com/mcp". It is https, or http on
	// a loopback address, without a query and a fragment. It is required.
	URL string

	// AuthorizationServers are the URLs of the servers that issue what the routes accept, in the form of URL. Empty: none,
	// because people generate tokens on pages of the host.
	AuthorizationServers []string

	// Scopes are the scopes that clients may ask an authorization server for. Empty: not stated.
	Scopes []string

	// Name is shown to people, and Documentation is the URL of a page for them, which may say where they generate a token.
	// Empty: not stated.
	Name, Documentation string
}

// MetadataURL returns the address at which clients expect the document of [ResourceMetadata]: the URL with
// "/.well-known/oauth-protected-resource" between its host and its path. It is the value for [Options.ResourceMetadata]. The
// error is [apitoken.ErrInvalid].
func (r Resource) MetadataURL() (string, error) {
	u, err := wellknown.URL("Resource.URL", r.URL)
	if err != nil {
		return "", fmt.Errorf("httpauth: %w", err)
	}
	return wellknown.Of(u, "oauth-protected-resource"), nil
}

// ResourceMetadata returns a handler of the document that describes a resource (RFC 9728 section 3.2). It serves every path:
// mount it at the path of [Resource.MetadataURL], outside of the middleware. Anybody may read it, pages of other sites
// included. The error is [apitoken.ErrInvalid], and names the field.
func ResourceMetadata(r Resource) (http.Handler, error) {
	if _, err := r.MetadataURL(); err != nil {
		return nil, err
	}
	for _, server := range r.AuthorizationServers {
		if _, err := wellknown.URL("Resource.AuthorizationServers", server); err != nil {
			return nil, fmt.Errorf("httpauth: %w", err)
		}
	}
	for _, scope := range r.Scopes {
		if !isScope(scope) {
			return nil, fmt.Errorf("httpauth: %w: Resource.Scopes has %q, which is no scope (RFC 6749 section 3.3)", apitoken.ErrInvalid, scope)
		}
	}
	return wellknown.Document(struct {
		Resource             string   `json:"resource"`
		AuthorizationServers []string `json:"authorization_servers,omitempty"`
		Scopes               []string `json:"scopes_supported,omitempty"`
		Methods              []string `json:"bearer_methods_supported"`
		Name                 string   `json:"resource_name,omitempty"`
		Documentation        string   `json:"resource_documentation,omitempty"`
	}{r.URL, r.AuthorizationServers, r.Scopes, []string{"header"}, r.Name, r.Documentation})
}

// isScope reports whether a text is a scope-token: printable ASCII without space, quote and backslash.
func isScope(text string) bool {
	for _, c := range text {
		if c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return text != ""
}
