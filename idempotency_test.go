package apitoken_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

// nightly is the request that the tests repeat.
var nightly = apitoken.GenerateParams{Owner: bob, Name: "nightly", Lifetime: time.Hour, IdempotencyKey: "4f1c2a"}

func TestARepeatedRequestReplacesAnUnusedToken(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	first, lost := h.mustGenerate(apitoken.As(bob), nightly)
	h.clock.Add(time.Minute)
	second, text := h.mustGenerate(apitoken.As(bob), nightly)

	if _, err := h.Authenticate(ctx, lost); !errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("the first token: %v, want ErrRevoked", err)
	}
	if got := h.mustAuthenticate(text).Token.ID; got != second.ID || got == first.ID {
		t.Errorf("the second text authenticates as %s, want %s", got, second.ID)
	}
	want := []apitoken.Token{first, second}
	want[0].RevokedAt, want[0].RevokedBy = start.Add(time.Minute), bob
	if diff := cmp.Diff(want, h.tokens()); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
	if want := start.Add(time.Minute + time.Hour); !second.ExpiresAt.Equal(want) {
		t.Errorf("the second token expires %s, want a whole lifetime: %s", second.ExpiresAt, want)
	}
	var changes []apitoken.Event
	ids := map[apitoken.EventID]bool{}
	for _, e := range h.events() {
		ids[e.ID] = true
		if !e.Token.IsZero() {
			changes = append(changes, e)
		}
	}
	made := apitoken.State{Name: "nightly", Kind: apitoken.KindUser, ExpiresAt: first.ExpiresAt}
	gone := made
	gone.RevokedAt = start.Add(time.Minute)
	generated, again := made, made
	generated.MaxLifetime, again.MaxLifetime, again.ExpiresAt = apitoken.NoExpiration, apitoken.NoExpiration, second.ExpiresAt
	done, actor, later := apitoken.OutcomeDone, apitoken.As(bob), start.Add(time.Minute)
	wantChanges := []apitoken.Event{
		{At: start, Action: apitoken.ActionGenerate, Outcome: done, Actor: actor, Owner: bob, Token: first.ID, After: generated},
		{At: later, Action: apitoken.ActionRevoke, Outcome: done, Actor: actor, Owner: bob, Token: first.ID, Before: made, After: gone},
		{At: later, Action: apitoken.ActionGenerate, Outcome: done, Actor: actor, Owner: bob, Token: second.ID, After: again},
	}
	if diff := cmp.Diff(wantChanges, changes, cmpopts.IgnoreFields(apitoken.Event{}, "Seq", "ID")); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if len(ids) != len(h.events()) {
		t.Errorf("%d events have %d IDs, want one each", len(h.events()), len(ids))
	}
}

// A request that differs in anything finds the name taken.
func TestADifferentRequestIsErrExists(t *testing.T) {
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
		{"an expiry", apitoken.As(bob), with(func(p *apitoken.GenerateParams) { p.Lifetime, p.ExpiresAt = 0, start.Add(time.Hour) })},
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
				t.Errorf("Generate: %v, want ErrExists and not ErrRepeated", err)
			}
			if secret.Reveal() != "" {
				t.Error("a refusal returned a secret")
			}
			h.mustAuthenticate(text)
		})
	}
}

// A request may be repeated after an upgrade, so the mark that finds its token must not change. The mark is the second half of
// the ID.
func TestTheMarkOfARequestIsStable(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, _ := h.mustGenerate(apitoken.As(bob), nightly)
	const want = "b508-48ddcd19817f"
	if _, got, _ := strings.Cut(token.ID.String()[15:], "-"); got != want {
		t.Errorf("the mark is %s, want %s", got, want)
	}
}

func TestARepeatedRequestKeepsAUsedToken(t *testing.T) {
	h := newHost(t, apitoken.Options{LastUsedInterval: time.Hour})
	_, text := h.mustGenerate(apitoken.As(bob), nightly)
	h.mustAuthenticate(text) // the use is not written yet
	_, secret, err := h.Generate(ctx, apitoken.As(bob), nightly)
	if !errors.Is(err, apitoken.ErrRepeated) || !errors.Is(err, apitoken.ErrExists) {
		t.Errorf("Generate: %v, want ErrRepeated, which is ErrExists", err)
	}
	if secret.Reveal() != "" {
		t.Error("a refusal returned a secret")
	}
	h.mustAuthenticate(text)
	if n := len(h.tokens()); n != 1 {
		t.Errorf("%d tokens, want 1", n)
	}
}

