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

func TestLastUsedIsTheLatestUse(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	unused, _ := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "unused"})
	for range 3 {
		h.clock.Add(10 * time.Minute)
		h.mustAuthenticate(text)
	}
	if got := h.lastUsed(token.ID); !got.IsZero() {
		t.Errorf("written on the caller's path: %s", got)
	}
	h.must(h.Flush(ctx))
	if got, want := h.lastUsed(token.ID), start.Add(30*time.Minute); !got.Equal(want) {
		t.Errorf("last used %s, want %s", got, want)
	}
	if got := h.lastUsed(unused.ID); !got.IsZero() {
		t.Errorf("the other was used %s", got)
	}
	if got := h.store.count("Touch"); got != 1 {
		t.Errorf("%d writes for three uses, want one", got)
	}
	h.clock.Add(-20 * time.Minute) // a clock that is set back does not move it back
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
		t.Errorf("used %s", got)
	}
}

func TestLastUsedCanBeTurnedOff(t *testing.T) {
	h := newHost(t, apitoken.Options{LastUsedInterval: -1})
	_, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	h.mustAuthenticate(text)
	h.must(h.Flush(ctx))
	if got := h.store.count("Touch"); got != 0 {
		t.Errorf("%d writes", got)
	}
}

func TestUsesAreWrittenWithoutFlushAfterAnInterval(t *testing.T) {
	h := newHost(t, apitoken.Options{LastUsedInterval: time.Millisecond})
	written := make(chan struct{}, 100)
	h.store.after = func(method string) error {
		if method == "Touch" {
			written <- struct{}{}
		}
		return nil
	}
	token, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	for range 3 { // a goroutine ends when nothing waits, and another begins
		h.clock.Add(time.Hour)
		h.mustAuthenticate(text)
		<-written
		if got, want := h.lastUsed(token.ID), h.clock.Now(); !got.Equal(want) {
			t.Errorf("last used %s, want %s", got, want)
		}
	}
}

func TestCloseWritesWhatWaitsAndTakesNoMore(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	h.mustAuthenticate(text)
	h.must(h.Close(ctx))
	if got := h.lastUsed(token.ID); !got.Equal(start) {
		t.Errorf("last used %s, want %s", got, start)
	}
	h.clock.Add(time.Hour)
	h.mustAuthenticate(text)
	h.must(h.Close(ctx))
	if got := h.lastUsed(token.ID); !got.Equal(start) {
		t.Errorf("used after Close: %s", got)
	}
}

// While the store does not answer, or fails, every request is served, and what was not written is written later.
func TestAStoreThatCannotWriteHoldsUpNobody(t *testing.T) {
	h := newHost(t, apitoken.Options{LastUsedInterval: time.Millisecond})
	token, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
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
	impatient, cancel := context.WithCancel(ctx)
	cancel()
	if err := h.Flush(impatient); !errors.Is(err, apitoken.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("a Flush that does not wait: %v", err)
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

func TestWhatCouldNotBeWrittenIsKept(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	h.mustAuthenticate(text)
	h.store.before = func(string) error { return errors.New("disk full") }
	if err := h.Flush(ctx); !errors.Is(err, apitoken.ErrUnavailable) {
		t.Errorf("flush: %v", err)
	}
	h.store.before = nil
	h.must(h.Flush(ctx))
	if got := h.lastUsed(token.ID); !got.Equal(start) {
		t.Errorf("last used %s, want %s", got, start)
	}
}

func TestMemoryForUsesIsBounded(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	const waiting, more = 4096, 100
	for i := range waiting + more {
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
	if used != waiting {
		t.Errorf("%d uses written, want %d", used, waiting)
	}
}

// A host that wants to know the hour of the last use, and no more, has a write an hour.
func TestLastUsedMovesByAStep(t *testing.T) {
	h := newHost(t, apitoken.Options{LastUsedStep: time.Hour})
	token, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	recorded := []time.Duration{}
	for _, use := range []time.Duration{time.Minute, 2 * time.Minute, 61*time.Minute - time.Microsecond, 61 * time.Minute, 62 * time.Minute, 10 * time.Hour} {
		h.clock.Set(start.Add(use))
		h.mustAuthenticate(text)
		h.must(h.Flush(ctx))
		recorded = append(recorded, h.lastUsed(token.ID).Sub(start))
	}
	want := []time.Duration{time.Minute, time.Minute, time.Minute, 61 * time.Minute, 61 * time.Minute, 10 * time.Hour}
	if diff := cmp.Diff(want, recorded); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := h.store.count("Touch"); got != 3 {
		t.Errorf("%d writes, want 3", got)
	}
}

// What waits to be written counts as recorded.
func TestLastUsedMovesByAStepAlsoBeforeItIsWritten(t *testing.T) {
	h := newHost(t, apitoken.Options{LastUsedStep: time.Hour})
	token, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci"})
	for _, use := range []time.Duration{time.Minute, 30 * time.Minute} {
		h.clock.Set(start.Add(use))
		h.mustAuthenticate(text)
	}
	h.must(h.Flush(ctx))
	if got, want := h.lastUsed(token.ID), start.Add(time.Minute); !got.Equal(want) {
		t.Errorf("last used %s, want %s", got, want)
	}
}

// A clock that was ahead once does not spoil the time of the last use for as long as it was ahead.
func TestALastUseInTheFutureIsReplaced(t *testing.T) {
	for name, tt := range map[string]struct {
		ahead time.Duration
		step  time.Duration
		want  time.Duration // of the last use after one by a right clock
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
				t.Errorf("last used at %s, want %s", got, want)
			}
			if tt.step > 0 {
				return
			}
			// The same where both uses wait to be written.
			h.clock.Set(start.Add(tt.ahead))
			h.mustAuthenticate(text)
			h.clock.Set(start)
			h.mustAuthenticate(text)
			h.must(h.Flush(ctx))
			if got, want := h.lastUsed(token.ID), start.Add(tt.want); !got.Equal(want) {
				t.Errorf("of two that waited: last used at %s, want %s", got, want)
			}
		})
	}
}
