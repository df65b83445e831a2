package apitoken_test

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func TestAuthenticateTellsTheCause(t *testing.T) {
	tests := []struct {
		name string
		do   func(h host, token apitoken.Token)
		want error
	}{
		{"nothing happened", func(host, apitoken.Token) {}, nil},
		{"one microsecond before its end", func(h host, _ apitoken.Token) { h.clock.Add(time.Hour - time.Microsecond) }, nil},
		{"at its end", func(h host, _ apitoken.Token) { h.clock.Add(time.Hour) }, apitoken.ErrExpired},
		{"one microsecond after its end", func(h host, _ apitoken.Token) { h.clock.Add(time.Hour + time.Microsecond) }, apitoken.ErrExpired},
		{"revoked", func(h host, token apitoken.Token) { h.must(h.Revoke(ctx, apitoken.As(bob), token.ID)) }, apitoken.ErrRevoked},
		{"revoked and expired", func(h host, token apitoken.Token) {
			h.must(h.Revoke(ctx, apitoken.As(bob), token.ID))
			h.clock.Add(time.Hour)
		}, apitoken.ErrRevoked},
		{"all revoked", func(h host, _ apitoken.Token) { h.must(h.RevokeAll(ctx, apitoken.As(ada), bob)) }, apitoken.ErrRevoked},
		{"owner disabled", func(h host, _ apitoken.Token) { h.must(h.DisableUser(ctx, apitoken.As(ada), bob)) }, apitoken.ErrUserDisabled},
		{"owner disabled and enabled", func(h host, _ apitoken.Token) {
			h.must(h.DisableUser(ctx, apitoken.As(ada), bob))
			h.must(h.EnableUser(ctx, apitoken.As(ada), bob))
		}, apitoken.ErrRevoked},
		{"a lower maximum", func(h host, _ apitoken.Token) { h.mustSetMax(time.Minute) }, nil},
		{"another role", func(h host, _ apitoken.Token) { h.mustPutUser(bob, apitoken.RoleAdmin) }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			token, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci", Lifetime: time.Hour})
			tt.do(h, token)
			identity, err := h.Authenticate(ctx, text)
			if !errors.Is(err, tt.want) {
				t.Errorf("error is %v, want %v", err, tt.want)
			}
			if accepted := identity.Token.ID == token.ID; accepted != (tt.want == nil) || err != nil && identity != (apitoken.Identity{}) {
				t.Errorf("identity is %v with error %v", identity, err)
			}
			if err != nil && !errors.Is(err, apitoken.ErrUnauthenticated) {
				t.Errorf("%v is not ErrUnauthenticated", err)
			}
		})
	}
}

// Of 1,000 tokens no other spelling authenticates, and the store is not asked about any: length, prefix, alphabet or
// checksum is wrong in each.
func TestOneSpelling(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long: make test-long")
	}
	const n = 1000
	h := newHost(t, apitoken.Options{})
	texts := make([]string, n)
	for i := range texts {
		_, texts[i] = h.mustGenerate(apitoken.System(), apitoken.GenerateParams{Owner: bob, Name: "t" + strings.Repeat("x", i%50) + string(rune('0'+i/50))})
	}
	tried := 0
	refuse := func(kind, text string) {
		tried++
		if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrMalformed) {
			t.Fatalf("%s %q: error is %v, want ErrMalformed", kind, text, err)
		}
	}
	for _, text := range texts {
		for i := range len(text) {
			refuse("truncated", text[:i])
			refuse("truncated in front", text[i+1:])
			for _, c := range []byte(base62 + "_-+/=. \x00\xff") {
				if c != text[i] {
					refuse("one character changed", text[:i]+string([]byte{c})+text[i+1:])
				}
			}
			if other := swapCase(text[i]); other != text[i] {
				refuse("case flipped", text[:i]+string(rune(other))+text[i+1:])
			}
		}
		for _, c := range []byte(base62 + " \t\n\r\x00") {
			refuse("extended", text+string(rune(c)))
			refuse("extended in front", string(rune(c))+text)
		}
		refuse("upper case", strings.ToUpper(text))
		refuse("lower case", strings.ToLower(text))
	}
	if got := h.store.count("Lookup"); got != 0 {
		t.Errorf("the store was asked %d times", got)
	}
	for _, text := range texts {
		h.mustAuthenticate(text)
	}
	if got := h.store.count("Lookup"); got != n {
		t.Errorf("the store was asked %d times about %d tokens", got, n)
	}
	t.Logf("%d spellings of %d tokens refused", tried, n)
}

func swapCase(c byte) byte {
	if r := rune(c); unicode.IsUpper(r) {
		return byte(unicode.ToLower(r))
	}
	return byte(unicode.ToUpper(rune(c)))
}

