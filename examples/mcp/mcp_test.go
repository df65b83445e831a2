package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// bearer adds a token to each request.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if b != "" {
		r.Header.Set("Authorization", "Bearer "+string(b))
	}
	return http.DefaultTransport.RoundTrip(r)
}

// newSite serves a handler that knows its own address.
func newSite(t *testing.T, m *apitoken.Manager) (origin string) {
	t.Helper()
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	handler, err := newHandler(m, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return server.URL
}

// connect opens a session with the client of the SDK.
func connect(t *testing.T, origin, text string) (*mcp.ClientSession, error) {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	return client.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: origin + "/mcp", HTTPClient: &http.Client{Transport: bearer(text)}, DisableStandaloneSSE: true, MaxRetries: -1,
	}, nil)
}

func TestTheToolsNeedAToken(t *testing.T) {
	tt := tokentest.New(t)
	tt.User("bob", apitoken.RoleUser)
	never, text := tt.Generate(apitoken.GenerateParams{Owner: "bob", Name: "assistant", Lifetime: apitoken.NoExpiration})
	_, soon := tt.Generate(apitoken.GenerateParams{Owner: "bob", Name: "for a day", Lifetime: apitoken.Days(1)})
	origin := newSite(t, tt.Manager)

	for name, text := range map[string]string{"assistant": text, "for a day": soon} {
		session, err := connect(t, origin, text)
		if err != nil {
			t.Fatalf("with the token %s: %v", name, err)
		}
		list, err := session.ListTools(t.Context(), nil)
		if err != nil || len(list.Tools) != 1 || list.Tools[0].Name != "whoami" {
			t.Fatalf("the token %s lists %+v, %v", name, list, err)
		}
		result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "whoami"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]any{"user": "bob", "token": name}, result.StructuredContent); diff != "" {
			t.Errorf("whoami with the token %s (-want +got):\n%s", name, diff)
		}
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	}

	session, err := connect(t, origin, text)
	if err != nil {
		t.Fatal(err)
	}
	if err := tt.Manager.Revoke(t.Context(), apitoken.As("bob"), never.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := session.ListTools(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "Unauthorized") {
		t.Errorf("the session of a revoked token: %v, want Unauthorized", err)
	}
	for name, text := range map[string]string{"no token": "", "a revoked token": text, "a wrong token": text + "x"} {
		if _, err := connect(t, origin, text); err == nil || !strings.Contains(err.Error(), "Unauthorized") {
			t.Errorf("with %s: %v, want Unauthorized", name, err)
		}
	}
}

// A client that knows only the address of the tools finds the document by the challenge.
func TestAClientFollowsTheMetadata(t *testing.T) {
	origin := newSite(t, tokentest.New(t).Manager)
	res, err := http.Post(origin+"/mcp", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	challenges, err := oauthex.ParseWWWAuthenticate(res.Header.Values("WWW-Authenticate"))
	if err != nil || len(challenges) != 1 {
		t.Fatalf("the challenges %v, %v", challenges, err)
	}
	got, err := oauthex.GetProtectedResourceMetadata(context.Background(), challenges[0].Params["resource_metadata"], origin+"/mcp", http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	want := &oauthex.ProtectedResourceMetadata{Resource: origin + "/mcp", BearerMethodsSupported: []string{"header"}, ResourceName: "Example"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the document (-want +got):\n%s", diff)
	}
}
