package httpauth

import (
	"fmt"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// Why a header holds no token.
var (
	errNoBearer  = fmt.Errorf("httpauth: no bearer token presented: %w", apitoken.ErrUnauthenticated)
	errTwice     = fmt.Errorf("httpauth: %w: more than one Authorization header", apitoken.ErrInvalid)
	errBadBearer = fmt.Errorf("httpauth: %w: the Authorization header is not Bearer, spaces and a token", apitoken.ErrInvalid)
	errTooLong   = fmt.Errorf("httpauth: the Authorization header is too long for a token: %w", apitoken.ErrMalformed)
)

const (
	scheme = "Bearer"

	// maxCredentials is how many bytes behind the scheme are looked at. A token has at most 55; a header can have a
	// million.
	maxCredentials = 512
)

// bearer finds the token in the values of the Authorization header, of which there may be one. It repairs nothing: what
// it gives is what stands there, for the Manager to accept or refuse.
func bearer(values []string) (string, error) {
	switch len(values) {
	case 0:
		return "", errNoBearer
	case 1:
	default:
		return "", errTwice
	}
	// Space around a value is not part of it (RFC 9110 section 5.5); HTTP/2 may hand it over.
	value := strings.Trim(values[0], " \t")
	if len(value) < len(scheme) || !strings.EqualFold(value[:len(scheme)], scheme) {
		return "", errNoBearer
	}
	rest := value[len(scheme):]
	if rest != "" && isTokenChar(rest[0]) {
		return "", errNoBearer // a scheme that only begins like ours
	}
	if len(rest) > maxCredentials {
		return "", errTooLong
	}
	token := strings.TrimLeft(rest, " ")
	if token == "" || token == rest || strings.IndexFunc(token, separates) >= 0 {
		return "", errBadBearer
	}
	return token, nil
}

// separates reports whether a character ends a token: in a header it stands between things, not in one. All others,
// however odd, are part of a text that is no token.
func separates(c rune) bool { return c <= ' ' || c == ',' || c == 0x7f }

// isTokenChar reports whether the byte can be part of the name of a scheme (RFC 9110 section 5.6.2).
func isTokenChar(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}
