package apitoken_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

// nightly is a request of Bob's that is repeated.
var nightly = apitoken.GenerateParams{Owner: bob, Name: "nightly", Lifetime: time.Hour, IdempotencyKey: "4f1c2a"}

func TestARepeatedRequestReplacesWhatNobodyUsed(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	first, lost := h.mustGenerate(apitoken.As(bob), nightly)
	h.clock.Add(time.Minute)
	second, text := h.mustGenerate(apitoken.As(bob), nightly)

	if _, err := h.Authenticate(ctx, lost); !errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("the lost token: %v, want it revoked", err)
	}
	if got := h.mustAuthenticate(text).Token.ID; got != second.ID || got == first.ID {
		t.Errorf("the fresh token is %s, want %s", got, second.ID)
	}
	want := []apitoken.Token{first, second}
	want[0].RevokedAt, want[0].RevokedBy = start.Add(time.Minute), bob
	if diff := cmp.Diff(want, h.tokens()); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
	if want := start.Add(time.Minute + time.Hour); !second.ExpiresAt.Equal(want) {
		t.Errorf("the fresh token ends at %s, want a whole lifetime, %s", second.ExpiresAt, want)
	}
	type change struct {
		Action apitoken.Action
		Actor  apitoken.Actor
		Owner  apitoken.UserID
		Token  apitoken.TokenID
		Before apitoken.State
		After  apitoken.State
	}
	var changes []change
	ids := map[apitoken.EventID]bool{}
	for _, e := range h.events() {
		ids[e.ID] = true
		if !e.Token.IsZero() {
			changes = append(changes, change{e.Action, e.Actor, e.Owner, e.Token, e.Before, e.After})
		}
	}
	made := apitoken.State{Name: "nightly", Kind: apitoken.KindUser, ExpiresAt: first.ExpiresAt}
	gone := made
	gone.RevokedAt = start.Add(time.Minute)
	generated, again := made, made
	generated.MaxLifetime, again.MaxLifetime, again.ExpiresAt = apitoken.NoExpiration, apitoken.NoExpiration, second.ExpiresAt
	wantChanges := []change{
		{apitoken.ActionGenerate, apitoken.As(bob), bob, first.ID, apitoken.State{}, generated},
		{apitoken.ActionRevoke, apitoken.As(bob), bob, first.ID, made, gone},
		{apitoken.ActionGenerate, apitoken.As(bob), bob, second.ID, apitoken.State{}, again},
	}
	if diff := cmp.Diff(wantChanges, changes); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if len(ids) != len(h.events()) {
		t.Errorf("%d events have %d identifiers", len(h.events()), len(ids))
	}
}

// What is not the same request finds the name taken.
func TestOnlyTheSameRequestIsARepetition(t *testing.T) {
	with := func(change func(p *apitoken.GenerateParams)) apitoken.GenerateParams {
		p := nightly
		change(&p)
		return p
	}
	tests := []struct {
		name  string
		actor apitoken.Actor
		p     apitoken.GenerateParams
	}{
		{"no key", apitoken.As(bob), with(func(p *apitoken.GenerateParams) { p.IdempotencyKey = "" })},
		{"another key", apitoken.As(bob), with(func(p *apitoken.GenerateParams) { p.IdempotencyKey = "4f1c2b" })},
		{"another lifetime", apitoken.As(bob), with(func(p *apitoken.GenerateParams) { p.Lifetime += time.Microsecond })},
		{"no lifetime", apitoken.As(bob), with(func(p *apitoken.GenerateParams) { p.Lifetime = 0 })},
		{"an end", apitoken.As(bob), with(func(p *apitoken.GenerateParams) { p.Lifetime, p.ExpiresAt = 0, start.Add(time.Hour) })},
		{"another kind", apitoken.As(bob), with(func(p *apitoken.GenerateParams) { p.Kind = "ci" })},
		{"a resource", apitoken.As(bob), with(func(p *apitoken.GenerateParams) { p.Resource = "project:web" })},
		{"another actor", apitoken.As(ada), nightly},
		{"the host itself", apitoken.System(), nightly},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{Kinds: []apitoken.Kind{"ci"}})
			_, text := h.mustGenerate(apitoken.As(bob), nightly)
			_, secret, err := h.Generate(ctx, tt.actor, tt.p)
			if !errors.Is(err, apitoken.ErrExists) || errors.Is(err, apitoken.ErrRepeated) {
				t.Errorf("%v, want ErrExists", err)
			}
			if secret.Reveal() != "" {
				t.Error("there is a secret")
			}
			h.mustAuthenticate(text)
		})
	}
}

