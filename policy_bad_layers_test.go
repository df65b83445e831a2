package apitoken_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// newLayersHost returns a host with a user of each kind that an exemption may be for.
func newLayersHost(t *testing.T) host {
	h := newHost(t, apitoken.Options{
		Kinds: []apitoken.Kind{"ci"},
		Roles: map[apitoken.Role]apitoken.Permission{
			"auditor": apitoken.GenerateOwn | apitoken.SetPolicy,
			"lead":    apitoken.GenerateOwn | apitoken.SetPolicy | apitoken.ManageUsers,
			"deploy":  apitoken.GenerateOwn | 1<<40,
		},
	})
	for id, role := range map[apitoken.UserID]apitoken.Role{"aud": "auditor", "lea": "lead", "dee": "deploy", "eve": apitoken.RoleAdmin} {
		h.mustPutUser(id, role)
	}
	return h
}

func exemption(user apitoken.UserID) apitoken.Exemption {
	return apitoken.Exemption{User: user, Max: apitoken.Days(90), Until: start.AddDate(0, 6, 0), Reason: "migration"}
}

func TestBadLayersAreRefusedAndNothingChanges(t *testing.T) {
	h := newLayersHost(t)
	before, err := h.SetPolicy(ctx, apitoken.As(ada), apitoken.MaxLifetimePolicy{
		Max: apitoken.Days(365), Limits: []apitoken.LifetimeLimit{{Kind: "ci", Max: apitoken.Days(7)}}, Exemptions: []apitoken.Exemption{exemption(bob)},
	})
	h.must(err)
	limit := func(l ...apitoken.LifetimeLimit) func(*apitoken.MaxLifetimePolicy) {
		return func(p *apitoken.MaxLifetimePolicy) { p.Limits = l }
	}
	edited := func(edit func(e *apitoken.Exemption)) func(*apitoken.MaxLifetimePolicy) {
		return func(p *apitoken.MaxLifetimePolicy) {
			e := exemption(carol)
			edit(&e)
			p.Exemptions = append(p.Exemptions, e)
		}
	}
	day := apitoken.Days(1)
	tests := []struct {
		name string
		edit func(*apitoken.MaxLifetimePolicy)
		want string // how the field and the problem begin
	}{
		{"a limit for nobody", limit(apitoken.LifetimeLimit{Max: day}), "limit 1: has neither a role nor a kind"},
		{"a limit of a role twice", limit(apitoken.LifetimeLimit{Role: "lead", Max: day}, apitoken.LifetimeLimit{Kind: "ci", Max: day}, apitoken.LifetimeLimit{Role: "lead", Max: 2 * day}),
			"limit 3: repeats the limit of role lead"},
		{"a limit twice", limit(apitoken.LifetimeLimit{Role: "lead", Kind: "ci", Max: day}, apitoken.LifetimeLimit{Role: "lead", Kind: "ci", Max: day}),
			"limit 2: repeats the limit of role lead and kind ci"},
		{"a limit of an unknown role", limit(apitoken.LifetimeLimit{Role: "boss", Max: day}), `limit 1 role: "boss" is not declared`},
		{"a limit of an unknown kind", limit(apitoken.LifetimeLimit{Kind: "badge", Max: day}), `limit 1 kind: "badge" is not declared`},
		{"a limit without a maximum", limit(apitoken.LifetimeLimit{Kind: "ci"}), "limit 1 maximum: is 0s, at least 1µs"},
		{"a negative limit", limit(apitoken.LifetimeLimit{Kind: "ci", Max: -day}), "limit 1 maximum: is -24h0m0s, at least"},
		{"a limit in another unit", limit(apitoken.LifetimeLimit{Kind: "ci", Max: 2592000}), "limit 1 maximum: is 2.592ms, at least 1m0s is needed"},
		{"a limit of over 100 years", limit(apitoken.LifetimeLimit{Kind: "ci", Max: apitoken.Days(36501)}), "limit 1 maximum: is 36501 days, at most 36500 days"},
		{"a limit of no expiration", limit(apitoken.LifetimeLimit{Kind: "ci", Max: apitoken.NoExpiration}), "limit 1 maximum: is no expiration, which limits nothing"},
		{"101 limits", limit(make([]apitoken.LifetimeLimit, 101)...), "limits: are 101, at most 100"},
		{"an exemption for nobody", edited(func(e *apitoken.Exemption) { e.User = "" }), "exemption 2 user: is empty"},
		{"a user id over 255 bytes", edited(func(e *apitoken.Exemption) { e.User = apitoken.UserID(strings.Repeat("a", 256)) }), "exemption 2 user: is 256 bytes long, at most 255"},
		{"an exemption twice", edited(func(e *apitoken.Exemption) { e.User = bob }), "exemption 2: repeats the user and the kind"},
		{"an exemption of an unknown kind", edited(func(e *apitoken.Exemption) { e.Kind = "badge" }), `exemption 2 kind: "badge" is not declared`},
		{"an exemption without a maximum", edited(func(e *apitoken.Exemption) { e.Max = 0 }), "exemption 2 maximum: is 0s, at least"},
		{"an exemption in another unit", edited(func(e *apitoken.Exemption) { e.Max = 90 }), "exemption 2 maximum: is 90ns, at least 1m0s"},
		{"an exemption without an end", edited(func(e *apitoken.Exemption) { e.Until = time.Time{} }), "exemption 2 until: is missing"},
		{"an exemption that has ended", edited(func(e *apitoken.Exemption) { e.Until = start }), "exemption 2 until: is not in the future"},
		{"an exemption beyond a year", edited(func(e *apitoken.Exemption) { e.Until = start.AddDate(1, 0, 0).Add(time.Microsecond) }),
			"exemption 2 until: is more than a year ahead, 2027-03-01T12:00:00Z is the limit"},
		{"an exemption in the year 2200", edited(func(e *apitoken.Exemption) { e.Until = year2200 }), "exemption 2 until: is in 2200, 1970 to 2199"},
		{"an exemption without a reason", edited(func(e *apitoken.Exemption) { e.Reason = "" }), "exemption 2 reason: is empty"},
		{"a reason of spaces", edited(func(e *apitoken.Exemption) { e.Reason = "  " }), "exemption 2 reason: is empty"},
		{"a reason with a space at its end", edited(func(e *apitoken.Exemption) { e.Reason = "audit " }), "exemption 2 reason: has a space at an end"},
		{"a reason of 256 bytes", edited(func(e *apitoken.Exemption) { e.Reason = strings.Repeat("a", 256) }), "exemption 2 reason: is 256 bytes long, at most 255"},
		{"a reason with a line break", edited(func(e *apitoken.Exemption) { e.Reason = "a\nb" }), "exemption 2 reason: contains the invisible character U+000A"},
		{"a reason that is not text", edited(func(e *apitoken.Exemption) { e.Reason = "a\xff" }), "exemption 2 reason: is not valid UTF-8"},
		{"an unknown user", edited(func(e *apitoken.Exemption) { e.User = "carl" }), `exemption 2 user: "carl" is not known`},
		{"101 exemptions", func(p *apitoken.MaxLifetimePolicy) { p.Exemptions = make([]apitoken.Exemption, 101) }, "exemptions: are 101, at most 100"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			events := len(h.events())
			p := must(h.Policy(ctx))
			tt.edit(&p)
			_, err := h.SetPolicy(ctx, apitoken.As(ada), p)
			if !errors.Is(err, apitoken.ErrInvalid) || !strings.Contains(fmt.Sprint(err), "invalid: "+tt.want) {
				t.Errorf("SetPolicy: %v, want ErrInvalid that begins with %q", err, tt.want)
			}
			if diff := cmp.Diff(before, must(h.Policy(ctx))); diff != "" {
				t.Errorf("policy (-before +after):\n%s", diff)
			}
			if got := len(h.events()); got != events {
				t.Errorf("%d events are new, want none", got-events)
			}
		})
	}
}

