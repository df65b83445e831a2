package apitoken_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// oldKeys recognises texts like "old-1". Another system stored their SHA-256.
var oldKeys = apitoken.ForeignFormat{Name: "old", Key: func(text string) ([]byte, bool) {
	if !strings.HasPrefix(text, "old-") {
		return nil, false
	}
	return oldKey(text), true
}}

func oldKey(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

func newImportHost(t *testing.T) host {
	return newHost(t, apitoken.Options{Foreign: []apitoken.ForeignFormat{oldKeys}, Kinds: []apitoken.Kind{"ci"}})
}

func importOf(text string) apitoken.ImportParams {
	return apitoken.ImportParams{Format: "old", Key: oldKey(text), Owner: bob, Name: text}
}

func TestAnImportedTokenWorksLikeAnyOther(t *testing.T) {
	h := newImportHost(t)
	now := h.Now()
	h.mustSetMax(time.Hour) // does not apply
	p := importOf("old-1")
	p.Kind, p.Resource, p.CreatedBy, p.Hint = "ci", "project:web", "carol", "old-...1"
	p.CreatedAt, p.LastUsedAt, p.ExpiresAt = now.Add(-1000*time.Hour), now.Add(-time.Hour), now.Add(1000*time.Hour)
	token, err := h.Import(ctx, apitoken.System(), p)
	if err != nil {
		t.Fatal(err)
	}
	want := apitoken.Token{
		ID: token.ID, Owner: bob, Name: "old-1", Kind: "ci", Resource: "project:web", Permissions: apitoken.Unlimited, CreatedBy: "carol", Hint: "old-...1",
		CreatedAt: p.CreatedAt, LastUsedAt: p.LastUsedAt, ExpiresAt: p.ExpiresAt,
	}
	if diff := cmp.Diff(want, token); diff != "" {
		t.Errorf("imported (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(token, h.mustAuthenticate("old-1").Token); diff != "" {
		t.Errorf("authenticated (-want +got):\n%s", diff)
	}
	e := h.events()[len(h.events())-1]
	if e.Action != apitoken.ActionImport || e.Owner != bob || e.Token != token.ID || e.After.Name != "old-1" || !e.After.ExpiresAt.Equal(p.ExpiresAt) {
		t.Errorf("event %+v, want the import of %+v", e, want)
	}
	_, ours := h.mustGenerate(apitoken.System(), apitoken.GenerateParams{Owner: bob, Name: "ours"})
	if diff := cmp.Diff([]string{"old-1", "ours"}, names(h.tokens())); diff != "" {
		t.Errorf("tokens in the order of creation (-want +got):\n%s", diff)
	}
	h.must(h.RevokeAll(ctx, apitoken.System(), bob))
	for _, text := range []string{"old-1", ours} {
		if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrRevoked) {
			t.Errorf("%.5s after RevokeAll: %v, want ErrRevoked", text, err)
		}
	}
}

func names(tokens []apitoken.Token) (names []string) {
	for _, t := range tokens {
		names = append(names, t.Name)
	}
	return names
}

func TestBadImportsAreRefused(t *testing.T) {
	h := newImportHost(t)
	now := h.Now()
	h.mustGenerate(apitoken.System(), apitoken.GenerateParams{Owner: bob, Name: "taken"})
	if _, err := h.Import(ctx, apitoken.System(), importOf("old-1")); err != nil {
		t.Fatal(err)
	}
	before, events := h.tokens(), len(h.events())
	for _, c := range []struct {
		name   string
		change func(*apitoken.ImportParams)
		is     error
		says   string
	}{
		{"unknown format", func(p *apitoken.ImportParams) { p.Format = "other" }, apitoken.ErrInvalid, "format: is not among"},
		{"no key", func(p *apitoken.ImportParams) { p.Key = nil }, apitoken.ErrInvalid, "key: is 0 bytes long, 16 to 512 are allowed"},
		{"short key", func(p *apitoken.ImportParams) { p.Key = p.Key[:15] }, apitoken.ErrInvalid, "key: is 15 bytes"},
		{"long key", func(p *apitoken.ImportParams) { p.Key = bytes.Repeat(p.Key, 17) }, apitoken.ErrInvalid, "key: is 544 bytes"},
		{"no owner", func(p *apitoken.ImportParams) { p.Owner = "" }, apitoken.ErrInvalid, "owner: is empty"},
		{"unknown owner", func(p *apitoken.ImportParams) { p.Owner = "eve" }, apitoken.ErrNotFound, ""},
		{"disabled owner", func(p *apitoken.ImportParams) { p.Owner = dan }, apitoken.ErrUserDisabled, ""},
		{"no name", func(p *apitoken.ImportParams) { p.Name = "" }, apitoken.ErrInvalid, "name: is empty"},
		{"taken name", func(p *apitoken.ImportParams) { p.Name = "taken" }, apitoken.ErrExists, ""},
		{"undeclared kind", func(p *apitoken.ImportParams) { p.Kind = "robot" }, apitoken.ErrInvalid, "kind:"},
		{"bad description", func(p *apitoken.ImportParams) { p.Description = "x\ny" }, apitoken.ErrInvalid, "description: contains the invisible character U+000A"},
		{"bad resource", func(p *apitoken.ImportParams) { p.Resource = " x" }, apitoken.ErrInvalid, "resource:"},
		{"bad creator", func(p *apitoken.ImportParams) { p.CreatedBy = "\x00" }, apitoken.ErrInvalid, "created by:"},
		{"long hint", func(p *apitoken.ImportParams) { p.Hint = strings.Repeat("h", 21) }, apitoken.ErrInvalid, "hint: is 21 bytes long, at most 20 are allowed"},
		{"created in the future", func(p *apitoken.ImportParams) { p.CreatedAt = now.Add(1) }, apitoken.ErrInvalid, "created at: is not between 1970 and now"},
		{"created before 1970", func(p *apitoken.ImportParams) { p.CreatedAt = time.Unix(-1, 0) }, apitoken.ErrInvalid, "created at:"},
		{"used before it was created", func(p *apitoken.ImportParams) { p.LastUsedAt = now.Add(-1) }, apitoken.ErrInvalid, "last used at:"},
		{"used in the future", func(p *apitoken.ImportParams) { p.LastUsedAt = now.Add(1) }, apitoken.ErrInvalid, "last used at:"},
		{"expired", func(p *apitoken.ImportParams) { p.ExpiresAt = now }, apitoken.ErrInvalid, "expires at: is not between now and the year 2200"},
		{"expires too late", func(p *apitoken.ImportParams) { p.ExpiresAt = now.AddDate(300, 0, 0) }, apitoken.ErrInvalid, "expires at:"},
		{"a key of another token", func(p *apitoken.ImportParams) { p.Key = oldKey("old-1") }, apitoken.ErrExists, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := importOf("old-2")
			c.change(&p)
			_, err := h.Import(ctx, apitoken.System(), p)
			if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("Import: %v, want %v with %q", err, c.is, c.says)
			}
		})
	}
	if diff := cmp.Diff(before, h.tokens()); diff != "" || len(h.events()) != events {
		t.Errorf("%d events of refusals, want none; tokens (-before +after):\n%s", len(h.events())-events, diff)
	}
}

