package httpauth

import (
	"encoding/json"
	"net/http"
	"strings"
)

// answer is what a request gets that may not pass. It holds nothing of the request.
type answer struct {
	status     int
	challenge  string // WWW-Authenticate, or empty
	retryAfter string
	body       []byte
}

// answers are all there are.
type answers struct {
	unauthenticated, invalidRequest, invalidToken, unavailable answer
}

func newAnswers(realm string) answers {
	challenge := "Bearer realm=" + quoted(realm)
	return answers{
		unauthenticated: answer{
			status:    http.StatusUnauthorized,
			challenge: challenge,
			body:      problem(http.StatusUnauthorized, "unauthenticated", "Present a token in the Authorization header, with the scheme Bearer."),
		},
		invalidRequest: answer{
			status:    http.StatusBadRequest,
			challenge: challenge + `, error="invalid_request"`,
			body:      problem(http.StatusBadRequest, "invalid_request", "The Authorization header has to be there once, and be Bearer, spaces and one token."),
		},
		invalidToken: answer{
			status:    http.StatusUnauthorized,
			challenge: challenge + `, error="invalid_token"`,
			body:      problem(http.StatusUnauthorized, "invalid_token", "The token is not valid."),
		},
		unavailable: answer{
			status:     http.StatusServiceUnavailable,
			retryAfter: "5",
			body:       problem(http.StatusServiceUnavailable, "unavailable", "The token cannot be checked at the moment. It may well be valid."),
		},
	}
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

func (a *answer) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/problem+json")
	if a.challenge != "" {
		h.Set("WWW-Authenticate", a.challenge)
	}
	if a.retryAfter != "" {
		h.Set("Retry-After", a.retryAfter)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that is gone is nobody to tell
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