func TestMalformedTokens(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	_, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	tests := map[string]string{
		"empty":                      "",
		"only the prefix":            "tok_",
		"a mebibyte":                 strings.Repeat("x", 1<<20),
		"a mebibyte behind a token":  text + strings.Repeat("x", 1<<20),
		"another prefix":             "tik" + text[3:],
		"upper-case prefix":          "TOK" + text[3:],
		"without prefix":             text[4:],
		"full-width first letter":    "ｔ" + text[1:],
		"Kelvin sign for a k":        "to\u212a" + text[3:],
		"in quotes":                  `"` + text + `"`,
		"URL-escaped":                strings.Replace(text, "_", "%5F", 1),
		"with scheme":                "Bearer " + text,
		"the id":                     h.tokens()[0].ID.String(),
		"the hint":                   h.tokens()[0].Hint,
		"foreign byte, checksum set": withChecksum(text[:4] + "-" + text[5:47]),
		"line feed, checksum set":    withChecksum(text[:4] + "\n" + text[5:47]),
	}
	for name, presented := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := h.Authenticate(ctx, presented); !errors.Is(err, apitoken.ErrMalformed) {
				t.Errorf("error is %v, want ErrMalformed", err)
			}
		})
	}
	if got := h.store.count("Lookup"); got != 0 {
		t.Errorf("the store was asked %d times", got)
	}
}

// A checksum is one text only: a byte that is no digit does not count as a larger digit than there is, with a smaller one
// before it.
func TestNoByteCountsAsADigitOfTheChecksum(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	seen := 0
	for n := range 100_000 {
		text := withChecksum(fmt.Sprintf("tok_%043d", n))
		first, last := strings.IndexByte(base62, text[51]), strings.IndexByte(base62, text[52])
		if first == 0 || last > 2 {
			continue
		}
		seen++
		for _, c := range []byte{'-', 0, 0x7f, 0xff, '@', '['} {
			presented := text[:51] + string(base62[first-1]) + string([]byte{c})
			if _, err := h.Authenticate(ctx, presented); !errors.Is(err, apitoken.ErrMalformed) {
				t.Fatalf("%q is as good as %q: %v", presented, text, err)
			}
		}
	}
	if seen == 0 {
		t.Fatal("there was no such checksum")
	}
}

// withChecksum is the token text of a prefix and a body, by a second implementation of the format.
func withChecksum(text string) string {
	sum := uint64(crc32.ChecksumIEEE([]byte(text)))
	digits := ""
	for range 6 {
		digits = string(base62[sum%62]) + digits
		sum /= 62
	}
	return text + digits
}

func TestTheChecksumDecidesNothing(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	_, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	if got := withChecksum(text[:47]); got != text {
		t.Fatal("the second implementation writes another checksum")
	}
	forged := withChecksum(text[:46] + string(base62[(strings.IndexByte(base62, text[46])+1)%62]))
	if _, err := h.Authenticate(ctx, forged); !errors.Is(err, apitoken.ErrUnknownToken) {
		t.Errorf("error is %v, want ErrUnknownToken", err)
	}
	if got := h.store.count("Lookup"); got != 1 {
		t.Errorf("the store was asked %d times, want once", got)
	}
}

// FuzzAuthenticate: a text authenticates if and only if it is the token, and the store is asked if and only if the text
// has the form of one.
func FuzzAuthenticate(f *testing.F) {
	counted := newSpyStore(memstore.New())
	m, err := apitoken.New(counted, &apitoken.Options{LastUsedInterval: -1})
	if err != nil {
		f.Fatal(err)
	}
	if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: bob}); err != nil {
		f.Fatal(err)
	}
	_, secret, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{
		"", "tok_", secret.Reveal(), secret.Reveal()[1:], withChecksum("tok_" + strings.Repeat("0", 43)),
		"tok_" + strings.Repeat("0", 49), withChecksum("tok_" + strings.Repeat("-", 43)), strings.Repeat("é", 27),
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		asked := counted.count("Lookup")
		_, err := m.Authenticate(ctx, text)
		if (err == nil) != (text == secret.Reveal()) {
			t.Fatalf("%q: %v", text, err)
		}
		if wellFormed := isWellFormed(text); wellFormed != (counted.count("Lookup") > asked) || wellFormed == errors.Is(err, apitoken.ErrMalformed) {
			t.Fatalf("%q: well formed is %t, error is %v", text, wellFormed, err)
		}
	})
}

func isWellFormed(text string) bool {
	body, ok := strings.CutPrefix(text, "tok_")
	return ok && len(body) == 49 && strings.Trim(body, base62) == "" && withChecksum(text[:47]) == text
}

