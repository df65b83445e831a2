package cachestore_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/cachestore"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// A dump of the memory of a host that serves a hundred tokens from its cache has the text of none.
func TestTheCacheHoldsNoText(t *testing.T) {
	ctx := t.Context()
	cache := must(cachestore.New(memstore.New(), nil))
	m := must(apitoken.New(cache, nil))
	must(m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob"}))
	masked := make([][]byte, 100) // the texts, in a form that a search for them does not find
	for i := range masked {
		_, secret, err := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint(i), Lifetime: apitoken.Days(1)})
		if err != nil {
			t.Fatal(err)
		}
		masked[i] = mask([]byte(secret.Reveal()))
	}
	for cache.Stats().Held < len(masked) {
		for _, text := range masked {
			must(m.Authenticate(ctx, string(mask(text))))
		}
		runtime.Gosched() // until the first poll
	}
	kept := string(mask(masked[0])) // shows that the search would find a text
	heap := heapDump(t)
	var found []int
	for i, text := range masked {
		if bytes.Contains(heap, mask(text)) {
			found = append(found, i)
		}
	}
	if len(found) != 1 || found[0] != 0 {
		t.Errorf("the memory has the texts of the tokens %v, want only that of 0", found)
	}
	runtime.KeepAlive(kept)
	runtime.KeepAlive(cache)
}

func mask(text []byte) []byte {
	masked := make([]byte, len(text))
	for i := range text {
		masked[i] = text[i] ^ 0x80
	}
	return masked
}

// heapDump returns the memory of the process, without what nothing refers to.
func heapDump(t *testing.T) []byte {
	t.Helper()
	runtime.GC()
	f := must(os.Create(filepath.Join(t.TempDir(), "heap")))
	debug.WriteHeapDump(f.Fd())
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return must(os.ReadFile(f.Name()))
}