// What is unusual and has a meaning is accepted.
func TestUnusualLayersAreAccepted(t *testing.T) {
	longest := exemption(carol)
	longest.Until, longest.Reason = start.AddDate(1, 0, 0), strings.Repeat("ü", 127)+"a"
	shorter := exemption(carol)
	shorter.Max = time.Hour
	ofKind := exemption(bob)
	ofKind.Kind = "ci"
	tests := []struct {
		name string
		p    apitoken.MaxLifetimePolicy
	}{
		{"a limit above the maximum", apitoken.MaxLifetimePolicy{Limits: []apitoken.LifetimeLimit{{Kind: "ci", Max: apitoken.Days(60)}}}},
		{"a limit above that of its role", apitoken.MaxLifetimePolicy{Limits: []apitoken.LifetimeLimit{{Role: "lead", Max: time.Hour}, {Role: "lead", Kind: "ci", Max: apitoken.Days(1)}}}},
		{"the longest exemption", apitoken.MaxLifetimePolicy{Exemptions: []apitoken.Exemption{longest}}},
		{"an exemption below the maximum", apitoken.MaxLifetimePolicy{Exemptions: []apitoken.Exemption{shorter}}},
		{"exemptions of a user for any kind and for one", apitoken.MaxLifetimePolicy{Exemptions: []apitoken.Exemption{exemption(bob), ofKind}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newLayersHost(t)
			tt.p.Max = apitoken.Days(30)
			h.must(second(h.SetPolicy(ctx, apitoken.As(ada), tt.p)))
		})
	}
}

