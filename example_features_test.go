package apitoken_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// exampleHost returns a Manager with an administrator, Ada, and a user, Bob. Its clock stands at 1970.
func exampleHost() (context.Context, *apitoken.Manager, *clock.Mock) {
	ctx, now := context.Background(), clock.NewMock()
	m, err := apitoken.New(memstore.New(), &apitoken.Options{Clock: now})
	if err != nil {
		panic(err)
	}
	for _, u := range []apitoken.User{{ID: "ada", Role: apitoken.RoleAdmin}, {ID: "bob"}} {
		if _, err := m.PutUser(ctx, apitoken.System(), u); err != nil {
			panic(err)
		}
	}
	return ctx, m, now
}

// A maximum applies to every token generated afterwards, also by administrators. The error carries the limit.
func ExampleManager_SetPolicy() {
	ctx, m, _ := exampleHost()
	_, old, _ := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "old", Lifetime: apitoken.NoExpiration})

	policy, err := m.SetPolicy(ctx, apitoken.As("ada"), apitoken.MaxLifetimePolicy{Max: apitoken.Days(30)})
	fmt.Println(policy.Max, policy.UpdatedBy, err)

	_, _, err = m.Generate(ctx, apitoken.As("ada"), apitoken.GenerateParams{Owner: "bob", Name: "new", Lifetime: apitoken.Days(31)})
	var limit *apitoken.LifetimeError
	fmt.Println(errors.As(err, &limit), limit.Requested, limit.Max)

	_, err = m.Authenticate(ctx, old.Reveal())
	fmt.Println("the older token:", err)

	// Output:
	// 720h0m0s ada <nil>
	// true 744h0m0s 720h0m0s
	// the older token: <nil>
}

// Revoking is final and idempotent.
func ExampleManager_Revoke() {
	ctx, m, _ := exampleHost()
	token, secret, _ := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "laptop"})

	fmt.Println(m.Revoke(ctx, apitoken.As("ada"), token.ID))
	fmt.Println(m.Revoke(ctx, apitoken.As("bob"), token.ID))
	_, err := m.Authenticate(ctx, secret.Reveal())
	fmt.Println(errors.Is(err, apitoken.ErrRevoked))

	// Output:
	// <nil>
	// <nil>
	// true
}

// Disabling a user revokes all of their tokens. Enabling the user revives none.
func ExampleManager_DisableUser() {
	ctx, m, _ := exampleHost()
	_, secret, _ := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "laptop"})

	fmt.Println(m.DisableUser(ctx, apitoken.As("ada"), "bob"))
	_, err := m.Authenticate(ctx, secret.Reveal())
	fmt.Println(errors.Is(err, apitoken.ErrUserDisabled))

	fmt.Println(m.EnableUser(ctx, apitoken.As("ada"), "bob"))
	_, err = m.Authenticate(ctx, secret.Reveal())
	fmt.Println(errors.Is(err, apitoken.ErrUserDisabled), errors.Is(err, apitoken.ErrRevoked))

	// Output:
	// <nil>
	// true
	// <nil>
	// false true
}

// Suspending a user refuses their tokens. Once the user is resumed, they are accepted again.
func ExampleManager_SuspendUser() {
	ctx, m, _ := exampleHost()
	_, secret, _ := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "laptop"})

	fmt.Println(m.SuspendUser(ctx, apitoken.System(), "bob"))
	_, err := m.Authenticate(ctx, secret.Reveal())
	fmt.Println(errors.Is(err, apitoken.ErrSuspended))

	fmt.Println(m.ResumeUser(ctx, apitoken.System(), "bob"))
	_, err = m.Authenticate(ctx, secret.Reveal())
	fmt.Println(err)

	// Output:
	// <nil>
	// true
	// <nil>
	// <nil>
}

// An administrator iterates over all expired tokens.
func ExampleManager_Tokens() {
	ctx, m, now := exampleHost()
	for i, lifetime := range []time.Duration{time.Hour, apitoken.Days(1), apitoken.Days(2)} {
		_, _, _ = m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint("job ", i), Lifetime: lifetime})
	}
	now.Add(apitoken.Days(1))
	for token, err := range m.Tokens(ctx, apitoken.As("ada"), apitoken.TokenQuery{AnyOwner: true, Status: apitoken.StatusExpired}) {
		fmt.Println(token.Owner, token.Name, token.ExpiresAt.Format(time.DateTime), err)
	}

	// Output:
	// bob job 0 1970-01-01 01:00:00 <nil>
	// bob job 1 1970-01-02 00:00:00 <nil>
}

