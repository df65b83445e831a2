package apitoken_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// A host had API keys before. Its old table contains the SHA-256 of each, in hexadecimal. After importing the rows once, the
// old keys authenticate.
func ExampleManager_Import() {
	ctx := context.Background()
	m := must(apitoken.New(memstore.New(), &apitoken.Options{Foreign: []apitoken.ForeignFormat{{
		Name: "keys before 2026",
		Key: func(text string) ([]byte, bool) {
			sum := sha256.Sum256([]byte(text))
			return sum[:], strings.HasPrefix(text, "sk_")
		},
	}}}))
	must(m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "ada"}))

	row := "6751953aa34ae3b95bf421b54c0a4045c8fa431d55bf9de3f6e39f5d4de4df98" // from the old table
	token := must(m.Import(ctx, apitoken.System(), apitoken.ImportParams{
		Format: "keys before 2026", Key: must(hex.DecodeString(row)), Owner: "ada", Name: "laptop", Hint: "sk_...0e9a",
	}))
	fmt.Println("imported", token.Name, token.Hint)

	identity := must(m.Authenticate(ctx, "sk_1f0e9a"))
	fmt.Println("authenticated", identity.User.ID)
	// Output:
	// imported laptop sk_...0e9a
	// authenticated ada
}

// SonarQube stores the SHA-384 of a token's text, in hexadecimal. Its tokens begin with squ_, sqp_ or sqa_.
func ExampleForeignFormat_sha384() {
	sonarQube := apitoken.ForeignFormat{Name: "sonarqube", Key: func(text string) ([]byte, bool) {
		sum := sha512.Sum384([]byte(text))
		return sum[:], len(text) == 44 && strings.HasPrefix(text, "sq") && text[3] == '_'
	}}
	key, ok := sonarQube.Key("squ_0123456789abcdef0123456789abcdef01234567")
	fmt.Println(len(key), ok)
	_, ok = sonarQube.Key("something else")
	fmt.Println(ok)
	// Output:
	// 48 true
	// false
}

// A table of SHA-512 digests, of tokens of 64 hexadecimal characters.
func ExampleForeignFormat_sha512() {
	old := apitoken.ForeignFormat{Name: "old", Key: func(text string) ([]byte, bool) {
		if _, err := hex.DecodeString(text); err != nil || len(text) != 64 {
			return nil, false
		}
		sum := sha512.Sum512([]byte(text))
		return sum[:], true
	}}
	key, ok := old.Key(strings.Repeat("0f", 32))
	fmt.Println(len(key), ok)
	// Output:
	// 64 true
}

// A token is "id|text", and the old table contains the id and the SHA-256 of the text. The key consists of both, so that rows
// with the same digest stay two tokens. The import builds the key from the two columns in the same way.
func ExampleForeignFormat_idAndText() {
	key := func(id string, digest []byte) []byte { return append([]byte(id+"|"), digest...) }
	old := apitoken.ForeignFormat{Name: "id and text", Key: func(text string) ([]byte, bool) {
		id, secret, ok := strings.Cut(text, "|")
		sum := sha256.Sum256([]byte(secret))
		return key(id, sum[:]), ok
	}}
	row := struct{ id, digest string }{"7", "bc62b6fb65a78e416ae4a0d77fd69fb767683ef0a0887879da6893b6b7a982e1"}
	imported := key(row.id, must(hex.DecodeString(row.digest)))
	presented, ok := old.Key("7|aXKq")
	fmt.Println(ok, string(imported) == string(presented))
	// Output:
	// true true
}

// A table of HMACs needs the secret key of the old system. Keep it as long as such tokens are valid.
func ExampleForeignFormat_hmac() {
	pepper := []byte("from the configuration of the old system")
	old := apitoken.ForeignFormat{Name: "hmac", Key: func(text string) ([]byte, bool) {
		mac := hmac.New(sha256.New, pepper)
		mac.Write([]byte(text))
		return mac.Sum(nil), strings.HasPrefix(text, "live_")
	}}
	key, ok := old.Key("live_1234")
	fmt.Println(len(key), ok)
	// Output:
	// 32 true
}
