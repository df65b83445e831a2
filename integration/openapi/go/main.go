// Command go makes calls of an administrator with a client that oapi-codegen generates from the document of package adminapi. The
// clients in the folders beside it make the same calls and print the same.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken/integration/openapi/go/client"
)

const thirtyDays = 30 * 86_400

func main() {
	c, err := client.NewClientWithResponses(os.Getenv("ADDRESS"), client.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+os.Getenv("TOKEN"))
		return nil
	}))
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	token := tokens(ctx, c)
	policy(ctx, c)
	refusal(ctx, c)
	id := token.Id
	gone := must(c.RevokeTokenWithResponse(ctx, id))
	read := must(c.GetTokenWithResponse(ctx, id))
	fmt.Println("revoked:", gone.StatusCode(), done(read.JSON200, read.Body).Status)
	events(ctx, c)
}

func tokens(ctx context.Context, c *client.ClientWithResponses) client.Token {
	put := must(c.PutUserWithResponse(ctx, "bob", nil, client.PutUserRequest{Name: new("Bob")}))
	user := done(put.JSON200, put.Body)
	fmt.Println("provisioned", user.Id, *user.Name, "as", user.Role, "at revision", user.Revision)

	params := &client.GenerateTokenParams{IdempotencyKey: new("5b0c6f1e")}
	wanted := client.GenerateTokenRequest{Name: "nightly build", Resource: new("project:web"), LifetimeSeconds: new(float64(thirtyDays))}
	must(c.GenerateTokenWithResponse(ctx, "bob", params, wanted))
	again := must(c.GenerateTokenWithResponse(ctx, "bob", params, wanted)) // as if the answer had been lost
	generated := done(again.JSON201, again.Body)
	token := generated.Token
	fmt.Println("generated", token.Name, "for", token.Owner, "by", *token.CreatedBy, "until", text(token.ExpiresAt))
	fmt.Println("bound to", *token.Resource)
	fmt.Println("the secret ends like the hint:", strings.HasSuffix(generated.Secret, token.Hint[len(token.Hint)-4:]))

	for _, status := range []client.TokenStatus{client.Active, client.Revoked} {
		list := must(c.ListTokensOfUserWithResponse(ctx, "bob", &client.ListTokensOfUserParams{
			Status: &status, Resource: new("project:web"), LivesLongerThanSeconds: new(86_400.5),
			ExpiresBefore: new(time.Date(2026, time.February, 1, 0, 0, 0, 0, time.FixedZone("", 3600))),
		}))
		page := done(list.JSON200, list.Body)
		var names []string
		for _, t := range page.Tokens {
			names = append(names, t.Name)
		}
		fmt.Println(string(status)+":", strings.Join(names, ", "), "more:", page.Next != nil)
	}
	return token
}

func policy(ctx context.Context, c *client.ClientWithResponses) {
	before := must(c.GetPolicyWithResponse(ctx))
	etag := before.HTTPResponse.Header.Get("ETag")
	if etag == "" {
		etag = "none"
	}
	fmt.Println("no maximum:", *done(before.JSON200, before.Body).NoMaximum, "ETag:", etag)
	first := must(c.SetPolicyWithResponse(ctx, nil, client.SetPolicyRequest{MaxLifetimeSeconds: new(float64(2 * thirtyDays))}))
	params := &client.SetPolicyParams{IfMatch: new(first.HTTPResponse.Header.Get("ETag"))}
	second := must(c.SetPolicyWithResponse(ctx, params, client.SetPolicyRequest{MaxLifetimeSeconds: new(float64(thirtyDays))}))
	policy := done(second.JSON200, second.Body)
	fmt.Println("the maximum is", int64(*policy.MaxLifetimeSeconds), "at revision", policy.Revision, "by", *policy.UpdatedBy)
	late := must(c.SetPolicyWithResponse(ctx, params, client.SetPolicyRequest{NoMaximum: new(client.Flag(true))}))
	fmt.Println("too late:", late.StatusCode(), done(late.ApplicationproblemJSON412, late.Body).Code)

	list := must(c.ListChoicesWithResponse(ctx))
	for _, choice := range done(list.JSON200, list.Body).Choices {
		generated := must(c.GenerateTokenWithResponse(ctx, "bob", nil, client.GenerateTokenRequest{
			Name: "offered", LifetimeSeconds: choice.LifetimeSeconds, NoExpiration: choice.NoExpiration,
		}))
		fmt.Println("offered", int64(*choice.LifetimeSeconds), "until", text(done(generated.JSON201, generated.Body).Token.ExpiresAt))
	}
}

func refusal(ctx context.Context, c *client.ClientWithResponses) {
	long := must(c.GenerateTokenWithResponse(ctx, "bob", nil, client.GenerateTokenRequest{
		Name: "too long", LifetimeSeconds: new(float64(3 * thirtyDays)),
	}))
	problem := done(long.ApplicationproblemJSON422, long.Body)
	if problem.Code == client.ProblemCodeLifetimeOverMaximum {
		fmt.Println("refused:", long.StatusCode(), problem.Code, "asked for", int64(*problem.LifetimeSeconds), "at most", int64(*problem.MaxLifetimeSeconds))
	}
}

func events(ctx context.Context, c *client.ClientWithResponses) {
	for after, more := int64(0), true; more; {
		list := must(c.ListEventsWithResponse(ctx, &client.ListEventsParams{After: &after, Limit: new(3)}))
		page := done(list.JSON200, list.Body)
		for _, e := range page.Events {
			owner := "nobody"
			if e.Owner != nil {
				owner = *e.Owner
			}
			fmt.Println("event", e.Seq, e.Action, e.Outcome, "by", e.Actor.Kind, "about", owner)
		}
		after, more = page.Next, page.More != nil && bool(*page.More)
	}
}

func must[T any](answer T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return answer
}

// done returns the expected response.
func done[T any](expected *T, body []byte) T {
	if expected == nil {
		log.Fatalf("it answers otherwise: %s", body)
	}
	return *expected
}

func text(at *time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
