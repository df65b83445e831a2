package httpauth

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// The reasons why a request holds no token that can be looked up.
var (
	errNoToken         = fmt.Errorf("httpauth: no token presented: %w", apitoken.ErrUnauthenticated)
	errManyCredentials = fmt.Errorf("httpauth: %w: more than one credential", apitoken.ErrInvalid)
	errNotOneToken     = fmt.Errorf("httpauth: %w: the text is not exactly one token", apitoken.ErrInvalid)
	errBadBasic        = fmt.Errorf("httpauth: %w: the Basic credentials cannot be decoded", apitoken.ErrInvalid)
	errTooLong         = fmt.Errorf("httpauth: the text is too long for a token: %w", apitoken.ErrMalformed)
)

// maxCredentials is the maximum length of a header value in bytes, without its scheme. A token has at most 55, and 76 as Basic.
// A header can have a million.
const maxCredentials = 512

// credentials says where in a request a token may be. It returns a text unchanged, for the Manager to accept or refuse.
type credentials struct {
	basic         bool
	basicPassword bool
	keyHeader     string                     // the canonical name of Options.Header; empty: none
	elsewhere     func(*http.Request) string // Options.Elsewhere; nil: nowhere
}

// find returns the token that the request holds, if it holds exactly one.
func (c credentials) find(r *http.Request) (string, error) {
	token, err := c.tokenOfAuthorization(r.Header["Authorization"])
	if c.keyHeader != "" {
		key, keyErr := tokenOfKeyHeader(r.Header[c.keyHeader])
		token, err = oneOf(token, err, key, keyErr)
	}
	if c.elsewhere != nil {
		other, otherErr := tokenOfText(c.elsewhere(r))
		token, err = oneOf(token, err, other, otherErr)
	}
	return token, err
}

// oneOf returns the token of one place or of another. If both places hold something, the error is errManyCredentials.
func oneOf(a string, aErr error, b string, bErr error) (string, error) {
	switch {
	case bErr == errNoToken:
		return a, aErr
	case aErr == errNoToken:
		return b, bErr
	}
	return "", errManyCredentials
}

// presented reports whether the request has anything in one of the places, a token or not.
func (c credentials) presented(r *http.Request) bool {
	return len(r.Header["Authorization"]) > 0 || c.keyHeader != "" && len(r.Header[c.keyHeader]) > 0 ||
		c.elsewhere != nil && c.elsewhere(r) != ""
}

// tokenOfAuthorization returns the token in the values of the Authorization header. Credentials of another scheme are not
// for this package: the error is errNoToken.
func (c credentials) tokenOfAuthorization(values []string) (string, error) {
	value, err := oneHeaderValue(values)
	if err != nil {
		return "", err
	}
	if rest, ok := cutScheme(value, "Bearer"); ok {
		return schemeParameter(rest)
	}
	if rest, ok := cutScheme(value, "Basic"); ok && (c.basic || c.basicPassword) {
		return c.tokenOfBasic(rest)
	}
	return "", errNoToken
}

// tokenOfKeyHeader returns the token in the values of Options.Header.
func tokenOfKeyHeader(values []string) (string, error) {
	value, err := oneHeaderValue(values)
	if err != nil {
		return "", err
	}
	return tokenOfText(value)
}

// tokenOfText returns a text that holds nothing but a token.
func tokenOfText(text string) (string, error) {
	if text == "" {
		return "", errNoToken
	}
	return oneWord(text)
}

// oneHeaderValue returns the value of a header that may occur once, without the white space around it, which is not part of
// the value (RFC 9110 section 5.5). HTTP/2 does not remove it.
func oneHeaderValue(values []string) (string, error) {
	switch len(values) {
	case 0:
		return "", errNoToken
	case 1:
		return strings.Trim(values[0], " \t"), nil
	}
	return "", errManyCredentials
}

// cutScheme returns what follows the scheme, which may be in any case. ok is false for another scheme.
func cutScheme(value, scheme string) (rest string, ok bool) {
	if len(value) < len(scheme) || !strings.EqualFold(value[:len(scheme)], scheme) {
		return "", false
	}
	rest = value[len(scheme):]
	if rest != "" && isTokenChar(rest[0]) {
		return "", false // a longer name of a scheme
	}
	return rest, true
}

// schemeParameter returns the word that follows a scheme and one or more spaces.
func schemeParameter(rest string) (string, error) {
	if len(rest) > maxCredentials {
		return "", errTooLong
	}
	text := strings.TrimLeft(rest, " ")
	if text == rest {
		return "", errNotOneToken
	}
	return oneWord(text)
}

// oneWord returns a text that contains no separator.
func oneWord(text string) (string, error) {
	switch {
	case len(text) > maxCredentials:
		return "", errTooLong
	case text == "":
		return "", errNotOneToken
	}
	for i := range len(text) {
		if isSeparator(text[i]) {
			return "", errNotOneToken
		}
	}
	return text, nil
}

// tokenOfBasic returns the token in Basic credentials (RFC 7617 section 2): the user name if the password is empty, or the
// password, as the options allow. Other credentials are a login and not a token: the error is errNoToken.
func (c credentials) tokenOfBasic(rest string) (string, error) {
	encoded, err := schemeParameter(rest)
	if err != nil {
		return "", err
	}
	text, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return "", errBadBasic // without err, which tells a part of the text
	}
	user, password, found := strings.Cut(string(text), ":")
	switch {
	case !found || user == "" && password == "":
		return "", errBadBasic
	case password == "" && c.basic:
		return user, nil
	case password != "" && c.basicPassword:
		return password, nil
	}
	return "", errNoToken
}

// isSeparator reports whether a byte separates words of a header: a control character, a space or a comma. Every other byte is
// part of the text that the Manager decides on.
func isSeparator(c byte) bool { return c <= ' ' || c == ',' || c == 0x7f }

// isFieldName reports whether the text is a valid name of a header (RFC 9110 section 5.1).
func isFieldName(name string) bool {
	for i := range len(name) {
		if !isTokenChar(name[i]) {
			return false
		}
	}
	return name != ""
}

// isTokenChar reports whether the byte may occur in the name of a scheme or of a header (RFC 9110 section 5.6.2).
func isTokenChar(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}
