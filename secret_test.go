package apitoken_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// No formatting verb, encoder or log handler shows the secret, for any value that holds it or was derived from it.
func TestASecretIsNeverPrinted(t *testing.T) {
	observed := &observer{}
	h := newHost(t, apitoken.Options{Observer: observed})
	token, secret, err := h.Generate(ctx, apitoken.As(ada), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	h.must(err)
	text := secret.Reveal()
	identity := h.mustAuthenticate(text)
	_, err = h.Authenticate(ctx, text+"x")
	if err == nil {
		t.Fatal("a malformed text is accepted")
	}
	record, err := h.store.Token(ctx, token.ID)
	h.must(err)
	holder := struct {
		Exported   apitoken.Secret
		unexported apitoken.Secret
		pointer    *apitoken.Secret
	}{secret, secret, &secret}

	values := map[string]any{
		"Secret": secret, "*Secret": &secret, "[]Secret": []apitoken.Secret{secret},
		"map of Secret": map[string]apitoken.Secret{"a": secret}, "struct": holder, "*struct": &holder,
		"Token": token, "Identity": identity, "Actor": identity.Actor(), "Record": record, "User": identity.User,
		"Event": h.events(), "Manager": h.Manager, "Observation": observed.take(), "GenerateParams": apitoken.GenerateParams{Owner: bob, Name: "ci"}, "Scanner": h.Scanner(),
	}
	check := func(kind, printed string) {
		t.Helper()
		// The whole text, or the random part without the last characters, which a Hint shows.
		if strings.Contains(printed, text) || strings.Contains(printed, text[4:40]) {
			t.Errorf("%s shows the secret: %s", kind, printed)
		}
	}
	for name, v := range values {
		for _, verb := range []string{"v", "+v", "#v", "s", "q", "+q", "#q", "x", "X", "# x", "d", "c", "b", "o", "O", "U", "e", "f", "g", "t", "p", "T", "10.3s"} {
			check(name+" under %"+verb, fmt.Sprintf("%"+verb, v))
		}
		for format, handler := range map[string]func(*bytes.Buffer) slog.Handler{
			"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
			"json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
		} {
			var b bytes.Buffer
			slog.New(handler(&b)).Info("m", "v", v, slog.Group("g", "v", v))
			check(name+" in slog "+format, b.String())
		}
		encoded, _ := json.Marshal(v)
		check(name+" as JSON", string(encoded))
		var b bytes.Buffer
		_ = gob.NewEncoder(&b).Encode(v)
		check(name+" as gob", b.String())
	}
	other := apitoken.Secret{}
	check("cmp.Diff", cmp.Diff([]apitoken.Secret{secret}, []apitoken.Secret{other}))
	check("cmp.Diff of structs", cmp.Diff(struct{ S apitoken.Secret }{secret}, struct{ S apitoken.Secret }{other}))
	check("errors.Join", errors.Join(fmt.Errorf("%v", secret)).Error())
}

func TestErrorsNeverShowThePresentedText(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, text := h.mustGenerateOwn(bob, "ci")
	refused := func(presented string) {
		t.Helper()
		_, err := h.Authenticate(ctx, presented)
		if err == nil {
			t.Fatalf("a text of %d bytes is accepted, want it refused", len(presented))
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
			if printed := fmt.Sprintf(verb, err); strings.Contains(printed, presented[4:40]) {
				t.Errorf("the error shows the text: %s", printed)
			}
		}
	}
	refused(text + "x")
	refused(withChecksum("tok_" + strings.Repeat("0", 43)))
	h.store.before = func(string) error { return errors.New("down") }
	refused(text)
	h.store.before = nil
	h.must(h.Revoke(ctx, apitoken.As(bob), token.ID))
	refused(text)
	h.must(h.DisableUser(ctx, apitoken.As(ada), bob))
	refused(text)
}

// An error quotes no secret that was pasted into a wrong field, neither whole nor in part.
func TestErrorsDoNotQuoteAPastedSecret(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	secret := withChecksum("tok_" + strings.Repeat("Zq7", 15)[:43])
	fields := map[string]func(pasted string) error{
		"kind": func(pasted string) error {
			return third(h.Generate(ctx, apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "x", Kind: apitoken.Kind(pasted)}))
		},
		"role": func(pasted string) error {
			return second(h.PutUser(ctx, apitoken.As(ada), apitoken.User{ID: bob, Role: apitoken.Role(pasted)}))
		},
		"status": func(pasted string) error {
			return second(h.ListTokens(ctx, apitoken.As(bob), apitoken.TokenQuery{Owner: bob, Status: apitoken.Status(pasted)}))
		},
		"outcome": func(pasted string) error {
			return firstError(h.Events(ctx, apitoken.As(ada), apitoken.EventQuery{Outcome: apitoken.Outcome(pasted)}))
		},
	}
	for name, pasted := range map[string]string{
		"whole": secret, "without its end": secret[:30], "without its start": secret[2:], "in a line": "Bearer " + secret,
		"after 40 bytes": strings.Repeat("-", 40) + secret, "of another prefix": "old_" + secret[4:],
	} {
		for field, refuse := range fields {
			err := refuse(pasted)
			if !errors.Is(err, apitoken.ErrInvalid) || !strings.Contains(err.Error(), field+": REDACTED is n") || strings.Contains(err.Error(), secret[10:14]) {
				t.Errorf("a secret %s as %s: %v, want REDACTED in its place", name, field, err)
			}
		}
	}
	for _, word := range []string{"tok_ci", "a_19_characters_abc", "under_abcdefghijklmnopqrs"} {
		if err := fields["role"](word); err == nil || !strings.Contains(err.Error(), `"`+word+`" is not declared`) {
			t.Errorf("the role %s: %v, want it quoted", word, err)
		}
	}
}

