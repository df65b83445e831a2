package apitoken_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// Which tokens rotate themselves, and others, and for how long.
func TestWhoMayRotate(t *testing.T) {
	kinds := map[apitoken.Kind]apitoken.KindRule{
		"reader":   {Permissions: apitoken.ListAny},
		"renewing": {SelfRenewing: true},
		"own":      {OwnOnly: true, Permissions: apitoken.GenerateOwn},
	}
	const lifetime = 10 * time.Hour
	for _, tt := range []struct {
		name  string
		p     apitoken.GenerateParams // of the token, which bob owns
		with  apitoken.GenerateParams // of the token that acts; the zero value: the token itself
		actor apitoken.UserID         // who acts instead, signed in
		want  error
		lives time.Duration
	}{
		{name: "its owner", actor: bob, lives: apitoken.Days(90)},
		{name: "an administrator", actor: ada, lives: apitoken.Days(90)},
		{name: "an administrator, a kind for oneself", p: apitoken.GenerateParams{Kind: "own"}, actor: ada, want: apitoken.ErrInvalid},
		{name: "a colleague", actor: carol, want: apitoken.ErrNotFound},
		{name: "who may list and not generate", actor: "auditor", want: apitoken.ErrDenied},
		{name: "itself", lives: lifetime},
		{name: "itself, without GenerateOwn", p: apitoken.GenerateParams{Kind: "reader"}, want: apitoken.ErrDenied},
		{name: "itself, of a self-renewing kind", p: apitoken.GenerateParams{Kind: "renewing"}, lives: apitoken.Days(90)},
		{name: "itself, bound and of a self-renewing kind", p: apitoken.GenerateParams{Kind: "renewing", Resource: "web"}, lives: apitoken.Days(90)},
		{name: "itself, bound", p: apitoken.GenerateParams{Resource: "web"}, lives: lifetime},
		{name: "another token of the owner", with: apitoken.GenerateParams{Lifetime: time.Hour}, lives: time.Hour},
		{name: "a bound token of the owner", with: apitoken.GenerateParams{Lifetime: time.Hour, Resource: "web"}, p: apitoken.GenerateParams{Resource: "web"}, want: apitoken.ErrNotFound},
		{name: "a self-renewing token of the owner", with: apitoken.GenerateParams{Kind: "renewing"}, want: apitoken.ErrNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{KindRules: kinds, Roles: map[apitoken.Role]apitoken.Permission{"auditor": apitoken.ListAny}})
			h.mustPutUser("auditor", "auditor")
			generate := func(p apitoken.GenerateParams, name string) (apitoken.Token, string) {
				p.Owner, p.Name = bob, name
				if p.Lifetime == 0 {
					p.Lifetime = lifetime
				}
				return h.mustGenerate(apitoken.As(bob), p)
			}
			old, text := generate(tt.p, "ci")
			actor := apitoken.As(tt.actor)
			switch {
			case tt.with != apitoken.GenerateParams{}:
				_, text = generate(tt.with, "other")
				fallthrough
			case tt.actor == "":
				actor = h.mustAuthenticate(text).Actor()
			}
			got, _, err := h.Rotate(ctx, actor, old.ID, apitoken.RotateParams{})
			if !errors.Is(err, tt.want) || tt.want == nil && err != nil {
				t.Fatalf("%v, want %v", err, tt.want)
			}
			if err == nil && got.ExpiresAt.Sub(start) != tt.lives {
				t.Errorf("the successor lives %s, want %s", got.ExpiresAt.Sub(start), tt.lives)
			}
			if err == nil && actor.Kind == apitoken.ActorToken && tt.lives != apitoken.Days(90) {
				if err := third(h.Rotate(ctx, actor, old.ID, apitoken.RotateParams{Lifetime: tt.lives + time.Second})); !errors.Is(err, apitoken.ErrLifetime) {
					t.Errorf("a longer lifetime than that of the actor's token: %v, want ErrLifetime", err)
				}
			}
		})
	}
}

// The overlap has shortened the token's own expiry, but its lost successor shows what it was.
func TestATokenRotatesItselfAgainAfterALostResponse(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	old, text := h.mustGenerateOwn(bob, "ci")
	itself := h.mustAuthenticate(text).Actor()
	h.mustRotate(itself, old.ID, apitoken.RotateParams{})
	next, _ := h.mustRotate(itself, old.ID, apitoken.RotateParams{})
	if next.ExpiresAt != old.ExpiresAt {
		t.Errorf("the second successor expires at %s, want %s", next.ExpiresAt, old.ExpiresAt)
	}
	h.mustRotate(apitoken.As(bob), old.ID, apitoken.RotateParams{}) // now the successor is somebody else's
	if err := third(h.Rotate(ctx, itself, old.ID, apitoken.RotateParams{})); !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("rotating itself after its owner did: %v, want ErrDenied", err)
	}
}

// Whatever a thief does with one token alone, nothing that they get lives longer than that token did.
func TestATokenAloneNeverLivesLonger(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		h := newHost(t, apitoken.Options{})
		old, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci", Lifetime: apitoken.Days(10)})
		h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "long", Lifetime: apitoken.Days(90)})
		stolen, texts := map[apitoken.TokenID]bool{old.ID: true}, []string{text}
		for step := range 12 {
			h.clock.Add(time.Duration(random.IntN(24)) * time.Hour)
			identity, err := h.Authenticate(ctx, texts[random.IntN(len(texts))])
			if err != nil {
				continue
			}
			all := h.tokens()
			id := all[random.IntN(len(all))].ID
			if random.IntN(8) == 0 { // the owner acts, and the thief does not learn the text
				_, _, _ = h.Rotate(ctx, apitoken.As(bob), id, apitoken.RotateParams{Lifetime: apitoken.Days(90)})
				continue
			}
			next, secret, err := h.Rotate(ctx, identity.Actor(), id, apitoken.RotateParams{})
			if random.IntN(4) == 0 {
				next, secret, err = h.Generate(ctx, identity.Actor(), apitoken.GenerateParams{Owner: bob, Name: fmt.Sprint(step)})
			}
			if err != nil {
				continue
			}
			stolen[next.ID] = true
			texts = append(texts, secret.Reveal())
		}
		for _, token := range h.tokens() {
			if stolen[token.ID] && token.ExpiresAt.After(old.ExpiresAt) {
				t.Fatalf("seed %d: a token made with the stolen one expires at %s, want at %s at the latest", seed, token.ExpiresAt, old.ExpiresAt)
			}
		}
	}
}
