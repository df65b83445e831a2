package apitoken_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"strings"

	"github.com/benbjohnson/clock"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// logger writes a line for each decision. Trouble is for whoever is on call, the rest for whoever asks later.
type logger struct{ *slog.Logger }

func (l logger) Observe(ctx context.Context, o apitoken.Observation) {
	level := slog.LevelInfo
	if o.Outcome == apitoken.OutcomeFailed {
		level = slog.LevelError
	}
	l.LogAttrs(ctx, level, "apitoken", o.LogValue().Group()...)
}

// An Observer that writes a log.
func ExampleObserver() {
	withoutTime := func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	observer := logger{slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime}))}
	m, err := apitoken.New(memstore.New(), &apitoken.Options{Clock: clock.NewMock(), Observer: observer})
	if err != nil {
		panic(err)
	}

	ctx := context.Background()
	_, _ = m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob"})
	_, _ = m.Authenticate(ctx, "a password")
	_ = m.RevokeAll(ctx, apitoken.As("bob"), "ada")

	// Output:
	// level=INFO msg=apitoken action=user.put outcome=done actor.kind=system owner=bob duration=0s
	// level=INFO msg=apitoken action=token.authenticate outcome=refused reason=malformed duration=0s
	// level=INFO msg=apitoken action=token.revoke_all outcome=denied reason=denied denial="needs RevokeAny" actor.kind=person actor.user=bob owner=ada duration=0s
}

// One word for why a token was refused, to count by.
func ExampleReason() {
	ctx, m, now := exampleHost()
	_, secret, _ := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "laptop", Lifetime: apitoken.Days(30)})

	_, err := m.Authenticate(ctx, secret.Reveal())
	fmt.Printf("%q\n", apitoken.Reason(err))
	now.Add(apitoken.Days(30))
	_, err = m.Authenticate(ctx, secret.Reveal())
	fmt.Printf("%q\n", apitoken.Reason(err))
	fmt.Printf("%q\n", apitoken.Reason(errors.New("somebody else's")))

	// Output:
	// ""
	// "expired"
	// "other"
}

// redacting passes on what is written to it, without the tokens in it.
type redacting struct {
	apitoken.Scanner
	to io.Writer
}

func (r redacting) Write(line []byte) (int, error) {
	_, err := io.WriteString(r.to, r.Redact(string(line)))
	return len(line), err
}

// A log that no token gets into, whoever hands it one.
func ExampleScanner() {
	ctx, m, _ := exampleHost()
	_, secret, _ := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "laptop"})

	logger := log.New(redacting{m.Scanner(), os.Stdout}, "", 0)
	logger.Printf("header %q, by %s", "Bearer "+secret.Reveal(), secret)

	// Output:
	// header "Bearer tok_REDACTED", by REDACTED
}

// A line is redacted before it leaves the program.
func ExampleScanner_Redact() {
	ctx, m, _ := exampleHost()
	_, secret, _ := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "laptop"})

	line := "GET /api/hello?token=" + secret.Reveal() + "&page=2"
	fmt.Println(m.Scanner().Redact(line))

	// Output:
	// GET /api/hello?token=tok_REDACTED&page=2
}

// The checksum tells a token from what merely resembles one.
func ExampleScanner_LooksLikeToken() {
	ctx, m, _ := exampleHost()
	_, secret, _ := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "laptop"})

	s := m.Scanner()
	fmt.Println(s.LooksLikeToken(secret.Reveal()))
	fmt.Println(s.LooksLikeToken("tok_" + strings.Repeat("x", 49)))

	// Output:
	// true
	// false
}

// The rule for gitleaks of an application whose tokens begin with acme.
func ExampleScanner_GitleaksRule() {
	s, err := apitoken.NewScanner("acme")
	if err != nil {
		panic(err)
	}
	fmt.Print(s.GitleaksRule())

	// Output:
	// [[rules]]
	// id = "acme-api-token"
	// description = "API token that begins with acme_"
	// regex = '''\bacme_[0-9A-Za-z]{49}\b'''
	// keywords = ["acme_"]
	// entropy = 3.9
}
