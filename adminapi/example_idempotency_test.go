package adminapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/seed-d6cf0a46/apitoken"
)

// If an answer is lost, the only copy of the secret is lost too. With an Idempotency-Key, the same request can be sent
// again until an answer arrives. Then one token is active: the one of that answer.
func Example_idempotencyKey() {
	c, end := newAdminClient()
	defer end()

	generate := func() (secret string) {
		res, body := c.send("POST", "/users/bob/tokens", `{"name": "nightly build"}`, "Idempotency-Key", "8e03978e-40d5-43dd-bc93-6894a57f9324")
		var answer struct{ Code, Secret string }
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			panic(err)
		}
		fmt.Printf("%d %q\n", res.StatusCode, answer.Code)
		return answer.Secret
	}
	lost := generate() // the connection breaks before the answer arrives
	secret := generate()

	_, err := c.m.Authenticate(context.Background(), lost)
	fmt.Println("the lost one:", errors.Is(err, apitoken.ErrRevoked))
	identity, err := c.m.Authenticate(context.Background(), secret)
	fmt.Println("the other:", identity.User.ID, err)

	// A late repetition does not revoke a token that is in use.
	generate()

	// Output:
	// 201 ""
	// 201 ""
	// the lost one: true
	// the other: bob <nil>
	// 409 "repeated"
}
