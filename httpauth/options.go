package httpauth

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// Options configure the middleware. The zero value of every field is valid. An invalid value panics when the middleware is
// made, before any request.
type Options struct {
	// Realm is the name of the protected routes in the WWW-Authenticate header. Empty: "api". A character that is not printable
	// ASCII is sent as a question mark.
	Realm string

	// ResourceMetadata is the URL of the document that describes the routes, see [Resource.MetadataURL]. It is added to each
	// Bearer challenge (RFC 9728 section 5.1), so that clients find the document. Empty: none. A text that is not a URL in
	// printable ASCII is invalid.
	ResourceMetadata string

	// Kinds are the kinds of tokens that are accepted. A token of another kind gets 403. Nil: every kind that the Manager
	// declares. An empty list that is not nil is invalid.
	//
	// A token of a kind that the Manager does not declare is never accepted, because its permissions are unknown. Declare a new
	// kind on all replicas before you generate tokens of it.
	Kinds []apitoken.Kind

	// Permission is what the token must carry of the permissions that its owner holds at that moment, see [apitoken.KindRule].
	// A token that does not carry it gets 403. Zero: no permission is required. It may be a permission of the host.
	Permission apitoken.Permission

	// Basic also accepts the token as HTTP Basic (RFC 7617), as user name with an empty password:
	//
	//	curl -u "$TOKEN:" https://...
	//
	// Basic credentials with a password are a login and not a token. A 401 then offers Basic as well, which makes a browser ask
	// its user for a name and a password.
	Basic bool

	// BasicPassword also accepts the token as the password of HTTP Basic, with any user name, as docker, git, twine and Maven
	// send it. Use it on routes that take no other passwords: every password is looked up as a token. A 401 then offers Basic
	// and not Bearer, which is accepted as before: clients of registries take the realm of Bearer for the address of a server
	// that issues tokens.
	BasicPassword bool

	// Elsewhere returns the text of a token that is in another place of the request, such as the query of a download link.
	// Empty: there is none. The text is a credential like the others, so a request with two of them is refused. The host keeps
	// it out of logs: OnError gets the request with it. It may be called twice for a request, and concurrently. Nil: nowhere.
	Elsewhere func(*http.Request) string

	// Header is the name of a header in which the token is also accepted, without a scheme, such as "X-API-Key". Empty: none.
	// A text that is not a header name is invalid, and so are Authorization, Proxy-Authorization, Cookie and Host, which have a
	// meaning of their own.
	Header string

	// ExpiryWindow is how long before the expiry of a token the responses to it begin to say when it expires, in ExpiryHeader.
	// They do from the microsecond at which no more than the window is left. Zero: never. A negative window is invalid.
	ExpiryWindow time.Duration

	// ExpiryHeader is the name of the header that says when the token expires. Empty: "Token-Expires". A text that is not a
	// header name is invalid.
	ExpiryHeader string

	// ExpiryLayout is the layout of the time in ExpiryHeader, as in package time. The time is in UTC. A fraction of a second that
	// the layout leaves out is cut off. Empty: [http.TimeFormat], as for every time in HTTP (RFC 9110 section 5.6.7).
	ExpiryLayout string

	// OnError is called with the cause of each refusal, for the host's log: [apitoken.ErrUnauthenticated], also for a request
	// without credentials; [apitoken.ErrInvalid] for a header that cannot be parsed; [apitoken.ErrDenied] for a token of another
	// kind or without the permission, which is not recorded as an event; [apitoken.ErrUnavailable] if the store failed. The
	// request is a copy without the headers that may hold a token. OnError may be called concurrently. Nil: it is not called.
	OnError func(r *http.Request, err error)
}

// reservedHeaders cannot be Options.Header.
var reservedHeaders = []string{"Authorization", "Proxy-Authorization", "Cookie", "Host"}

// withDefaults returns the options with their defaults. It panics at the first invalid one.
func withDefaults(opts *Options) Options {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Realm == "" {
		o.Realm = "api"
	}
	if o.ExpiryHeader == "" {
		o.ExpiryHeader = "Token-Expires"
	}
	if o.ExpiryLayout == "" {
		o.ExpiryLayout = http.TimeFormat
	}
	switch {
	case o.Kinds != nil && len(o.Kinds) == 0:
		panic("httpauth: Options.Kinds is empty; nil accepts every kind")
	case o.ResourceMetadata != "" && !isURL(o.ResourceMetadata):
		panic(fmt.Sprintf("httpauth: Options.ResourceMetadata %q is not a URL", o.ResourceMetadata))
	case o.Header != "" && !isFieldName(o.Header):
		panic(fmt.Sprintf("httpauth: Options.Header %q is not a header name", o.Header))
	case slices.Contains(reservedHeaders, http.CanonicalHeaderKey(o.Header)):
		panic(fmt.Sprintf("httpauth: Options.Header cannot be %s", o.Header))
	case !isFieldName(o.ExpiryHeader):
		panic(fmt.Sprintf("httpauth: Options.ExpiryHeader %q is not a header name", o.ExpiryHeader))
	case o.ExpiryWindow < 0:
		panic(fmt.Sprintf("httpauth: Options.ExpiryWindow is negative: %v", o.ExpiryWindow))
	}
	o.Kinds = slices.Clone(o.Kinds)
	return o
}

// isURL reports whether a text is an absolute URL that a quoted-string holds as it is.
func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme != "" && u.Host != "" && quotedString(text) == `"`+text+`"`
}

// vary returns the Vary header: the headers that a response depends on.
func (o Options) vary() string {
	if o.Header == "" {
		return "Authorization"
	}
	return "Authorization, " + o.Header
}