func TestNobodyExemptsThemselvesOrSomebodyOfMorePermissions(t *testing.T) {
	tests := []struct {
		name    string
		actor   apitoken.Actor
		user    apitoken.UserID
		wantErr error
		reason  string // of the denial
	}{
		{"an administrator a user", apitoken.As(ada), bob, nil, ""},
		{"an administrator another one", apitoken.As(ada), "eve", nil, ""},
		{"an administrator themselves", apitoken.As(ada), ada, apitoken.ErrDenied, "an actor cannot exempt themselves"},
		{"an administrator somebody disabled", apitoken.As(ada), dan, nil, ""},
		{"the host itself an administrator", apitoken.System(), ada, nil, ""},
		{"the host itself an unknown user", apitoken.System(), "later", nil, ""},
		{"an auditor a user", apitoken.As("aud"), bob, nil, ""},
		{"an auditor an administrator", apitoken.As("aud"), ada, apitoken.ErrDenied, "the user holds permissions that the actor lacks"},
		{"an auditor somebody with a permission of the host", apitoken.As("aud"), "dee", apitoken.ErrDenied, "the user holds permissions that the actor lacks"},
		{"an auditor an unknown user", apitoken.As("aud"), "carl", apitoken.ErrDenied, "the user holds permissions that the actor lacks"},
		{"a lead an unknown user", apitoken.As("lea"), "carl", apitoken.ErrInvalid, ""},
		{"a lead an administrator", apitoken.As("lea"), ada, apitoken.ErrDenied, "the user holds permissions that the actor lacks"},
		{"a user another one", apitoken.As(bob), carol, apitoken.ErrDenied, "needs SetPolicy"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newLayersHost(t)
			got, err := h.SetPolicy(ctx, tt.actor, apitoken.MaxLifetimePolicy{Max: apitoken.Days(30), Exemptions: []apitoken.Exemption{exemption(tt.user)}})
			if !errors.Is(err, tt.wantErr) || (err == nil) != (tt.wantErr == nil) {
				t.Fatalf("SetPolicy: %v, want %v", err, tt.wantErr)
			}
			if stored := must(h.Policy(ctx)); err != nil && stored.Revision != 0 {
				t.Errorf("the policy is %+v, want none", stored)
			}
			events := h.events()
			if last := events[len(events)-1]; errors.Is(err, apitoken.ErrDenied) && last.Reason != tt.reason {
				t.Errorf("the denial says %q, want %q", last.Reason, tt.reason)
			}
			if err != nil {
				return
			}
			want := exemption(tt.user)
			want.By, want.At = tt.actor.User, start
			if diff := cmp.Diff([]apitoken.Exemption{want}, got.Exemptions); diff != "" {
				t.Errorf("exemptions (-want +got):\n%s", diff)
			}
		})
	}
}

