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

func TestAuthenticateReturnsTheCause(t *testing.T) {
	tests := []struct {
		name string
		do   func(h host, token apitoken.Token)
		want error
	}{
		{"unchanged", func(host, apitoken.Token) {}, nil},
		{"one microsecond before its expiry", func(h host, _ apitoken.Token) { h.clock.Add(time.Hour - time.Microsecond) }, nil},
		{"at its expiry", func(h host, _ apitoken.Token) { h.clock.Add(time.Hour) }, apitoken.ErrExpired},
		{"one microsecond after its expiry", func(h host, _ apitoken.Token) { h.clock.Add(time.Hour + time.Microsecond) }, apitoken.ErrExpired},
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
				t.Errorf("Authenticate: %v, want %v", err, tt.want)
			}
			if accepted := identity.Token.ID == token.ID; accepted != (tt.want == nil) || err != nil && identity != (apitoken.Identity{}) {
				t.Errorf("Authenticate: identity %v with error %v, want one of the two", identity, err)
			}
			if err != nil && !errors.Is(err, apitoken.ErrUnauthenticated) {
				t.Errorf("Authenticate: %v, want ErrUnauthenticated", err)
			}
		})
	}
}

// Every change of one of 1,000 tokens is refused as malformed before the store is read: its length, prefix, alphabet or
// checksum is wrong.
func TestExactlyOneTextAuthenticates(t *testing.T) {
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
	refuse := func(change, text string) {
		tried++
		if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrMalformed) {
			t.Fatalf("%s %q: %v, want ErrMalformed", change, text, err)
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
		t.Errorf("%d lookups of malformed texts, want none", got)
	}
	for _, text := range texts {
		h.mustAuthenticate(text)
	}
	if got := h.store.count("Lookup"); got != n {
		t.Errorf("%d lookups of %d tokens, want one each", got, n)
	}
	t.Logf("%d spellings of %d tokens refused", tried, n)
}

func swapCase(c byte) byte {
	if r := rune(c); unicode.IsUpper(r) {
		return byte(unicode.ToLower(r))
	}
	return byte(unicode.ToUpper(rune(c)))
}

func TestMalformedTextsAreRefusedWithoutALookup(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	_, text := h.mustGenerateOwn(bob, "ci")
	if want := len("tok_") + 43 + 6; len(text) != want {
		t.Errorf("a text of %d bytes, want %d", len(text), want)
	}
	tests := map[string]string{
		"one byte less":              text[:len(text)-1],
		"one byte more":              text + "0",
		"one byte more in front":     "0" + text,
		"NUL at the end":             text + "\x00",
		"line feed at the end":       text + "\n",
		"random part twice":          text + text[4:],
		"empty":                      "",
		"only the prefix":            "tok_",
		"a mebibyte":                 strings.Repeat("x", 1<<20),
		"a mebibyte after a token":   text + strings.Repeat("x", 1<<20),
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
				t.Errorf("Authenticate: %v, want ErrMalformed", err)
			}
		})
	}
	if got := h.store.count("Lookup"); got != 0 {
		t.Errorf("%d lookups of malformed texts, want none", got)
	}
}

// A byte outside the alphabet is no digit of the checksum. Otherwise it could stand for 62 or more, after a digit that is one
// lower, and a token would have two texts.
func TestAByteOutsideTheAlphabetIsNoDigitOfTheChecksum(t *testing.T) {
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
				t.Fatalf("%q instead of %q: %v, want ErrMalformed", presented, text, err)
			}
		}
	}
	if seen == 0 {
		t.Fatal("no checksum of this form was tried")
	}
}

// A byte that is no digit counts like a zero in the checksum, and the text is refused nevertheless.
func TestNoOtherByteCountsAsADigitOfTheBody(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	text := withChecksum("tok_" + strings.Repeat("0", 43))
	if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrUnknownToken) {
		t.Fatalf("%s: error is %v, want ErrUnknownToken", text, err)
	}
	lookups := h.store.count("Lookup")
	for place := range 43 {
		for b := range 256 {
			if strings.IndexByte(base62, byte(b)) >= 0 {
				continue
			}
			wrong := []byte(text)
			wrong[len("tok_")+place] = byte(b)
			if _, err := h.Authenticate(ctx, string(wrong)); !errors.Is(err, apitoken.ErrMalformed) {
				t.Fatalf("%q: error is %v, want ErrMalformed", wrong, err)
			}
		}
	}
	if n := h.store.count("Lookup") - lookups; n != 0 {
		t.Errorf("%d of these texts were looked up, want none", n)
	}
}

