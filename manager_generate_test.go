package apitoken_test

import (
	"errors"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestGenerateForOneself(t *testing.T) {
	h := newHost(t, apitoken.Options{Prefix: "acme"})
	token, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci", Lifetime: time.Hour})
	want := apitoken.Token{
		ID: token.ID, Owner: bob, Name: "ci", Kind: apitoken.KindUser, Permissions: apitoken.Unlimited,
		CreatedAt: start, ExpiresAt: start.Add(time.Hour), CreatedBy: bob,
		Hint: "acme_..." + text[len(text)-4:],
	}
	if diff := cmp.Diff(want, token); diff != "" {
		t.Errorf("token (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]apitoken.Token{want}, h.tokens()); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	identity := h.mustAuthenticate(text)
	if diff := cmp.Diff(want, identity.Token); diff != "" {
		t.Errorf("identity (-want +got):\n%s", diff)
	}
	if identity.User.ID != bob || identity.User.Role != apitoken.RoleUser {
		t.Errorf("the owner is %+v, want bob with the role %s", identity.User, apitoken.RoleUser)
	}
}

func TestATokenNamesItsCreatorAndTheTokenInUse(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	adas, text := h.mustGenerateOwn(ada, "admin")
	tests := []struct {
		name        string
		actor       apitoken.Actor
		createdBy   apitoken.UserID
		createdWith apitoken.TokenID
	}{
		{"person", apitoken.As(ada), ada, apitoken.TokenID{}},
		{"token", h.mustAuthenticate(text).Actor(), ada, adas.ID},
		{"the host itself", apitoken.System(), "", apitoken.TokenID{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			token, text := h.mustGenerate(tt.actor, apitoken.GenerateParams{Owner: bob, Name: "by " + tt.name})
			if token.Owner != bob || token.CreatedBy != tt.createdBy || token.CreatedWith != tt.createdWith {
				t.Errorf("owner %q, created by %q with %s, want %q, %q, %s",
					token.Owner, token.CreatedBy, token.CreatedWith, bob, tt.createdBy, tt.createdWith)
			}
			if got := h.mustAuthenticate(text).User.ID; got != bob {
				t.Errorf("authenticates %s, want %s", got, bob)
			}
		})
	}
}

func TestTheExpiryFollowsTheLifetimeAndTheMaximum(t *testing.T) {
	day := apitoken.Days(1)
	tests := []struct {
		name string
		max  time.Duration // 0: none set
		opts apitoken.Options
		p    apitoken.GenerateParams
		want time.Time
	}{
		{"a lifetime", 0, apitoken.Options{}, apitoken.GenerateParams{Lifetime: day}, start.Add(day)},
		{"no lifetime, no maximum", 0, apitoken.Options{}, apitoken.GenerateParams{}, start.Add(90 * day)},
		{"no lifetime, a default", 0, apitoken.Options{DefaultLifetime: day}, apitoken.GenerateParams{}, start.Add(day)},
		{"no lifetime, a maximum", 30 * day, apitoken.Options{DefaultLifetime: day}, apitoken.GenerateParams{}, start.Add(30 * day)},
		{"no lifetime, a maximum of the options", 0, apitoken.Options{DefaultMaxLifetime: 7 * day}, apitoken.GenerateParams{}, start.Add(7 * day)},
		{"a policy replaces the maximum of the options", 30 * day, apitoken.Options{DefaultMaxLifetime: 7 * day}, apitoken.GenerateParams{}, start.Add(30 * day)},
		{"no expiration", 0, apitoken.Options{}, apitoken.GenerateParams{Lifetime: apitoken.NoExpiration}, time.Time{}},
		{"less than the maximum", 30 * day, apitoken.Options{}, apitoken.GenerateParams{Lifetime: 29 * day}, start.Add(29 * day)},
		{"an expiry", 0, apitoken.Options{}, apitoken.GenerateParams{ExpiresAt: start.Add(day + 1500)}, start.Add(day + 1000)},
		{"an expiry in another zone", 30 * day, apitoken.Options{},
			apitoken.GenerateParams{ExpiresAt: start.Add(30 * day).In(time.FixedZone("UTC-12", -12*3600))}, start.Add(30 * day)},
		{"an expiry in the next microsecond", 0, apitoken.Options{}, apitoken.GenerateParams{ExpiresAt: start.Add(time.Microsecond)}, start.Add(time.Microsecond)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, tt.opts)
			if tt.max != 0 {
				h.mustSetMax(tt.max)
			}
			tt.p.Owner, tt.p.Name = bob, "ci"
			token, _ := h.mustGenerate(apitoken.As(bob), tt.p)
			if diff := cmp.Diff(tt.want, token.ExpiresAt); diff != "" {
				t.Errorf("expiry (-want +got):\n%s", diff)
			}
		})
	}
}

// Each row is one mistake. It has its own error, and nothing is stored.
func TestGenerateRefusesBadInput(t *testing.T) {
	day := apitoken.Days(1)
	tests := []struct {
		name string
		bad  func(p *apitoken.GenerateParams)
		want error
		says string
	}{
		{"no owner", func(p *apitoken.GenerateParams) { p.Owner = "" }, apitoken.ErrInvalid, "owner: is empty"},
		{"unknown owner", func(p *apitoken.GenerateParams) { p.Owner = "eve" }, apitoken.ErrNotFound, "not found"},
		{"disabled owner", func(p *apitoken.GenerateParams) { p.Owner = dan }, apitoken.ErrUserDisabled, "user disabled"},
		{"owner of 256 bytes", func(p *apitoken.GenerateParams) { p.Owner = apitoken.UserID(strings.Repeat("x", 256)) },
			apitoken.ErrInvalid, "owner: is 256 bytes long, at most 255"},
		{"owner of broken UTF-8", func(p *apitoken.GenerateParams) { p.Owner = "b\xffb" }, apitoken.ErrInvalid, "owner: is not valid UTF-8"},
		{"owner with a NUL", func(p *apitoken.GenerateParams) { p.Owner = "bob\x00" }, apitoken.ErrInvalid, "owner: contains the invisible character U+0000"},
		{"no name", func(p *apitoken.GenerateParams) { p.Name = "" }, apitoken.ErrInvalid, "name: is empty"},
		{"name of 101 characters", func(p *apitoken.GenerateParams) { p.Name = strings.Repeat("ü", 101) },
			apitoken.ErrInvalid, "name: is 101 characters long, at most 100"},
		{"name with a control character", func(p *apitoken.GenerateParams) { p.Name = "a\nb" }, apitoken.ErrInvalid, "name: contains the invisible character U+000A"},
		{"name with DEL", func(p *apitoken.GenerateParams) { p.Name = "a\x7fb" }, apitoken.ErrInvalid, "U+007F"},
		{"name with a bidi override", func(p *apitoken.GenerateParams) { p.Name = "a\u202eb" }, apitoken.ErrInvalid, "U+202E"},
		{"name with a bidi isolate", func(p *apitoken.GenerateParams) { p.Name = "a\u2067b" }, apitoken.ErrInvalid, "U+2067"},
		{"name with a zero-width space", func(p *apitoken.GenerateParams) { p.Name = "a\u200bb" }, apitoken.ErrInvalid, "U+200B"},
		{"name with a zero-width joiner", func(p *apitoken.GenerateParams) { p.Name = "a\u200db" }, apitoken.ErrInvalid, "U+200D"},
		{"name with a byte order mark", func(p *apitoken.GenerateParams) { p.Name = "\ufeffab" }, apitoken.ErrInvalid, "U+FEFF"},
		{"name with an invisible letter", func(p *apitoken.GenerateParams) { p.Name = "a\u3164b" }, apitoken.ErrInvalid, "U+3164"},
		{"name with a variation selector", func(p *apitoken.GenerateParams) { p.Name = "a\ufe0fb" }, apitoken.ErrInvalid, "U+FE0F"},
		{"name with a line separator", func(p *apitoken.GenerateParams) { p.Name = "a\u2028b" }, apitoken.ErrInvalid, "U+2028"},
		{"name with a leading space", func(p *apitoken.GenerateParams) { p.Name = " ci" }, apitoken.ErrInvalid, "name: begins or ends with a space"},
		{"name with a trailing space", func(p *apitoken.GenerateParams) { p.Name = "ci " }, apitoken.ErrInvalid, "name: begins or ends with a space"},
		{"name with a trailing no-break space", func(p *apitoken.GenerateParams) { p.Name = "ci\u00a0" }, apitoken.ErrInvalid, "space"},
		{"name of broken UTF-8", func(p *apitoken.GenerateParams) { p.Name = "c\xc3i" }, apitoken.ErrInvalid, "name: is not valid UTF-8"},
		{"name of an active token", func(p *apitoken.GenerateParams) { p.Name = "taken" }, apitoken.ErrExists, "exists already"},
		{"unknown kind", func(p *apitoken.GenerateParams) { p.Kind = "robot" }, apitoken.ErrInvalid, `kind: "robot" is not declared`},
		{"resource of 256 bytes", func(p *apitoken.GenerateParams) { p.Resource = strings.Repeat("x", 256) },
			apitoken.ErrInvalid, "resource: is 256 bytes long, at most 255"},
		{"resource of 128 characters of two bytes", func(p *apitoken.GenerateParams) { p.Resource = strings.Repeat("ü", 128) },
			apitoken.ErrInvalid, "resource: is 256 bytes long"},
		{"resource of broken UTF-8", func(p *apitoken.GenerateParams) { p.Resource = "project:\xff" }, apitoken.ErrInvalid, "resource: is not valid UTF-8"},
		{"resource with a control character", func(p *apitoken.GenerateParams) { p.Resource = "project:\nweb" },
			apitoken.ErrInvalid, "resource: contains the invisible character U+000A"},
		{"resource with a zero-width space", func(p *apitoken.GenerateParams) { p.Resource = "project:\u200bweb" }, apitoken.ErrInvalid, "U+200B"},
		{"resource with a trailing space", func(p *apitoken.GenerateParams) { p.Resource = "project:web " },
			apitoken.ErrInvalid, "resource: begins or ends with a space"},
		{"resource of a space", func(p *apitoken.GenerateParams) { p.Resource = " " }, apitoken.ErrInvalid, "resource: begins or ends with a space"},
		{"negative lifetime", func(p *apitoken.GenerateParams) { p.Lifetime = -time.Second }, apitoken.ErrInvalid, "lifetime: is -1s"},
		{"most negative lifetime", func(p *apitoken.GenerateParams) { p.Lifetime = math.MinInt64 }, apitoken.ErrInvalid, "lifetime: is -"},
		{"lifetime below a microsecond", func(p *apitoken.GenerateParams) { p.Lifetime = 999 }, apitoken.ErrInvalid, "lifetime: is 999ns, at least 1s"},
		{"lifetime in another unit", func(p *apitoken.GenerateParams) { p.Lifetime = 86400 },
			apitoken.ErrInvalid, "lifetime: is 86.4µs, at least 1s is needed (a time.Duration counts nanoseconds)"},
		{"lifetime of nearly a second", func(p *apitoken.GenerateParams) { p.Lifetime = time.Second - 1 }, apitoken.ErrInvalid, "at least 1s"},
		{"name of a Braille blank", func(p *apitoken.GenerateParams) { p.Name = "\u2800" }, apitoken.ErrInvalid, "name: has no visible character"},
		{"name of a combining mark", func(p *apitoken.GenerateParams) { p.Name = "\u0301" }, apitoken.ErrInvalid, "name: has no visible character"},
		{"name with a joiner at its end", func(p *apitoken.GenerateParams) { p.Name = "\u0639\u0644\u06cc\u200c" }, apitoken.ErrInvalid, "U+200C"},
		{"name with two joiners", func(p *apitoken.GenerateParams) { p.Name = "\u06cc\u200c\u200c\u0631" }, apitoken.ErrInvalid, "U+200C"},
		{"name with a noncharacter", func(p *apitoken.GenerateParams) { p.Name = "a\ufdd0b" }, apitoken.ErrInvalid, "U+FDD0"},
		{"name with a private-use character", func(p *apitoken.GenerateParams) { p.Name = "a\ue000b" }, apitoken.ErrInvalid, "U+E000"},
		{"lifetime over the maximum", func(p *apitoken.GenerateParams) { p.Lifetime = 31 * day }, apitoken.ErrLifetime, "31 days requested, at most 30 days allowed"},
		{"no expiration under a maximum", func(p *apitoken.GenerateParams) { p.Lifetime = apitoken.NoExpiration }, apitoken.ErrLifetime, "no expiration requested, at most 30 days"},
		{"zero seconds left", func(p *apitoken.GenerateParams) { p.ExpiresAt = start }, apitoken.ErrInvalid, "expiry: is not in the future"},
		{"less than a microsecond left", func(p *apitoken.GenerateParams) { p.ExpiresAt = start.Add(999) }, apitoken.ErrInvalid, "expiry: is not in the future"},
		{"an expiry in the past", func(p *apitoken.GenerateParams) { p.ExpiresAt = start.Add(-day) }, apitoken.ErrInvalid, "expiry: is not in the future"},
		{"an expiry in the year 0", func(p *apitoken.GenerateParams) { p.ExpiresAt = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC) }, apitoken.ErrInvalid, "expiry: is not in the future"},
		{"an expiry over the maximum", func(p *apitoken.GenerateParams) { p.ExpiresAt = start.Add(30*day + time.Microsecond) }, apitoken.ErrLifetime, "at most 30 days"},
		{"an expiry in 2200", func(p *apitoken.GenerateParams) { p.ExpiresAt = year2200 }, apitoken.ErrInvalid, "expiry: is in 2200"},
		{"an expiry in 9999", func(p *apitoken.GenerateParams) { p.ExpiresAt = time.Date(9999, 12, 31, 23, 30, 0, 0, time.UTC) }, apitoken.ErrInvalid, "expiry: is in 9999"},
		{"both lifetime and expiry", func(p *apitoken.GenerateParams) { p.Lifetime, p.ExpiresAt = day, start.Add(day) }, apitoken.ErrInvalid, "lifetime: is given twice"},
	}
	h := newHost(t, apitoken.Options{})
	h.mustSetMax(30 * day)
	h.mustGenerateOwn(bob, "taken")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tokens, events := h.tokens(), h.events()
			p := apitoken.GenerateParams{Owner: bob, Name: "ci"}
			tt.bad(&p)
			token, secret, err := h.Generate(ctx, apitoken.As(ada), p)
			if !errors.Is(err, tt.want) {
				t.Fatalf("Generate: %v, want %v", err, tt.want)
			}
			if !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Generate: error %q, want it to contain %q", err, tt.says)
			}
			if token != (apitoken.Token{}) || secret.Reveal() != "" {
				t.Errorf("a refusal returned %v with a secret of %d bytes, want neither", token, len(secret.Reveal()))
			}
			if diff := cmp.Diff(tokens, h.tokens()); diff != "" {
				t.Errorf("tokens (-before +after):\n%s", diff)
			}
			if diff := cmp.Diff(events, h.events()); diff != "" {
				t.Errorf("events (-before +after):\n%s", diff)
			}
		})
	}
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9]{1,100}$`)

// FuzzName: an accepted name is visible and comes back as it was. Every other is ErrInvalid. A code point that is not assigned yet counts
// as visible.
func FuzzName(f *testing.F) {
	for _, name := range []string{"ci", "nightly build", "", " ", "a\u200b", "é", "e\u0301", "日本語", "\u0645\u06cc\u200c\u062e", strings.Repeat("x", 101), "\xff", "a\u2028b", "\u05f6", "=1+1", "<b>"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		h := newHost(t, apitoken.Options{LastUsedInterval: -1})
		token, _, err := h.Generate(ctx, apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: name})
		n := utf8.RuneCountInString(name)
		visible := utf8.ValidString(name) && n >= 1 && n <= 100 && strings.TrimSpace(name) == name
		for _, r := range strings.NewReplacer("\u200c", "", "\u200d", "").Replace(name) { // joiners: TestTokenNamesInEveryScriptAreAccepted
			visible = visible && !unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Noncharacter_Code_Point, unicode.Zl, unicode.Zp) &&
				r != '\u3164' && r != '\u034f'
		}
		switch {
		case err != nil && !errors.Is(err, apitoken.ErrInvalid):
			t.Errorf("%q: %v, want ErrInvalid", name, err)
		case err == nil && (!visible || token.Name != name):
			t.Errorf("%q is accepted as %q, want a visible name, unchanged", name, token.Name)
		case err != nil && plainName.MatchString(name):
			t.Errorf("%q: %v, want a name of letters and digits accepted", name, err)
		}
	})
}

func TestANameIsHeldByOneActiveToken(t *testing.T) {
	tests := []struct {
		name string
		do   func(h host, holder apitoken.Token)
		want error
	}{
		{"while it is active", func(host, apitoken.Token) {}, apitoken.ErrExists},
		{"a microsecond before its expiry", func(h host, _ apitoken.Token) { h.clock.Add(time.Hour - time.Microsecond) }, apitoken.ErrExists},
		{"at its expiry", func(h host, _ apitoken.Token) { h.clock.Add(time.Hour) }, nil},
		{"after Revoke", func(h host, holder apitoken.Token) { h.must(h.Revoke(ctx, apitoken.As(bob), holder.ID)) }, nil},
		{"after RevokeAll", func(h host, _ apitoken.Token) { h.must(h.RevokeAll(ctx, apitoken.As(bob), bob)) }, nil},
		{"after its owner was disabled and enabled", func(h host, _ apitoken.Token) {
			h.must(h.DisableUser(ctx, apitoken.As(ada), bob))
			h.must(h.EnableUser(ctx, apitoken.As(ada), bob))
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			p := apitoken.GenerateParams{Owner: bob, Name: "ci", Lifetime: time.Hour}
			holder, _ := h.mustGenerate(apitoken.As(bob), p)
			tt.do(h, holder)
			if _, _, err := h.Generate(ctx, apitoken.As(bob), p); !errors.Is(err, tt.want) {
				t.Errorf("Generate with the same name: %v, want %v", err, tt.want)
			}
			p.Owner = carol
			h.mustGenerate(apitoken.As(carol), p)
			p.Owner, p.Name = bob, "CI"
			h.mustGenerate(apitoken.As(bob), p)
		})
	}
}

// The maximum is lowered between the read of the policy and the insert of the token.
func TestGenerateDecidesAnewWhenThePolicyChanges(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	h.store.before = func(method string) error {
		if method == "CreateToken" && h.store.count("PutPolicy") == 0 {
			h.mustSetMax(apitoken.Days(1))
		}
		return nil
	}
	token, _ := h.mustGenerateOwn(bob, "ci")
	if want := start.Add(apitoken.Days(1)); !token.ExpiresAt.Equal(want) {
		t.Errorf("expires %s, want %s by the new maximum", token.ExpiresAt, want)
	}
	if got := h.store.count("CreateToken"); got != 2 {
		t.Errorf("%d attempts to insert, want 2", got)
	}
}

// The actor is disabled or demoted between the decision and the insert of a token for another user.
func TestGenerateDecidesAnewWhenTheActorChanges(t *testing.T) {
	for name, change := range map[string]func(h host) error{
		"disabled": func(h host) error { return h.DisableUser(ctx, apitoken.System(), ada) },
		"demoted": func(h host) error {
			return second(h.PutUser(ctx, apitoken.System(), apitoken.User{ID: ada, Role: apitoken.RoleUser}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			h.store.before = func(method string) error {
				if method != "CreateToken" {
					return nil
				}
				h.store.before = nil
				return change(h)
			}
			_, _, err := h.Generate(ctx, apitoken.As(ada), apitoken.GenerateParams{Owner: bob, Name: "ci"})
			if !errors.Is(err, apitoken.ErrDenied) {
				t.Errorf("Generate by an actor who was %s meanwhile: %v, want ErrDenied", name, err)
			}
			if tokens := h.tokens(); len(tokens) != 0 {
				t.Errorf("tokens after a denial: %v, want none", tokens)
			}
		})
	}
}