// A repeated request is decided like a new one. If it is refused, the first token stays.
func TestARepeatedRequestIsDecidedAnew(t *testing.T) {
	tests := []struct {
		name   string
		change func(h host)
		want   error
	}{
		{"the maximum was lowered", func(h host) { h.mustSetMax(time.Minute) }, apitoken.ErrLifetime},
		{"the actor was demoted", func(h host) { h.mustPutUser(ada, apitoken.RoleUser) }, apitoken.ErrDenied},
		{"the owner was promoted beyond the actor", func(h host) { h.mustPutUser(bob, "owner") }, apitoken.ErrDenied},
		{"the owner was disabled", func(h host) { h.must(h.DisableUser(ctx, apitoken.System(), bob)) }, apitoken.ErrUserDisabled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{"owner": ^apitoken.Permission(0)}})
			token, _ := h.mustGenerate(apitoken.As(ada), nightly)
			tt.change(h)
			if _, _, err := h.Generate(ctx, apitoken.As(ada), nightly); !errors.Is(err, tt.want) {
				t.Errorf("Generate: %v, want %v", err, tt.want)
			}
			if rec, err := h.store.Token(ctx, token.ID); err != nil || tt.want != apitoken.ErrUserDisabled && !rec.Token.RevokedAt.IsZero() {
				t.Errorf("the first token: revoked at %s, %v, want it to stay", rec.Token.RevokedAt, err)
			}
		})
	}
}

// The name of an expired or revoked token is free, so the same request generates another token.
func TestARequestMayBeRepeatedAfterItsTokenExpiredOrWasRevoked(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	first, _ := h.mustGenerate(apitoken.As(bob), nightly)
	h.clock.Add(time.Hour)
	second, text := h.mustGenerate(apitoken.As(bob), nightly)
	h.must(h.Revoke(ctx, apitoken.As(bob), second.ID))
	third, _ := h.mustGenerate(apitoken.As(bob), nightly)
	if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("the second token: %v, want ErrRevoked", err)
	}
	if first.ID == second.ID || second.ID == third.ID {
		t.Errorf("tokens %s, %s and %s, want three different ones", first.ID, second.ID, third.ID)
	}
	if got := h.tokens()[0].RevokedAt; !got.IsZero() {
		t.Errorf("the expired token is revoked at %s, want it left as it is", got)
	}
}

func TestConcurrentRepetitionsLeaveOneActiveToken(t *testing.T) {
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
	active := 0
	for _, text := range texts {
		if _, err := h.Authenticate(ctx, text); err == nil {
			active++
		}
	}
	if active != 1 {
		t.Errorf("%d tokens are active, want 1", active)
	}
}

func TestARepeatedRequestFindsItsTokenAmongMany(t *testing.T) {
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
		t.Errorf("the first token: %v, want ErrRevoked", err)
	}
}

func TestIdempotencyKeyLimits(t *testing.T) {
	tests := []struct {
		name, key string
		valid     bool
	}{
		{"255 bytes", strings.Repeat("k", 255), true},
		{"256 bytes", strings.Repeat("k", 256), false},
		{"a UUID in quotes", `"8e03978e-40d5-43e8-bc93-6894a57f9324"`, true},
		{"a line feed", "a\nb", false},
		{"not UTF-8", "a\xff", false},
		{"zero width", "a\u200bb", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			_, _, err := h.Generate(ctx, apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci", IdempotencyKey: tt.key})
			if tt.valid && err != nil || !tt.valid && !errors.Is(err, apitoken.ErrInvalid) {
				t.Errorf("Generate: %v, want valid %t", err, tt.valid)
			}
			if !tt.valid && !strings.Contains(err.Error(), "idempotency key") {
				t.Errorf("error %q, want it to name the field", err)
			}
		})
	}
}

// The fields of a request are delimited: requests whose joined fields would read the same are different.
func TestFieldsOfARequestAreDelimited(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	h.mustPutUser("b", apitoken.RoleAdmin)
	h.mustPutUser("b b", apitoken.RoleAdmin)
	_, text := h.mustGenerate(apitoken.As("b"), apitoken.GenerateParams{Owner: bob, Name: "c", IdempotencyKey: "a b"})
	_, _, err := h.Generate(ctx, apitoken.As("b b"), apitoken.GenerateParams{Owner: bob, Name: "c", IdempotencyKey: "a"})
	if !errors.Is(err, apitoken.ErrExists) {
		t.Errorf("another request whose joined fields read the same: %v, want ErrExists", err)
	}
	h.mustAuthenticate(text)
}

func TestATakenNameWithoutAKeyListsNoTokens(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	p := apitoken.GenerateParams{Owner: bob, Name: "ci"}
	h.mustGenerate(apitoken.As(bob), p)
	if _, _, err := h.Generate(ctx, apitoken.As(bob), p); !errors.Is(err, apitoken.ErrExists) {
		t.Errorf("Generate: %v, want ErrExists", err)
	}
	if n := h.store.count("Tokens"); n != 0 {
		t.Errorf("tokens were listed %d times, want never", n)
	}
}

