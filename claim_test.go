package apitoken_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestTheOwnerClaimsWhatWasOffered(t *testing.T) {
	h := newHost(t, apitoken.Options{Kinds: []apitoken.Kind{"ci"}})
	p := toBob("ci")
	p.Kind, p.Resource, p.Description, p.Lifetime = "ci", "project:web", "for releases", apitoken.Days(7)
	p.Permissions = apitoken.GenerateOwn
	pending := h.mustOffer(apitoken.As(ada), p)
	want := apitoken.PendingToken{
		ID: pending.ID, Owner: bob, Name: "ci", Kind: "ci", Resource: "project:web", Description: "for releases", Lifetime: apitoken.Days(7),
		Permissions: apitoken.GenerateOwn,
		OfferedAt:   start, OfferedBy: ada, ClaimBy: start.Add(72 * time.Hour),
	}
	if diff := cmp.Diff(want, pending); diff != "" {
		t.Errorf("Offer (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]apitoken.PendingToken{want}, h.offers(bob)); diff != "" {
		t.Errorf("Offers (-want +got):\n%s", diff)
	}
	if len(h.tokens()) != 0 {
		t.Errorf("%d tokens before the claim, want none", len(h.tokens()))
	}

	h.clock.Add(time.Hour)
	token, text := h.mustClaim(apitoken.As(bob), pending.ID)
	wantToken := apitoken.Token{
		ID: pending.ID, Owner: bob, Name: "ci", Kind: "ci", Resource: "project:web", Description: "for releases",
		Permissions: apitoken.GenerateOwn, CreatedAt: start.Add(time.Hour), CreatedBy: ada, ExpiresAt: start.Add(time.Hour + apitoken.Days(7)), Hint: "tok_..." + text[len(text)-4:],
	}
	if diff := cmp.Diff(wantToken, token); diff != "" {
		t.Errorf("Claim (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantToken, h.mustAuthenticate(text).Token); diff != "" {
		t.Errorf("the token that authenticates (-want +got):\n%s", diff)
	}
	if open := h.offers(bob); len(open) != 0 {
		t.Errorf("%d offers after the claim, want none", len(open))
	}
	var got []string
	for _, e := range h.events()[5:] {
		got = append(got, fmt.Sprintf("%s %s by %s to %s %t %q %s", e.Action, e.Outcome, e.Actor.User, e.Owner, e.Token == token.ID, e.Reason, e.After.Name))
	}
	if diff := cmp.Diff([]string{
		`token.offer done by ada to bob true "to be claimed by 2026-03-04T12:00:00Z" ci`, `token.claim done by bob to bob true "" ci`,
	}, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// Every other actor gets the same error as for an offer that does not exist, in words too, and makes the store work as much.
func TestOnlyTheOwnerInPersonClaims(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	h.mustService("robot")
	own, _ := h.mustGenerateOwn(bob, "own")
	admins, _ := h.mustGenerateOwn(ada, "own")
	h.mustPutUser("root", apitoken.RoleAdmin)
	actors := map[string]apitoken.Actor{
		"the creator": apitoken.As(ada), "the creator's token": {Kind: apitoken.ActorToken, User: ada, Token: admins.ID},
		"an administrator": apitoken.As("root"), "the host": apitoken.System(), "another user": apitoken.As(carol),
		"a token of the owner": {Kind: apitoken.ActorToken, User: bob, Token: own.ID},
	}
	toOwner, toService := h.mustOffer(apitoken.As(ada), toBob("ci")), toBob("ci")
	toService.Owner = "robot"
	service := h.mustOffer(apitoken.As(ada), toService)
	for name, actor := range actors {
		for what, id := range map[string]apitoken.TokenID{"a person": toOwner.ID, "a service account": service.ID} {
			t.Run(name+", to "+what, func(t *testing.T) {
				before := h.store.counts()
				unknown := h.claim(actor, apitoken.TokenID{1})
				wantCalls := h.store.since(before)
				before = h.store.counts()
				err := h.claim(actor, id)
				if !errors.Is(err, apitoken.ErrNotFound) || fmt.Sprint(err) != fmt.Sprint(unknown) {
					t.Errorf("Claim: %v, want ErrNotFound as for an unknown offer: %v", err, unknown)
				}
				delete(wantCalls, "AppendEvents") // the eleventh denial in a minute is gathered
				calls := h.store.since(before)
				delete(calls, "AppendEvents")
				if diff := cmp.Diff(wantCalls, calls); diff != "" {
					t.Errorf("calls of the store (-unknown +foreign):\n%s", diff)
				}
			})
		}
	}
	h.mustClaim(apitoken.As(bob), service.ID)
	h.mustClaim(apitoken.As(bob), toOwner.ID)
}

// 64 users, each as the owner of an offer and as the actor: 4,096 pairs, of which 64 may claim.
func TestOfAllPairsOnlyTheOwnersClaim(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	const users = 64
	id := func(i int) apitoken.UserID { return apitoken.UserID(fmt.Sprint("user", i)) }
	var offers []apitoken.TokenID
	for i := range users {
		h.mustPutUser(id(i), []apitoken.Role{apitoken.RoleUser, apitoken.RoleAdmin}[i%2])
		p := toBob("ci")
		p.Owner = id(i)
		offers = append(offers, h.mustOffer(apitoken.System(), p).ID)
	}
	hidden := 0
	for owner := range users {
		for actor := range users {
			err := h.claim(apitoken.As(id(actor)), offers[owner])
			switch {
			case owner == actor && err != nil:
				t.Errorf("user %d claims their own: %v", owner, err)
			case owner != actor && errors.Is(err, apitoken.ErrNotFound):
				hidden++
			}
		}
	}
	if want := users * (users - 1); hidden != want {
		t.Errorf("%d of the other pairs are ErrNotFound, want all %d", hidden, want)
	}
}

// What happened between the offer and the claim decides.
func TestAClaimIsJudgedAtTheClaim(t *testing.T) {
	days := func(n int) func(*apitoken.OfferParams) {
		return func(p *apitoken.OfferParams) { p.Lifetime = apitoken.Days(n) }
	}
	for _, tt := range []struct {
		name  string
		edit  func(*apitoken.OfferParams)
		since func(h host, p apitoken.PendingToken) error
		want  error
	}{
		{"the policy fell", days(30), func(h host, _ apitoken.PendingToken) error { h.mustSetMax(apitoken.Days(29)); return nil }, apitoken.ErrLifetime},
		{"the policy fell to just that", days(30), func(h host, _ apitoken.PendingToken) error { h.mustSetMax(apitoken.Days(30)); return nil }, nil},
		{"late", nil, func(h host, _ apitoken.PendingToken) error { h.clock.Add(72 * time.Hour); return nil }, apitoken.ErrExpired},
		{"just in time", nil, func(h host, _ apitoken.PendingToken) error { h.clock.Add(72*time.Hour - time.Microsecond); return nil }, nil},
		{"suspended", nil, func(h host, p apitoken.PendingToken) error { return h.SuspendUser(ctx, apitoken.As(ada), p.Owner) }, apitoken.ErrSuspended},
		{"disabled", nil, func(h host, p apitoken.PendingToken) error { return h.DisableUser(ctx, apitoken.As(ada), p.Owner) }, apitoken.ErrUserDisabled},
		{"disabled and enabled", nil, func(h host, p apitoken.PendingToken) error {
			h.must(h.DisableUser(ctx, apitoken.As(ada), p.Owner))
			return h.EnableUser(ctx, apitoken.As(ada), p.Owner)
		}, apitoken.ErrRevoked},
		{"all tokens revoked", nil, func(h host, p apitoken.PendingToken) error { return h.RevokeAll(ctx, apitoken.As(ada), p.Owner) }, apitoken.ErrRevoked},
		{"withdrawn", nil, func(h host, p apitoken.PendingToken) error { return h.Withdraw(ctx, apitoken.As(ada), p.ID) }, apitoken.ErrNotFound},
		{"declined", nil, func(h host, p apitoken.PendingToken) error { return h.Withdraw(ctx, apitoken.As(bob), p.ID) }, apitoken.ErrNotFound},
		{"the name is taken", nil, func(h host, p apitoken.PendingToken) error {
			return third(h.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: p.Owner, Name: "ci"}))
		}, apitoken.ErrExists},
		{"as many tokens as allowed", nil, func(h host, p apitoken.PendingToken) error {
			h.must(third(h.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: p.Owner, Name: "1"})))
			return third(h.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: p.Owner, Name: "2"}))
		}, apitoken.ErrTooMany},
		{"another person answers", nil, func(h host, p apitoken.PendingToken) error {
			return second(h.PutUser(ctx, apitoken.System(), apitoken.User{ID: p.Owner, Service: true, Responsible: carol}))
		}, apitoken.ErrNotFound},
		{"the offerer was disabled", nil, func(h host, _ apitoken.PendingToken) error { return h.DisableUser(ctx, apitoken.System(), ada) }, nil},
		{"the owner was promoted", nil, func(h host, p apitoken.PendingToken) error { h.mustPutUser(p.Owner, apitoken.RoleAdmin); return nil }, nil},
	} {
		for _, when := range []string{"before the claim", "after it is read"} {
			t.Run(tt.name+" "+when, func(t *testing.T) {
				h := newHost(t, apitoken.Options{MaxActivePerOwner: 2})
				h.mustService("robot")
				p := toBob("ci")
				p.Owner = "robot"
				if tt.edit != nil {
					tt.edit(&p)
				}
				pending := h.mustOffer(apitoken.As(ada), p)
				if when == "before the claim" {
					h.must(tt.since(h, pending))
				} else if strings.HasPrefix(tt.name, "late") || strings.HasPrefix(tt.name, "just") {
					t.Skip("the time of a claim is that of its beginning")
				} else {
					h.store.before = once("ClaimOffer", func() error { return tt.since(h, pending) })
				}
				denials := h.denials()
				token, secret, err := h.Claim(ctx, apitoken.As(bob), pending.ID)
				if !errors.Is(err, tt.want) || (secret.Reveal() == "") != (err != nil) || (token.ID == pending.ID) != (err == nil) {
					t.Errorf("Claim: token %s, %v, want the error %v, and a token and a secret only without one", token.ID, err, tt.want)
				}
				late := tt.want == apitoken.ErrExpired
				if n := h.denials() - denials; late && n != 1 {
					t.Errorf("%d denials of a late claim, want 1", n)
				}
			})
		}
	}
}

