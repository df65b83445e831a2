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

// logger writes a line for each decision: store failures at level ERROR, all others at level INFO.
type logger struct{ *slog.Logger }

func (l logger) Observe(ctx context.Context, o apitoken.Observation) {
	level := slog.LevelInfo
	if o.Outcome == apitoken.OutcomeFailed {
		level = slog.LevelError
	}
	l.LogAttrs(ctx, level, "apitoken", o.LogValue().Group()...)
}

// An Observer writes a log.
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

// Reason returns one word for the cause of a refusal, such as a label of a metric.
func ExampleReason() {
	ctx, m, now := exampleHost()
	_, secret, _ := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "laptop", Lifetime: apitoken.Days(30)})

	_, err := m.Authenticate(ctx, secret.Reveal())
	fmt.Printf("%q\n", apitoken.Reason(err))
	now.Add(apitoken.Days(30))
	_, err = m.Authenticate(ctx, secret.Reveal())
	fmt.Printf("%q\n", apitoken.Reason(err))
	fmt.Printf("%q\n", apitoken.Reason(errors.New("an error of another package")))

	// Output:
	// ""
	// "expired"
	// "other"
}

// redacting is a writer that redacts every token before it writes the line.
type redacting struct {
	apitoken.Scanner
	to io.Writer
}

func (r redacting) Write(line []byte) (int, error) {
	_, err := io.WriteString(r.to, r.Redact(string(line)))
	return len(line), err
}

// A log whose writer redacts every token.
func ExampleScanner() {
	ctx, m, _ := exampleHost()
	_, secret, _ := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "laptop"})

	logger := log.New(redacting{m.Scanner(), os.Stdout}, "", 0)
	logger.Printf("header %q, by %s", "Bearer "+secret.Reveal(), secret)

	// Output:
	// header "Bearer tok_REDACTED", by REDACTED
}

// Redact replaces every token in a line.
func ExampleScanner_Redact() {
	ctx, m, _ := exampleHost()
	_, secret, _ := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "laptop"})

	line := "GET /api/hello?token=" + secret.Reveal() + "&page=2"
	fmt.Println(m.Scanner().Redact(line))

	// Output:
	// GET /api/hello?token=tok_REDACTED&page=2
}

// The checksum distinguishes a token from a text of the same form.
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

// A rule for gitleaks that finds the tokens of an application with the prefix acme.
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