func TestOnlyTheHostImports(t *testing.T) {
	h := newImportHost(t)
	if _, err := h.Import(ctx, apitoken.As(ada), importOf("old-1")); !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("Import by an administrator: %v, want ErrDenied", err)
	}
	if n := h.denials(); n != 1 {
		t.Errorf("%d denials recorded, want 1", n)
	}
	if _, err := h.Authenticate(ctx, "old-1"); !errors.Is(err, apitoken.ErrUnknownToken) {
		t.Errorf("Authenticate after a denied import: %v, want ErrUnknownToken", err)
	}
}

// A repeated import returns the stored token as it is now, perhaps revoked. Eight at once store it once.
func TestImportIsIdempotent(t *testing.T) {
	h := newImportHost(t)
	var imports sync.WaitGroup
	var ids sync.Map
	for range 8 {
		imports.Go(func() {
			token, err := h.Import(ctx, apitoken.System(), importOf("old-1"))
			if err != nil {
				t.Error(err)
			}
			ids.Store(token.ID, true)
		})
	}
	imports.Wait()
	tokens := h.tokens()
	if len(tokens) != 1 {
		t.Fatalf("%d tokens, want 1", len(tokens))
	}
	ids.Range(func(id, _ any) bool {
		if id != tokens[0].ID {
			t.Errorf("an import returned %s, want %s", id, tokens[0].ID)
		}
		return true
	})
	events := len(h.events())
	h.must(h.RevokeAll(ctx, apitoken.System(), bob))
	again, err := h.Import(ctx, apitoken.System(), importOf("old-1"))
	if err != nil || again.Status(h.Now()) != apitoken.StatusRevoked {
		t.Errorf("a repeated import returns a token that is %s, %v, want revoked", again.Status(h.Now()), err)
	}
	if n := len(h.events()) - events; n != 1 {
		t.Errorf("%d events, want only that of RevokeAll", n)
	}
	if _, err := h.Authenticate(ctx, "old-1"); !errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("Authenticate after a repeated import: %v, want ErrRevoked", err)
	}
}