// withChecksum returns the text of a token from its prefix and body. It is a second implementation of the format.
func withChecksum(text string) string {
	sum := uint64(crc32.ChecksumIEEE([]byte(text)))
	digits := ""
	for range 6 {
		digits = string(base62[sum%62]) + digits
		sum /= 62
	}
	return text + digits
}

func TestAValidChecksumDoesNotAuthenticate(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	_, text := h.mustGenerateOwn(bob, "ci")
	if got := withChecksum(text[:47]); got != text {
		t.Fatalf("withChecksum returns %q, want %q", got, text)
	}
	forged := withChecksum(text[:46] + string(base62[(strings.IndexByte(base62, text[46])+1)%62]))
	if _, err := h.Authenticate(ctx, forged); !errors.Is(err, apitoken.ErrUnknownToken) {
		t.Errorf("a forged text with a valid checksum: %v, want ErrUnknownToken", err)
	}
	if got := h.store.count("Lookup"); got != 1 {
		t.Errorf("%d lookups, want one", got)
	}
}

// FuzzAuthenticate: a text authenticates if and only if it is the token, and the store is read if and only if the text is well
// formed.
func FuzzAuthenticate(f *testing.F) {
	counted := newSpyStore(memstore.New())
	m, _, token := newToken(f, counted, apitoken.Options{LastUsedInterval: -1})
	for _, text := range []string{
		"", "tok_", token, token[1:], withChecksum("tok_" + strings.Repeat("0", 43)),
		"tok_" + strings.Repeat("0", 49), withChecksum("tok_" + strings.Repeat("-", 43)), strings.Repeat("é", 27),
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lookups := counted.count("Lookup")
		_, err := m.Authenticate(ctx, text)
		if (err == nil) != (text == token) {
			t.Fatalf("%q: %v, want nil for the token only", text, err)
		}
		if formed := wellFormed("tok", text); formed != (counted.count("Lookup") > lookups) || formed == errors.Is(err, apitoken.ErrMalformed) {
			t.Fatalf("%q: well formed %t, %d lookups, %v, want ErrMalformed or a lookup", text, formed, counted.count("Lookup")-lookups, err)
		}
	})
}

func TestAuthenticateReadsOnceAndWritesNothing(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	_, text := h.mustGenerateOwn(bob, "ci")
	before := h.store.total()
	for range 1000 {
		h.mustAuthenticate(text)
	}
	if got := h.store.total() - before; got != 1000 || h.store.count("Lookup") != 1000 {
		t.Errorf("1,000 requests: %d calls of the store, %d lookups, want 1,000 lookups only", got, h.store.count("Lookup"))
	}
	if got := testing.AllocsPerRun(1000, func() { h.mustAuthenticate(text) }); got > 2 { // the spy's own
		t.Errorf("%.0f allocations, want at most 2", got)
	}
}

func TestAuthenticateInMemoryDoesNotAllocate(t *testing.T) {
	m, _, text := newToken(t, memstore.New(), apitoken.Options{})
	if got := testing.AllocsPerRun(1000, func() {
		if _, err := m.Authenticate(ctx, text); err != nil {
			t.Fatal(err)
		}
	}); got != 0 {
		t.Errorf("%.0f allocations, want none", got)
	}
}

// A store that returns another row authenticates no token: every byte of the digest is compared again.
func TestEveryByteOfTheDigestIsCompared(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	_, text := h.mustGenerateOwn(bob, "ci")
	wrong := 0 // the byte that differs
	lookup := &editedLookup{h.store, func(rec *apitoken.Record) { rec.Digest[wrong] ^= 1 }}
	m, err := apitoken.New(lookup, &apitoken.Options{Clock: h.clock})
	h.must(err)
	for i := range len(apitoken.Digest{}) {
		wrong = i
		if _, err := m.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrUnknownToken) {
			t.Errorf("byte %d of the digest differs: %v, want ErrUnknownToken", i, err)
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

// A token of another epoch than its owner's is refused: of an earlier one, and of a later one, as a restored store may have.
func TestATokenOfAnotherEpochIsRefused(t *testing.T) {
	for _, epochs := range []int64{-1, 1} {
		h := newHost(t, apitoken.Options{})
		_, text := h.mustGenerateOwn(bob, "ci")
		m, err := apitoken.New(&editedLookup{h.store, func(rec *apitoken.Record) { rec.Epoch += epochs }}, &apitoken.Options{Clock: h.clock})
		h.must(err)
		if _, err := m.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrRevoked) {
			t.Errorf("a token %+d epochs from its owner: %v, want ErrRevoked", epochs, err)
		}
	}
}

// The clock is read after the lookup, so a token that expires during a slow lookup is refused.
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
