package apitoken_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestExpiryIsTheLifetimeOrAnError(t *testing.T) {
	const (
		max   = 30 * 24 * time.Hour
		none  = apitoken.NoExpiration
		micro = time.Microsecond
	)
	after := func(d time.Duration) time.Time { return start.Add(d) }
	never := time.Time{}
	tests := []struct {
		name     string
		max      time.Duration
		lifetime time.Duration
		want     time.Time
		wantErr  error
	}{
		{"one microsecond", max, micro, after(micro), nil},
		{"one microsecond less than the maximum", max, max - micro, after(max - micro), nil},
		{"exactly the maximum", max, max, after(max), nil},
		{"one microsecond over the maximum", max, max + micro, never, apitoken.ErrLifetime},
		{"parts of a microsecond do not count", max, max + micro - 1, after(max), nil},
		{"no lifetime is the maximum", max, 0, after(max), nil},
		{"no expiration under a maximum", max, none, never, apitoken.ErrLifetime},
		{"a nanosecond less than no expiration under a maximum", max, none - 1, never, apitoken.ErrLifetime},
		{"no expiration without a maximum", none, none, never, nil},
		{"no lifetime without a maximum", none, 0, never, apitoken.ErrInvalid},
		{"a nanosecond less than no expiration", none, none - 1, never, apitoken.ErrInvalid},
		{"173 years, before 2200", none, apitoken.Days(173 * 365), after(apitoken.Days(173 * 365)), nil},
		{"174 years, after 2200", none, apitoken.Days(174 * 366), never, apitoken.ErrInvalid},
		{"the last microsecond before 2200", none, year2200.Sub(start) - micro, year2200.Add(-micro), nil},
		{"the first instant of 2200", none, year2200.Sub(start), never, apitoken.ErrInvalid},
		{"less than a microsecond", max, micro - 1, never, apitoken.ErrInvalid},
		{"negative", max, -1, never, apitoken.ErrInvalid},
		{"negative without a maximum", none, -micro, never, apitoken.ErrInvalid},
		{"the most negative", none, math.MinInt64, never, apitoken.ErrInvalid},
		{"a maximum of zero", 0, micro, never, apitoken.ErrInvalid},
		{"a negative maximum", -max, micro, never, apitoken.ErrInvalid},
		{"a maximum of less than a microsecond", micro - 1, 1, never, apitoken.ErrInvalid},
		{"a maximum of 100 years", apitoken.Days(36500), 0, after(apitoken.Days(36500)), nil},
		{"a maximum that ends after 2200", apitoken.Days(174 * 366), 0, never, apitoken.ErrInvalid},
		{"less than a maximum that ends after 2200", apitoken.Days(174 * 366), micro, after(micro), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := apitoken.MaxLifetimePolicy{Max: tt.max}.Expiry(start.In(time.FixedZone("UTC+14", 14*3600)), tt.lifetime)
			if !errors.Is(err, tt.wantErr) || (err == nil) != (tt.wantErr == nil) {
				t.Fatalf("Expiry: %v, want %v", err, tt.wantErr)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("expiry (-want +got):\n%s", diff)
			}
		})
	}
}

var year2200 = time.Date(2200, time.January, 1, 0, 0, 0, 0, time.UTC)

func TestLifetimeErrorCarriesTheLimit(t *testing.T) {
	tests := []struct {
		lifetime time.Duration
		want     string
	}{
		{apitoken.Days(31), "lifetime over the maximum: 31 days requested, at most 30 days allowed"},
		{apitoken.NoExpiration, "lifetime over the maximum: no expiration requested, at most 30 days allowed"},
		{apitoken.Days(30) + time.Second, "lifetime over the maximum: 720h0m1s requested, at most 30 days allowed"},
	}
	for _, tt := range tests {
		_, err := apitoken.MaxLifetimePolicy{Max: apitoken.Days(30)}.Expiry(start, tt.lifetime)
		var limit *apitoken.LifetimeError
		if !errors.As(err, &limit) {
			t.Fatalf("Expiry: %v, want a LifetimeError", err)
		}
		want := apitoken.LifetimeError{Requested: tt.lifetime, Max: apitoken.Days(30)}
		if diff := cmp.Diff(want, *limit); diff != "" {
			t.Errorf("limit (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
			t.Errorf("text (-want +got):\n%s", diff)
		}
		if !errors.Is(err, apitoken.ErrLifetime) || !errors.Is(err, apitoken.ErrInvalid) {
			t.Errorf("Expiry: %v, want ErrLifetime and ErrInvalid", err)
		}
	}
}

func TestDaysPanicsOnOverflow(t *testing.T) {
	for n, want := range map[int]time.Duration{0: 0, 1: 24 * time.Hour, -1: -24 * time.Hour, 106751: 106751 * 24 * time.Hour} {
		if got := apitoken.Days(n); got != want {
			t.Errorf("Days(%d) is %s, want %s", n, got, want)
		}
	}
	for _, n := range []int{106752, -106752, 213504, math.MaxInt, math.MinInt} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Days(%d) returned, want a panic", n)
				}
			}()
			apitoken.Days(n)
		}()
	}
}

