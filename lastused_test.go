package apitoken_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

func (h host) lastUsed(id apitoken.TokenID) time.Time {
	h.t.Helper()
	token, err := h.Token(ctx, apitoken.System(), id)
	h.must(err)
	return token.LastUsedAt
}

// writesOfUses returns a channel that receives a value after each write of uses.
func (h host) writesOfUses() <-chan struct{} {
	written := make(chan struct{}, 100)
	h.store.after = func(method string) error {
		if method == "Touch" {
			written <- struct{}{}
		}
		return nil
	}
	return written
}

func TestLastUsedIsTheLatestUse(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, text := h.mustGenerateOwn(bob, "ci")
	unused, _ := h.mustGenerateOwn(bob, "unused")
	for range 3 {
		h.clock.Add(10 * time.Minute)
		h.mustAuthenticate(text)
	}
	if got := h.lastUsed(token.ID); !got.IsZero() {
		t.Errorf("last used %s before a write, want none", got)
	}
	h.must(h.Flush(ctx))
	if got, want := h.lastUsed(token.ID), start.Add(30*time.Minute); !got.Equal(want) {
		t.Errorf("last used %s, want %s", got, want)
	}
	if got := h.lastUsed(unused.ID); !got.IsZero() {
		t.Errorf("an unused token: last used %s, want none", got)
	}
	if got := h.store.count("Touch"); got != 1 {
		t.Errorf("%d writes for three uses, want 1", got)
	}
	h.clock.Add(-20 * time.Minute) // a clock that is set back does not move the last use back
	h.mustAuthenticate(text)
	h.must(h.Flush(ctx))
	if got, want := h.lastUsed(token.ID), start.Add(30*time.Minute); !got.Equal(want) {
		t.Errorf("last used %s, want %s", got, want)
	}
}

func TestARefusedTokenIsNotUsed(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci", Lifetime: time.Hour})
	h.clock.Add(time.Hour)
	if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrExpired) {
		t.Fatal(err)
	}
	h.must(h.Flush(ctx))
	if got := h.lastUsed(token.ID); !got.IsZero() {
		t.Errorf("an expired token: last used %s, want none", got)
	}
}

func TestLastUsedCanBeTurnedOff(t *testing.T) {
	h := newHost(t, apitoken.Options{LastUsedInterval: -1})
	_, text := h.mustGenerateOwn(bob, "ci")
	h.mustAuthenticate(text)
	h.must(h.Flush(ctx))
	if got := h.store.count("Touch"); got != 0 {
		t.Errorf("%d writes with a negative interval, want none", got)
	}
}

func TestUsesAreWrittenAfterAnInterval(t *testing.T) {
	h := newHost(t, apitoken.Options{LastUsedInterval: time.Millisecond})
	written := h.writesOfUses()
	token, text := h.mustGenerateOwn(bob, "ci")
	for range 3 { // each use after a write sets another timer
		h.clock.Add(time.Hour)
		h.mustAuthenticate(text)
		<-written
		if got, want := h.lastUsed(token.ID), h.clock.Now(); !got.Equal(want) {
			t.Errorf("last used %s, want %s", got, want)
		}
	}
}

func TestCloseWritesTheUsesAndRecordsNoMore(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, text := h.mustGenerateOwn(bob, "ci")
	h.mustAuthenticate(text)
	h.must(h.Close(ctx))
	if got := h.lastUsed(token.ID); !got.Equal(start) {
		t.Errorf("last used %s, want %s", got, start)
	}
	h.clock.Add(time.Hour)
	h.mustAuthenticate(text)
	h.must(h.Close(ctx))
	if got := h.lastUsed(token.ID); !got.Equal(start) {
		t.Errorf("last used %s after Close, want %s", got, start)
	}
}

