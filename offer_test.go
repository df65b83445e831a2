package apitoken_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// toBob returns the params of an offer to Bob.
func toBob(name string) apitoken.OfferParams {
	return apitoken.OfferParams{GenerateParams: apitoken.GenerateParams{Owner: bob, Name: name}}
}

func (h host) mustOffer(actor apitoken.Actor, p apitoken.OfferParams) apitoken.PendingToken {
	h.t.Helper()
	pending, err := h.Offer(ctx, actor, p)
	h.must(err)
	return pending
}

func (h host) mustClaim(actor apitoken.Actor, id apitoken.TokenID) (apitoken.Token, string) {
	h.t.Helper()
	token, secret, err := h.Claim(ctx, actor, id)
	h.must(err)
	return token, secret.Reveal()
}

func (h host) claim(actor apitoken.Actor, id apitoken.TokenID) error {
	return third(h.Claim(ctx, actor, id))
}

func (h host) offers(owner apitoken.UserID) []apitoken.PendingToken {
	h.t.Helper()
	open, err := h.Offers(ctx, apitoken.System(), owner)
	h.must(err)
	return open
}

// mustService provisions a service account for which Bob answers.
func (h host) mustService(id apitoken.UserID) {
	h.t.Helper()
	_, err := h.PutUser(ctx, apitoken.System(), apitoken.User{ID: id, Service: true, Responsible: bob})
	h.must(err)
}

func TestBadOffersAreRefused(t *testing.T) {
	h := newHost(t, apitoken.Options{KindRules: map[apitoken.Kind]apitoken.KindRule{"mine": {OwnOnly: true}}})
	short, _ := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: ada, Name: "x", Lifetime: time.Hour})
	withToken := apitoken.Actor{Kind: apitoken.ActorToken, User: ada, Token: short.ID}
	h.mustSetMax(apitoken.Days(30))
	for _, tt := range []struct {
		name  string
		actor apitoken.Actor
		edit  func(*apitoken.OfferParams)
		want  error
		says  string
	}{
		{"in the past", apitoken.As(ada), func(p *apitoken.OfferParams) { p.ClaimBy = start }, apitoken.ErrInvalid, "claim by: is not in the future"},
		{"beyond 30 days", apitoken.As(ada), func(p *apitoken.OfferParams) { p.ClaimBy = start.Add(apitoken.Days(30) + time.Microsecond) }, apitoken.ErrInvalid, "claim by: is too far ahead, at most 30 days are allowed"},
		{"after the expiry", apitoken.As(ada), func(p *apitoken.OfferParams) {
			p.ExpiresAt, p.ClaimBy = start.Add(time.Hour), start.Add(time.Hour+time.Microsecond)
		}, apitoken.ErrInvalid, "claim by: is after the expiry of the token"},
		{"after the token in use", withToken, func(p *apitoken.OfferParams) { p.ClaimBy = start.Add(2 * time.Hour) }, apitoken.ErrInvalid, "claim by: is after the expiry of the token in use"},
		{"an empty name", apitoken.As(ada), func(p *apitoken.OfferParams) { p.Name = "" }, apitoken.ErrInvalid, "name: is empty"},
		{"a kind for oneself", apitoken.As(ada), func(p *apitoken.OfferParams) { p.Kind = "mine" }, apitoken.ErrInvalid, `kind: "mine" can be generated for oneself only`},
		{"over the maximum", apitoken.As(ada), func(p *apitoken.OfferParams) { p.Lifetime = apitoken.Days(31) }, apitoken.ErrLifetime, "31 days requested, at most 30 days allowed"},
		{"an unknown owner", apitoken.As(ada), func(p *apitoken.OfferParams) { p.Owner = "erin" }, apitoken.ErrNotFound, "not found"},
		{"a disabled owner", apitoken.As(ada), func(p *apitoken.OfferParams) { p.Owner = dan }, apitoken.ErrUserDisabled, "user disabled"},
		{"without the permission", apitoken.As(carol), func(*apitoken.OfferParams) {}, apitoken.ErrDenied, "needs GenerateForOthers"},
		{"to a stronger user", apitoken.As(bob), func(p *apitoken.OfferParams) { p.Owner = ada }, apitoken.ErrDenied, "needs GenerateForOthers"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := toBob("ci")
			tt.edit(&p)
			_, err := h.Offer(ctx, tt.actor, p)
			if !errors.Is(err, tt.want) || !strings.HasSuffix(err.Error(), tt.says) {
				t.Errorf("Offer: %v, want %v with %q", err, tt.want, tt.says)
			}
			if n := len(h.offers(bob)); n != 0 {
				t.Errorf("%d offers of refusals, want none", n)
			}
		})
	}
}