// A text belongs to our own formats, or else to the first foreign format that accepts it. Later formats are not asked.
func TestATextBelongsToOneFormat(t *testing.T) {
	var asked []string
	format := func(name, prefix string) apitoken.ForeignFormat {
		return apitoken.ForeignFormat{Name: name, Key: func(text string) ([]byte, bool) {
			asked = append(asked, name)
			return oldKey(text), strings.HasPrefix(text, prefix)
		}}
	}
	h := newHost(t, apitoken.Options{Prefix: "new", FormerPrefixes: []string{"tok"}, Foreign: []apitoken.ForeignFormat{
		format("narrow", "ab"), format("wide", "a"),
	}})
	_, text := h.mustGenerate(apitoken.System(), apitoken.GenerateParams{Owner: bob, Name: "ours"})
	former := must(apitoken.New(h.store, nil))
	_, secret, err := former.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: bob, Name: "former"})
	h.must(err)
	for _, name := range []string{"narrow", "wide"} {
		_, err := h.Import(ctx, apitoken.System(), apitoken.ImportParams{Format: name, Key: oldKey("abc"), Owner: bob, Name: name})
		h.must(err)
	}
	for _, c := range []struct {
		name, text string
		want       string // the name of the token, or the Reason of the refusal
		asked      []string
		lookups    int
	}{
		{"our own", text, "ours", nil, 1},
		{"with a former prefix", secret.Reveal(), "former", nil, 1},
		{"our own, misspelt", text[:len(text)-1] + "!", "malformed", nil, 0},
		{"with a former prefix, misspelt", secret.Reveal()[:10] + "!" + secret.Reveal()[11:], "malformed", nil, 0},
		{"our prefix and another length", text + "0", "malformed", []string{"narrow", "wide"}, 0},
		{"two formats accept it", "abc", "narrow", []string{"narrow"}, 1},
		{"the second format accepts it", "acc", "unknown", []string{"narrow", "wide"}, 1},
		{"no format accepts it", "b", "malformed", []string{"narrow", "wide"}, 0},
		{"empty", "", "malformed", []string{"narrow", "wide"}, 0},
		{"512 bytes", "ab" + strings.Repeat("c", 510), "unknown", []string{"narrow"}, 1},
		{"513 bytes", "ab" + strings.Repeat("c", 511), "malformed", nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked = nil
			before := h.store.count("Lookup")
			identity, err := h.Authenticate(ctx, c.text)
			got := identity.Token.Name
			if err != nil {
				got = apitoken.Reason(err)
			}
			if got != c.want {
				t.Errorf("authenticates as %q, want %q", got, c.want)
			}
			if diff := cmp.Diff(c.asked, asked); diff != "" {
				t.Errorf("formats asked (-want +got):\n%s", diff)
			}
			if n := h.store.count("Lookup") - before; n != c.lookups {
				t.Errorf("%d lookups, want %d", n, c.lookups)
			}
		})
	}
}

func TestInvalidForeignFormatsAreRefused(t *testing.T) {
	key := oldKeys.Key
	for _, c := range []struct {
		name string
		opts apitoken.Options
		says string
	}{
		{"no name", apitoken.Options{Foreign: []apitoken.ForeignFormat{{Key: key}}}, "foreign format: is empty"},
		{"no key", apitoken.Options{Foreign: []apitoken.ForeignFormat{{Name: "a"}}}, `foreign format: "a" has no Key`},
		{"twice", apitoken.Options{Foreign: []apitoken.ForeignFormat{{"a", key}, {"a", key}}}, `foreign format: "a" is given twice`},
		{"bad prefix", apitoken.Options{FormerPrefixes: []string{"Old"}}, "prefix:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := apitoken.New(memstore.New(), &c.opts)
			if !errors.Is(err, apitoken.ErrInvalid) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("New: %v, want ErrInvalid with %q", err, c.says)
			}
		})
	}
}

// After a failure of any call of the store, a repeated import completes.
func TestAnImportThatFailsCanBeRepeated(t *testing.T) {
	for _, method := range []string{"Lookup", "Facts", "CreateToken"} {
		t.Run(method, func(t *testing.T) {
			h := newImportHost(t)
			var failed atomic.Bool
			h.store.before = func(called string) error {
				if called == method && failed.CompareAndSwap(false, true) {
					return errors.New("connection reset")
				}
				return nil
			}
			if _, err := h.Import(ctx, apitoken.System(), importOf("old-1")); !errors.Is(err, apitoken.ErrUnavailable) {
				t.Fatalf("Import while %s fails: %v, want ErrUnavailable", method, err)
			}
			if _, err := h.Import(ctx, apitoken.System(), importOf("old-1")); err != nil {
				t.Fatal(err)
			}
			h.mustAuthenticate("old-1")
		})
	}
}

// RevokeAll ends the tokens that exist. What is imported later is alive.
func TestATokenThatIsImportedAfterRevokeAllIsAlive(t *testing.T) {
	h := newImportHost(t)
	h.must(h.RevokeAll(ctx, apitoken.System(), bob))
	if _, err := h.Import(ctx, apitoken.System(), importOf("old-1")); err != nil {
		t.Fatal(err)
	}
	h.mustAuthenticate("old-1")
}