// While a write of uses blocks and then fails, requests are served. The uses are written later.
func TestABlockedWriteOfUsesDelaysNoRequest(t *testing.T) {
	h := newHost(t, apitoken.Options{LastUsedInterval: time.Millisecond})
	token, text := h.mustGenerateOwn(bob, "ci")
	blocked, release := make(chan struct{}), make(chan struct{})
	h.store.before = func(method string) error {
		if method == "Touch" {
			blocked <- struct{}{}
			<-release
			return errors.New("disk full")
		}
		return nil
	}
	h.mustAuthenticate(text)
	<-blocked
	for range 10 {
		h.clock.Add(time.Hour)
		for range 1000 {
			h.mustAuthenticate(text)
		}
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := h.Flush(cancelled); !errors.Is(err, apitoken.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("Flush with a cancelled context: %v, want ErrUnavailable and context.Canceled", err)
	}
	h.store.mu.Lock()
	h.store.before = nil
	h.store.mu.Unlock()
	close(release)
	h.must(h.Flush(ctx))
	if got, want := h.lastUsed(token.ID), start.Add(10*time.Hour); !got.Equal(want) {
		t.Errorf("last used %s, want %s", got, want)
	}
}

func TestUsesWhoseWriteFailsAreKept(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, text := h.mustGenerateOwn(bob, "ci")
	h.mustAuthenticate(text)
	h.store.before = func(string) error { return errors.New("disk full") }
	if err := h.Flush(ctx); !errors.Is(err, apitoken.ErrUnavailable) {
		t.Errorf("Flush while writes fail: %v, want ErrUnavailable", err)
	}
	h.store.before = nil
	h.must(h.Flush(ctx))
	if got := h.lastUsed(token.ID); !got.Equal(start) {
		t.Errorf("last used %s, want %s", got, start)
	}
}

func TestMemoryForUsesIsBounded(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	const limit, more = 4096, 100
	for i := range limit + more {
		_, text := h.mustGenerate(apitoken.System(), apitoken.GenerateParams{Owner: bob, Name: fmt.Sprint(i)})
		h.mustAuthenticate(text)
	}
	if got := h.UsesDropped(); got != more {
		t.Errorf("%d uses dropped, want %d", got, more)
	}
	h.must(h.Flush(ctx))
	used := 0
	for _, token := range h.tokens() {
		if !token.LastUsedAt.IsZero() {
			used++
		}
	}
	if used != limit {
		t.Errorf("%d uses written, want %d", used, limit)
	}
}

// With a step of an hour, a token that is used all the time costs one write an hour.
func TestLastUsedMovesByAtLeastAStep(t *testing.T) {
	h := newHost(t, apitoken.Options{LastUsedStep: time.Hour})
	token, text := h.mustGenerateOwn(bob, "ci")
	recorded := []time.Duration{}
	for _, use := range []time.Duration{time.Minute, 2 * time.Minute, 61*time.Minute - time.Microsecond, 61 * time.Minute, 62 * time.Minute, 10 * time.Hour} {
		h.clock.Set(start.Add(use))
		h.mustAuthenticate(text)
		h.must(h.Flush(ctx))
		recorded = append(recorded, h.lastUsed(token.ID).Sub(start))
	}
	want := []time.Duration{time.Minute, time.Minute, time.Minute, 61 * time.Minute, 61 * time.Minute, 10 * time.Hour}
	if diff := cmp.Diff(want, recorded); diff != "" {
		t.Errorf("last use after each use (-want +got):\n%s", diff)
	}
	if got := h.store.count("Touch"); got != 3 {
		t.Errorf("%d writes for six uses, want 3", got)
	}
}

// The step also counts from a use that is not written yet.
func TestLastUsedMovesByAtLeastAStepBeforeItIsWritten(t *testing.T) {
	h := newHost(t, apitoken.Options{LastUsedStep: time.Hour})
	token, text := h.mustGenerateOwn(bob, "ci")
	for _, use := range []time.Duration{time.Minute, 30 * time.Minute} {
		h.clock.Set(start.Add(use))
		h.mustAuthenticate(text)
	}
	h.must(h.Flush(ctx))
	if got, want := h.lastUsed(token.ID), start.Add(time.Minute); !got.Equal(want) {
		t.Errorf("last used %s, want %s", got, want)
	}
}

// A last use that a clock stored more than 24 hours ahead is replaced by the next use.
func TestALastUseInTheFutureIsReplaced(t *testing.T) {
	for name, tt := range map[string]struct {
		ahead time.Duration
		step  time.Duration
		want  time.Duration // the last use after one at start
	}{
		"an hour ahead":                 {time.Hour, 0, time.Hour},
		"a day ahead":                   {24 * time.Hour, 0, 24 * time.Hour},
		"more than a day ahead":         {24*time.Hour + time.Microsecond, 0, 0},
		"years ahead":                   {5 * 365 * 24 * time.Hour, 0, 0},
		"years ahead, with a last step": {5 * 365 * 24 * time.Hour, time.Hour, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{LastUsedStep: tt.step})
			token, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci", Lifetime: apitoken.NoExpiration})
			h.clock.Set(start.Add(tt.ahead))
			h.mustAuthenticate(text)
			h.must(h.Flush(ctx))
			h.clock.Set(start)
			h.mustAuthenticate(text)
			h.must(h.Flush(ctx))
			if got, want := h.lastUsed(token.ID), start.Add(tt.want); !got.Equal(want) {
				t.Errorf("last used %s after a written use ahead, want %s", got, want)
			}
			if tt.step > 0 {
				return
			}
			// The same if neither use was written before.
			h.clock.Set(start.Add(tt.ahead))
			h.mustAuthenticate(text)
			h.clock.Set(start)
			h.mustAuthenticate(text)
			h.must(h.Flush(ctx))
			if got, want := h.lastUsed(token.ID), start.Add(tt.want); !got.Equal(want) {
				t.Errorf("last used %s after an unwritten use ahead, want %s", got, want)
			}
		})
	}
}
