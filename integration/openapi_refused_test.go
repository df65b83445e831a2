package integration_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
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

// The document refuses a request if and only if the handler does. (In general, the handler also has rules that a schema cannot
// express.)
func TestOpenAPIDocumentRefusesWhatTheHandlerRefuses(t *testing.T) {
	const generate, policy, user, list = "POST /users/bob/tokens", "PUT /policy", "PUT /users/bob", "GET /tokens"
	key := http.Header{"Idempotency-Key": {"a b"}}
	tests := []struct {
		name, route, body string
		header            http.Header
		answered          bool
	}{
		{"a name", generate, `{"name": "x"}`, nil, true},
		{"a lifetime with decimals", generate, `{"name": "x", "lifetime_seconds": 1.000001}`, nil, true},
		{"a lifetime below a second", generate, `{"name": "x", "lifetime_seconds": 0.999999}`, nil, false},
		{"a time with an offset", generate, `{"name": "x", "expires_at": "2026-02-01T12:00:00.5+01:00"}`, nil, true},
		{"no expiration", generate, `{"name": "x", "no_expiration": true}`, nil, true},
		{"a key", generate, `{"name": "x"}`, http.Header{"Idempotency-Key": {"a"}}, true},
		{"100 characters of four bytes", generate, `{"name": "` + strings.Repeat("𝔸", 100) + `"}`, nil, true},
		{"no name", generate, `{}`, nil, false},
		{"an empty name", generate, `{"name": ""}`, nil, false},
		{"a name of 101", generate, `{"name": "` + strings.Repeat("x", 101) + `"}`, nil, false},
		{"a name that is a number", generate, `{"name": 1}`, nil, false},
		{"an empty resource", generate, `{"name": "x", "resource": ""}`, nil, false},
		{"a resource that is too long", generate, `{"name": "x", "resource": "` + strings.Repeat("x", 256) + `"}`, nil, false},
		{"an empty kind", generate, `{"name": "x", "kind": ""}`, nil, false},
		{"an unknown member", generate, `{"name": "x", "lifetime": 1}`, nil, false},
		{"null", generate, `{"name": "x", "kind": null}`, nil, false},
		{"a lifetime of zero", generate, `{"name": "x", "lifetime_seconds": 0}`, nil, false},
		{"a lifetime that is a text", generate, `{"name": "x", "lifetime_seconds": "1"}`, nil, false},
		{"false", generate, `{"name": "x", "no_expiration": false}`, nil, false},
		{"a lifetime and an end", generate, `{"name": "x", "lifetime_seconds": 1, "expires_at": "2026-02-01T12:00:00Z"}`, nil, false},
		{"a lifetime and none", generate, `{"name": "x", "lifetime_seconds": 1, "no_expiration": true}`, nil, false},
		{"an end and none", generate, `{"name": "x", "expires_at": "2026-02-01T12:00:00Z", "no_expiration": true}`, nil, false},
		{"a day", generate, `{"name": "x", "expires_at": "2026-02-01"}`, nil, false},
		{"a list", generate, `[]`, nil, false},
		{"no body", generate, ``, nil, false},
		{"a key with a space", generate, `{"name": "x"}`, key, false},
		{"a key of 256", generate, `{"name": "x"}`, http.Header{"Idempotency-Key": {strings.Repeat("x", 256)}}, false},
		{"a form", generate, `{"name": "x"}`, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, false},
		{"a maximum", policy, `{"max_lifetime_seconds": 3153600000}`, nil, true},
		{"no maximum", policy, `{"no_maximum": true}`, nil, true},
		{"no maximum, whatever was", policy, `{"no_maximum": true}`, http.Header{"If-Match": {"*"}}, true},
		{"a maximum below a minute", policy, `{"max_lifetime_seconds": 59.999999}`, nil, false},
		{"a maximum over 100 years", policy, `{"max_lifetime_seconds": 3153600001}`, nil, false},
		{"a maximum and none", policy, `{"max_lifetime_seconds": 1, "no_maximum": true}`, nil, false},
		{"nothing", policy, `{}`, nil, false},
		{"a bare tag", policy, `{"no_maximum": true}`, http.Header{"If-Match": {"3"}}, false},
		{"an empty name of a user", user, `{"name": ""}`, nil, true},
		{"a user without a name", user, `{"role": "user"}`, nil, true},
		{"an empty role", user, `{"name": "x", "role": ""}`, nil, false},
		{"a user's name of 101", user, `{"name": "` + strings.Repeat("x", 101) + `"}`, nil, true},
		{"disabled_at in a user", user, `{"name": "x", "disabled_at": "2026-02-01T12:00:00Z"}`, nil, false},
		{"all conditions", list + "?status=active&name_contains=x&kind=user&resource=project:web&created_by=ada&created_with=01890a5d-ac96-774b-bcce-b302099a8057&on_behalf=true&expires_before=2026-02-01T00:00:00Z&without_expiration=true&unused_since=2025-12-01T00:00:00%2B01:00&lives_longer_than_seconds=0.5&limit=500", ``, nil, true},
		{"an unknown status", list + "?status=alive", ``, nil, false},
		{"a limit of 0", list + "?limit=0", ``, nil, false},
		{"a limit of 501", list + "?limit=501", ``, nil, false},
		{"a limit that is none", list + "?limit=all", ``, nil, false},
		{"a condition that is false", list + "?without_expiration=false", ``, nil, false},
		{"a condition that is a day", list + "?expires_before=2026-02-01", ``, nil, false},
		{"a span of zero", list + "?lives_longer_than_seconds=0", ``, nil, false},
		{"a place that is none", list + "?after=x", ``, nil, false},
		{"two limits", list + "?limit=1&limit=1", ``, nil, false},
		{"an unknown parameter", list + "?owner=bob", ``, nil, false},
		{"all conditions of events", "GET /events?owner=bob&actor=ada&action=token.generate&outcome=done&after=0&limit=500", ``, nil, true},
		{"an action that there is not", "GET /events?action=token.steal", ``, nil, false},
		{"an outcome of observations in a query", "GET /events?outcome=failed", ``, nil, false},
		{"not on behalf", list + "?on_behalf=false", ``, nil, false},
		{"a token that is none", list + "?created_with=x", ``, nil, false},
		{"a place before the events", "GET /events?after=-1", ``, nil, false},
		{"the start of the events", "GET /events?after=0", ``, nil, true},
		{"a user id of 256", "GET /users/" + strings.Repeat("x", 256), ``, nil, false},
		{"a token id that is none", "GET /tokens/x", ``, nil, false},
		{"a body where none is taken", "PUT /users/bob/disabled", `{"disabled": true}`, nil, false},
	}
	doc := readDocument(t, documentText(t))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tt := tokentest.New(t)
			tt.User("ada", apitoken.RoleAdmin)
			tt.User("bob", apitoken.RoleUser)
			_, ada := tt.Generate(apitoken.GenerateParams{Owner: "ada", Lifetime: apitoken.NoExpiration})
			method, target, _ := strings.Cut(test.route, " ")
			r := httptest.NewRequest(method, target, strings.NewReader(test.body))
			r.Header.Set("Authorization", "Bearer "+ada)
			if test.body != "" {
				r.Header.Set("Content-Type", "application/json")
			}
			for name, values := range test.header {
				r.Header[name] = values
			}
			refusal := doc.checkRequest(r, []byte(test.body))
			w := httptest.NewRecorder()
			adminHandler(t, tt.Manager).ServeHTTP(w, r)
			if answered := w.Code < 300; answered != test.answered {
				t.Errorf("the handler answers %d: %s", w.Code, w.Body)
			}
			if accepted := refusal == nil; accepted != test.answered {
				t.Errorf("the document accepts the request: %t (%v), want %t", accepted, refusal, test.answered)
			}
			body, err := io.ReadAll(w.Result().Body)
			must(t, err)
			if err := doc.checkResponse(r, w.Result(), body); err != nil {
				t.Errorf("the response: %v", err)
			}
		})
	}
}
