package apitoken_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// A Manager may be made, used and closed on either side of a bubble of testing/synctest. The runtime ends the whole process
// when a channel or a timer crosses that border.
func TestManagersCrossTheBorderOfABubble(t *testing.T) {
	use := func(t *testing.T, tt *tokentest.Kit, text string) {
		t.Helper()
		tt.Clock.Add(time.Hour)
		if _, err := tt.Manager.Authenticate(t.Context(), text); err != nil {
			t.Error(err)
		}
	}
	written := func(t *testing.T, tt *tokentest.Kit, id apitoken.TokenID) {
		t.Helper()
		token, err := tt.Manager.Token(ctx, apitoken.System(), id)
		if err != nil || !token.LastUsedAt.Equal(tt.Clock.Now()) {
			t.Errorf("last used %s, %v, want %s", token.LastUsedAt, err, tt.Clock.Now())
		}
	}
	tests := map[string]func(t *testing.T, tt *tokentest.Kit, id apitoken.TokenID, text string){
		"used and written in a bubble": func(t *testing.T, tt *tokentest.Kit, id apitoken.TokenID, text string) {
			synctest.Test(t, func(t *testing.T) {
				for range 3 {
					use(t, tt, text)
					time.Sleep(2 * time.Minute)
					written(t, tt, id)
				}
			})
		},
		"used in a bubble that ends before the write": func(t *testing.T, tt *tokentest.Kit, id apitoken.TokenID, text string) {
			synctest.Test(t, func(t *testing.T) { use(t, tt, text) })
			if err := tt.Manager.Flush(ctx); err != nil {
				t.Error(err)
			}
			written(t, tt, id)
		},
		"used outside, then in two bubbles": func(t *testing.T, tt *tokentest.Kit, id apitoken.TokenID, text string) {
			use(t, tt, text)
			synctest.Test(t, func(t *testing.T) { use(t, tt, text) })
			synctest.Test(t, func(t *testing.T) {
				use(t, tt, text)
				time.Sleep(3 * time.Minute)
				use(t, tt, text)
				time.Sleep(2 * time.Minute)
				written(t, tt, id)
			})
			use(t, tt, text)
		},
		"flushed in a bubble and closed outside": func(t *testing.T, tt *tokentest.Kit, id apitoken.TokenID, text string) {
			synctest.Test(t, func(t *testing.T) {
				use(t, tt, text)
				if err := tt.Manager.Flush(t.Context()); err != nil {
					t.Error(err)
				}
				written(t, tt, id)
			})
			use(t, tt, text)
			if err := tt.Manager.Close(ctx); err != nil {
				t.Error(err)
			}
			written(t, tt, id)
		},
		"closed in a bubble": func(t *testing.T, tt *tokentest.Kit, id apitoken.TokenID, text string) {
			use(t, tt, text)
			synctest.Test(t, func(t *testing.T) {
				if err := tt.Manager.Close(t.Context()); err != nil {
					t.Error(err)
				}
				time.Sleep(2 * time.Minute)
			})
			written(t, tt, id)
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			tt := tokentest.New(t)
			token, text := tt.Generate(apitoken.GenerateParams{Owner: "bob"})
			test(t, tt, token.ID, text)
		})
	}
	t.Run("made in a bubble, and used and closed outside", func(t *testing.T) {
		var tt *tokentest.Kit
		var token apitoken.Token
		var text string
		synctest.Test(t, func(inner *testing.T) {
			tt = tokentest.New(t) // closed with the outer test
			token, text = tt.Generate(apitoken.GenerateParams{Owner: "bob"})
			use(inner, tt, text)
		})
		use(t, tt, text)
		if err := tt.Manager.Flush(ctx); err != nil {
			t.Error(err)
		}
		written(t, tt, token.ID)
	})
}

// After a bubble has ended with a use that was not written, the next use is written after an interval all the same.
func TestUsesAreWrittenAfterABubbleEndedWithOne(t *testing.T) {
	h := newHost(t, apitoken.Options{LastUsedInterval: time.Millisecond})
	written := make(chan struct{}, 100)
	h.store.after = func(method string) error {
		if method == "Touch" {
			written <- struct{}{}
		}
		return nil
	}
	token, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	synctest.Test(t, func(*testing.T) { h.mustAuthenticate(text) })
	h.clock.Add(time.Hour)
	h.mustAuthenticate(text)
	<-written
	if got, want := h.lastUsed(token.ID), h.clock.Now(); !got.Equal(want) {
		t.Errorf("last used %s, want %s", got, want)
	}
}

// A Flush that waits for another one's write gives up with its context, and the next one gets its turn.
func TestFlushWaitsForItsTurnAsLongAsItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t, apitoken.Options{})
		_, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
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
		impatient, cancel := context.WithCancel(ctx)
		cancel()
		if err := h.Flush(impatient); !errors.Is(err, context.Canceled) {
			t.Errorf("a Flush that gives up: %v", err)
		}
		second := make(chan error, 1)
		go func() { second <- h.Flush(ctx) }()
		close(release)
		for _, done := range []chan error{first, second} {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}
