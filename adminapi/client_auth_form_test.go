package adminapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// Both endpoints read a request alike. Each of these would be answered 200 but for one thing.
func TestFormsThatCannotBeRead(t *testing.T) {
	tt := tokentest.New(t)
	text := tt.Token("bob")
	revoking, err := adminapi.Revocation(tt.Manager, nil)
	if err != nil {
		t.Fatal(err)
	}
	handlers := map[string]http.Handler{
		"Introspection": introspecting(t, tt.Manager, adminapi.IntrospectionOptions{}), "Revocation": revoking,
	}
	const (
		notForm = "the body has to be application/x-www-form-urlencoded in UTF-8, not compressed"
		twice   = "a parameter is there more than once"
		missing = "the token is missing"
		query   = "parameters belong into the body, and the query has to be empty"
		encoded = "the form cannot be decoded"
	)
	method := "405\nAllow: POST\nCache-Control: no-store\nContent-Type: application/json\n" +
		`{"error":"invalid_request","error_description":"the method is not POST"}`
	tooLong := "413\nCache-Control: no-store\nContent-Type: application/json\n" +
		`{"error":"invalid_request","error_description":"the form is longer than 16384 bytes"}`
	good := tokenForm(text)
	in := func(change func(*http.Request)) func() *http.Request {
		return func() *http.Request {
			r := asGateway(good)
			change(r)
			return r
		}
	}
	body := func(form string) func() *http.Request { return func() *http.Request { return asGateway(form) } }
	header := func(name string, values ...string) func() *http.Request {
		return in(func(r *http.Request) { r.Header[name] = values })
	}
	byMethod := func(method string) func() *http.Request { return in(func(r *http.Request) { r.Method = method }) }
	byQuery := func(query string) func() *http.Request { return in(func(r *http.Request) { r.URL.RawQuery = query }) }
	tests := []struct {
		name    string
		request func() *http.Request
		want    string
	}{
		{"GET", byMethod("GET"), method},
		{"HEAD", byMethod("HEAD"), method},
		{"PUT", byMethod("PUT"), method},
		{"DELETE", byMethod("DELETE"), method},
		{"OPTIONS", byMethod("OPTIONS"), method},
		{"PATCH", byMethod("PATCH"), method},
		{"post", byMethod("post"), method},
		{"GET with the token in the query", in(func(r *http.Request) { r.Method, r.URL.RawQuery = "GET", good }), method},

		{"the token in the query too", byQuery(good), toldInvalid(query)},
		{"the token in the query alone", func() *http.Request {
			r := asGateway("")
			r.URL.RawQuery = good
			return r
		}, toldInvalid(query)},
		{"anything in the query", byQuery("x"), toldInvalid(query)},
		{"the client in the query", byQuery("client_id=gw&client_secret=" + gatewaySecret), toldInvalid(query)},

		{"no content type", in(func(r *http.Request) { r.Header.Del("Content-Type") }), toldInvalid(notForm)},
		{"an empty content type", header("Content-Type", ""), toldInvalid(notForm)},
		{"JSON", header("Content-Type", "application/json"), toldInvalid(notForm)},
		{"multipart", header("Content-Type", "multipart/form-data; boundary=x"), toldInvalid(notForm)},
		{"text", header("Content-Type", "text/plain"), toldInvalid(notForm)},
		{"a content type that only begins so", header("Content-Type", "application/x-www-form-urlencoded2"), toldInvalid(notForm)},
		{"another charset", header("Content-Type", "application/x-www-form-urlencoded; charset=utf-16"), toldInvalid(notForm)},
		{"a content type that cannot be read", header("Content-Type", "application/x-www-form-urlencoded; charset"), toldInvalid(notForm)},
		{"two content types", header("Content-Type", "application/x-www-form-urlencoded", "application/json"), toldInvalid(notForm)},
		{"compressed", header("Content-Encoding", "gzip"), toldInvalid(notForm)},

		{"no body", body(""), toldInvalid(missing)},
		{"no token", body("token_type_hint=access_token"), toldInvalid(missing)},
		{"an empty token", body("token="), toldInvalid(missing)},
		{"a token without an equals sign", body("token"), toldInvalid(missing)},
		{"Token", body("Token=" + text), toldInvalid(missing)},
		{"two tokens", body(good + "&" + good), toldInvalid(twice)},
		{"two tokens, one empty", body(good + "&token="), toldInvalid(twice)},
		{"two tokens, one encoded", body(good + "&%74oken=x"), toldInvalid(twice)},
		{"two hints", body(good + "&token_type_hint=a&token_type_hint=b"), toldInvalid(twice)},
		{"two of what is unknown", body(good + "&x=1&x=2"), toldInvalid(twice)},
		{"bad percent encoding", body("token=%zz"), toldInvalid(encoded)},
		{"half a percent encoding", body(good + "%4"), toldInvalid(encoded)},
		{"bad percent encoding of a name", body(good + "&%=x"), toldInvalid(encoded)},
		{"a semicolon", body(good + ";token=x"), toldInvalid(encoded)},
		{"too long", body(good + "&x=" + strings.Repeat("x", 16<<10)), tooLong},
		{"too long by one", body(good + "&x=" + strings.Repeat("x", 16<<10-len(good)-2)), tooLong},
		{"the body breaks off", in(func(r *http.Request) { r.Body = brokenBody{} }), toldInvalid("the body cannot be read")},
	}
	for _, test := range tests {
		for which, h := range handlers {
			t.Run(test.name+"/"+which, func(t *testing.T) {
				w := answerTo(h, test.request())
				if diff := cmp.Diff(test.want, told(w)); diff != "" {
					t.Errorf("the answer differs (-want +got):\n%s", diff)
				}
				if strings.Contains(w.Body.String(), text) {
					t.Errorf("the answer shows the token")
				}
			})
		}
	}
	if _, err := tt.Manager.Authenticate(t.Context(), text); err != nil {
		t.Errorf("one of them has revoked the token: %v", err)
	}
}

type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, errors.New("connection reset") }
func (brokenBody) Close() error             { return nil }

func TestFormsThatAreAcceptedAsWell(t *testing.T) {
	tt := tokentest.New(t)
	text := tt.Token("bob")
	h := introspecting(t, tt.Manager, adminapi.IntrospectionOptions{})
	good := tokenForm(text)
	for name, r := range map[string]*http.Request{
		"a hint":               asGateway(good + "&token_type_hint=access_token"),
		"an unknown hint":      asGateway(good + "&token_type_hint=refresh_token"),
		"an empty hint":        asGateway(good + "&token_type_hint="),
		"unknown parameters":   asGateway(good + "&x=1&y"),
		"encoded all over":     asGateway("%74oken=%" + "74" + text[1:]),
		"as long as allowed":   asGateway(good + "&x=" + strings.Repeat("x", 16<<10-len(good)-3)),
		"a charset":            contentType(asGateway(good), "application/x-www-form-urlencoded;charset=UTF-8"),
		"a charset, otherwise": contentType(asGateway(good), `Application/X-WWW-Form-Urlencoded ; charset="utf-8"`),
	} {
		if w := answerTo(h, r); w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), `{"active":true,`) {
			t.Errorf("%s: it answers %s", name, told(w))
		}
	}
}

func contentType(r *http.Request, value string) *http.Request {
	r.Header.Set("Content-Type", value)
	return r
}