func TestASecretComparesByTextAndPrintsREDACTED(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	_, a, err := h.Generate(ctx, apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "a"})
	h.must(err)
	_, b, err := h.Generate(ctx, apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "b"})
	h.must(err)
	var none apitoken.Secret
	if !a.Equal(a) || a.Equal(b) || a.Equal(none) || none.Equal(a) || !none.Equal(apitoken.Secret{}) {
		t.Errorf("Equal: itself %t, another %t, the zero Secret %t and %t, two zero Secrets %t, want true, false, false, false, true",
			a.Equal(a), a.Equal(b), a.Equal(none), none.Equal(a), none.Equal(apitoken.Secret{}))
	}
	if none.Reveal() != "" {
		t.Errorf("Reveal of the zero Secret: %q, want empty", none.Reveal())
	}
	encoded, err := json.Marshal(map[string]apitoken.Secret{"secret": a})
	h.must(err)
	if diff := cmp.Diff(`{"secret":"REDACTED"}`, string(encoded)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%10.3s"} {
		if got := fmt.Sprintf(verb, a); got != "REDACTED" {
			t.Errorf("%s prints %s, want REDACTED", verb, got)
		}
	}
}

// Every character of the random part is equally likely: chi-square over 62 classes, 61 degrees of freedom. By chance it
// does not exceed 300. Bytes modulo 62 without rejection give about 1,100.
func TestSecretsAreUniform(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	var counts [256]int
	const n = 4000
	for i := range n {
		_, text := h.mustGenerate(apitoken.System(), apitoken.GenerateParams{Owner: bob, Name: fmt.Sprint(i)})
		for _, c := range []byte(text[4:47]) {
			counts[c]++
		}
	}
	expected := float64(n*43) / 62
	chi := 0.0
	for _, c := range []byte(base62) {
		chi += (float64(counts[c]) - expected) * (float64(counts[c]) - expected) / expected
	}
	if chi > 300 {
		t.Errorf("chi-square is %.0f, want at most 300", chi)
	}
}
