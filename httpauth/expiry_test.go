package httpauth_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

func TestResponsesTellTheExpiryWithinTheWindow(t *testing.T) {
	const window = 14 * 24 * time.Hour
	// The token expires at 13:30:15.5, and the layout leaves the fraction out.
	lifetime := apitoken.Days(30) + 90*time.Minute + 15*time.Second + 500_000*time.Microsecond
	const end = "Sat, 31 Jan 2026 13:30:15 GMT"
	tests := []struct {
		name string
		opts httpauth.Options
		left time.Duration // until the expiry
		want map[string]string
	}{
		{"long before", httpauth.Options{ExpiryWindow: window}, window + time.Hour, nil},
		{"a microsecond before the window", httpauth.Options{ExpiryWindow: window}, window + time.Microsecond, nil},
		{"at the window", httpauth.Options{ExpiryWindow: window}, window, map[string]string{"Token-Expires": end}},
		{"a microsecond later", httpauth.Options{ExpiryWindow: window}, window - time.Microsecond, map[string]string{"Token-Expires": end}},
		{"a microsecond before the expiry", httpauth.Options{ExpiryWindow: window}, time.Microsecond, map[string]string{"Token-Expires": end}},
		{"off, a microsecond before the expiry", httpauth.Options{ExpiryHeader: "X-Ends"}, time.Microsecond, nil},
		{"the shortest window, before", httpauth.Options{ExpiryWindow: time.Microsecond}, 2 * time.Microsecond, nil},
		{"the shortest window, in it", httpauth.Options{ExpiryWindow: time.Microsecond}, time.Microsecond, map[string]string{"Token-Expires": end}},
		{"the longest window", httpauth.Options{ExpiryWindow: apitoken.NoExpiration}, apitoken.Days(30), map[string]string{"Token-Expires": end}},
		{
			"a name and a layout of the host",
			httpauth.Options{ExpiryWindow: window, ExpiryHeader: "x-ends", ExpiryLayout: "2006-01-02T15:04:05-0700"},
			time.Hour,
			map[string]string{"X-Ends": "2026-01-31T13:30:15+0000"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tt := tokentest.New(t)
			_, text := tt.Generate(apitoken.GenerateParams{Owner: "ada", Lifetime: lifetime})
			_, endless := tt.Generate(apitoken.GenerateParams{Owner: "ada", Lifetime: apitoken.NoExpiration})
			tt.Clock.Add(lifetime - test.left)
			for name, h := range everyHandler(tt.Manager, &test.opts) {
				w := serve(h, "Bearer "+text)
				if w.Code != http.StatusOK {
					t.Fatalf("%s: %d for a token that has not expired", name, w.Code)
				}
				for _, header := range []string{"Token-Expires", "X-Ends"} {
					if got := w.Header().Get(header); got != test.want[header] {
						t.Errorf("%s: %s is %q, want %q", name, header, got, test.want[header])
					}
				}
				if got := serve(h, "Bearer "+endless).Header().Get("Token-Expires"); got != "" {
					t.Errorf("%s: a token without expiration gets Token-Expires %q", name, got)
				}
			}
		})
	}
}

// tickingClock advances by a microsecond with each reading once it ticks.
type tickingClock struct {
	now   time.Time
	ticks bool
}

func (c *tickingClock) Now() time.Time {
	if c.ticks {
		c.now = c.now.Add(time.Microsecond)
	}
	return c.now
}

// The token expires between its authentication and the response.
func TestATokenThatExpiresDuringTheRequest(t *testing.T) {
	for window, want := range map[time.Duration]string{0: "", time.Microsecond: "Thu, 01 Jan 2026 13:00:00 GMT"} {
		clock := &tickingClock{now: time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC)}
		m, err := apitoken.New(memstore.New(), &apitoken.Options{Clock: clock, LastUsedInterval: -1})
		must(t, err)
		if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "ada"}); err != nil {
			t.Fatal(err)
		}
		params := apitoken.GenerateParams{Owner: "ada", Name: "short", Lifetime: time.Hour}
		_, secret, err := m.Generate(ctx, apitoken.System(), params)
		must(t, err)
		clock.now, clock.ticks = clock.now.Add(time.Hour-2*time.Microsecond), true
		w := serve(requireOK(m, &httpauth.Options{ExpiryWindow: window}), "Bearer "+secret.Reveal())
		if got := w.Header().Get("Token-Expires"); w.Code != http.StatusOK || got != want {
			t.Errorf("window %v: %d with Token-Expires %q, want %q", window, w.Code, got, want)
		}
	}
}

func TestOnlyResponsesToAPassingTokenTellTheExpiry(t *testing.T) {
	tt := tokentest.New(t)
	_, text := tt.Generate(apitoken.GenerateParams{Owner: "ada", Lifetime: time.Hour})
	opts := &httpauth.Options{ExpiryWindow: apitoken.NoExpiration}
	otherKind := &httpauth.Options{ExpiryWindow: apitoken.NoExpiration, Kinds: []apitoken.Kind{"other"}}
	check := func(what string, handlers map[string]http.Handler, authorization ...string) {
		t.Helper()
		for name, h := range handlers {
			if got, found := serve(h, authorization...).Header()["Token-Expires"]; found {
				t.Errorf("%s: %s sends Token-Expires %q, want none", what, name, got)
			}
		}
	}
	check("no token", everyHandler(tt.Manager, opts))
	check("another kind", everyHandler(tt.Manager, otherKind), "Bearer "+text)
	tt.Clock.Add(time.Hour)
	check("expired", everyHandler(tt.Manager, opts), "Bearer "+text)
}

// everyHandler returns everything that responds to requests.
func everyHandler(m *apitoken.Manager, opts *httpauth.Options) map[string]http.Handler {
	all := map[string]http.Handler{"Verify": httpauth.Verify(m, opts)}
	for name, middleware := range middlewares {
		all[name] = middleware(m, opts)(http.HandlerFunc(ok))
	}
	return all
}
