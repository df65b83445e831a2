package adminapi_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// A service in another language introspects a token with a library for RFC 7662. The holder of the token revokes it.
func ExampleIntrospection() {
	m, err := apitoken.New(memstore.New(), nil)
	if err != nil {
		panic(err)
	}
	clients, err := adminapi.FixedClients(map[string]string{"gateway": "3q2-7wXbL0aVn4uTqJk9Zg"}) // random, from the configuration of the host
	if err != nil {
		panic(err)
	}
	introspection, err := adminapi.Introspection(m, &adminapi.IntrospectionOptions{Clients: clients})
	if err != nil {
		panic(err)
	}
	revocation, err := adminapi.Revocation(m, nil)
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/oauth2/introspect", introspection)
	mux.Handle("/oauth2/revoke", revocation)
	server := httptest.NewServer(mux)
	defer server.Close()

	// This part is the service.
	post := func(path, secret, token string) {
		r, _ := http.NewRequest("POST", server.URL+path, strings.NewReader(url.Values{"token": {token}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth("gateway", secret)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			panic(err)
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		fmt.Println(path, res.StatusCode, string(body))
	}
	post("/oauth2/introspect", "3q2-7wXbL0aVn4uTqJk9Zg", "tok_unknown")
	post("/oauth2/introspect", "wrong", "tok_unknown")
	post("/oauth2/revoke", "", "tok_unknown")

	// Output:
	// /oauth2/introspect 200 {"active":false}
	// /oauth2/introspect 401 {"error":"invalid_client"}
	// /oauth2/revoke 200 {}
}
