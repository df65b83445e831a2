package apitoken_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// newNarrowHost returns a host that names its permissions, with a token of Bob's who may deploy and read reports.
func newNarrowHost(t *testing.T) (h host, token apitoken.Token, text string) {
	h = newHost(t, apitoken.Options{
		Roles:           map[apitoken.Role]apitoken.Permission{apitoken.RoleUser: apitoken.GenerateOwn | deploying | reporting},
		PermissionNames: map[apitoken.Permission]string{deploying: "deploy", reporting: "report"},
	})
	token, text = h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci", Lifetime: time.Hour})
	return h, token, text
}

// reporting is another permission of the host's own.
const reporting apitoken.Permission = 1 << 63

func TestNarrowTakesTheMeet(t *testing.T) {
	h, token, text := newNarrowHost(t)
	hour := token.ExpiresAt
	for _, tt := range []struct {
		name string
		n    apitoken.Narrowing
		want apitoken.Narrowing // what the token has then
		then string             // what an event records: before and after
	}{
		{"as it is", apitoken.Narrowing{Keep: apitoken.Unlimited}, apitoken.Narrowing{Keep: apitoken.Unlimited, ExpiresAt: hour}, ""},
		{"to what its role grants", apitoken.Narrowing{Keep: apitoken.GenerateOwn | deploying | reporting},
			apitoken.Narrowing{Keep: apitoken.GenerateOwn | deploying | reporting, ExpiresAt: hour}, " > GenerateOwn|deploy|report"},
		{"an earlier expiry", apitoken.Narrowing{ExpiresAt: hour.Add(-time.Minute)},
			apitoken.Narrowing{Keep: apitoken.GenerateOwn | deploying | reporting, ExpiresAt: hour.Add(-time.Minute)},
			"GenerateOwn|deploy|report > GenerateOwn|deploy|report"},
		{"a later expiry", apitoken.Narrowing{ExpiresAt: hour},
			apitoken.Narrowing{Keep: apitoken.GenerateOwn | deploying | reporting, ExpiresAt: hour.Add(-time.Minute)}, ""},
		{"both, cut to microseconds", apitoken.Narrowing{Keep: deploying | reporting, ExpiresAt: hour.Add(-2*time.Minute + 999)},
			apitoken.Narrowing{Keep: deploying | reporting, ExpiresAt: hour.Add(-2 * time.Minute)}, "GenerateOwn|deploy|report > deploy|report"},
		{"to what it has no more", apitoken.Narrowing{Keep: apitoken.GenerateOwn | reporting},
			apitoken.Narrowing{Keep: reporting, ExpiresAt: hour.Add(-2 * time.Minute)}, "deploy|report > report"},
		{"to nothing", apitoken.Narrowing{Keep: deploying},
			apitoken.Narrowing{ExpiresAt: hour.Add(-2 * time.Minute)}, "report > none"},
		{"again", apitoken.Narrowing{Keep: deploying}, apitoken.Narrowing{ExpiresAt: hour.Add(-2 * time.Minute)}, ""},
	} {
		events := len(h.events())
		got, err := h.Narrow(ctx, apitoken.As(bob), token.ID, tt.n)
		want := token
		want.Permissions, want.ExpiresAt = tt.want.Keep, tt.want.ExpiresAt
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", tt.name, err, diff)
		}
		identity := h.mustAuthenticate(text)
		if got, want := h.PermissionsOf(identity), tt.want.Keep&(apitoken.GenerateOwn|deploying|reporting); got != want || identity.Token.ExpiresAt != tt.want.ExpiresAt {
			t.Errorf("%s: the token carries %s until %s, want %s", tt.name, got, identity.Token.ExpiresAt, want)
		}
		then := ""
		for _, e := range h.events()[events:] {
			then += e.Before.Permissions + " > " + e.After.Permissions
			if e.Action != apitoken.ActionNarrow || e.After.ExpiresAt != tt.want.ExpiresAt || e.Token != token.ID || e.Owner != bob {
				t.Errorf("%s: the event is %+v", tt.name, e)
			}
		}
		if then != tt.then {
			t.Errorf("%s: the events record %q, want %q", tt.name, then, tt.then)
		}
	}
	h.must(h.Revoke(ctx, h.mustAuthenticate(text).Actor(), token.ID)) // itself, without a permission
}

