package httpauth

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// Refusal is why a request may not pass, and the answer to it. It is an [http.Handler] that gives this answer. It holds
// nothing of the request.
type Refusal struct {
	// Cause is for the host's log: what [Options.OnError] is told. The client is told less.
	Cause error

	answer *answer
}

// Status is the status of the answer: 400, 401, 403 or 503.
func (f *Refusal) Status() int { return f.answer.status }

// Header is the header of the answer, as a copy: Content-Type, Cache-Control, Vary, and as the case may be
// WWW-Authenticate or Retry-After.
func (f *Refusal) Header() http.Header { return f.answer.header.Clone() }

// Body is the body of the answer, as a copy: a problem of RFC 9457.
func (f *Refusal) Body() []byte { return slices.Clone(f.answer.body) }

// ServeHTTP answers the request. It adds to a Vary that is there, and replaces the other fields.
func (f *Refusal) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	for name, values := range f.answer.header {
		if name == "Vary" {
			values = append(h[name], values...)
		}
		h[name] = slices.Clone(values)
	}
	w.WriteHeader(f.answer.status)
	_, _ = w.Write(f.answer.body) // a client that is gone is nobody to tell
}

// answer is what a request gets that may not pass. It is made once and never modified.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// answers are all there are.
type answers struct {
	unauthenticated, invalidRequest, invalidToken, insufficientScope, unavailable *answer
}

// newAnswers makes the answers. Those to a request that cannot be read have a status of their own, because a proxy that
// asks does not take every one.
func newAnswers(o Options, unreadable int) answers {
	realm := quoted(o.Realm)
	bearer := "Bearer realm=" + realm
	var others []string // a 401 lists all schemes (RFC 9110 section 11.6.1)
	ways := "in the Authorization header, with the scheme Bearer"
	if o.Basic {
		others = append(others, "Basic realm="+realm)
		ways += ", or with the scheme Basic as user name and with an empty password"
	}
	if o.Header != "" {
		ways += ", or in the header " + o.Header
	}
	newAnswer := func(status int, code, detail string, challenges ...string) *answer {
		if status == http.StatusUnauthorized {
			challenges = append(challenges, others...)
		}
		a := &answer{status: status, body: problem(status, code, detail), header: http.Header{
			"Cache-Control": {"no-store"},
			"Content-Type":  {"application/problem+json"},
			"Vary":          {o.vary()},
		}}
		if len(challenges) > 0 {
			a.header["Www-Authenticate"] = challenges
		}
		return a
	}
	a := answers{
		unauthenticated:   newAnswer(http.StatusUnauthorized, "unauthenticated", "Present a token "+ways+".", bearer),
		invalidRequest:    newAnswer(unreadable, "invalid_request", "Present one token, once, "+ways+".", bearer+`, error="invalid_request"`),
		invalidToken:      newAnswer(http.StatusUnauthorized, "invalid_token", "The token is not valid.", bearer+`, error="invalid_token"`),
		insufficientScope: newAnswer(http.StatusForbidden, "insufficient_scope", "A token of this kind may not be used here.", bearer+`, error="insufficient_scope"`),
		unavailable:       newAnswer(http.StatusServiceUnavailable, "unavailable", "The token cannot be checked at the moment. It may well be valid."),
	}
	a.unavailable.header["Retry-After"] = []string{"5"}
	return a
}

// to is the answer to an error. Whatever is no verdict on the request is trouble.
func (a *answers) to(err error) *answer {
	switch {
	case errors.Is(err, apitoken.ErrUnavailable):
		return a.unavailable
	case errors.Is(err, errNoToken):
		return a.unauthenticated
	case errors.Is(err, apitoken.ErrInvalid):
		return a.invalidRequest
	case errors.Is(err, apitoken.ErrUnauthenticated):
		return a.invalidToken
	case errors.Is(err, apitoken.ErrDenied):
		return a.insufficientScope
	}
	return a.unavailable
}

// problem is a body of RFC 9457.
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

// quoted writes a quoted-string of RFC 9110 section 5.6.4 that no text can break out of.
func quoted(text string) string {
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
