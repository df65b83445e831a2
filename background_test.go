package apitoken_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// A Manager may be made, used and closed inside and outside a bubble of testing/synctest. The runtime ends the process if a
// channel that was made inside a bubble is used outside.
func TestAManagerWorksInsideAndOutsideABubble(t *testing.T) {
	use := func(t *testing.T, kit *tokentest.Kit, text string) {
		t.Helper()
		kit.Clock.Add(time.Hour)
		if _, err := kit.Manager.Authenticate(t.Context(), text); err != nil {
			t.Error(err)
		}
	}
	written := func(t *testing.T, kit *tokentest.Kit, id apitoken.TokenID) {
		t.Helper()
		token, err := kit.Manager.Token(ctx, apitoken.System(), id)
		if err != nil || !token.LastUsedAt.Equal(kit.Clock.Now()) {
			t.Errorf("last used %s, %v, want %s", token.LastUsedAt, err, kit.Clock.Now())
		}
	}
	tests := map[string]func(t *testing.T, kit *tokentest.Kit, id apitoken.TokenID, text string){
		"used and written in a bubble": func(t *testing.T, kit *tokentest.Kit, id apitoken.TokenID, text string) {
			synctest.Test(t, func(t *testing.T) {
				for range 3 {
					use(t, kit, text)
					time.Sleep(2 * time.Minute)
					written(t, kit, id)
				}
			})
		},
		"denied in a bubble and outside": func(t *testing.T, kit *tokentest.Kit, _ apitoken.TokenID, _ string) {
			var made *apitoken.Manager
			deny := func(m *apitoken.Manager) {
				for range 12 { // the first ten do not wait for a turn
					if err := m.RevokeAll(ctx, apitoken.As("eve"), "bob"); !errors.Is(err, apitoken.ErrDenied) {
						t.Errorf("RevokeAll: %v, want ErrDenied", err)
					}
				}
			}
			synctest.Test(t, func(*testing.T) {
				made = must(apitoken.New(memstore.New(), nil))
				deny(made)
				deny(kit.Manager)
			})
			deny(made)
			deny(kit.Manager)
		},
		"used in a bubble that ends before the write": func(t *testing.T, kit *tokentest.Kit, id apitoken.TokenID, text string) {
			synctest.Test(t, func(t *testing.T) { use(t, kit, text) })
			if err := kit.Manager.Flush(ctx); err != nil {
				t.Error(err)
			}
			written(t, kit, id)
		},
		"used outside, then in two bubbles": func(t *testing.T, kit *tokentest.Kit, id apitoken.TokenID, text string) {
			use(t, kit, text)
			synctest.Test(t, func(t *testing.T) { use(t, kit, text) })
			synctest.Test(t, func(t *testing.T) {
				use(t, kit, text)
				time.Sleep(3 * time.Minute)
				use(t, kit, text)
				time.Sleep(2 * time.Minute)
				written(t, kit, id)
			})
			use(t, kit, text)
		},
		"flushed in a bubble and closed outside": func(t *testing.T, kit *tokentest.Kit, id apitoken.TokenID, text string) {
			synctest.Test(t, func(t *testing.T) {
				use(t, kit, text)
				if err := kit.Manager.Flush(t.Context()); err != nil {
					t.Error(err)
				}
				written(t, kit, id)
			})
			use(t, kit, text)
			if err := kit.Manager.Close(ctx); err != nil {
				t.Error(err)
			}
			written(t, kit, id)
		},
		"closed in a bubble": func(t *testing.T, kit *tokentest.Kit, id apitoken.TokenID, text string) {
			use(t, kit, text)
			synctest.Test(t, func(t *testing.T) {
				if err := kit.Manager.Close(t.Context()); err != nil {
					t.Error(err)
				}
				time.Sleep(2 * time.Minute)
			})
			written(t, kit, id)
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			kit := tokentest.New(t)
			token, text := kit.Generate(apitoken.GenerateParams{Owner: "bob"})
			test(t, kit, token.ID, text)
		})
	}
	t.Run("made in a bubble, and used and closed outside", func(t *testing.T) {
		var kit *tokentest.Kit
		var token apitoken.Token
		var text string
		synctest.Test(t, func(inner *testing.T) {
			kit = tokentest.New(t) // closed with the outer test
			token, text = kit.Generate(apitoken.GenerateParams{Owner: "bob"})
			use(inner, kit, text)
		})
		use(t, kit, text)
		if err := kit.Manager.Flush(ctx); err != nil {
			t.Error(err)
		}
		written(t, kit, token.ID)
	})
}

// A timer that was set inside a bubble never fires after the bubble. The next use sets another one.
func TestUsesAreWrittenAfterABubbleThatLeftOneUnwritten(t *testing.T) {
	h := newHost(t, apitoken.Options{LastUsedInterval: time.Millisecond})
	written := h.writesOfUses()
	token, text := h.mustGenerateOwn(bob, "ci")
	synctest.Test(t, func(*testing.T) { h.mustAuthenticate(text) })
	h.clock.Add(time.Hour)
	h.mustAuthenticate(text)
	<-written
	if got, want := h.lastUsed(token.ID), h.clock.Now(); !got.Equal(want) {
		t.Errorf("last used %s, want %s", got, want)
	}
}

// A Flush that waits for the write of another one returns when its context ends, and the next one gets its turn.
func TestFlushStopsWaitingWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t, apitoken.Options{})
		_, text := h.mustGenerateOwn(bob, "ci")
		blocked, release := make(chan struct{}), make(chan struct{})
		h.store.before = func(method string) error {
			if method == "Touch" {
				close(blocked)
				<-release
			}
			return nil
		}
		h.mustAuthenticate(text)
		first := make(chan error, 1)
		go func() { first <- h.Flush(ctx) }()
		<-blocked
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		if err := h.Flush(cancelled); !errors.Is(err, context.Canceled) {
			t.Errorf("Flush with a cancelled context: %v, want context.Canceled", err)
		}
		second := make(chan error, 1)
		go func() { second <- h.Flush(ctx) }()
		close(release)
		for _, done := range []chan error{first, second} {
			if err := <-done; err != nil {
				t.Errorf("Flush that got its turn: %v, want nil", err)
			}
		}
	})
}