// A request that was sent to an older build may be repeated to this one, and has to find its token. The mark is the second
// half of the identifier.
func TestAMarkStaysAsItWas(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, _ := h.mustGenerate(apitoken.As(bob), nightly)
	if _, got, _ := strings.Cut(token.ID.String()[15:], "-"); got != "b508-48ddcd19817f" {
		t.Errorf("the mark is %s", got)
	}
}

func TestARepeatedRequestLeavesWhatIsInUse(t *testing.T) {
	h := newHost(t, apitoken.Options{LastUsedInterval: time.Hour})
	_, text := h.mustGenerate(apitoken.As(bob), nightly)
	h.mustAuthenticate(text) // its use is not written yet
	_, secret, err := h.Generate(ctx, apitoken.As(bob), nightly)
	if !errors.Is(err, apitoken.ErrRepeated) || !errors.Is(err, apitoken.ErrExists) {
		t.Errorf("%v, want ErrRepeated", err)
	}
	if secret.Reveal() != "" {
		t.Error("there is a secret")
	}
	h.mustAuthenticate(text)
	if n := len(h.tokens()); n != 1 {
		t.Errorf("there are %d tokens, want one", n)
	}
}

// The key is no reason to do what may not be done: the first token stays.
func TestARepeatedRequestIsJudgedAnew(t *testing.T) {
	tests := []struct {
		name   string
		change func(h host)
		want   error
	}{
		{"shorter maximum", func(h host) { h.mustSetMax(time.Minute) }, apitoken.ErrLifetime},
		{"demoted", func(h host) { h.mustPutUser(ada, apitoken.RoleUser) }, apitoken.ErrDenied},
		{"the owner may more now", func(h host) { h.mustPutUser(bob, "owner") }, apitoken.ErrDenied},
		{"the owner is disabled", func(h host) { h.must(h.DisableUser(ctx, apitoken.System(), bob)) }, apitoken.ErrUserDisabled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{"owner": ^apitoken.Permission(0)}})
			token, _ := h.mustGenerate(apitoken.As(ada), nightly)
			tt.change(h)
			if _, _, err := h.Generate(ctx, apitoken.As(ada), nightly); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
			if rec, err := h.store.Token(ctx, token.ID); err != nil || tt.want != apitoken.ErrUserDisabled && !rec.Token.RevokedAt.IsZero() {
				t.Errorf("the first token: %v, revoked at %v", err, rec.Token.RevokedAt)
			}
		})
	}
}

// A token that has ended is nothing to replace: the name is free.
func TestARequestMayComeAgainAfterTheTokenEnded(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	first, _ := h.mustGenerate(apitoken.As(bob), nightly)
	h.clock.Add(time.Hour)
	second, text := h.mustGenerate(apitoken.As(bob), nightly)
	h.must(h.Revoke(ctx, apitoken.As(bob), second.ID))
	third, _ := h.mustGenerate(apitoken.As(bob), nightly)
	if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("the second token: %v", err)
	}
	if first.ID == second.ID || second.ID == third.ID {
		t.Errorf("tokens %s, %s and %s", first.ID, second.ID, third.ID)
	}
	if got := h.tokens()[0].RevokedAt; !got.IsZero() {
		t.Errorf("the expired token was revoked at %s", got)
	}
}

