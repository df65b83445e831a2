package adminapi_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// adminClient is a program with the token of an administrator, Ada. There is also a user, Bob.
type adminClient struct {
	api   string // the address of the handler
	token string
	m     *apitoken.Manager
	now   *clock.Mock
}

func newAdminClient() (c adminClient, end func()) {
	ctx := context.Background()
	c.now = clock.NewMock()
	c.now.Set(time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC))
	m, err := apitoken.New(memstore.New(), &apitoken.Options{Clock: c.now})
	if err != nil {
		panic(err)
	}
	for _, u := range []apitoken.User{{ID: "ada", Role: apitoken.RoleAdmin}, {ID: "bob"}} {
		if _, err := m.PutUser(ctx, apitoken.System(), u); err != nil {
			panic(err)
		}
	}
	_, secret, err := m.Generate(ctx, apitoken.As("ada"), apitoken.GenerateParams{Owner: "ada", Name: "provisioning"})
	if err != nil {
		panic(err)
	}
	api, err := adminapi.New(m, &adminapi.Options{Actor: httpauth.ActorFunc(m, nil)})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(api)
	c.m, c.api, c.token = m, server.URL, secret.Reveal()
	return c, server.Close
}

// send sends a request and returns the response with its body. header is pairs of name and value.
func (c adminClient) send(method, path, body string, header ...string) (*http.Response, string) {
	r, err := http.NewRequest(method, c.api+path, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		panic(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		panic(err)
	}
	return res, string(text)
}

// A directory provisions its users. The ETag keeps two programs from undoing each other's changes.
func Example_provisionUsers() {
	c, end := newAdminClient()
	defer end()

	res, body := c.send("PUT", "/users/carol", `{"name": "Carol"}`)
	fmt.Print(res.StatusCode, " ", res.Header.Get("ETag"), " ", body)

	// Carol becomes an administrator, unless she was changed since.
	etag := res.Header.Get("ETag")
	res, _ = c.send("PUT", "/users/carol", `{"name": "Carol", "role": "admin"}`, "If-Match", etag)
	fmt.Println(res.StatusCode, res.Header.Get("ETag"))
	res, _ = c.send("PUT", "/users/carol", `{"name": "Caroline"}`, "If-Match", etag)
	fmt.Println(res.StatusCode)

	// Bob leaves: all of Bob's tokens are revoked, at once and for good.
	res, _ = c.send("PUT", "/users/bob/disabled", "")
	fmt.Println(res.StatusCode)

	_, body = c.send("GET", "/users?limit=2", "")
	fmt.Print(body)

	// Output:
	// 200 "1" {"id":"carol","name":"Carol","role":"user","created_at":"2026-01-01T12:00:00.000000Z","revision":1}
	// 200 "2"
	// 412
	// 204
	// {"users":[{"id":"ada","role":"admin","created_at":"2026-01-01T12:00:00.000000Z","revision":1},{"id":"bob","role":"user","created_at":"2026-01-01T12:00:00.000000Z","disabled_at":"2026-01-01T12:00:00.000000Z","revision":2}],"next":"bob"}
}
