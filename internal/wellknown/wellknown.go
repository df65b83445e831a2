// Package wellknown serves metadata documents at well-known addresses (RFC 8615), for the packages that describe themselves to
// OAuth clients.
package wellknown

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/seed-d6cf0a46/apitoken"
)

// URL parses a URL that clients follow to other hosts. It is https, or http on a loopback address, and has no user, query or
// fragment. The error is [apitoken.ErrInvalid] and names the field.
func URL(field, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "":
		return nil, fmt.Errorf("%w: %s is not an absolute URL", apitoken.ErrInvalid, field)
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return nil, fmt.Errorf("%w: %s is not https", apitoken.ErrInvalid, field)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("%w: %s has a user, a query or a fragment", apitoken.ErrInvalid, field)
	}
	return u, nil
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// Of returns the address of the document with the given name for a URL: between its host and its path (RFC 8414 section 3.1,
// RFC 9728 section 3.1).
func Of(u *url.URL, name string) string {
	path := u.EscapedPath()
	if path == "/" {
		path = ""
	}
	return u.Scheme + "://" + u.Host + "/.well-known/" + name + path
}

// Document returns a handler that answers GET and HEAD on every path with a value as JSON. Pages of other sites may read it,
// because some clients run in a browser and what it says is public.
func Document(value any) (http.Handler, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	body = append(body, '\n')
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		h.Set("Content-Type", "application/json")
		h.Set("Cache-Control", "public, max-age=3600")
		_, _ = w.Write(body) // net/http leaves the body of HEAD out
	}), nil
}