func TestNarrowRefusesMistakes(t *testing.T) {
	h, token, _ := newNarrowHost(t)
	for _, tt := range []struct {
		name string
		n    apitoken.Narrowing
		want apitoken.InvalidError
	}{
		{"nothing", apitoken.Narrowing{}, apitoken.InvalidError{Field: "narrowing", Problem: "takes nothing away: set the permissions to keep, or an expiry"}},
		{"what no role grants", apitoken.Narrowing{Keep: deploying | 1<<40}, apitoken.InvalidError{Field: "permissions", Problem: "no declared role and kind have 0x10000000000 in common"}},
		{"an unknown permission of the package", apitoken.Narrowing{Keep: 1 << 20}, apitoken.InvalidError{Field: "permissions", Problem: "no declared role and kind have 0x100000 in common"}},
		{"now", apitoken.Narrowing{ExpiresAt: start}, apitoken.InvalidError{Field: "expires at", Problem: "is not in the future; revoke the token instead"}},
		{"in less than a microsecond", apitoken.Narrowing{ExpiresAt: start.Add(999)}, apitoken.InvalidError{Field: "expires at", Problem: "is not in the future; revoke the token instead"}},
		{"the past", apitoken.Narrowing{Keep: deploying, ExpiresAt: start.Add(-time.Hour)}, apitoken.InvalidError{Field: "expires at", Problem: "is not in the future; revoke the token instead"}},
		{"after all times", apitoken.Narrowing{ExpiresAt: start.AddDate(200, 0, 0)}, apitoken.InvalidError{Field: "expires at", Problem: "is after the year 2199"}},
	} {
		_, err := h.Narrow(ctx, apitoken.As(bob), token.ID, tt.n)
		var got *apitoken.InvalidError
		if !errors.As(err, &got) || *got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, err, &tt.want)
		}
	}
	if stored := must(h.Token(ctx, apitoken.As(bob), token.ID)); stored != token {
		t.Errorf("the token is %+v after refusals, want %+v", stored, token)
	}
}

func TestOnlyActiveTokensAreNarrowed(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(h host, token apitoken.Token) error
		want error
	}{
		{"revoked", func(h host, token apitoken.Token) error { return h.Revoke(ctx, apitoken.As(bob), token.ID) }, apitoken.ErrRevoked},
		{"revoked with all", func(h host, _ apitoken.Token) error { return h.RevokeAll(ctx, apitoken.As(bob), bob) }, apitoken.ErrRevoked},
		{"expired", func(h host, _ apitoken.Token) error { h.clock.Add(time.Hour); return nil }, apitoken.ErrExpired},
		{"narrowed", func(h host, token apitoken.Token) error {
			return second(h.Narrow(ctx, apitoken.As(ada), token.ID, apitoken.Narrowing{Keep: apitoken.GenerateOwn | deploying}))
		}, nil},
	} {
		for _, when := range []string{"before it is read", "after it is read"} {
			if tt.want == apitoken.ErrExpired && when == "after it is read" {
				continue // each call judges by one time
			}
			t.Run(tt.name+" "+when, func(t *testing.T) {
				h, token, _ := newNarrowHost(t)
				if when == "before it is read" {
					h.must(tt.end(h, token))
				} else {
					h.store.before = once("NarrowToken", func() error { return tt.end(h, token) })
				}
				got, err := h.Narrow(ctx, apitoken.As(bob), token.ID, apitoken.Narrowing{Keep: deploying | reporting})
				if !errors.Is(err, tt.want) || err == nil && got.Permissions != deploying {
					t.Errorf("Narrow: %s, %v, want %v", got.Permissions, err, tt.want)
				}
			})
		}
	}
}