// FuzzExpiry: the result is an expiry within the maximum or an error. It is no expiration only if both the maximum and the
// lifetime are NoExpiration.
func FuzzExpiry(f *testing.F) {
	f.Add(int64(0), int64(1), int64(1))
	f.Add(int64(1772366400), int64(math.MaxInt64), int64(math.MaxInt64))
	f.Add(int64(1772366400), int64(30*24*time.Hour), int64(31*24*time.Hour))
	f.Add(int64(7258118399), int64(math.MaxInt64), int64(time.Second))
	f.Fuzz(func(t *testing.T, createdAt, max, lifetime int64) {
		created := time.Unix(createdAt%7258118400, 0).UTC()
		expiry, err := apitoken.MaxLifetimePolicy{Max: time.Duration(max)}.Expiry(created, time.Duration(lifetime))
		forever := max == math.MaxInt64 && lifetime == math.MaxInt64
		switch {
		case err != nil && (!errors.Is(err, apitoken.ErrInvalid) || !expiry.IsZero()):
			t.Errorf("Expiry: %s, %v, want ErrInvalid without an expiry", expiry, err)
		case err == nil && expiry.IsZero() != forever:
			t.Errorf("maximum %d and lifetime %d: expires %s, want no expiration %t", max, lifetime, expiry, forever)
		case err == nil && !forever && (!expiry.After(created) || expiry.Sub(created) > time.Duration(max) || !expiry.Before(year2200)):
			t.Errorf("created %s, maximum %s: expires %s, want after the creation and within the maximum and 2200", created, time.Duration(max), expiry)
		}
	})
}

func TestChoicesAreAllowedAndIncludeTheMaximum(t *testing.T) {
	day := apitoken.Days(1)
	tests := []struct {
		name string
		max  time.Duration
		want []time.Duration
	}{
		{"no maximum", apitoken.NoExpiration, []time.Duration{30 * day, 90 * day, 365 * day, apitoken.NoExpiration}},
		{"a maximum longer than all", 400 * day, []time.Duration{30 * day, 90 * day, 365 * day, 400 * day}},
		{"a maximum among them", 90 * day, []time.Duration{30 * day, 90 * day}},
		{"a maximum between them", 31 * day, []time.Duration{30 * day, 31 * day}},
		{"the shortest as the maximum", 30 * day, []time.Duration{30 * day}},
		{"a maximum shorter than all", time.Microsecond, []time.Duration{time.Microsecond}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			policy := apitoken.MaxLifetimePolicy{Max: tt.max}
			got := policy.Choices()
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("choices (-want +got):\n%s", diff)
			}
			for _, lifetime := range got {
				if _, err := policy.Expiry(start, lifetime); err != nil {
					t.Errorf("the choice %s: %v, want it allowed", lifetime, err)
				}
			}
		})
	}
}

// A number of seconds passed as a time.Duration is refused with an error that names the unit. A stored policy stays valid.
func TestAMaximumInAnotherUnitIsRefused(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	for _, max := range []time.Duration{1, 2592000, time.Second, time.Minute - 1} {
		_, err := h.SetPolicy(ctx, apitoken.As(ada), apitoken.MaxLifetimePolicy{Max: max})
		if !errors.Is(err, apitoken.ErrInvalid) || !strings.Contains(err.Error(), "at least 1m0s is needed (a time.Duration counts nanoseconds)") {
			t.Errorf("a maximum of %d: %v, want ErrInvalid that names the unit", max, err)
		}
		if _, err := apitoken.New(h.store, &apitoken.Options{DefaultMaxLifetime: max}); !errors.Is(err, apitoken.ErrInvalid) {
			t.Errorf("a default maximum of %d: %v, want ErrInvalid", max, err)
		}
	}
	h.mustSetMax(time.Minute)

	stored := apitoken.MaxLifetimePolicy{Max: 30 * time.Second, UpdatedAt: start, Revision: 2}
	h.must(h.store.PutPolicy(ctx, stored, 1, apitoken.Event{ID: apitoken.EventID{1}, At: start}))
	token, _ := h.mustGenerateOwn(bob, "under a stored policy")
	if got := token.ExpiresAt.Sub(token.CreatedAt); got != 30*time.Second {
		t.Errorf("a token under a stored maximum lives for %s, want 30s", got)
	}
}

