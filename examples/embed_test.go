package examples_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

func TestReadmeExampleWorks(t *testing.T) {
	mux := http.NewServeMux()
	secret, err := embed(t.Context(), mux)
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest("GET", "/hello", nil)
	req.Header.Set("Authorization", bearer(secret.Reveal()))
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, req)
	if diff := cmp.Diff("Hello, Bob\n", w.Body.String()); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

func TestReadmeShowsTheExampleThatIsCompiled(t *testing.T) {
	source, err := os.ReadFile("embed_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, compiled, _ := strings.Cut(string(source), "\n\t// The README begins here.\n")
	compiled, _, _ = strings.Cut(compiled, "\t// The README ends here.\n")
	compiled = strings.ReplaceAll("\n"+compiled, "\n\t", "\n")[1:]
	compiled = strings.ReplaceAll(compiled, "return apitoken.Secret{}, err", "return err")
	blocks := readmeBlocks(t, "Embedding it")
	if len(blocks) != 1 {
		t.Fatalf("the README has %d blocks about embedding, want 1", len(blocks))
	}
	if diff := cmp.Diff(compiled, blocks[0].text); diff != "" {
		t.Errorf("the README's example (-want +got):\n%s", diff)
	}
}

// embed is a host in a few lines. It gives the secret that the README shows to the user.
func embed(ctx context.Context, mux *http.ServeMux) (apitoken.Secret, error) {
	// The README begins here.
	m, err := apitoken.New(memstore.New(), nil) // or a sqlstore over your *sql.DB
	if err != nil {
		return apitoken.Secret{}, err
	}
	// Where you sign users in: tell the library who they are.
	_, err = m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob", Name: "Bob"})
	if err != nil {
		return apitoken.Secret{}, err
	}
	// Where a signed-in user asks for a token: show him the secret, once.
	_, secret, err := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "laptop"})
	if err != nil {
		return apitoken.Secret{}, err
	}
	// Around the routes that tokens open: the request is Bob's.
	protected := httpauth.Require(m, nil)
	mux.Handle("GET /hello", protected(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		identity, _ := httpauth.FromContext(r.Context())
		fmt.Fprintln(w, "Hello,", identity.User.Name)
	})))
	// The README ends here.
	return secret, nil
}
