package httpauth

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// Options configure the middleware. The zero value of every field has a sensible meaning. What says that it is a mistake
// is one in the program: it panics where the middleware is made, before any request.
type Options struct {
	// Realm names what is protected, in the challenge to the client. Empty: "api". Anything but printable ASCII in it is
	// shown as a question mark.
	Realm string

	// Kinds are the kinds of tokens that may pass. A token of another kind is answered 403. Nil: every kind that the Manager
	// declares. A list without a kind is a mistake.
	//
	// A token of a kind that the Manager does not declare never passes: what it may do is unknown here. Declare a new kind on
	// all replicas before you generate tokens of it.
	Kinds []apitoken.Kind

	// Permission is what the token has to carry, of the permissions that its owner has at the moment: see
	// [apitoken.KindRule]. Without it a token is answered 403. Zero: nothing. The host's own permissions fit here.
	Permission apitoken.Permission

	// Basic lets a client also present the token as HTTP Basic (RFC 7617), as user name and with an empty password:
	//
	//	curl -u "$TOKEN:" https://...
	//
	// Basic credentials with a password are somebody's login and no token. A 401 then offers Basic as well, which makes
	// a browser ask its user for a name and a password.
	Basic bool

	// Header names a header in which a client may also present the token, alone and without a scheme, such as
	// "X-API-Key". Empty: none. What is not the name of a header is a mistake, and so are the headers that have a
	// meaning of their own: Authorization, Proxy-Authorization, Cookie and Host.
	Header string

	// ExpiryWindow is how long before the end of a token the answers to it begin to say when that is, in ExpiryHeader:
	// from the microsecond on at which no more than this is left. 0: never. Negative is a mistake.
	ExpiryWindow time.Duration

	// ExpiryHeader names the header that says when the token ends. Empty: "Token-Expires". What is not the name of a
	// header is a mistake.
	ExpiryHeader string

	// ExpiryLayout is how the time is written there, as a layout of package time, in UTC; a fraction of a second that it
	// leaves out is cut off. Empty: [http.TimeFormat], the form of every time in HTTP (RFC 9110 section 5.6.7) and so of
	// the Sunset header (RFC 8594), which says the same of a resource and not of a token.
	ExpiryLayout string

	// OnError is told why a request was not let pass, for the host's log. The error is [apitoken.ErrUnauthenticated],
	// also for no credentials at all; [apitoken.ErrInvalid] for a header that cannot be read; [apitoken.ErrDenied] for a
	// token of another kind or without the permission, which is no event; or the store's trouble, [apitoken.ErrUnavailable]. The request is a copy
	// without the headers that can hold a token. Nil: nobody is told.
	OnError func(r *http.Request, err error)
}

// reserved are the headers that cannot be Options.Header.
var reserved = []string{"Authorization", "Proxy-Authorization", "Cookie", "Host"}

// complete gives the options with their defaults, and panics at the first mistake.
func complete(opts *Options) Options {
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
		panic("httpauth: Options.Kinds has no kind; leave it nil to let every kind pass")
	case o.Header != "" && !isFieldName(o.Header):
		panic(fmt.Sprintf("httpauth: Options.Header %q is not the name of a header", o.Header))
	case slices.Contains(reserved, http.CanonicalHeaderKey(o.Header)):
		panic(fmt.Sprintf("httpauth: Options.Header cannot be %s", o.Header))
	case !isFieldName(o.ExpiryHeader):
		panic(fmt.Sprintf("httpauth: Options.ExpiryHeader %q is not the name of a header", o.ExpiryHeader))
	case o.ExpiryWindow < 0:
		panic(fmt.Sprintf("httpauth: Options.ExpiryWindow is negative: %v", o.ExpiryWindow))
	}
	o.Kinds = slices.Clone(o.Kinds)
	return o
}

// vary names the headers that an answer depends on.
func (o Options) vary() string {
	if o.Header == "" {
		return "Authorization"
	}
	return "Authorization, " + o.Header
}