// A store that folds case, or answers a neighbour's row, does not authenticate anybody.
func TestAuthenticateComparesTheDigestAgain(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	_, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	m, err := apitoken.New(oneRowStore{Store: h.store, text: text, manager: h.Manager}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Authenticate(ctx, withChecksum("tok_"+strings.Repeat("0", 43))); !errors.Is(err, apitoken.ErrUnknownToken) {
		t.Errorf("error is %v, want ErrUnknownToken", err)
	}
}

// oneRowStore answers every Lookup with the row of one token.
type oneRowStore struct {
	apitoken.Store
	text    string
	manager *apitoken.Manager
}

func (s oneRowStore) Lookup(ctx context.Context, _ apitoken.Digest) (*apitoken.Record, error) {
	identity, err := s.manager.Authenticate(ctx, s.text)
	if err != nil {
		return nil, err
	}
	return s.Store.Token(ctx, identity.Token.ID)
}

func TestAuthenticateReadsOnceAndWritesNothing(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	_, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	before := h.store.total()
	for range 1000 {
		h.mustAuthenticate(text)
	}
	if got := h.store.total() - before; got != 1000 || h.store.count("Lookup") != 1000 {
		t.Errorf("1,000 requests made %d calls, %d of them Lookup", got, h.store.count("Lookup"))
	}
	if got := testing.AllocsPerRun(1000, func() { h.mustAuthenticate(text) }); got > 2 { // the spy's own
		t.Errorf("%.0f allocations", got)
	}
}

func TestAuthenticateInMemoryDoesNotAllocate(t *testing.T) {
	m, err := apitoken.New(memstore.New(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close(ctx) })
	if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: bob}); err != nil {
		t.Fatal(err)
	}
	_, secret, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	if err != nil {
		t.Fatal(err)
	}
	text := secret.Reveal()
	if got := testing.AllocsPerRun(1000, func() {
		if _, err := m.Authenticate(ctx, text); err != nil {
			t.Fatal(err)
		}
	}); got != 0 {
		t.Errorf("%.0f allocations, want none", got)
	}
}

// A store that mixes up rows lets nobody in: every byte of the digest is compared.
func TestEveryByteOfTheDigestIsCompared(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	_, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	wrong := 0 // byte of the digest
	lookup := &editedLookup{h.store, func(rec *apitoken.Record) { rec.Digest[wrong] ^= 1 }}
	m, err := apitoken.New(lookup, &apitoken.Options{Clock: h.clock})
	h.must(err)
	for i := range len(apitoken.Digest{}) {
		wrong = i
		if _, err := m.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrUnknownToken) {
			t.Errorf("byte %d of the digest is wrong: %v, want ErrUnknownToken", i, err)
		}
	}
}

// editedLookup changes the records that Lookup returns.
type editedLookup struct {
	apitoken.Store
	edit func(rec *apitoken.Record)
}

func (s *editedLookup) Lookup(ctx context.Context, d apitoken.Digest) (*apitoken.Record, error) {
	rec, err := s.Store.Lookup(ctx, d)
	if err != nil {
		return nil, err
	}
	edited := *rec
	s.edit(&edited)
	return &edited, nil
}

// A token of any other epoch than its owner's is refused: of an earlier one, and of a later one, which a restored or a broken
// store may hold.
func TestATokenOfAnotherEpochIsRefused(t *testing.T) {
	for _, epochs := range []int64{-1, 1} {
		h := newHost(t, apitoken.Options{})
		_, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
		m, err := apitoken.New(&editedLookup{h.store, func(rec *apitoken.Record) { rec.Epoch += epochs }}, &apitoken.Options{Clock: h.clock})
		h.must(err)
		if _, err := m.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrRevoked) {
			t.Errorf("%+d epochs: %v, want ErrRevoked", epochs, err)
		}
	}
}

// A text is as long as the texts that Generate writes, to the byte.
func TestTheExactLengthOfAText(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	_, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	if want := len("tok_") + 43 + 6; len(text) != want {
		t.Errorf("%d bytes, want %d", len(text), want)
	}
	lookups := h.store.count("Lookup")
	for _, other := range []string{text + "0", text[:len(text)-1], text + "\x00", text + "\n", text + text[4:], "0" + text} {
		if _, err := h.Authenticate(ctx, other); !errors.Is(err, apitoken.ErrMalformed) {
			t.Errorf("%d bytes: %v, want ErrMalformed", len(other), err)
		}
	}
	if got := h.store.count("Lookup"); got != lookups {
		t.Errorf("%d lookups for texts of another length, want none", got-lookups)
	}
}

// The clock is read after the token was looked up, so that a token that expired during a slow read is refused.
func TestATokenThatExpiresDuringTheLookupIsRefused(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	_, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci", Lifetime: time.Minute})
	h.store.after = func(method string) error {
		if method == "Lookup" {
			h.clock.Add(time.Minute)
		}
		return nil
	}
	if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrExpired) {
		t.Errorf("Authenticate: %v, want ErrExpired", err)
	}
}
