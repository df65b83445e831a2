// Command ogen makes calls of an administrator with a client that ogen generates from the document of package adminapi. The
// clients in the folders beside it make the same calls and print the same.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken/integration/openapi/ogen/client"
)

const thirtyDays = 30 * 86_400

// bearer presents the token from the environment.
type bearer struct{}

func (bearer) Bearer(context.Context, client.OperationName) (client.Bearer, error) {
	return client.Bearer{Token: os.Getenv("TOKEN")}, nil
}

func main() {
	c, err := client.NewClient(os.Getenv("ADDRESS"), bearer{})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	token := tokens(ctx, c)
	policy(ctx, c)
	refusal(ctx, c)
	is[*client.RevokeTokenNoContent](c.RevokeToken(ctx, client.RevokeTokenParams{ID: token.ID}))
	read := is[*client.Token](c.GetToken(ctx, client.GetTokenParams{ID: token.ID}))
	fmt.Println("revoked: 204", read.Status)
	events(ctx, c)
}

func tokens(ctx context.Context, c *client.Client) client.Token {
	user := is[*client.UserHeaders](c.PutUser(ctx, &client.PutUserRequest{Name: client.NewOptString("Bob")}, client.PutUserParams{ID: "bob"})).Response
	fmt.Println("provisioned", user.ID, user.Name.Value, "as", user.Role, "at revision", user.Revision)

	params := client.GenerateTokenParams{ID: "bob", IdempotencyKey: client.NewOptString("5b0c6f1e")}
	wanted := &client.GenerateTokenRequest{
		Name: "nightly build", Resource: client.NewOptResource("project:web"), LifetimeSeconds: client.NewOptSeconds(thirtyDays),
	}
	is[*client.GeneratedTokenHeaders](c.GenerateToken(ctx, wanted, params))
	generated := is[*client.GeneratedTokenHeaders](c.GenerateToken(ctx, wanted, params)).Response // as if the answer had been lost
	token := generated.Token
	fmt.Println("generated", token.Name, "for", token.Owner, "by", token.CreatedBy.Value, "until", text(token.ExpiresAt))
	fmt.Println("bound to", token.Resource.Value)
	fmt.Println("the secret ends like the hint:", strings.HasSuffix(generated.Secret, token.Hint[len(token.Hint)-4:]))

	for _, status := range []client.TokenStatus{client.TokenStatusActive, client.TokenStatusRevoked} {
		page := is[*client.TokenPage](c.ListTokensOfUser(ctx, client.ListTokensOfUserParams{
			ID: "bob", Status: client.NewOptTokenStatus(status), Resource: client.NewOptResource("project:web"),
			LivesLongerThanSeconds: client.NewOptSeconds(86_400.5),
			ExpiresBefore:          client.NewOptDateTime(time.Date(2026, time.February, 1, 0, 0, 0, 0, time.FixedZone("", 3600))),
		}))
		var names []string
		for _, t := range page.Tokens {
			names = append(names, string(t.Name))
		}
		fmt.Println(string(status)+":", strings.Join(names, ", "), "more:", page.Next.Set)
	}
	return token
}

func policy(ctx context.Context, c *client.Client) {
	before := is[*client.PolicyHeaders](c.GetPolicy(ctx))
	fmt.Println("no maximum:", before.Response.NoMaximum.Value, "ETag:", before.ETag.Or("none"))
	set := func(p client.SetPolicyParams, max client.SetPolicyRequest) (client.SetPolicyRes, error) {
		return c.SetPolicy(ctx, &max, p)
	}
	first := is[*client.PolicyHeaders](set(client.SetPolicyParams{}, client.SetPolicyRequest{MaxLifetimeSeconds: client.NewOptSeconds(2 * thirtyDays)}))
	params := client.SetPolicyParams{IfMatch: first.ETag}
	policy := is[*client.PolicyHeaders](set(params, client.SetPolicyRequest{MaxLifetimeSeconds: client.NewOptSeconds(thirtyDays)})).Response
	fmt.Println("the maximum is", int64(policy.MaxLifetimeSeconds.Value), "at revision", policy.Revision, "by", policy.UpdatedBy.Value)
	late := is[*client.SetPolicyPreconditionFailed](set(params, client.SetPolicyRequest{NoMaximum: client.NewOptFlag(true)}))
	fmt.Println("too late:", late.Status, late.Code)

	for _, choice := range is[*client.Choices](c.ListChoices(ctx)).Choices {
		generated := is[*client.GeneratedTokenHeaders](c.GenerateToken(ctx, &client.GenerateTokenRequest{
			Name: "offered", LifetimeSeconds: choice.LifetimeSeconds, NoExpiration: choice.NoExpiration,
		}, client.GenerateTokenParams{ID: "bob"}))
		fmt.Println("offered", int64(choice.LifetimeSeconds.Value), "until", text(generated.Response.Token.ExpiresAt))
	}
}

func refusal(ctx context.Context, c *client.Client) {
	problem := is[*client.GenerateTokenUnprocessableEntity](c.GenerateToken(ctx, &client.GenerateTokenRequest{
		Name: "too long", LifetimeSeconds: client.NewOptSeconds(3 * thirtyDays),
	}, client.GenerateTokenParams{ID: "bob"}))
	if problem.Code == client.ProblemCodeLifetimeOverMaximum {
		fmt.Println("refused:", problem.Status, problem.Code, "asked for", int64(problem.LifetimeSeconds.Value), "at most", int64(problem.MaxLifetimeSeconds.Value))
	}
}

func events(ctx context.Context, c *client.Client) {
	for after, more := int64(0), true; more; {
		page := is[*client.EventPage](c.ListEvents(ctx, client.ListEventsParams{After: client.NewOptInt64(after), Limit: client.NewOptInt(3)}))
		for _, e := range page.Events {
			fmt.Println("event", e.Seq, e.Action, e.Outcome, "by", e.Actor.Value.Kind, "about", e.Owner.Or("nobody"))
		}
		after, more = page.Next, page.More.Set
	}
}

// is returns the expected response.
func is[T any](answer any, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	expected, ok := answer.(T)
	if !ok {
		log.Fatalf("it answers otherwise: %T %+v", answer, answer)
	}
	return expected
}

func text(at client.OptDateTime) string {
	return at.Value.UTC().Format("2006-01-02T15:04:05.000Z07:00")
}