// The rest of the parent's lifetime may be shorter than the shortest lifetime that can be requested.
func TestAChildMayLiveForAShortRestOfItsParent(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	_, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "parent", Lifetime: time.Minute})
	actor := h.mustAuthenticate(text).Actor()
	h.clock.Add(time.Minute - time.Millisecond)
	child, _ := h.mustGenerate(actor, apitoken.GenerateParams{Owner: bob, Name: "child"})
	if got := child.ExpiresAt.Sub(child.CreatedAt); got != time.Millisecond {
		t.Errorf("the child lives for %s, want 1ms", got)
	}
}

func TestLifetimeOfDaysIsLimitedTo36500(t *testing.T) {
	for n, want := range map[int]time.Duration{1: apitoken.Days(1), 90: apitoken.Days(90), 36500: apitoken.Days(36500)} {
		if got, err := apitoken.LifetimeOfDays(n); got != want || err != nil {
			t.Errorf("LifetimeOfDays(%d): %s, %v, want %s", n, got, err, want)
		}
	}
	for _, n := range []int{math.MinInt, -1, 0, 36501, 106752, math.MaxInt} {
		if got, err := apitoken.LifetimeOfDays(n); got != 0 || !errors.Is(err, apitoken.ErrInvalid) {
			t.Errorf("LifetimeOfDays(%d): %s, %v, want ErrInvalid", n, got, err)
		}
	}
}

// A token generated with another token expires no later than that token.
func TestAChildDoesNotOutliveItsParent(t *testing.T) {
	day := apitoken.Days(1)
	tests := []struct {
		name    string
		max     time.Duration // 0: none
		parent  time.Duration
		p       apitoken.GenerateParams
		want    time.Duration
		wantErr error
	}{
		{"no lifetime", 0, 10 * day, apitoken.GenerateParams{}, 10 * day, nil},
		{"no lifetime, a lower maximum", 5 * day, 10 * day, apitoken.GenerateParams{}, 5 * day, nil},
		{"no lifetime, a higher maximum", 20 * day, 10 * day, apitoken.GenerateParams{}, 10 * day, nil},
		{"less", 0, 10 * day, apitoken.GenerateParams{Lifetime: 9 * day}, 9 * day, nil},
		{"exactly as long", 0, 10 * day, apitoken.GenerateParams{Lifetime: 10 * day}, 10 * day, nil},
		{"a microsecond more", 0, 10 * day, apitoken.GenerateParams{Lifetime: 10*day + time.Microsecond}, 0, apitoken.ErrLifetime},
		{"an expiry a microsecond later", 0, 10 * day, apitoken.GenerateParams{ExpiresAt: start.Add(10*day + time.Microsecond)}, 0, apitoken.ErrLifetime},
		{"no expiration", 0, 10 * day, apitoken.GenerateParams{Lifetime: apitoken.NoExpiration}, 0, apitoken.ErrLifetime},
		{"a parent without expiration", 0, apitoken.NoExpiration, apitoken.GenerateParams{Lifetime: 200 * day}, 200 * day, nil},
		{"a parent of 150 years", 0, 150 * 365 * day, apitoken.GenerateParams{Lifetime: day}, day, nil},
		{"a parent of 150 years, no lifetime", 0, 150 * 365 * day, apitoken.GenerateParams{}, 150 * 365 * day, nil},
		{"a parent without expiration, no lifetime", 0, apitoken.NoExpiration, apitoken.GenerateParams{}, 90 * day, nil},
	}
	for _, tt := range tests {
		for _, owner := range []apitoken.UserID{ada, bob} {
			t.Run(tt.name+" for "+string(owner), func(t *testing.T) {
				h := newHost(t, apitoken.Options{})
				_, text := h.mustGenerate(apitoken.As(ada), apitoken.GenerateParams{Owner: ada, Name: "parent", Lifetime: tt.parent})
				if tt.max != 0 {
					h.mustSetMax(tt.max)
				}
				tt.p.Owner, tt.p.Name = owner, "child"
				child, _, err := h.Generate(ctx, h.mustAuthenticate(text).Actor(), tt.p)
				if !errors.Is(err, tt.wantErr) || (err == nil) != (tt.wantErr == nil) {
					t.Fatalf("Generate: %v, want %v", err, tt.wantErr)
				}
				if err == nil && !child.ExpiresAt.Equal(start.Add(tt.want)) {
					t.Errorf("the child expires %s, want %s", child.ExpiresAt, start.Add(tt.want))
				}
				var limit *apitoken.LifetimeError
				if errors.As(err, &limit) && limit.Max != tt.parent {
					t.Errorf("the limit in the error is %s, want the parent's %s", limit.Max, tt.parent)
				}
			})
		}
	}
}
