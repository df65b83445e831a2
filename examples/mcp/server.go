package main

import (
	"context"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
)

// newHandler serves the tools at /mcp to those who present a token, and the document that says so to everybody. origin is where
// clients reach it, such as "https://example.com".
func newHandler(m *apitoken.Manager, origin string) (http.Handler, error) {
	resource := httpauth.Resource{URL: origin + "/mcp", Name: "Example"}
	address, err := resource.MetadataURL()
	if err != nil {
		return nil, err
	}
	metadata, err := httpauth.ResourceMetadata(resource)
	if err != nil {
		return nil, err
	}
	server := newServer()
	tools := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil)
	guard := httpauth.Require(m, &httpauth.Options{ResourceMetadata: address})
	mux := http.NewServeMux()
	mux.Handle("/mcp", guard(withTokenInfo(tools)))
	mux.Handle("/.well-known/oauth-protected-resource/mcp", metadata)
	return mux, nil
}

// withTokenInfo tells the SDK who presents the token. The SDK binds each session to its user, so that no other user continues
// it, not even with a token that is good.
//
// The SDK would refuse a token without an expiration, and would judge one with an expiration by its own clock. Both are decided
// already, by the Manager, so it is given none.
func withTokenInfo(tools http.Handler) http.Handler {
	verified := func(ctx context.Context, _ string, _ *http.Request) (*auth.TokenInfo, error) {
		identity, ok := httpauth.FromContext(ctx)
		if !ok {
			return nil, auth.ErrInvalidToken
		}
		return &auth.TokenInfo{UserID: string(identity.User.ID), Extra: map[string]any{"token": identity.Token.Name}}, nil
	}
	return auth.RequireBearerToken(verified, &auth.RequireBearerTokenOptions{AllowMissingExpiration: true})(tools)
}

// newServer has one tool, which says whom it serves.
func newServer() *mcp.Server {
	server := mcp.NewServer(&mcp.Implementation{Name: "example", Version: "1"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "whoami", Description: "says who calls"}, whoami)
	return server
}

type caller struct {
	User  string `json:"user"`
	Token string `json:"token" jsonschema:"the name of the token"`
}

func whoami(_ context.Context, r *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, caller, error) {
	info := r.Extra.TokenInfo
	name, _ := info.Extra["token"].(string)
	return nil, caller{User: info.UserID, Token: name}, nil
}