// An administrator who saves the policy with an exemption of another one does not grant it anew.
func TestAnUnchangedExemptionNeedsNoPermissionToStay(t *testing.T) {
	h := newLayersHost(t)
	granted, err := h.SetPolicy(ctx, apitoken.As(ada), apitoken.MaxLifetimePolicy{
		Max: apitoken.Days(30), Exemptions: []apitoken.Exemption{exemption("eve"), exemption("aud")},
	})
	h.must(err)
	h.clock.Add(time.Hour)
	save := func(edit func(*apitoken.MaxLifetimePolicy)) (apitoken.MaxLifetimePolicy, error) {
		p := must(h.Policy(ctx))
		edit(&p)
		return h.SetPolicy(ctx, apitoken.As("aud"), p)
	}
	for name, edit := range map[string]func(*apitoken.MaxLifetimePolicy){
		"another maximum": func(p *apitoken.MaxLifetimePolicy) { p.Max = apitoken.Days(20) },
		"another author and time": func(p *apitoken.MaxLifetimePolicy) {
			p.Exemptions[0].By, p.Exemptions[1].At = "aud", start.Add(time.Minute)
		},
		"another zone": func(p *apitoken.MaxLifetimePolicy) {
			p.Exemptions[0].Until = p.Exemptions[0].Until.In(time.FixedZone("UTC+14", 14*3600))
		},
	} {
		got, err := save(edit)
		h.must(err)
		if diff := cmp.Diff(granted.Exemptions, got.Exemptions); diff != "" {
			t.Errorf("%s: exemptions (-want +got):\n%s", name, diff)
		}
	}
	for name, edit := range map[string]func(*apitoken.Exemption){
		"longer": func(e *apitoken.Exemption) { e.Max++; e.Max += time.Hour }, "shorter": func(e *apitoken.Exemption) { e.Max = time.Hour },
		"later": func(e *apitoken.Exemption) { e.Until = e.Until.Add(time.Hour) }, "another kind": func(e *apitoken.Exemption) { e.Kind = "ci" },
		"another reason": func(e *apitoken.Exemption) { e.Reason = "audit" },
	} {
		for i, who := range []string{"an administrator's", "their own"} {
			if _, err := save(func(p *apitoken.MaxLifetimePolicy) { edit(&p.Exemptions[i]) }); !errors.Is(err, apitoken.ErrDenied) {
				t.Errorf("an auditor makes %s exemption %s: %v, want ErrDenied", who, name, err)
			}
		}
	}
	h.clock.Set(start.AddDate(0, 6, 0))
	got, err := save(func(p *apitoken.MaxLifetimePolicy) {})
	h.must(err)
	if diff := cmp.Diff(granted.Exemptions, got.Exemptions); diff != "" {
		t.Errorf("exemptions that have expired (-want +got):\n%s", diff)
	}
	got, err = save(func(p *apitoken.MaxLifetimePolicy) { p.Exemptions = nil })
	h.must(err)
	if len(got.Exemptions) > 0 {
		t.Errorf("the exemptions are %+v, want none", got.Exemptions)
	}
}

// A host that edits what Policy and SetPolicy return, as a form does, edits nothing that a store has.
func TestThePolicyThatIsReturnedBelongsToTheCaller(t *testing.T) {
	h := newLayersHost(t)
	p := apitoken.MaxLifetimePolicy{
		Max: apitoken.Days(30), Limits: []apitoken.LifetimeLimit{{Kind: "ci", Max: apitoken.Days(7)}}, Exemptions: []apitoken.Exemption{exemption(bob)},
	}
	set, err := h.SetPolicy(ctx, apitoken.As(ada), p)
	h.must(err)
	if diff := cmp.Diff([]apitoken.Exemption{exemption(bob)}, p.Exemptions); diff != "" {
		t.Errorf("the exemptions that were passed (-before +after):\n%s", diff)
	}
	want, read := must(h.Policy(ctx)), must(h.Policy(ctx))
	for _, mine := range []apitoken.MaxLifetimePolicy{p, set, read} {
		mine.Limits[0].Max, mine.Exemptions[0].Max = 1, 1
	}
	if diff := cmp.Diff(want, must(h.Policy(ctx))); diff != "" {
		t.Errorf("policy (-before +after):\n%s", diff)
	}
}

