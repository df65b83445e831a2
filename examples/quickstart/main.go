// Command quickstart walks through the library in memory and prints each step: provisioning users, generating a token
// for oneself and on behalf of another user, authenticating, setting a maximum lifetime, revoking, and expiring.
//
//	go run ./examples/quickstart
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	// The program moves this clock, so it can wait for a month. A host leaves Options.Clock unset.
	now := clock.NewMock()
	now.Set(time.Date(2030, time.January, 1, 9, 0, 0, 0, time.UTC))
	m, err := apitoken.New(memstore.New(), &apitoken.Options{Prefix: "demo", Clock: now})
	if err != nil {
		return err
	}

	// 1. The host provisions its users. The login is the host's: the library has none.
	for _, u := range []apitoken.User{
		{ID: "ada", Name: "Ada", Role: apitoken.RoleAdmin},
		{ID: "bob", Name: "Bob"},
	} {
		u, err := m.PutUser(ctx, apitoken.System(), u)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "provisioned %s as %q\n", u.ID, u.Role)
	}

	// 2. Bob generates a token and asks for no lifetime. Without a maximum the default is 90 days.
	laptop, laptopSecret, err := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "laptop"})
	if err != nil {
		return err
	}
	describe(out, laptop)

	// 3. Ada is an administrator and generates a token on behalf of Bob.
	build, buildSecret, err := m.Generate(ctx, apitoken.As("ada"), apitoken.GenerateParams{
		Owner: "bob", Name: "nightly build", Lifetime: apitoken.Days(365),
	})
	if err != nil {
		return err
	}
	describe(out, build)
	fmt.Fprintf(out, "a secret prints as %v; Reveal gives its %d characters, once, to hand to its owner\n",
		buildSecret, len(buildSecret.Reveal()))

	// 4. A request presents the secret.
	present(ctx, out, m, "nightly build", buildSecret)

	// 5. Ada sets a maximum lifetime of 30 days. A request for 31 days is refused, with the limit in the error.
	if _, err := m.SetPolicy(ctx, apitoken.As("ada"), apitoken.MaxLifetimePolicy{Max: apitoken.Days(30)}); err != nil {
		return err
	}
	_, _, err = m.Generate(ctx, apitoken.As("ada"), apitoken.GenerateParams{
		Owner: "bob", Name: "report", Lifetime: apitoken.Days(31),
	})
	var over *apitoken.LifetimeError
	if !errors.As(err, &over) {
		return fmt.Errorf("31 days under a maximum of 30: %w", err)
	}
	fmt.Fprintf(out, "with a maximum of %.0f days, 31 are refused: %v\n", over.Max.Hours()/24, over)

	// 6. The maximum applies to new tokens only. The older token, of 365 days, stays valid.
	present(ctx, out, m, "nightly build", buildSecret)

	// 7. A token for which no lifetime is asked gets the maximum.
	report, _, err := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "report"})
	if err != nil {
		return err
	}
	describe(out, report)

	// 8. Ada revokes the token that she generated. Every later request with it is refused.
	if err := m.Revoke(ctx, apitoken.As("ada"), build.ID); err != nil {
		return err
	}
	present(ctx, out, m, "nightly build", buildSecret)

	// 9. Bob's own token is valid until its expiry: a microsecond before it, but no longer at it.
	now.Set(laptop.ExpiresAt.Add(-time.Microsecond))
	present(ctx, out, m, "laptop", laptopSecret)
	now.Add(time.Microsecond)
	present(ctx, out, m, "laptop", laptopSecret)

	return m.Close(ctx)
}

// describe prints what a list of tokens shows. The secret is not part of it.
func describe(out io.Writer, t apitoken.Token) {
	fmt.Fprintf(out, "generated %q for %s by %s, expires %s\n", t.Name, t.Owner, t.CreatedBy, t.ExpiresAt.Format(time.DateOnly))
}

// present authenticates a request, as a host does.
func present(ctx context.Context, out io.Writer, m *apitoken.Manager, name string, secret apitoken.Secret) {
	identity, err := m.Authenticate(ctx, secret.Reveal())
	if err != nil {
		fmt.Fprintf(out, "%q is refused: %v\n", name, err)
		return
	}
	fmt.Fprintf(out, "%q is accepted: a request of %s\n", name, identity.User.Name)
}