func TestAnUncertainNarrowingMayBeRepeated(t *testing.T) {
	h, token, _ := newNarrowHost(t)
	h.store.after = failOn("NarrowToken", apitoken.ErrUncertain)
	narrow := func() (apitoken.Token, error) {
		return h.Narrow(ctx, apitoken.As(bob), token.ID, apitoken.Narrowing{Keep: deploying})
	}
	if _, err := narrow(); !errors.Is(err, apitoken.ErrUncertain) {
		t.Errorf("Narrow: %v, want ErrUncertain", err)
	}
	events := len(h.events())
	if got, err := narrow(); err != nil || got.Permissions != deploying || len(h.events()) != events {
		t.Errorf("Narrow again: %s, %v, and %d more events", got.Permissions, err, len(h.events())-events)
	}
}

// An actor who may revoke a token without seeing it learns no more of it than what they have narrowed.
func TestNarrowShowsATokenOnlyToThoseWhoMaySeeIt(t *testing.T) {
	h := newHost(t, apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{"guard": apitoken.RevokeAny}})
	h.mustPutUser(carol, "guard")
	token, _ := h.mustGenerateOwn(bob, "secret project")
	want := apitoken.Token{ID: token.ID, Permissions: apitoken.GenerateOwn, ExpiresAt: token.ExpiresAt}
	for range 2 {
		got, err := h.Narrow(ctx, apitoken.As(carol), token.ID, apitoken.Narrowing{Keep: apitoken.GenerateOwn})
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("Narrow: %v (-want +got):\n%s", err, diff)
		}
	}
}

// What a parent carried when it generated a child stays with the child.
func TestNarrowingAParentLeavesItsChild(t *testing.T) {
	h, token, text := newNarrowHost(t)
	child, childText := h.mustGenerate(h.mustAuthenticate(text).Actor(), apitoken.GenerateParams{Owner: bob, Name: "child"})
	h.must(second(h.Narrow(ctx, apitoken.As(bob), token.ID, apitoken.Narrowing{Keep: deploying})))
	if got := h.PermissionsOf(h.mustAuthenticate(childText)); got != apitoken.GenerateOwn|deploying|reporting {
		t.Errorf("the child carries %s after its parent was narrowed", got)
	}
	page := must(h.ListTokens(ctx, apitoken.As(bob), apitoken.TokenQuery{Owner: bob, CreatedWith: token.ID}))
	if len(page) != 1 || page[0].ID != child.ID {
		t.Errorf("the children of the token are %v", page)
	}
}