// A claim that is repeated replaces the secret until a use is recorded.
func TestAClaimIsRepeatedUntilTheFirstUse(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	id := h.mustOffer(apitoken.As(ada), toBob("ci")).ID
	first, old := h.mustClaim(apitoken.As(bob), id)
	h.clock.Add(time.Hour)
	again, text := h.mustClaim(apitoken.As(bob), id)
	first.Hint = again.Hint
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the token of the second claim (-first +second):\n%s", diff)
	}
	if _, err := h.Authenticate(ctx, old); !errors.Is(err, apitoken.ErrUnknownToken) {
		t.Errorf("the first secret: %v, want ErrUnknownToken", err)
	}
	for name, actor := range map[string]apitoken.Actor{"the creator": apitoken.As(ada), "the host": apitoken.System()} {
		if err := h.claim(actor, id); !errors.Is(err, apitoken.ErrNotFound) {
			t.Errorf("%s claims again: %v, want ErrNotFound", name, err)
		}
	}
	h.mustAuthenticate(text) // not written yet
	if err := h.claim(apitoken.As(bob), id); !errors.Is(err, apitoken.ErrRepeated) {
		t.Errorf("Claim after a use: %v, want ErrRepeated", err)
	}
	h.mustAuthenticate(text)
}

func TestARepeatedClaimIsRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		then func(h host, token apitoken.Token) error
		want error
	}{
		"after it was revoked":   {func(h host, token apitoken.Token) error { return h.Revoke(ctx, apitoken.As(ada), token.ID) }, apitoken.ErrRevoked},
		"after all were revoked": {func(h host, _ apitoken.Token) error { return h.RevokeAll(ctx, apitoken.As(ada), "robot") }, apitoken.ErrRevoked},
		"after ClaimBy":          {func(h host, _ apitoken.Token) error { h.clock.Add(72 * time.Hour); return nil }, apitoken.ErrExpired},
		"by another person": {func(h host, _ apitoken.Token) error {
			return second(h.PutUser(ctx, apitoken.System(), apitoken.User{ID: "robot", Service: true, Responsible: carol}))
		}, apitoken.ErrExists},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			h.mustService("robot")
			p := toBob("ci")
			p.Owner = "robot"
			token, text := h.mustClaim(apitoken.As(bob), h.mustOffer(apitoken.As(ada), p).ID)
			h.must(tt.then(h, token))
			who := apitoken.As(bob)
			if tt.want == apitoken.ErrExists {
				who = apitoken.As(carol)
			}
			if err := h.claim(who, token.ID); !errors.Is(err, tt.want) {
				t.Errorf("Claim: %v, want %v", err, tt.want)
			}
			if tt.want == apitoken.ErrExists {
				h.mustAuthenticate(text)
			}
		})
	}
}

