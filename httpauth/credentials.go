package httpauth

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// Why a request holds no token that could be looked up.
var (
	errNoToken  = fmt.Errorf("httpauth: no token presented: %w", apitoken.ErrUnauthenticated)
	errTwice    = fmt.Errorf("httpauth: %w: more than one credential", apitoken.ErrInvalid)
	errNotAlone = fmt.Errorf("httpauth: %w: the header does not hold one token and nothing else", apitoken.ErrInvalid)
	errBadBasic = fmt.Errorf("httpauth: %w: the Basic credentials cannot be read", apitoken.ErrInvalid)
	errTooLong  = fmt.Errorf("httpauth: the header is too long for a token: %w", apitoken.ErrMalformed)
)

// maxCredentials is how many bytes of a header are looked at, behind the scheme if there is one. A token has at most 55,
// and as Basic 76; a header can have a million.
const maxCredentials = 512

// credentials says where in the header of a request a token may be. It repairs nothing: what it finds is what stands
// there, for the Manager to accept or refuse.
type credentials struct {
	basic bool
	own   string // the canonical name of a header of the host's own, or empty
}

// find gives the one token that the header holds.
func (c credentials) find(h http.Header) (string, error) {
	token, err := c.authorization(h["Authorization"])
	if c.own == "" {
		return token, err
	}
	own, ownErr := alone(h[c.own])
	switch {
	case ownErr == errNoToken:
		return token, err
	case err == errNoToken:
		return own, ownErr
	}
	return "", errTwice
}

// presented reports whether the request presents anything at all, be it a token or not.
func (c credentials) presented(h http.Header) bool {
	return len(h["Authorization"]) > 0 || c.own != "" && len(h[c.own]) > 0
}

// authorization finds the token in the values of the Authorization header, of which there may be one. Another scheme is
// no token, and somebody else's business.
func (c credentials) authorization(values []string) (string, error) {
	value, err := single(values)
	if err != nil {
		return "", err
	}
	if rest, ok := behind("Bearer", value); ok {
		return parameter(rest)
	}
	if rest, ok := behind("Basic", value); ok && c.basic {
		return userOf(rest)
	}
	return "", errNoToken
}

// alone finds the token in the values of a header that holds nothing else.
func alone(values []string) (string, error) {
	value, err := single(values)
	switch {
	case err != nil:
		return "", err
	case value == "":
		return "", errNoToken
	}
	return only(value)
}

// single gives the value of a header that may be there once. Space around a value is not part of it (RFC 9110 section
// 5.5); HTTP/2 may hand it over.
func single(values []string) (string, error) {
	switch len(values) {
	case 0:
		return "", errNoToken
	case 1:
		return strings.Trim(values[0], " \t"), nil
	}
	return "", errTwice
}

// behind gives what follows the scheme, which is written in any case, and false for another scheme.
func behind(scheme, value string) (rest string, ok bool) {
	if len(value) < len(scheme) || !strings.EqualFold(value[:len(scheme)], scheme) {
		return "", false
	}
	rest = value[len(scheme):]
	if rest != "" && isTokenChar(rest[0]) {
		return "", false // a scheme that only begins like this one
	}
	return rest, true
}

// parameter gives the one text that stands behind a scheme and one or more spaces.
func parameter(rest string) (string, error) {
	if len(rest) > maxCredentials {
		return "", errTooLong
	}
	text := strings.TrimLeft(rest, " ")
	if text == rest {
		return "", errNotAlone
	}
	return only(text)
}

// only gives the text back if it is one thing.
func only(text string) (string, error) {
	switch {
	case len(text) > maxCredentials:
		return "", errTooLong
	case text == "":
		return "", errNotAlone
	}
	for i := range len(text) {
		if separates(text[i]) {
			return "", errNotAlone
		}
	}
	return text, nil
}

// userOf gives the user name of Basic credentials without a password (RFC 7617 section 2). With a password they are a
// login, and no token.
func userOf(rest string) (string, error) {
	encoded, err := parameter(rest)
	if err != nil {
		return "", err
	}
	text, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return "", errBadBasic // without err, which tells where the text goes wrong
	}
	user, password, found := strings.Cut(string(text), ":")
	switch {
	case !found || user == "" && password == "":
		return "", errBadBasic
	case password != "":
		return "", errNoToken
	}
	return user, nil
}

// separates reports whether a byte ends a token: in a header it stands between things, not in one. All others, however
// odd, are part of a text that is no token.
func separates(c byte) bool { return c <= ' ' || c == ',' || c == 0x7f }

// isFieldName reports whether the text can name a header (RFC 9110 section 5.1).
func isFieldName(name string) bool {
	for i := range len(name) {
		if !isTokenChar(name[i]) {
			return false
		}
	}
	return name != ""
}

// isTokenChar reports whether the byte can be part of the name of a scheme or of a header (RFC 9110 section 5.6.2).
func isTokenChar(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}
