package apitoken_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// generate tries to generate a token of Bob's.
func (h host) generate(actor apitoken.Actor, name string) error {
	return third(h.Generate(ctx, actor, apitoken.GenerateParams{Owner: bob, Name: name}))
}

// wantTooMany checks that an error says how many tokens are allowed.
func wantTooMany(t *testing.T, most int, err error) {
	t.Helper()
	var full *apitoken.TooManyError
	if !errors.Is(err, apitoken.ErrTooMany) || !errors.As(err, &full) || full.Max != most {
		t.Errorf("Generate: %v, want ErrTooMany with %d", err, most)
	}
}

// The limit binds everybody, and what is refused leaves nothing behind.
func TestAnOwnerHasAtMostAsManyActiveTokensAsTheHostAllows(t *testing.T) {
	const most = 3
	for name, actor := range map[string]apitoken.Actor{"the owner": apitoken.As(bob), "an administrator": apitoken.As(ada), "the host itself": apitoken.System()} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{MaxActivePerOwner: most})
			for i := range most {
				h.must(h.generate(actor, fmt.Sprint(i)))
			}
			before, events := h.tokens(), len(h.events())
			for range 3 {
				err := h.generate(actor, "one more")
				wantTooMany(t, most, err)
				if diff := cmp.Diff("apitoken: token.generate: too many active tokens: at most 3 are allowed for one owner", fmt.Sprint(err)); diff != "" {
					t.Errorf("the error (-want +got):\n%s", diff)
				}
			}
			if diff := cmp.Diff(before, h.tokens()); diff != "" || len(h.events()) != events {
				t.Errorf("%d events of refusals, want none; tokens (-before +after):\n%s", len(h.events())-events, diff)
			}
			h.mustGenerateOwn(carol, "ci") // who has none yet
			if err := h.generate(actor, "0"); !errors.Is(err, apitoken.ErrExists) {
				t.Errorf("a taken name: %v, want ErrExists first", err)
			}
		})
	}
}

func TestThereIsRoomAgainWhenATokenIsNoLongerActive(t *testing.T) {
	for name, end := range map[string]func(h host, token apitoken.Token) error{
		"revoked":             func(h host, token apitoken.Token) error { return h.Revoke(ctx, apitoken.As(bob), token.ID) },
		"revoked with others": func(h host, _ apitoken.Token) error { return h.RevokeAll(ctx, apitoken.As(bob), bob) },
		"disabled and enabled": func(h host, _ apitoken.Token) error {
			return errors.Join(h.DisableUser(ctx, apitoken.As(ada), bob), h.EnableUser(ctx, apitoken.As(ada), bob))
		},
		"expired": func(h host, token apitoken.Token) error {
			h.clock.Set(token.ExpiresAt.Add(-time.Microsecond))
			wantTooMany(h.t, 1, h.generate(apitoken.As(bob), "too early"))
			h.clock.Add(time.Microsecond)
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{MaxActivePerOwner: 1})
			token, _ := h.mustGenerateOwn(bob, "first")
			wantTooMany(t, 1, h.generate(apitoken.As(bob), "second"))
			h.must(end(h, token))
			h.must(h.generate(apitoken.As(bob), "second"))
			wantTooMany(t, 1, h.generate(apitoken.As(bob), "third"))
		})
	}
}

// Tokens that exist already are not refused. They count.
func TestImportedTokensCountAndAreNotRefused(t *testing.T) {
	h := newHost(t, apitoken.Options{MaxActivePerOwner: 1, Foreign: []apitoken.ForeignFormat{oldKeys}})
	for _, text := range []string{"old-1", "old-2"} {
		h.must(second(h.Import(ctx, apitoken.System(), importOf(text))))
	}
	wantTooMany(t, 1, h.generate(apitoken.As(bob), "ci"))
}

// A request that is repeated at the limit replaces the token that it generated before, as below the limit.
func TestARepeatedRequestNeedsNoRoomOfItsOwn(t *testing.T) {
	h := newHost(t, apitoken.Options{MaxActivePerOwner: 1})
	p := apitoken.GenerateParams{Owner: bob, Name: "ci", IdempotencyKey: "key-1"}
	first, _ := h.mustGenerate(apitoken.As(bob), p)
	again, text := h.mustGenerate(apitoken.As(bob), p)
	h.mustAuthenticate(text)
	if got := must(h.Token(ctx, apitoken.As(bob), first.ID)); got.RevokedAt.IsZero() || first.ID == again.ID {
		t.Errorf("the first token is %+v, want it revoked and replaced", got)
	}
	p.Name = "another"
	wantTooMany(t, 1, third(h.Generate(ctx, apitoken.As(bob), p)))
}

// Sixty-four requests at once, of which the owner may have five tokens.
func TestManyRequestsAtOnceDoNotExceedTheLimitInMemory(t *testing.T) {
	const most = 5
	h := newHost(t, apitoken.Options{MaxActivePerOwner: most})
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			if err := h.generate(apitoken.As(bob), fmt.Sprint(i)); err != nil {
				wantTooMany(t, most, err)
			}
		})
	}
	wg.Wait()
	if got := len(h.tokens()); got != most {
		t.Errorf("%d tokens, want %d", got, most)
	}
}

func TestTheNumberOfActiveTokensIsChecked(t *testing.T) {
	for _, n := range []int{-1, math.MinInt} {
		_, err := apitoken.New(newSpyStore(nil), &apitoken.Options{MaxActivePerOwner: n})
		if !errors.Is(err, apitoken.ErrInvalid) || !strings.Contains(err.Error(), fmt.Sprintf("max active per owner: is %d, at least 0 is needed", n)) {
			t.Errorf("New with %d: %v, want ErrInvalid", n, err)
		}
	}
}

// Without a limit, and with one, Generate makes the same calls of the store.
func TestTheLimitCostsNoCallOfTheStore(t *testing.T) {
	for _, most := range []int{0, 7} {
		h := newHost(t, apitoken.Options{MaxActivePerOwner: most})
		before := h.store.counts()
		h.must(h.generate(apitoken.As(bob), "ci"))
		if diff := cmp.Diff(map[string]int{"Facts": 1, "CreateToken": 1}, h.store.since(before)); diff != "" {
			t.Errorf("calls with a limit of %d (-want +got):\n%s", most, diff)
		}
	}
}