// Of 256 claims that have all read the offer one succeeds, and its secret works.
func TestOneOfManyClaimsSucceeds(t *testing.T) {
	const claims = 256
	h := newHost(t, apitoken.Options{})
	id := h.mustOffer(apitoken.As(ada), toBob("ci")).ID
	var read sync.WaitGroup
	read.Add(claims)
	h.store.before = func(method string) error {
		if method == "ClaimOffer" {
			read.Done()
			read.Wait()
		}
		return nil
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	var secrets []apitoken.Secret
	conflicts := 0
	for range claims {
		all.Go(func() {
			_, secret, err := h.Claim(ctx, apitoken.As(bob), id)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				secrets = append(secrets, secret)
			case errors.Is(err, apitoken.ErrConflict):
				conflicts++
			}
		})
	}
	all.Wait()
	if len(secrets) != 1 || conflicts != claims-1 {
		t.Fatalf("%d of %d claims succeed and %d conflict, want one and the others", len(secrets), claims, conflicts)
	}
	if got := h.mustAuthenticate(secrets[0].Reveal()); got.Token.ID != id {
		t.Errorf("the secret is that of %s, want %s", got.Token.ID, id)
	}
}

// Neither an answer nor an event, an observation or an error shows the secret to anybody but the one who claims.
func TestNobodyElseSeesTheSecret(t *testing.T) {
	var seen strings.Builder
	o := &observer{}
	h := newHost(t, apitoken.Options{Observer: o})
	pending := h.mustOffer(apitoken.As(ada), toBob("ci"))
	token, text := h.mustClaim(apitoken.As(bob), pending.ID)
	tell := func(what ...any) { fmt.Fprintf(&seen, "%+v\n", what) }
	tell(h.Claim(ctx, apitoken.As(ada), pending.ID))
	tell(h.Token(ctx, apitoken.As(ada), token.ID))
	tell(h.ListTokens(ctx, apitoken.As(ada), apitoken.TokenQuery{Owner: bob}))
	tell(h.Offers(ctx, apitoken.As(ada), bob))
	tell(h.Generate(ctx, apitoken.As(ada), apitoken.GenerateParams{Owner: bob, Name: "ci"}))
	tell(h.Withdraw(ctx, apitoken.As(ada), pending.ID))
	tell(pending, token, h.events(), o.take())
	for i := len("tok_"); i+8 <= len(text); i++ {
		if part := text[i : i+8]; strings.Contains(seen.String(), part) {
			t.Errorf("the part %q of the secret is shown", part)
		}
	}
	if len(seen.String()) < 1000 {
		t.Errorf("only %d bytes were seen", len(seen.String()))
	}
}