func TestExemptionsUseTheCanonicalUserID(t *testing.T) {
	h := newHost(t, apitoken.Options{CanonicalUserID: func(id apitoken.UserID) apitoken.UserID { return apitoken.UserID(strings.ToLower(string(id))) }})
	p := apitoken.MaxLifetimePolicy{Max: apitoken.Days(30), Exemptions: []apitoken.Exemption{exemption("BOB")}}
	h.must(second(h.SetPolicy(ctx, apitoken.As(ada), p)))
	if token, _ := h.mustGenerateOwn(bob, "exempt"); token.ExpiresAt.Sub(token.CreatedAt) != apitoken.Days(90) {
		t.Errorf("the token expires %s, want 90 days after %s", token.ExpiresAt, token.CreatedAt)
	}
	p.Exemptions = append(p.Exemptions, exemption("Bob"))
	if _, err := h.SetPolicy(ctx, apitoken.As(ada), p); !errors.Is(err, apitoken.ErrInvalid) {
		t.Errorf("the same user in two spellings: %v, want ErrInvalid", err)
	}
	p.Exemptions = []apitoken.Exemption{exemption("ADA")}
	if _, err := h.SetPolicy(ctx, apitoken.As(ada), p); !errors.Is(err, apitoken.ErrDenied) {
		t.Errorf("an administrator exempts themselves in another spelling: %v, want ErrDenied", err)
	}
}

func TestForgetUserFindsExemptions(t *testing.T) {
	for name, id := range map[string]apitoken.UserID{"a plain id": erin, "an id that is quoted": `erin "; exemption of bob`} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			h.mustPutUser(id, apitoken.RoleAdmin)
			theirs, others := exemption(id), exemption(bob)
			theirs.Reason = `of Erin; "erin`
			others.Reason = "exemption of forgotten; migration"
			longer := exemption(id + "x")
			longer.Reason = "somebody else"
			h.must(second(h.SetPolicy(ctx, apitoken.System(), apitoken.MaxLifetimePolicy{Max: apitoken.Days(30), Exemptions: []apitoken.Exemption{others, theirs, longer}})))
			h.must(second(h.SetPolicy(ctx, apitoken.As(ada), apitoken.MaxLifetimePolicy{Max: apitoken.Days(30), Exemptions: []apitoken.Exemption{theirs, longer}})))
			h.must(second(h.SetPolicy(ctx, apitoken.As(id), apitoken.MaxLifetimePolicy{Max: apitoken.Days(30), Exemptions: []apitoken.Exemption{theirs, exemption(carol)}})))
			h.must(h.ForgetUser(ctx, apitoken.System(), id))

			p := must(h.Policy(ctx))
			pseudonym := p.UpdatedBy
			got := fmt.Sprintf("%+v", p)
			for _, e := range h.events() {
				got += "\n" + fmt.Sprintf("%+v", e)
			}
			left := strings.ReplaceAll(got, fmt.Sprintf("%q", id+"x"), "X")
			left = strings.ReplaceAll(left, string(id+"x"), "X")
			wantForgotten(t, left)
			for _, want := range []string{"exemption of bob until 2026-09-01 12:00:00 UTC added: 90 days, \"exemption of forgotten; migration\"", "exemption of carol", "somebody else"} {
				if !strings.Contains(got, want) {
					t.Errorf("%q is gone from\n%s", want, got)
				}
			}
			if e := p.Exemptions[0]; e.User != pseudonym || e.Reason != "forgotten" || p.Exemptions[1].By != pseudonym {
				t.Errorf("the exemptions are %+v, want the pseudonym as user and as grantor", p.Exemptions)
			}
			p.Max = apitoken.Days(20)
			if _, err := h.SetPolicy(ctx, apitoken.As(ada), p); err != nil {
				t.Errorf("SetPolicy with what is left: %v, want nil", err)
			}
		})
	}
}