// A client that lost the response repeats the request with the same key. The unused token is replaced by a new one.
func ExampleGenerateParams_idempotencyKey() {
	ctx, m, _ := exampleHost()
	wanted := apitoken.GenerateParams{Owner: "bob", Name: "nightly build", IdempotencyKey: "8e03978e-40d5-43e8-bc93-6894a57f9324"}
	_, lost, _ := m.Generate(ctx, apitoken.As("bob"), wanted)
	_, fresh, err := m.Generate(ctx, apitoken.As("bob"), wanted)
	fmt.Println(err)
	_, err = m.Authenticate(ctx, lost.Reveal())
	fmt.Println(err)
	identity, err := m.Authenticate(ctx, fresh.Reveal())
	fmt.Println(identity.Token.Name, err)

	_, _, err = m.Generate(ctx, apitoken.As("bob"), wanted)
	fmt.Println(err)

	// Output:
	// <nil>
	// apitoken: authenticate: token revoked
	// nightly build <nil>
	// apitoken: token.generate: done before, and the token is in use
}

// Each token of a build server is bound to one project. The host decides which requests the resource permits.
func ExampleGenerateParams_resource() {
	ctx, m, _ := exampleHost()
	_, secret, _ := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "deploy", Resource: "project:web"})

	identity, _ := m.Authenticate(ctx, secret.Reveal())
	for _, project := range []string{"project:web", "project:api"} {
		bound := identity.Token.Resource
		fmt.Println(project, bound == "" || bound == project)
	}

	_, _, err := m.Generate(ctx, identity.Actor(), apitoken.GenerateParams{Owner: "bob", Name: "for everything"})
	fmt.Println(err)
	n, err := m.CountTokens(ctx, apitoken.As("ada"), apitoken.TokenQuery{AnyOwner: true, Resource: "project:web"})
	fmt.Println(n, err)

	// Output:
	// project:web true
	// project:api false
	// apitoken: token.generate: denied: the actor's token is bound to another resource
	// 1 <nil>
}

// A form offers the lifetimes that the policy allows.
func ExampleMaxLifetimePolicy_Choices() {
	ctx, m, _ := exampleHost()
	_, _ = m.SetPolicy(ctx, apitoken.As("ada"), apitoken.MaxLifetimePolicy{Max: apitoken.Days(180)})
	policy, _ := m.Policy(ctx)
	for _, lifetime := range policy.Choices() {
		fmt.Println(int(lifetime.Hours()/24), "days")
	}

	// Output:
	// 30 days
	// 90 days
	// 180 days
}

// An administrator lists tokens that were not used for 30 days, a page at a time. A page may be shorter than its limit. Only
// the last page has no Next.
func ExampleManager_TokenPage() {
	ctx, m, now := exampleHost()
	var laptop string
	for _, name := range []string{"forgotten", "laptop", "retired"} {
		_, secret, _ := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: name})
		if name == "laptop" {
			laptop = secret.Reveal()
		}
	}
	now.Add(apitoken.Days(60))
	_, _ = m.Authenticate(ctx, laptop)
	_ = m.Flush(ctx)

	q := apitoken.TokenQuery{AnyOwner: true, UnusedSince: now.Now().Add(-apitoken.Days(30)), Limit: 2}
	for {
		page, err := m.TokenPage(ctx, apitoken.As("ada"), q)
		if err != nil {
			panic(err)
		}
		for _, token := range page.Tokens {
			fmt.Println(token.Owner, token.Name)
		}
		if page.Next.IsZero() {
			break
		}
		q.After = page.Next
	}

	// Output:
	// bob forgotten
	// bob retired
}

// A reader that follows the events keeps the Seq of the last one as its cursor.
func ExampleManager_Events() {
	ctx, m, _ := exampleHost()
	_, _, _ = m.Generate(ctx, apitoken.As("ada"), apitoken.GenerateParams{Owner: "bob", Name: "nightly build"})
	_ = m.RevokeAll(ctx, apitoken.As("bob"), "ada")

	last := apitoken.EventSeq(2) // the events of the two users were read before
	for event, err := range m.Events(ctx, apitoken.As("ada"), apitoken.EventQuery{After: last}) {
		if err != nil {
			panic(err)
		}
		fmt.Println(event.Seq, event.Actor.User, event.Action, event.Owner, event.Outcome)
		last = event.Seq
	}

	// Output:
	// 3 ada token.generate bob done
	// 4 bob token.revoke_all ada denied
}

