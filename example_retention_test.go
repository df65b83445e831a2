package apitoken_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// A nightly job removes revoked and expired tokens after 90 days.
func ExampleManager_Sweep() {
	ctx, now := context.Background(), clock.NewMock()
	now.Set(time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC))
	m := must(apitoken.New(memstore.New(), &apitoken.Options{Clock: now}))
	must(m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "ada"}))
	for _, days := range []int{30, 365} {
		_, _, err := m.Generate(ctx, apitoken.As("ada"), apitoken.GenerateParams{
			Owner: "ada", Name: fmt.Sprint(days, " days"), Lifetime: apitoken.Days(days),
		})
		if err != nil {
			panic(err)
		}
	}
	now.Add(apitoken.Days(30 + 90))

	p := apitoken.SweepParams{Revoked: apitoken.Days(90), Expired: apitoken.Days(90)}
	for {
		swept := must(m.Sweep(ctx, apitoken.System(), p))
		fmt.Println("removed", swept.Tokens)
		if !swept.More {
			break
		}
		p.After = swept.Next
	}
	for token, err := range m.Tokens(ctx, apitoken.System(), apitoken.TokenQuery{AnyOwner: true}) {
		fmt.Println("kept", token.Name, err)
	}
	// Output:
	// removed 1
	// kept 365 days <nil>
}

// A user asks to be forgotten. Their tokens and events stay, and nothing in them identifies the user.
func ExampleManager_ForgetUser() {
	ctx := context.Background()
	m := must(apitoken.New(memstore.New(), nil))
	must(m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "ada", Name: "Ada"}))
	_, secret, err := m.Generate(ctx, apitoken.As("ada"), apitoken.GenerateParams{Owner: "ada", Name: "ada's laptop"})
	if err != nil {
		panic(err)
	}

	if err := m.ForgetUser(ctx, apitoken.System(), "ada"); err != nil {
		panic(err)
	}

	_, err = m.Authenticate(ctx, secret.Reveal())
	fmt.Println(errors.Is(err, apitoken.ErrUserDisabled))
	for token := range m.Tokens(ctx, apitoken.System(), apitoken.TokenQuery{AnyOwner: true}) {
		fmt.Println(strings.HasPrefix(token.Name, "forgotten-"), token.Owner == apitoken.UserID(token.Name))
	}
	// Output:
	// true
	// true true
}

// A reader that follows the events was away for too long.
func ExampleTruncatedError() {
	ctx, now := context.Background(), clock.NewMock()
	now.Set(time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC))
	m := must(apitoken.New(memstore.New(), &apitoken.Options{Clock: now}))
	for _, id := range []apitoken.UserID{"ada", "bob", "carol"} {
		must(m.PutUser(ctx, apitoken.System(), apitoken.User{ID: id}))
	}
	now.Add(apitoken.Days(1))
	must(m.Sweep(ctx, apitoken.System(), apitoken.SweepParams{Events: apitoken.Days(1)}))

	cursor := apitoken.EventSeq(1)
	for range 2 {
		for event, err := range m.Events(ctx, apitoken.System(), apitoken.EventQuery{After: cursor}) {
			var truncated *apitoken.TruncatedError
			if errors.As(err, &truncated) {
				fmt.Println("missed the events before", truncated.First)
				cursor = truncated.First - 1
				break
			}
			fmt.Println(event.Seq, event.Action)
		}
	}
	// Output:
	// missed the events before 4
	// 4 store.sweep
}