func TestAHundredRepetitionsAtOnceLeaveOneToken(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	var texts []string
	for range 100 {
		wg.Go(func() {
			_, secret, err := h.Generate(ctx, apitoken.As(bob), nightly)
			if err != nil && !errors.Is(err, apitoken.ErrConflict) {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			texts = append(texts, secret.Reveal())
		})
	}
	wg.Wait()
	alive := 0
	for _, text := range texts {
		if _, err := h.Authenticate(ctx, text); err == nil {
			alive++
		}
	}
	if alive != 1 {
		t.Errorf("%d tokens are alive, want one", alive)
	}
}

func TestTheHolderOfTheNameIsFoundAmongMany(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	for _, name := range []string{"nightly build", "the nightly", "nightly-2"} {
		h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: name})
	}
	for i := range 1000 {
		h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "nightly " + strings.Repeat("x", i%60+1) + string(rune(0x4e00+i))})
	}
	_, lost := h.mustGenerate(apitoken.As(bob), nightly)
	h.mustGenerate(apitoken.As(bob), nightly)
	if _, err := h.Authenticate(ctx, lost); !errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("the lost token: %v, want it revoked", err)
	}
}

func TestIdempotencyKeySyntax(t *testing.T) {
	tests := []struct {
		name, key string
		ok        bool
	}{
		{"255 bytes", strings.Repeat("k", 255), true},
		{"256 bytes", strings.Repeat("k", 256), false},
		{"a UUID in quotes", `"8e03978e-40d5-43e8-bc93-6894a57f9324"`, true},
		{"a line end", "a\nb", false},
		{"not UTF-8", "a\xff", false},
		{"zero width", "a\u200bb", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			_, _, err := h.Generate(ctx, apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci", IdempotencyKey: tt.key})
			if tt.ok && err != nil || !tt.ok && !errors.Is(err, apitoken.ErrInvalid) {
				t.Errorf("%v", err)
			}
			if !tt.ok && !strings.Contains(err.Error(), "idempotency key") {
				t.Errorf("%q does not name the field", err)
			}
		})
	}
}

// Two requests whose texts would read the same in a row are two.
func TestPartsOfARequestDoNotRunIntoEachOther(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	h.mustPutUser("b", apitoken.RoleAdmin)
	h.mustPutUser("b b", apitoken.RoleAdmin)
	_, text := h.mustGenerate(apitoken.As("b"), apitoken.GenerateParams{Owner: bob, Name: "c", IdempotencyKey: "a b"})
	_, _, err := h.Generate(ctx, apitoken.As("b b"), apitoken.GenerateParams{Owner: bob, Name: "c", IdempotencyKey: "a"})
	if !errors.Is(err, apitoken.ErrExists) {
		t.Errorf("%v, want ErrExists", err)
	}
	h.mustAuthenticate(text)
}

func TestWithoutAKeyNobodyLooksForTheHolder(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	p := apitoken.GenerateParams{Owner: bob, Name: "ci"}
	h.mustGenerate(apitoken.As(bob), p)
	if _, _, err := h.Generate(ctx, apitoken.As(bob), p); !errors.Is(err, apitoken.ErrExists) {
		t.Errorf("%v, want ErrExists", err)
	}
	if n := h.store.count("Tokens"); n != 0 {
		t.Errorf("tokens were listed %d times", n)
	}
}

// The holder of the name ends between the two looks at it.
func TestARepeatedRequestFindsTheNameFreeAfterAll(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	first, _ := h.mustGenerate(apitoken.As(bob), nightly)
	h.store.before = func(method string) error {
		if method == "Tokens" {
			h.store.before = nil
			h.must(h.Revoke(ctx, apitoken.As(bob), first.ID))
		}
		return nil
	}
	_, text := h.mustGenerate(apitoken.As(bob), nightly)
	h.mustAuthenticate(text)
}

// Identifiers stay UUIDs of version 7 in the order of their making.
func TestIDsOfRequestsAreUUIDs(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	var last apitoken.TokenID
	for i := range 1000 {
		p := nightly
		p.IdempotencyKey = strings.Repeat("k", i%250+1) + string(rune(0x4e00+i))
		p.Name = string(rune(0x4e00 + i))
		token, _ := h.mustGenerate(apitoken.As(bob), p)
		id := token.ID
		if id[6]>>4 != 7 || id[8]>>6 != 2 {
			t.Fatalf("%s is no UUID of version 7", id)
		}
		if last.String() >= id.String() {
			t.Fatalf("%s comes after %s", last, id)
		}
		last = id
	}
}

