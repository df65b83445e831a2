package apitoken_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// The host passes the origin of a request with the actor. Events contain it.
func ExampleActor_From() {
	ctx, m, _ := exampleHost()
	actor := apitoken.As("bob").From(apitoken.Origin{Address: "192.0.2.7", RequestID: "req-42"})
	if err := m.RevokeAll(ctx, actor, "bob"); err != nil {
		panic(err)
	}
	for event, err := range m.Events(ctx, apitoken.As("ada"), apitoken.EventQuery{NewestFirst: true, Limit: 1}) {
		fmt.Println(event.Action, event.Actor.User, event.Actor.Origin.Address, event.Actor.Origin.RequestID, err)
		break
	}
	// Output: token.revoke_all bob 192.0.2.7 req-42 <nil>
}

// An administrator reads the denials of a user. The first ten in a minute are one event each; the others are one event with a
// count.
func ExampleEventQuery() {
	ctx, m, _ := exampleHost()
	for range 25 {
		_ = m.RevokeAll(ctx, apitoken.As("bob"), "ada")
	}
	_ = m.Flush(ctx) // or wait for ten seconds
	denied := apitoken.EventQuery{Actor: "bob", Outcome: apitoken.OutcomeDenied, NewestFirst: true}
	events := 0
	for event, err := range m.Events(ctx, apitoken.As("ada"), denied) {
		if err != nil {
			panic(err)
		}
		if events++; event.Count > 0 {
			fmt.Println(event.Action, event.Count, event.Reason)
		}
	}
	fmt.Println(events, "events")
	// Output:
	// token.revoke_all 15 needs RevokeAny
	// 11 events
}

// In the host's directory, "Bob" and "bob" are the same person.
func ExampleOptions_canonicalUserID() {
	ctx := context.Background()
	m, err := apitoken.New(memstore.New(), &apitoken.Options{
		CanonicalUserID: func(id apitoken.UserID) apitoken.UserID {
			return apitoken.UserID(strings.ToLower(string(id)))
		},
	})
	if err != nil {
		panic(err)
	}
	u, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "Bob"})
	fmt.Println(u.ID, err)
	fmt.Println(m.DisableUser(ctx, apitoken.System(), "BOB"))
	// Output:
	// bob <nil>
	// <nil>
}

// After a promotion, an administrator reviews the tokens that others generated for the user: they carry more now.
func ExampleTokenQuery_onBehalf() {
	ctx, m, _ := exampleHost()
	_, _, _ = m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "laptop"})
	_, _, _ = m.Generate(ctx, apitoken.As("ada"), apitoken.GenerateParams{Owner: "bob", Name: "nightly build"})
	for token, err := range m.Tokens(ctx, apitoken.As("ada"), apitoken.TokenQuery{Owner: "bob", OnBehalf: true}) {
		fmt.Println(token.Name, "by", token.CreatedBy, err)
	}
	// Output: nightly build by ada <nil>
}

// LifetimeOfDays checks a number of days that a user typed. Days would panic.
func ExampleLifetimeOfDays() {
	fmt.Println(apitoken.LifetimeOfDays(30))
	fmt.Println(apitoken.LifetimeOfDays(1000000))
	// Output:
	// 720h0m0s <nil>
	// 0s invalid: days: is 1000000, 1 to 36500 are allowed
}

// A service account has a token that is about to expire. The user who answers for it is told, too.
func ExampleManager_LeaseNotices() {
	ctx, m, now := exampleHost()
	_, err := m.PutUser(ctx, apitoken.As("ada"), apitoken.User{ID: "ci", Service: true, Responsible: "bob"})
	if err != nil {
		panic(err)
	}
	_, _, _ = m.Generate(ctx, apitoken.As("ada"), apitoken.GenerateParams{Owner: "ci", Name: "build", Lifetime: apitoken.Days(30)})

	now.Add(apitoken.Days(25))
	steps := []time.Duration{apitoken.Days(7), apitoken.Days(1)}
	notices, err := m.LeaseNotices(ctx, apitoken.System(), apitoken.NoticeQuery{Steps: steps})
	for _, n := range notices {
		fmt.Println(n.Token.Name, "expires within", n.Step, "- tell", n.To)
		err = m.NoticeSent(ctx, apitoken.System(), n)
	}
	fmt.Println(err)

	// Output:
	// build expires within 168h0m0s - tell [ci bob ada]
	// <nil>
}
