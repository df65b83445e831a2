package httpauth

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// Refusal is the reason why a request is refused, and the response to it. It is an [http.Handler] that writes this response.
// It contains nothing of the request.
type Refusal struct {
	// Cause is the error that [Options.OnError] gets, for the host's log. The response tells the client less.
	Cause error

	response *response
}

// Status returns the status of the response: 400, 401, 403 or 503.
func (f *Refusal) Status() int { return f.response.status }

// Header returns a copy of the header of the response: Content-Type, Cache-Control and Vary, and depending on the status
// WWW-Authenticate or Retry-After.
func (f *Refusal) Header() http.Header { return f.response.header.Clone() }

// Body returns a copy of the body of the response: a problem of RFC 9457.
func (f *Refusal) Body() []byte { return slices.Clone(f.response.body) }

// ServeHTTP writes the response. It adds to an existing Vary header and replaces the other headers.
func (f *Refusal) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	for name, values := range f.response.header {
		if name == "Vary" {
			values = append(h[name], values...)
		}
		h[name] = slices.Clone(values)
	}
	w.WriteHeader(f.response.status)
	_, _ = w.Write(f.response.body) // if the client is gone, no one is left to tell
}

// response is the response to refused requests. It is made once and never modified.
type response struct {
	status int
	header http.Header
	body   []byte
}

// refusals are the responses to refused requests, one for each code.
type refusals struct {
	unauthenticated, invalidRequest, invalidToken, wrongKind, insufficientScope, unavailable *response
}

// newRefusals returns the responses. badRequest is the status for credentials that cannot be parsed: a proxy that asks Verify
// does not understand 400. scopes are the names of Options.Permission.
func newRefusals(o Options, badRequest int, scopes []string) refusals {
	realm := quotedString(o.Realm)
	bearer := "Bearer realm=" + realm
	var otherSchemes []string // a 401 lists all schemes (RFC 9110 section 11.6.1)
	places := "in the Authorization header, with the scheme Bearer"
	if o.Basic || o.BasicPassword {
		otherSchemes = append(otherSchemes, "Basic realm="+realm)
	}
	if o.Basic {
		places += ", or with the scheme Basic as user name and with an empty password"
	}
	if o.BasicPassword {
		places += ", or with the scheme Basic as password"
	}
	if o.Header != "" {
		places += ", or in the header " + o.Header
	}
	metadata := ""
	if o.ResourceMetadata != "" {
		metadata = ", resource_metadata=" + quotedString(o.ResourceMetadata)
	}
	newResponse := func(status int, code, detail string, challenges ...string) *response {
		for i := range challenges {
			challenges[i] += metadata
		}
		switch {
		case status == http.StatusUnauthorized && o.BasicPassword:
			challenges = otherSchemes // clients of registries would ask the realm of Bearer for a token, as if it were an address
		case status == http.StatusUnauthorized:
			challenges = append(challenges, otherSchemes...)
		}
		r := &response{status: status, body: problem(status, code, detail), header: http.Header{
			"Cache-Control": {"no-store"},
			"Content-Type":  {"application/problem+json"},
			"Vary":          {o.vary()},
		}}
		if len(challenges) > 0 {
			r.header["Www-Authenticate"] = challenges
		}
		return r
	}
	all := refusals{
		unauthenticated: newResponse(http.StatusUnauthorized, "unauthenticated", "Present a token "+places+".", bearer),
		invalidRequest:  newResponse(badRequest, "invalid_request", "Present one token, once, "+places+".", bearer+`, error="invalid_request"`),
		invalidToken:    newResponse(http.StatusUnauthorized, "invalid_token", "The token is not valid.", bearer+`, error="invalid_token"`),
		wrongKind:       newResponse(http.StatusForbidden, "insufficient_scope", "A token of this kind may not be used here.", bearer+`, error="insufficient_scope"`),
		insufficientScope: newResponse(http.StatusForbidden, "insufficient_scope", "The token does not carry what is needed here: "+strings.Join(scopes, ", ")+".",
			bearer+`, error="insufficient_scope", scope=`+quotedString(strings.Join(scopes, " "))),
		unavailable: newResponse(http.StatusServiceUnavailable, "unavailable", "The token cannot be checked at the moment. It may well be valid."),
	}
	all.unavailable.header["Retry-After"] = []string{"5"}
	return all
}

// forError returns the response for an error. An error that does not describe the request is a failure of the store.
func (r *refusals) forError(err error) *response {
	switch {
	case errors.Is(err, apitoken.ErrUnavailable):
		return r.unavailable
	case errors.Is(err, errNoToken):
		return r.unauthenticated
	case errors.Is(err, apitoken.ErrInvalid):
		return r.invalidRequest
	case errors.Is(err, apitoken.ErrUnauthenticated):
		return r.invalidToken
	case errors.Is(err, errPermission):
		return r.insufficientScope
	case errors.Is(err, apitoken.ErrDenied):
		return r.wrongKind
	}
	return r.unavailable
}

// errPermission is the cause of the refusal of a token without Options.Permission.
var errPermission = errors.New("the token does not carry Options.Permission")

// problem returns the body of a problem of RFC 9457.
func problem(status int, code, detail string) []byte {
	body, _ := json.Marshal(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}{"about:blank", http.StatusText(status), status, code, detail})
	return append(body, '\n')
}

// quotedString returns a quoted-string of RFC 9110 section 5.6.4 that no text can end early.
func quotedString(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c < ' ' || c > '~':
			b.WriteByte('?')
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