// Whatever goes wrong on the way: at most one token of the request lives, and the secret that was answered last is its.
func TestTroubleInARepeatedRequest(t *testing.T) {
	trouble := errors.New("the disk is on fire")
	tests := []struct {
		name string
		fail map[string]error // by method
		want error
	}{
		{"uses cannot be written", map[string]error{"Touch": trouble}, apitoken.ErrUnavailable},
		{"the holder cannot be found", map[string]error{"Tokens": trouble}, apitoken.ErrUnavailable},
		{"it cannot be revoked", map[string]error{"RevokeToken": trouble}, apitoken.ErrUnavailable},
		{"nobody knows whether it was revoked", map[string]error{"RevokeToken": apitoken.ErrUncertain}, apitoken.ErrUncertain},
		{"it is gone when it is to be revoked", map[string]error{"RevokeToken": apitoken.ErrNotFound}, apitoken.ErrConflict},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			store := &storetest.Faulty{Store: h.store}
			m, err := apitoken.New(store, &apitoken.Options{Clock: h.clock, LastUsedInterval: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			other, text := h.mustGenerateOwn(bob, "other")
			if _, err := m.Authenticate(ctx, text); err != nil { // so that there is a use to be written
				t.Fatal(err)
			}
			first, _ := h.mustGenerate(apitoken.As(bob), nightly)
			store.Before = func(_ context.Context, method string) error { return tt.fail[method] }
			token, secret, err := m.Generate(ctx, apitoken.As(bob), nightly)
			if !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
			if secret.Reveal() != "" {
				t.Error("there is a secret")
			}
			if tt.want == apitoken.ErrUncertain && token.ID.IsZero() {
				t.Error("there is no identifier to revoke")
			}
			if got := len(h.tokens()); got != 2 {
				t.Errorf("there are %d tokens, want %s and %s", got, other.ID, first.ID)
			}
		})
	}
}

// A token and the one that takes its place have half of their identifiers in common. The use of the one does not hide that of
// the other, a moment later.
func TestUsesOfARepeatedRequestAreToldApart(t *testing.T) {
	h := newHost(t, apitoken.Options{LastUsedInterval: time.Hour})
	for range 200 {
		_, first := h.mustGenerate(apitoken.As(bob), nightly)
		h.mustAuthenticate(first)
		h.must(h.RevokeAll(ctx, apitoken.As(bob), bob))
		second, text := h.mustGenerate(apitoken.As(bob), nightly)
		h.mustAuthenticate(text)
		if _, _, err := h.Generate(ctx, apitoken.As(bob), nightly); !errors.Is(err, apitoken.ErrRepeated) {
			t.Fatalf("the token %s is in use, and %v", second.ID, err)
		}
		h.must(h.RevokeAll(ctx, apitoken.As(bob), bob))
	}
}

// A repeated request is the same only for the same resource, and keeps what it is bound to.
func TestARepeatedRequestKeepsItsResource(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	wanted := nightly
	wanted.Resource = "project:web"
	_, lost := h.mustGenerate(apitoken.As(bob), wanted)
	fresh, _ := h.mustGenerate(apitoken.As(bob), wanted)
	if _, err := h.Authenticate(ctx, lost); !errors.Is(err, apitoken.ErrRevoked) || fresh.Resource != "project:web" {
		t.Errorf("the lost token: %v, the fresh one is of %q", err, fresh.Resource)
	}
	for name, change := range map[string]func(p *apitoken.GenerateParams){
		"another resource": func(p *apitoken.GenerateParams) { p.Resource = "project:api" },
		"no resource":      func(p *apitoken.GenerateParams) { p.Resource = "" },
		"a resource that reads like the end of the request": func(p *apitoken.GenerateParams) {
			p.Resource, p.ExpiresAt, p.Lifetime = `0" "project:web`, time.Time{}, time.Hour
		},
	} {
		p := wanted
		change(&p)
		if _, _, err := h.Generate(ctx, apitoken.As(bob), p); !errors.Is(err, apitoken.ErrExists) {
			t.Errorf("%s: %v, want %v", name, err, apitoken.ErrExists)
		}
	}
}
