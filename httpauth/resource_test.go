package httpauth_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

func ExampleResourceMetadata() {
	resource := httpauth.Resource{
		URL:           "https://example.com/mcp",
		Name:          "Example",
		Documentation: "https://example.com/docs/tokens",
	}
	handler, err := httpauth.ResourceMetadata(resource)
	if err != nil {
		panic(err)
	}
	address, err := resource.MetadataURL()
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/.well-known/oauth-protected-resource/mcp", handler)
	// and in the options of the middleware: ResourceMetadata: address

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", address, nil))
	fmt.Print(w.Body)
	// Output:
	// {"resource":"https://example.com/mcp","bearer_methods_supported":["header"],"resource_name":"Example","resource_documentation":"https://example.com/docs/tokens"}
}

func TestResourceMetadataIsForEverybody(t *testing.T) {
	handler, err := httpauth.ResourceMetadata(httpauth.Resource{
		URL: "http://127.0.0.1:8080/a%20b", AuthorizationServers: []string{"https://login.example.com"}, Scopes: []string{"deploy", "read:all"},
	})
	if err != nil {
		t.Fatal(err)
	}
	const document = `{"resource":"http://127.0.0.1:8080/a%20b","authorization_servers":["https://login.example.com"],` +
		`"scopes_supported":["deploy","read:all"],"bearer_methods_supported":["header"]}` + "\n"
	type answer struct {
		Status                     int
		Type, Cache, Origin, Allow string
		Body                       string
	}
	for method, want := range map[string]answer{
		"GET":  {200, "application/json", "public, max-age=3600", "*", "", document},
		"POST": {405, "", "", "*", "GET, HEAD", ""},
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(method, "/anything", nil))
		h := w.Header()
		got := answer{w.Code, h.Get("Content-Type"), h.Get("Cache-Control"), h.Get("Access-Control-Allow-Origin"), h.Get("Allow"), w.Body.String()}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", method, diff)
		}
	}
}

func TestMetadataURLIsBetweenHostAndPath(t *testing.T) {
	for resource, want := range map[string]string{
		"https://example.com":           "https://example.com/.well-known/oauth-protected-resource",
		"https://example.com/":          "https://example.com/.well-known/oauth-protected-resource",
		"https://example.com/mcp":       "https://example.com/.well-known/oauth-protected-resource/mcp",
		"https://example.com:8443/a/b/": "https://example.com:8443/.well-known/oauth-protected-resource/a/b/",
		"https://example.com/a%2Fb":     "https://example.com/.well-known/oauth-protected-resource/a%2Fb",
		"http://localhost:1/x":          "http://localhost:1/.well-known/oauth-protected-resource/x",
		"http://[::1]:1/x":              "http://[::1]:1/.well-known/oauth-protected-resource/x",
	} {
		if got, err := (httpauth.Resource{URL: resource}).MetadataURL(); got != want || err != nil {
			t.Errorf("the metadata of %s are at %q, %v; want %q", resource, got, err, want)
		}
	}
}

func TestAResourceThatClientsCannotUseIsRefused(t *testing.T) {
	const good = "https://example.com/mcp"
	for name, resource := range map[string]httpauth.Resource{
		"nothing":                {},
		"a path":                 {URL: "/mcp"},
		"no host":                {URL: "https:///mcp"},
		"no TLS":                 {URL: "http://example.com/mcp"},
		"another scheme":         {URL: "ftp://example.com/mcp"},
		"a query":                {URL: good + "?a=b"},
		"an empty query":         {URL: good + "?"},
		"a fragment":             {URL: good + "#a"},
		"a user":                 {URL: "https://ada@example.com/mcp"},
		"no URL":                 {URL: "https://exa mple.com/"},
		"a server without TLS":   {URL: good, AuthorizationServers: []string{"http://login.example.com"}},
		"an empty server":        {URL: good, AuthorizationServers: []string{""}},
		"an empty scope":         {URL: good, Scopes: []string{""}},
		"two scopes in one text": {URL: good, Scopes: []string{"a b"}},
	} {
		if _, err := httpauth.ResourceMetadata(resource); !errors.Is(err, apitoken.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
}

func TestEachBearerChallengeNamesTheMetadata(t *testing.T) {
	tt := tokentest.New(t)
	const metadata = "https://example.com/.well-known/oauth-protected-resource"
	require := httpauth.Require(tt.Manager, &httpauth.Options{ResourceMetadata: metadata, Basic: true, Permission: apitoken.SetPolicy})
	for name, test := range map[string]struct {
		token string
		want  []string
	}{
		"no token":      {"", []string{`Bearer realm="api", resource_metadata="` + metadata + `"`, `Basic realm="api"`}},
		"a wrong token": {"x", []string{`Bearer realm="api", error="invalid_token", resource_metadata="` + metadata + `"`, `Basic realm="api"`}},
		"a permission":  {tt.Token("ada"), []string{`Bearer realm="api", error="insufficient_scope", scope="SetPolicy", resource_metadata="` + metadata + `"`}},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		if test.token != "" {
			r.Header.Set("Authorization", "Bearer "+test.token)
		}
		w := httptest.NewRecorder()
		require(http.HandlerFunc(ok)).ServeHTTP(w, r)
		if diff := cmp.Diff(test.want, w.Header().Values("WWW-Authenticate")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestResourceMetadataHasToBeAURL(t *testing.T) {
	tt := tokentest.New(t)
	for _, text := range []string{"/.well-known/x", "https:", `https://example.com/"`, "https://example.com/\r\nx: y", "https://example.com/é"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q is accepted", text)
				}
			}()
			httpauth.Require(tt.Manager, &httpauth.Options{ResourceMetadata: text})
		}()
	}
}