// Any sequence of narrowings from three replicas, each repeated and in any order, ends at what all of them keep. What the token
// carries never grows, its expiry never moves back, and a revoked or expired token stays so.
func TestNarrowingsOnlyDescend(t *testing.T) {
	sequences := 200
	if n, err := strconv.Atoi(os.Getenv("APITOKEN_SEQUENCES")); err == nil {
		sequences = n
	}
	for seed := range sequences {
		random := rand.New(rand.NewPCG(uint64(seed), 1))
		clock, store := handClock(start), memstore.New()
		var replicas []*apitoken.Manager
		for range 3 {
			m, err := apitoken.New(store, &apitoken.Options{
				Clock: &clock, LastUsedInterval: -1,
				Roles: map[apitoken.Role]apitoken.Permission{apitoken.RoleUser: apitoken.GenerateOwn | deploying | reporting | 0xff<<40},
			})
			if err != nil {
				t.Fatal(seed, err)
			}
			replicas = append(replicas, m)
		}
		host := apitoken.System()
		if _, err := replicas[0].PutUser(ctx, host, apitoken.User{ID: bob}); err != nil {
			t.Fatal(seed, err)
		}
		token, secret, err := replicas[0].Generate(ctx, host, apitoken.GenerateParams{Owner: bob, Name: "ci", Lifetime: apitoken.NoExpiration})
		if err != nil {
			t.Fatal(seed, err)
		}
		want, carried := token, apitoken.Unlimited
		for range 1 + random.IntN(20) {
			s := randomStep(random)
			m := replicas[s.replica]
			switch s.what {
			case "revoke":
				if err := m.Revoke(ctx, host, token.ID); err != nil {
					t.Fatal(seed, err)
				}
				want.RevokedAt = clock.Now()
			case "wait":
				clock.advance(time.Minute)
			default:
				n := apitoken.Narrowing{Keep: s.keep}
				if s.minutes > 0 {
					n.ExpiresAt = start.Add(time.Duration(s.minutes) * time.Minute)
				}
				narrowed, err := m.Narrow(ctx, host, token.ID, n)
				dead := want.Status(clock.Now()) != apitoken.StatusActive
				invalid := n == (apitoken.Narrowing{}) || !n.ExpiresAt.IsZero() && !n.ExpiresAt.After(clock.Now())
				if (err == nil) == (dead || invalid) {
					t.Fatalf("seed %d: Narrow to %+v at %s: %v, the token is %s", seed, n, clock.Now(), err, want.Status(clock.Now()))
				}
				if err != nil {
					break
				}
				if n.Keep != 0 {
					want.Permissions &= n.Keep
				}
				if !n.ExpiresAt.IsZero() && (want.ExpiresAt.IsZero() || n.ExpiresAt.Before(want.ExpiresAt)) {
					want.ExpiresAt = n.ExpiresAt
				}
				if narrowed.Permissions != want.Permissions || !narrowed.ExpiresAt.Equal(want.ExpiresAt) {
					t.Fatalf("seed %d: Narrow to %+v: %s until %s, want %s until %s", seed, n, narrowed.Permissions, narrowed.ExpiresAt, want.Permissions, want.ExpiresAt)
				}
			}
			identity, err := m.Authenticate(ctx, secret.Reveal())
			if alive := want.Status(clock.Now()) == apitoken.StatusActive; (err == nil) != alive {
				t.Fatalf("seed %d: after %+v at %s: %v, the token is %s", seed, s, clock.Now(), err, want.Status(clock.Now()))
			}
			if err != nil {
				continue
			}
			if now := m.PermissionsOf(identity); now&^carried != 0 || now&^want.Permissions != 0 || identity.Token.ExpiresAt != want.ExpiresAt {
				t.Fatalf("seed %d: after %+v the token carries %s until %s, before it was %s", seed, s, now, identity.Token.ExpiresAt, carried)
			} else {
				carried = now
			}
		}
	}
}

type narrowStep struct {
	what    string
	replica int
	keep    apitoken.Permission
	minutes int
}

func randomStep(random *rand.Rand) narrowStep {
	s := narrowStep{what: "narrow", replica: random.IntN(3)}
	switch random.IntN(10) {
	case 0:
		s.what = "wait"
		return s
	case 1:
		s.what = "revoke"
		return s
	}
	for _, p := range []apitoken.Permission{apitoken.GenerateOwn, deploying, reporting, 1 << 40, 1 << 41, 1 << 42} {
		if random.IntN(4) > 0 {
			s.keep |= p
		}
	}
	if random.IntN(2) == 0 {
		s.keep = 0
	}
	s.minutes = random.IntN(13)
	return s
}

