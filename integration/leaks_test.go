package integration_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
)

// A scanner reports the most tokens that one request may have. All are revoked by the response. The log says how long it took.
func TestAThousandLeakedTokensAreRevokedByOneRequest(t *testing.T) {
	long(t)
	const tokens = 1000
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	onEach(t, everywhere, func(t *testing.T, d database) {
		ctx := context.Background()
		m, err := apitoken.New(d.newMigrated(t, d.open(t, 0), nil), nil)
		must(t, err)
		t.Cleanup(func() { must(t, m.Close(ctx)) })
		_, err = m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob"})
		must(t, err)
		texts := make([]string, tokens)
		reported := make([]map[string]string, tokens)
		for i := range texts {
			_, secret, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint(i)})
			must(t, err)
			texts[i] = secret.Reveal()
			reported[i] = map[string]string{
				"token": texts[i], "type": "acme_api_token", "url": fmt.Sprintf("https://github.com/acme/web/blob/main/%d", i), "source": "content",
			}
		}
		body, err := json.Marshal(reported)
		must(t, err)
		sum := sha256.Sum256(body)
		signature, err := ecdsa.SignASN1(rand.Reader, private, sum[:])
		must(t, err)
		h, err := adminapi.SecretScanning(m, &adminapi.SecretScanningOptions{
			Keys: func(context.Context, string) (*ecdsa.PublicKey, error) { return &private.PublicKey, nil },
		})
		must(t, err)
		for _, attempt := range []string{"the first report", "the same report again"} {
			r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
			r.Header.Set("Github-Public-Key-Identifier", "key-1")
			r.Header.Set("Github-Public-Key-Signature", base64.StdEncoding.EncodeToString(signature))
			w := httptest.NewRecorder()
			begun := time.Now()
			h.ServeHTTP(w, r)
			t.Logf("%s of %d tokens took %s", attempt, tokens, time.Since(begun).Round(time.Millisecond))
			if n := strings.Count(w.Body.String(), "true_positive"); w.Code != http.StatusOK || n != tokens {
				t.Fatalf("%s: status %d with %d true positives, want 200 with %d", attempt, w.Code, n, tokens)
			}
		}
		for i, text := range texts {
			if _, err := m.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrRevoked) {
				t.Fatalf("token %d: %v, want ErrRevoked", i, err)
			}
		}
	})
}
