package adminapi_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// A secret scanner has found a text in a public repository. The token is revoked before the scanner has its response.
func ExampleSecretScanning() {
	ctx := context.Background()
	m, err := apitoken.New(memstore.New(), &apitoken.Options{Prefix: "acme"})
	if err != nil {
		panic(err)
	}
	if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob"}); err != nil {
		panic(err)
	}
	_, secret, err := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "build"})
	if err != nil {
		panic(err)
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader) // the scanner's
	if err != nil {
		panic(err)
	}
	h, err := adminapi.SecretScanning(m, &adminapi.SecretScanningOptions{
		Keys: func(_ context.Context, id string) (*ecdsa.PublicKey, error) {
			if id != "key-1" {
				return nil, apitoken.ErrNotFound
			}
			return &private.PublicKey, nil
		},
	})
	if err != nil {
		panic(err)
	}

	// This part is the scanner.
	body := fmt.Sprintf(`[{"token": %q, "type": "acme_api_token", "url": "https://github.com/bob/site/blob/main/.env", "source": "content"}]`, secret.Reveal())
	sum := sha256.Sum256([]byte(body))
	signature, err := ecdsa.SignASN1(rand.Reader, private, sum[:])
	if err != nil {
		panic(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/secret-scanning", strings.NewReader(body))
	r.Header.Set("Github-Public-Key-Identifier", "key-1")
	r.Header.Set("Github-Public-Key-Signature", base64.StdEncoding.EncodeToString(signature))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, strings.Contains(w.Body.String(), `"label":"true_positive"`))

	_, err = m.Authenticate(ctx, secret.Reveal())
	fmt.Println(err)
	for e := range m.Events(ctx, apitoken.System(), apitoken.EventQuery{Owner: "bob", Action: apitoken.ActionLeaked}) {
		fmt.Println(e.Reason)
	}

	// Output:
	// 200 true
	// apitoken: authenticate: token revoked
	// found in content at github.com/bob/site/blob/main/.env
}