func TestWhoWithdrawsAnOffer(t *testing.T) {
	roles := map[apitoken.Role]apitoken.Permission{
		"desk": apitoken.GenerateOwn | apitoken.GenerateForOthers, "revoker": apitoken.GenerateOwn | apitoken.RevokeAny,
	}
	for name, want := range map[apitoken.UserID]error{
		"desk1": nil, "desk2": apitoken.ErrNotFound, bob: nil, carol: apitoken.ErrNotFound, "revoker": nil, ada: nil,
	} {
		t.Run(string(name), func(t *testing.T) {
			h := newHost(t, apitoken.Options{Roles: roles})
			h.mustPutUser("desk1", "desk")
			h.mustPutUser("desk2", "desk")
			h.mustPutUser("revoker", "revoker")
			pending := h.mustOffer(apitoken.As("desk1"), toBob("ci"))
			if err := h.Withdraw(ctx, apitoken.As(name), pending.ID); !errors.Is(err, want) {
				t.Errorf("Withdraw: %v, want %v", err, want)
			}
			err := h.claim(apitoken.As(bob), pending.ID)
			if gone := errors.Is(err, apitoken.ErrNotFound); gone != (want == nil) {
				t.Errorf("Claim after that: %v", err)
			}
		})
	}
	h := newHost(t, apitoken.Options{})
	id := h.mustOffer(apitoken.As(ada), toBob("ci")).ID
	h.mustClaim(apitoken.As(bob), id)
	if err := h.Withdraw(ctx, apitoken.As(ada), id); !errors.Is(err, apitoken.ErrConflict) {
		t.Errorf("Withdraw of a claimed token: %v, want ErrConflict", err)
	}
}

// A token that offers gives neither a longer life nor more permissions than it has, and a person may offer to themselves.
func TestATokenThatOffersIsTheParent(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	parent, _ := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "parent", Lifetime: time.Hour, Resource: "project:web"})
	with := apitoken.Actor{Kind: apitoken.ActorToken, User: bob, Token: parent.ID}
	p := toBob("child")
	if _, err := h.Offer(ctx, with, p); !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("an offer for another resource: %v, want ErrDenied", err)
	}
	p.Resource = "project:web"
	pending := h.mustOffer(with, p)
	if !pending.ClaimBy.Equal(parent.ExpiresAt) || pending.OfferedWith != parent.ID {
		t.Errorf("to be claimed by %s, offered with %s, want the expiry and the ID of the parent", pending.ClaimBy, pending.OfferedWith)
	}
	h.clock.Add(time.Minute)
	token, _ := h.mustClaim(apitoken.As(bob), pending.ID)
	if !token.ExpiresAt.Equal(parent.ExpiresAt) || token.CreatedWith != parent.ID {
		t.Errorf("the token expires at %s, created with %s, want the expiry and the ID of the parent", token.ExpiresAt, token.CreatedWith)
	}
}

func TestTheSameOfferAgain(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	p := toBob("ci")
	p.IdempotencyKey = "1"
	first := h.mustOffer(apitoken.As(ada), p)
	if again := h.mustOffer(apitoken.As(ada), p); again.ID != first.ID || len(h.offers(bob)) != 1 {
		t.Errorf("the same request made the offer %s, want %s", again.ID, first.ID)
	}
	p.IdempotencyKey = "2"
	if other := h.mustOffer(apitoken.As(ada), p); other.ID == first.ID {
		t.Error("another key has the same offer")
	}
}

func TestAnOwnerHasAtMost100OpenOffers(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	for range 100 {
		h.mustOffer(apitoken.As(ada), toBob("ci"))
	}
	_, err := h.Offer(ctx, apitoken.As(ada), toBob("ci"))
	var full *apitoken.TooManyError
	if !errors.As(err, &full) || *full != (apitoken.TooManyError{Max: 100, Offers: true}) {
		t.Errorf("Offer: %v, want ErrTooMany with 100", err)
	}
	if want := "apitoken: token.offer: too many offers: at most 100 wait for one owner"; fmt.Sprint(err) != want {
		t.Errorf("error %q, want %q", err, want)
	}
	h.must(h.RevokeAll(ctx, apitoken.As(bob), bob)) // which ends them
	h.mustOffer(apitoken.As(ada), toBob("ci"))
}

func TestSweepRemovesEndedOffers(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	claimed := h.mustOffer(apitoken.As(ada), toBob("claimed")).ID
	h.mustOffer(apitoken.As(ada), toBob("late"))
	h.mustClaim(apitoken.As(bob), claimed)
	h.clock.Add(72*time.Hour + apitoken.Days(7))
	h.mustOffer(apitoken.As(ada), toBob("open"))
	p := apitoken.SweepParams{Expired: apitoken.Days(7), DryRun: true}
	for _, dry := range []bool{true, false} {
		p.DryRun = dry
		swept, err := h.Sweep(ctx, apitoken.System(), p)
		if err != nil || swept.Offers != 2 || swept.Tokens != 0 || swept.More {
			t.Errorf("Sweep with DryRun %t: %+v, %v, want 2 offers", dry, swept, err)
		}
	}
	left, err := h.store.Offers(ctx, apitoken.OfferQuery{Limit: 10})
	if err != nil || len(left) != 1 || left[0].Name != "open" {
		t.Errorf("offers that are left: %v, %v, want the open one", left, err)
	}
	if err := h.claim(apitoken.As(bob), claimed); !errors.Is(err, apitoken.ErrNotFound) {
		t.Errorf("Claim of a removed offer: %v, want ErrNotFound", err)
	}
}

func TestAForgottenUserIsInNoOffer(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	h.mustOffer(apitoken.As(ada), toBob("bob's own"))
	h.mustService("robot")
	p := toBob("ci")
	p.Owner = "robot"
	h.mustClaim(apitoken.As(bob), h.mustOffer(apitoken.As(ada), p).ID)
	h.must(h.ForgetUser(ctx, apitoken.System(), bob))
	left, err := h.store.Offers(ctx, apitoken.OfferQuery{Limit: 10})
	h.must(err)
	if dump := fmt.Sprintf("%+v %+v", left, h.events()); strings.Contains(dump, "bob") || len(left) != 1 {
		t.Errorf("%d offers, want 1, and nothing that names the user: %s", len(left), dump)
	}
}
