package httpauth

import "net/http"

var (
	MaxCredentials = maxCredentials
	PercentEncoded = percentEncoded
)

// Bearer finds a token in the values of the Authorization header with the default options.
func Bearer(values []string) (string, error) { return credentials{}.tokenOfAuthorization(values) }

// Find finds a token with Options.Basic and the header X-API-Key.
func Find(h http.Header) (string, error) {
	return credentials{basic: true, keyHeader: "X-Api-Key"}.find(&http.Request{Header: h})
}