func TestPermissionNamesAreChecked(t *testing.T) {
	for _, tt := range []struct {
		name  string
		names map[apitoken.Permission]string
		want  string // empty: permitted
	}{
		{"two", map[apitoken.Permission]string{deploying: "deploy", reporting: "Report:read/write#1"}, ""},
		{"one of the package", map[apitoken.Permission]string{apitoken.ListAny: "list"}, "0x4 is not one of the upper 32 bits"},
		{"bit 31", map[apitoken.Permission]string{1 << 31: "x"}, "0x80000000 is not one of the upper 32 bits"},
		{"two bits", map[apitoken.Permission]string{3 << 32: "both"}, "0x300000000 is not one of the upper 32 bits"},
		{"no bit", map[apitoken.Permission]string{0: "nothing"}, "0x0 is not one of the upper 32 bits"},
		{"a name of the package", map[apitoken.Permission]string{deploying: "ListAny"}, `"ListAny" is the name of another permission`},
		{"twice", map[apitoken.Permission]string{deploying: "x", reporting: "x"}, `"x" is the name of another permission`},
		{"empty", map[apitoken.Permission]string{deploying: ""}, "a name is empty"},
		{"none", map[apitoken.Permission]string{deploying: "none"}, `"none" is reserved`},
		{"a number", map[apitoken.Permission]string{deploying: "0x200000000"}, `"0x200000000" is reserved`},
		{"41 bytes", map[apitoken.Permission]string{deploying: "deploy-deploy-deploy-deploy-deploy-deploy"}, `"deploy-deploy-deploy-deploy-deploy-deplo" is 41 bytes long, at most 40 are allowed`},
		{"a space", map[apitoken.Permission]string{deploying: "de ploy"}, `"de ploy" contains a space, one of "\|, or a character that is not ASCII`},
		{"a bar", map[apitoken.Permission]string{deploying: "de|ploy"}, `"de|ploy" contains a space, one of "\|, or a character that is not ASCII`},
		{"a quotation mark", map[apitoken.Permission]string{deploying: `de"ploy`}, `"de\"ploy" contains a space, one of "\|, or a character that is not ASCII`},
		{"not ASCII", map[apitoken.Permission]string{deploying: "prüfen"}, `"prüfen" contains a space, one of "\|, or a character that is not ASCII`},
	} {
		_, err := apitoken.New(memstore.New(), &apitoken.Options{PermissionNames: tt.names})
		var got *apitoken.InvalidError
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.want != "" && (!errors.As(err, &got) || got.Field != "permission names" || got.Problem != tt.want):
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
}

// ParsePermissions is the inverse of PermissionNames, whatever has a name.
func TestPermissionNamesRoundTrip(t *testing.T) {
	h, _, _ := newNarrowHost(t)
	all := apitoken.GenerateOwn | apitoken.ReadEvents | 1<<20 | deploying | 1<<33 | reporting
	want := []string{"GenerateOwn", "ReadEvents", "0x100000", "deploy", "0x200000000", "report"}
	if diff := cmp.Diff(want, h.PermissionNames(all)); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	for i := range 64 {
		p := apitoken.Permission(1) << i
		if got, err := h.ParsePermissions(h.PermissionNames(p | all)); got != p|all || err != nil {
			t.Errorf("%s: parsed as %s, %v", p, got, err)
		}
	}
	if got, err := h.ParsePermissions(nil); got != 0 || err != nil || len(h.PermissionNames(0)) != 0 {
		t.Errorf("no name: %s, %v", got, err)
	}
	for _, name := range []string{"", "none", "Deploy", "deploy ", "0x100000000", "0x8000000000000000", "0x0", "0x3", "0x1", "0X200000000", "0x0200000000", "8589934592", "ListAny|RevokeAny"} {
		if got, err := h.ParsePermissions([]string{"deploy", name}); !errors.Is(err, apitoken.ErrInvalid) || got != 0 {
			t.Errorf("%q: parsed as %s, %v, want ErrInvalid", name, got, err)
		}
	}
	if got, want := h.GrantablePermissions(), apitoken.AdminPermissions|deploying|reporting; got != want {
		t.Errorf("GrantablePermissions: %s, want %s", got, want)
	}
}

func ExampleManager_Narrow() {
	const deploy, report apitoken.Permission = 1 << 32, 1 << 33
	m, err := apitoken.New(memstore.New(), &apitoken.Options{
		Roles:           map[apitoken.Role]apitoken.Permission{apitoken.RoleUser: apitoken.GenerateOwn | deploy | report},
		PermissionNames: map[apitoken.Permission]string{deploy: "deploy", report: "report"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _ = m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob"})
	token, secret, _ := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "ci", Permissions: deploy | report})

	// From now on the pipeline only deploys. A permission that the token does not have is not added.
	token, err = m.Narrow(ctx, apitoken.As("bob"), token.ID, apitoken.Narrowing{Keep: deploy | apitoken.GenerateOwn})
	fmt.Println(m.PermissionNames(token.Permissions), err)
	identity, _ := m.Authenticate(ctx, secret.Reveal())
	fmt.Println(m.PermissionsOf(identity).Has(report))
	// Output:
	// [deploy] <nil>
	// false
}
