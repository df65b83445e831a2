package adminui_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// failingLists is a store whose lists of tokens fail from the given call on.
type failingLists struct {
	*memstore.Store
	good int
}

func (s *failingLists) Tokens(ctx context.Context, q apitoken.TokenQuery) ([]apitoken.Token, error) {
	if s.good--; s.good < 0 {
		return nil, apitoken.ErrUnavailable
	}
	return s.Store.Tokens(ctx, q)
}

// downloads serves the pages over a store with so many tokens, of which the first lists can be read.
func downloads(t *testing.T, tokens, goodLists int, around ...func(http.Handler) http.Handler) *httptest.Server {
	t.Helper()
	store := &failingLists{memstore.New(), goodLists}
	m, err := apitoken.New(store, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob"}); err != nil {
		t.Fatal(err)
	}
	for i := range tokens {
		if _, _, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint("token ", i)}); err != nil {
			t.Fatal(err)
		}
	}
	h, err := adminui.New(m, &adminui.Options{Actor: func(*http.Request) (apitoken.Actor, error) { return apitoken.System(), nil }})
	if err != nil {
		t.Fatal(err)
	}
	for _, wrap := range around {
		h = wrap(h)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

// A file that ends before its time does not look whole to the browser: the connection is cut.
func TestAFileThatIsCutShortDoesNotPassForWhole(t *testing.T) {
	for _, tt := range []struct {
		name              string
		tokens, goodLists int
		lines             int // -1: the file is cut
	}{
		{"whole", 1001, 9, 1002},
		{"cut after the first page", 1001, 1, -1},
		{"cut after the second page", 2001, 2, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res, err := http.Get(downloads(t, tt.tokens, tt.goodLists).URL + "/tokens.csv")
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if cut := err != nil; cut != (tt.lines < 0) {
				t.Errorf("after %d bytes the error is %v", len(body), err)
			}
			if n := strings.Count(string(body), "\n"); tt.lines >= 0 && n != tt.lines {
				t.Errorf("the file has %d lines, want %d", n, tt.lines)
			}
		})
	}
}

// A file of which nothing can be read is a page that says so, and no file.
func TestAFileThatCannotBeginIsAProblem(t *testing.T) {
	res, err := http.Get(downloads(t, 1, 0).URL + "/tokens.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got := []string{res.Status, res.Header.Get("Content-Type"), res.Header.Get("Content-Disposition")}
	if diff := cmp.Diff([]string{"503 Service Unavailable", "text/html; charset=utf-8", ""}, got); diff != "" {
		t.Errorf("the answer (-want +got):\n%s", diff)
	}
}
