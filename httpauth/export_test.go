package httpauth

import "net/http"

// For the tests, which are outside of the package.
var (
	ErrNoToken     = errNoToken
	MaxCredentials = maxCredentials
	Escaped        = escaped
)

// Bearer finds a token in the values of the Authorization header by the default options.
func Bearer(values []string) (string, error) { return credentials{}.authorization(values) }

// Find finds a token with every option on, the header being X-API-Key.
func Find(h http.Header) (string, error) { return credentials{basic: true, own: "X-Api-Key"}.find(h) }
