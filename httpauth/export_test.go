package httpauth

// For the tests, which are outside of the package.
var (
	Bearer         = bearer
	ErrNoBearer    = errNoBearer
	MaxCredentials = maxCredentials
)
