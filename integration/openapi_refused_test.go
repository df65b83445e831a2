package integration_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// replaced replaces a text in the body.
func replaced(old, new string) func(*exchange) {
	return func(x *exchange) { x.answered = []byte(strings.Replace(string(x.answered), old, new, 1)) }
}

func header(name, value string) func(*exchange) {
	return func(x *exchange) {
		x.response.Header.Del(name)
		if value != "" {
			x.response.Header.Set(name, value)
		}
	}
}

func status(code int) func(*exchange) { return func(x *exchange) { x.response.StatusCode = code } }

// The check of responses has to find errors. Each of these is an exchange that conforms except for one change.
func TestOpenAPIDocumentRefusesChangedResponses(t *testing.T) {
	tests := []struct {
		name, exchange string
		change         func(*exchange)
	}{
		{"a status that is not declared", "get-tokens-id ok", status(202)},
		{"a status of another operation", "get-policy ok", status(404)},
		{"no ETag", "get-users-id ok", header("ETag", "")},
		{"an ETag without quotes", "get-users-id ok", header("ETag", "3")},
		{"an ETag of revision 0", "get-policy ok", header("ETag", `"0"`)},
		{"no Location", "post-users-id-tokens created", header("Location", "")},
		{"no Allow", "get-policy method_not_allowed", header("Allow", "")},
		{"no WWW-Authenticate", "get-policy unauthenticated", header("WWW-Authenticate", "")},
		{"Retry-After that is no number", "get-policy unavailable", header("Retry-After", "soon")},
		{"a header that is not declared", "get-policy ok", header("X-Powered-By", "magic")},
		{"a header of another answer", "get-tokens-id ok", header("ETag", `"3"`)},
		{"an answer that may be cached", "get-policy ok", header("Cache-Control", "max-age=60")},
		{"another content type", "get-policy ok", header("Content-Type", "text/html")},
		{"no content type", "get-policy ok", header("Content-Type", "")},
		{"a problem that is no problem", "get-policy unauthenticated", header("Content-Type", "application/json")},
		{"a charset", "get-policy ok", header("Content-Type", "application/json; charset=utf-8")},
		{"a body of 204", "delete-tokens-id ok", func(x *exchange) { x.answered = []byte("{}") }},
		{"no body", "get-policy ok", func(x *exchange) { x.answered = nil }},
		{"half a body", "get-policy ok", func(x *exchange) { x.answered = x.answered[:len(x.answered)/2] }},
		{"a list in the place of a page", "get-users pages", func(x *exchange) { x.answered = []byte("[]") }},
		{"no member hint", "get-tokens-id ok", replaced(`,"hint":"tok_...0000"`, ``)},
		{"a member more", "get-tokens-id ok", replaced(`{`, `{"digest":"c0ffee",`)},
		{"a member more inside", "get-events ok", replaced(`"actor":{`, `"actor":{"name":"Ada",`)},
		{"a number that is a text", "get-policy ok", replaced(`"revision":2`, `"revision":"2"`)},
		{"a revision with decimals", "get-policy ok", replaced(`"revision":2`, `"revision":2.5`)},
		{"a negative revision", "get-policy ok", replaced(`"revision":2`, `"revision":-2`)},
		{"null", "get-users-id ok", replaced(`"name":"Bob"`, `"name":null`)},
		{"false", "get-policy default", replaced(`true`, `false`)},
		{"a maximum and none", "get-policy ok", replaced(`{`, `{"no_maximum":true,`)},
		{"neither a maximum nor none", "get-policy default", replaced(`"no_maximum":true,`, ``)},
		{"a maximum of zero", "get-policy ok", replaced(`"max_lifetime_seconds":2592000`, `"max_lifetime_seconds":0`)},
		{"a choice of nothing", "get-policy-choices maximum", replaced(`{"lifetime_seconds":2592000}`, `{}`)},
		{"a choice of two", "get-policy-choices maximum", replaced(`{"lifetime_seconds":2592000`, `{"no_expiration":true,"lifetime_seconds":2592000`)},
		{"no choices", "get-policy-choices no maximum", func(x *exchange) { x.answered = []byte(`{"choices":[]}`) }},
		{"a time without a zone", "get-tokens-id ok", replaced(`00.000000Z"`, `00.000000"`)},
		{"a time in another form", "get-tokens-id ok", replaced(`2026-01-01T12:00:00.000000Z`, `1767268800`)},
		{"an id in upper case", "get-tokens-id ok", replaced(`01890a5d`, `01890A5D`)},
		{"an id that is none", "get-tokens-id ok", replaced(`01890a5d-`, ``)},
		{"an event's id that is none", "get-events ok", replaced(`01890a5d-`, ``)},
		{"an unknown status of a token", "get-tokens-id ok", replaced(`"active"`, `"alive"`)},
		{"an empty name", "get-tokens-id ok", replaced(`"name":"build"`, `"name":""`)},
		{"an outcome of observations", "get-events ok", replaced(`"outcome":"done"`, `"outcome":"failed"`)},
		{"an actor without a kind", "get-events ok", replaced(`{"kind":"system"}`, `{}`)},
		{"an actor of another kind", "get-events ok", replaced(`{"kind":"system"}`, `{"kind":"robot"}`)},
		{"no denials in one event", "get-events denials that were counted", replaced(`"count":3`, `"count":0`)},
		{"a count without digits", "get-events denials that were counted", replaced(`"count":3`, `"count":"3"`)},
		{"an address that is no text", "get-events denials that were counted", replaced(`"address":"192.0.2.7"`, `"address":null`)},
		{"a first time that is none", "get-events denials that were counted", replaced(`"first_at":"2026`, `"first_at":"A026`)},
		{"event 0", "get-events ok", replaced(`"seq":1,`, `"seq":0,`)},
		{"events without a next", "get-events no more events at the moment", replaced(`"next":3`, `"last":3`)},
		{"an unknown code", "get-policy denied", replaced(`"denied"`, `"forbidden"`)},
		{"a code of another status", "get-policy denied", replaced(`"denied"`, `"not_found"`)},
		{"a code of another operation", "put-policy conflict", replaced(`"conflict"`, `"exists"`)},
		{"no code", "get-policy denied", replaced(`"code"`, `"error"`)},
		{"no secret", "post-users-id-tokens created", replaced(`,"secret":"tok_ThisStandsForTheSecretThatTheAnswerShowsOnce00000"`, ``)},
	}
	doc := readDocument(t, closed(t, documentText(t)))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			x := exchangeNamed(t, test.exchange)
			before, headerBefore, statusBefore := string(x.answered), x.response.Header.Clone(), x.response.StatusCode
			if err := doc.checkResponse(x.request, x.response, x.answered); err != nil {
				t.Fatalf("it does not conform before the change: %v", err)
			}
			test.change(&x)
			if before == string(x.answered) && statusBefore == x.response.StatusCode && sameHeader(headerBefore, x.response.Header) {
				t.Fatal("the change has no effect")
			}
			if err := doc.checkResponse(x.request, x.response, x.answered); err == nil {
				t.Error("it conforms")
			}
		})
	}
}

func sameHeader(a, b http.Header) bool { return url.Values(a).Encode() == url.Values(b).Encode() }
