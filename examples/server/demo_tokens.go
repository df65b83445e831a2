package main

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// demoToken is one token of the demonstration. How long it lives, who uses it and who revokes it follows from its number.
type demoToken struct {
	*story
	number int
	owner  demoUser
	name   string
	born   days

	token  apitoken.Token
	secret apitoken.Secret
}

// tokens are generated over a year and a half, the more the closer to today, by turns for everybody who is there at the time.
func (s *story) tokens() {
	names := map[apitoken.UserID]int{} // how many somebody has used up
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

// live is what becomes of a token.
func (t *demoToken) live() {
	t.on(t.born, t.generate)
	if t.number%5 != 0 { // the others are never used
		t.on(t.born-1, t.use)
		t.on(t.born-33, t.use)
	}
	if t.number%5 > 1 { // and some not for long
		t.on(days(t.number%30)/24+0.01, t.use)
	}
	if t.number%7 == 3 {
		t.on(t.born-days(2+t.number%40), t.revoke)
	}
}

// on leaves out what would be in the future.
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

// creator is the owner, or an administrator on his behalf, or the host.
func (t *demoToken) creator() apitoken.Actor {
	switch {
	case t.owner.machine && t.number%3 == 0:
		return apitoken.System()
	case t.owner.machine, t.owner.Role == roleAuditor, t.number%13 == 0:
		return chief
	}
	return apitoken.As(t.owner.ID)
}

// use uses the token, also where it no longer works: there are always programs that do.
func (t *demoToken) use(ctx context.Context) error {
	_, err := t.m.Authenticate(ctx, t.secret.Reveal())
	if errors.Is(err, apitoken.ErrUnauthenticated) {
		return nil
	}
	return err
}

// revoke revokes the token if it is alive, as its owner does or the help desk for him.
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
