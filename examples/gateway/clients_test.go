package gateway_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zitadel/oidc/v3/pkg/client/rs"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/seed-d6cf0a46/apitoken"
)

// The service is written in JavaScript, with openid-client, which finds the endpoints by the document.
func TestGatewayNode(t *testing.T) {
	long(t)
	node, npm := need(t, "node", "node"), need(t, "node", "npm")
	h := newHost(t, apitoken.NoExpiration)
	dir := folder(t, "node")
	install := exec.Command(npm, "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		missing(t, "node", errors.New("npm install: "+err.Error()+": "+string(out)))
	}
	token, text := h.generate("bob")
	service := exec.Command(node, "service.mjs", h.server.URL, "gateway", clientSecret, text)
	service.Dir = dir
	var stderr bytes.Buffer
	service.Stderr = &stderr
	out, err := service.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	active := map[string]any{
		"active": true, "sub": "bob", "username": "Bob", "token_type": "Bearer", "jti": token.ID.String(),
		"iat": float64(token.CreatedAt.Unix()), "exp": float64(token.ExpiresAt.Unix()),
	}
	inactive := map[string]any{"active": false}
	want := map[string]map[string]any{
		"before, by Basic": active, "before, by form": active, "unknown": inactive, "after": inactive,
		"wrong client": {"refused": float64(401), "challenge": "basic"},
	}
	got := map[string]map[string]any{}
	for line := range bytes.Lines(out) {
		var said map[string]any
		if err := json.Unmarshal(line, &said); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		what, _ := said["what"].(string)
		delete(said, "what")
		got[what] = said
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what the service learns differs (-want +got):\n%s", diff)
	}
	if _, err := h.manager.Authenticate(t.Context(), text); !errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("the service has revoked the token, and Authenticate says %v", err)
	}
}

// The service is written in Go, with the client of zitadel/oidc.
func TestGatewayZitadelOIDC(t *testing.T) {
	long(t)
	h := newHost(t, apitoken.NoExpiration)
	ask := func(secret, token string) (*oidc.IntrospectionResponse, error) {
		t.Helper()
		server, err := rs.NewResourceServerClientCredentials(t.Context(), h.server.URL, "gateway", secret,
			rs.WithStaticEndpoints(h.server.URL+"/oauth2/token", h.server.URL+"/oauth2/introspect"))
		must(t, err)
		return rs.Introspect[*oidc.IntrospectionResponse](t.Context(), server, token)
	}
	token, text := h.generate("bob")
	before, err := ask(clientSecret, text)
	must(t, err)
	if !before.Active || before.Subject != "bob" || before.Username != "Bob" || before.JWTID != token.ID.String() || before.TokenType != "Bearer" ||
		before.IssuedAt.AsTime().Unix() != token.CreatedAt.Unix() || before.Expiration.AsTime().Unix() != token.ExpiresAt.Unix() {
		t.Errorf("it learns %+v of %v", before, token)
	}
	unknown, err := ask(clientSecret, "tok_unknown")
	if err != nil || unknown.Active {
		t.Errorf("of an unknown token it learns %+v, %v", unknown, err)
	}
	_, err = ask(clientSecret+"x", text)
	if refusal := new(oidc.Error); !errors.As(err, &refusal) || refusal.ErrorType != "invalid_client" {
		t.Errorf("with a wrong secret it gets %v", err)
	}
	h.revoke(text)
	after, err := ask(clientSecret, text)
	if err != nil || after.Active {
		t.Errorf("of a revoked token it learns %+v, %v", after, err)
	}
	h.store.down.Store(true)
	if learnt, err := ask(clientSecret, text); err == nil {
		t.Errorf("from a failing store it learns %+v", learnt)
	}
}
