package main

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// demoToken is one token of the demonstration. Its lifetime, its uses and its revocation follow from its number.
type demoToken struct {
	*story
	number int
	owner  demoUser
	name   string
	born   days

	token  apitoken.Token
	secret apitoken.Secret
}

// tokens generates tokens over a year and a half, more of them the closer to today. The owners take turns, as far as they are
// enabled at the time.
func (s *story) tokens() {
	names := map[apitoken.UserID]int{} // the number of names that each owner has used
	turn := 0
	for i := range demoTokens {
		t := &demoToken{story: s, number: i, born: days(540 * math.Pow(float64(demoTokens-i)/demoTokens, 1.8))}
		for {
			t.owner = demoUsers[turn*7%len(demoUsers)]
			turn++
			if t.owner.isThere(t.born) {
				break
			}
		}
		t.name = t.owner.tokenName(names[t.owner.ID])
		names[t.owner.ID]++
		t.live()
	}
}

// live adds the steps of a token: its generation, its uses and its revocation.
func (t *demoToken) live() {
	t.on(t.born, t.generate)
	if t.number%5 != 0 { // the others are never used
		t.on(t.born-1, t.use)
		t.on(t.born-33, t.use)
	}
	if t.number%5 > 1 { // some others were not used for a long time
		t.on(days(t.number%30)/24+0.01, t.use)
	}
	if t.number%7 == 3 {
		t.on(t.born-days(2+t.number%40), t.revoke)
	}
}

// on adds a step unless it is in the future.
func (t *demoToken) on(d days, do func(ctx context.Context) error) {
	if d > 0 {
		t.story.on(d, do)
	}
}

func (t *demoToken) generate(ctx context.Context) error {
	policy, err := t.m.Policy(ctx)
	if err != nil {
		return err
	}
	p := apitoken.GenerateParams{Owner: t.owner.ID, Name: t.name, Lifetime: min(t.lifetime(), policy.Max)}
	if t.owner.machine {
		p.Kind = kindMachine
	}
	t.token, t.secret, err = t.m.Generate(ctx, t.creator(), p)
	return err
}

func (t *demoToken) lifetime() time.Duration {
	wanted := []time.Duration{
		apitoken.Days(90), apitoken.Days(30), apitoken.NoExpiration, apitoken.Days(60), apitoken.Days(90), apitoken.Days(365),
		apitoken.Days(7), apitoken.Days(180), apitoken.NoExpiration,
	}
	return wanted[t.number%len(wanted)]
}

// creator is the owner, an administrator on behalf of the owner, or the host.
func (t *demoToken) creator() apitoken.Actor {
	switch {
	case t.owner.machine && t.number%3 == 0:
		return apitoken.System()
	case t.owner.machine, t.owner.Role == roleAuditor, t.number%13 == 0:
		return chief
	}
	return apitoken.As(t.owner.ID)
}

// use presents the token, even if it is no longer valid, as some programs do.
func (t *demoToken) use(ctx context.Context) error {
	_, err := t.m.Authenticate(ctx, t.secret.Reveal())
	if errors.Is(err, apitoken.ErrUnauthenticated) {
		return nil
	}
	return err
}

// revoke revokes the token if it is active, by its owner or the help desk.
func (t *demoToken) revoke(ctx context.Context) error {
	if t.token.Status(t.clock.now) != apitoken.StatusActive {
		return nil
	}
	actor := apitoken.As(helpdesk.ID)
	if t.number%2 == 0 && t.owner.isThere(days(t.today.Sub(t.clock.now).Hours()/24)) {
		actor = apitoken.As(t.owner.ID)
	}
	return t.m.Revoke(ctx, actor, t.token.ID)
}
