package adminapi_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
)

func ExampleServerMetadata() {
	server := adminapi.AuthorizationServer{
		Issuer:                "https://example.com",
		IntrospectionEndpoint: "https://example.com/oauth2/introspect",
	}
	handler, err := adminapi.ServerMetadata(server)
	if err != nil {
		panic(err)
	}
	address, err := server.MetadataURL()
	if err != nil {
		panic(err)
	}
	fmt.Println(address)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", address, nil))
	fmt.Print(w.Body)
	// Output:
	// https://example.com/.well-known/oauth-authorization-server
	// {"grant_types_supported":[],"introspection_endpoint":"https://example.com/oauth2/introspect","introspection_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post"],"issuer":"https://example.com","response_types_supported":[]}
}

func TestAServerThatClientsCannotUseIsRefused(t *testing.T) {
	const good, endpoint = "https://example.com", "https://example.com/oauth2/introspect"
	for name, server := range map[string]adminapi.AuthorizationServer{
		"no issuer":                   {IntrospectionEndpoint: endpoint},
		"an issuer without TLS":       {Issuer: "http://example.com", IntrospectionEndpoint: endpoint},
		"an issuer with a query":      {Issuer: good + "?a", IntrospectionEndpoint: endpoint},
		"no endpoint":                 {Issuer: good},
		"a path":                      {Issuer: good, IntrospectionEndpoint: "/oauth2/introspect"},
		"an endpoint without TLS":     {Issuer: good, RevocationEndpoint: "http://example.com/oauth2/revoke"},
		"an endpoint with a fragment": {Issuer: good, RevocationEndpoint: endpoint + "#a"},
	} {
		if _, err := adminapi.ServerMetadata(server); !errors.Is(err, apitoken.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
}