// The first token is revoked between the failed insert and the search for the holder of the name.
func TestARepeatedRequestSucceedsIfTheNameBecomesFree(t *testing.T) {
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

// With a mark, IDs are still UUIDs of version 7 that sort by creation.
func TestIDsWithAMarkAreUUIDv7InOrder(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	var last apitoken.TokenID
	for i := range 1000 {
		p := nightly
		p.IdempotencyKey = strings.Repeat("k", i%250+1) + string(rune(0x4e00+i))
		p.Name = string(rune(0x4e00 + i))
		token, _ := h.mustGenerate(apitoken.As(bob), p)
		id := token.ID
		if id[6]>>4 != 7 || id[8]>>6 != 2 {
			t.Fatalf("%s is not a UUID of version 7", id)
		}
		if last.String() >= id.String() {
			t.Fatalf("%s was generated before %s, want it to sort before", last, id)
		}
		last = id
	}
}

// If the store fails during a repeated request, no second token is inserted and no secret is returned.
func TestAStoreFailureDuringARepeatedRequest(t *testing.T) {
	down := errors.New("disk full")
	tests := []struct {
		name string
		fail map[string]error // by method
		want error
	}{
		{"writing the uses fails", map[string]error{"Touch": down}, apitoken.ErrUnavailable},
		{"finding the first token fails", map[string]error{"Tokens": down}, apitoken.ErrUnavailable},
		{"revoking the first token fails", map[string]error{"RevokeToken": down}, apitoken.ErrUnavailable},
		{"revoking the first token is uncertain", map[string]error{"RevokeToken": apitoken.ErrUncertain}, apitoken.ErrUncertain},
		{"the first token was deleted", map[string]error{"RevokeToken": apitoken.ErrNotFound}, apitoken.ErrConflict},
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
				t.Errorf("Generate: %v, want %v", err, tt.want)
			}
			if secret.Reveal() != "" {
				t.Error("a failure returned a secret")
			}
			if tt.want == apitoken.ErrUncertain && token.ID.IsZero() {
				t.Error("ErrUncertain without the ID of the token, want it so that the caller can revoke it")
			}
			if got := len(h.tokens()); got != 2 {
				t.Errorf("%d tokens, want %s and %s", got, other.ID, first.ID)
			}
		})
	}
}

// A token and the one that replaces it have the mark, half of their IDs, in common. A use of the first does not hide a use of
// the second a moment later.
func TestUsesOfTokensWithTheSameMarkAreRecorded(t *testing.T) {
	h := newHost(t, apitoken.Options{LastUsedInterval: time.Hour})
	for range 200 {
		_, first := h.mustGenerate(apitoken.As(bob), nightly)
		h.mustAuthenticate(first)
		h.must(h.RevokeAll(ctx, apitoken.As(bob), bob))
		second, text := h.mustGenerate(apitoken.As(bob), nightly)
		h.mustAuthenticate(text)
		if _, _, err := h.Generate(ctx, apitoken.As(bob), nightly); !errors.Is(err, apitoken.ErrRepeated) {
			t.Fatalf("Generate while the token %s is in use: %v, want ErrRepeated", second.ID, err)
		}
		h.must(h.RevokeAll(ctx, apitoken.As(bob), bob))
	}
}

// A request is the same only with the same resource, and a repeated request keeps it.
func TestARepeatedRequestKeepsItsResource(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	wanted := nightly
	wanted.Resource = "project:web"
	_, lost := h.mustGenerate(apitoken.As(bob), wanted)
	fresh, _ := h.mustGenerate(apitoken.As(bob), wanted)
	if _, err := h.Authenticate(ctx, lost); !errors.Is(err, apitoken.ErrRevoked) || fresh.Resource != "project:web" {
		t.Errorf("the first token: %v, the second one is bound to %q, want ErrRevoked and %q", err, fresh.Resource, wanted.Resource)
	}
	for name, change := range map[string]func(p *apitoken.GenerateParams){
		"another resource": func(p *apitoken.GenerateParams) { p.Resource = "project:api" },
		"no resource":      func(p *apitoken.GenerateParams) { p.Resource = "" },
		"a resource that reads like the last field": func(p *apitoken.GenerateParams) {
			p.Resource, p.ExpiresAt, p.Lifetime = `0" "project:web`, time.Time{}, time.Hour
		},
	} {
		p := wanted
		change(&p)
		if _, _, err := h.Generate(ctx, apitoken.As(bob), p); !errors.Is(err, apitoken.ErrExists) {
			t.Errorf("%s: %v, want ErrExists", name, err)
		}
	}
}