// A role of the host's own lists and revokes all tokens, and grants nothing else.
func ExampleOptions_roles() {
	ctx := context.Background()
	m, err := apitoken.New(memstore.New(), &apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{
		"helpdesk": apitoken.ListAny | apitoken.RevokeAny,
	}})
	if err != nil {
		panic(err)
	}
	_, _ = m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "carol", Role: "helpdesk"})

	_, err = m.ListTokens(ctx, apitoken.As("carol"), apitoken.TokenQuery{AnyOwner: true})
	fmt.Println(err)
	_, _, err = m.Generate(ctx, apitoken.As("carol"), apitoken.GenerateParams{Owner: "carol", Name: "own"})
	fmt.Println(err)

	// Output:
	// <nil>
	// apitoken: token.generate: denied: needs GenerateOwn
}

// Tokens of one kind carry only a permission of the host's own. If one leaks through a build log, it can neither list the
// owner's other tokens nor generate new ones.
func ExampleKindRule() {
	const deploy apitoken.Permission = 1 << 32
	ctx := context.Background()
	m, err := apitoken.New(memstore.New(), &apitoken.Options{
		Roles: map[apitoken.Role]apitoken.Permission{
			apitoken.RoleUser:  apitoken.GenerateOwn | deploy,
			apitoken.RoleAdmin: apitoken.AdminPermissions | deploy, // without deploy, administrators could not manage users
		},
		KindRules: map[apitoken.Kind]apitoken.KindRule{"ci": {OwnOnly: true, Permissions: deploy}},
	})
	if err != nil {
		panic(err)
	}
	for _, u := range []apitoken.User{{ID: "ada", Role: apitoken.RoleAdmin}, {ID: "bob"}} {
		if _, err := m.PutUser(ctx, apitoken.System(), u); err != nil {
			panic(err)
		}
	}
	_, secret, err := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "build", Kind: "ci"})
	if err != nil {
		panic(err)
	}

	identity, _ := m.Authenticate(ctx, secret.Reveal())
	fmt.Println("may deploy:", m.PermissionsOf(identity).Has(deploy))
	_, _, err = m.Generate(ctx, identity.Actor(), apitoken.GenerateParams{Owner: "bob", Name: "more", Kind: "ci"})
	fmt.Println(err)
	_, _, err = m.Generate(ctx, apitoken.As("ada"), apitoken.GenerateParams{Owner: "bob", Name: "on behalf"})
	fmt.Println("the administrator generates for bob:", err)

	// Output:
	// may deploy: true
	// apitoken: token.generate: denied: the actor's token does not carry GenerateOwn
	// the administrator generates for bob: <nil>
}

// A token gets another name and a description. The event has both states.
func ExampleManager_UpdateToken() {
	ctx, m, _ := exampleHost()
	bob := apitoken.As("bob")
	token, _, _ := m.Generate(ctx, bob, apitoken.GenerateParams{Owner: "bob", Name: "laptop"})

	name, description := "build", "rebuilds the site at night"
	token, err := m.UpdateToken(ctx, bob, token.ID, apitoken.TokenChange{Name: &name, Description: &description})
	fmt.Println(token.Name+":", token.Description, err)
	for e := range m.Events(ctx, apitoken.As("ada"), apitoken.EventQuery{Action: apitoken.ActionUpdateToken}) {
		fmt.Printf("%s was %q, is %q\n", e.Actor.User, e.Before.Name, e.After.Name)
	}

	// Output:
	// build: rebuilds the site at night <nil>
	// bob was "laptop", is "build"
}

// The last use of a token is written in the background. Flush writes it at once.
func ExampleManager_Flush() {
	ctx, m, now := exampleHost()
	token, secret, _ := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "laptop"})
	now.Add(time.Hour)
	_, _ = m.Authenticate(ctx, secret.Reveal())

	fmt.Println(m.Flush(ctx))
	token, _ = m.Token(ctx, apitoken.As("bob"), token.ID)
	fmt.Println(token.LastUsedAt.Format(time.DateTime))

	// Output:
	// <nil>
	// 1970-01-01 01:00:00
}

// An owner has at most as many active tokens as the host allows. A token that is revoked makes room.
func ExampleTooManyError() {
	ctx := context.Background()
	m, err := apitoken.New(memstore.New(), &apitoken.Options{MaxActivePerOwner: 2})
	if err != nil {
		panic(err)
	}
	if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob"}); err != nil {
		panic(err)
	}
	for _, name := range []string{"laptop", "server", "phone"} {
		_, _, err := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: name})
		var full *apitoken.TooManyError
		if errors.As(err, &full) {
			fmt.Println(name, "has to wait, at most", full.Max)
		}
	}

	tokens, _ := m.ListTokens(ctx, apitoken.As("bob"), apitoken.TokenQuery{Owner: "bob"})
	fmt.Println(m.Revoke(ctx, apitoken.As("bob"), tokens[0].ID))
	_, _, err = m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "phone"})
	fmt.Println(err)

	// Output:
	// phone has to wait, at most 2
	// <nil>
	// <nil>
}
