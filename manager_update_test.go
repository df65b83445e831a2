package apitoken_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestUpdateTokenChangesOnlyNameAndDescription(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{
		Owner: bob, Name: "ci", Description: "nightly build", Resource: "project:web", Lifetime: time.Hour,
	})
	for _, step := range []struct {
		name              string
		actor             apitoken.Actor
		change            apitoken.TokenChange
		want, description string
	}{
		{"the name", apitoken.As(bob), apitoken.TokenChange{Name: to("cd")}, "cd", "nightly build"},
		{"the description", apitoken.As(ada), apitoken.TokenChange{Description: to("for releases")}, "cd", "for releases"},
		{"no description", apitoken.System(), apitoken.TokenChange{Description: to("")}, "cd", ""},
		{"both", h.withToken(bob, "", ""), apitoken.TokenChange{Name: to("ci"), Description: to("Nächtlicher Bau")}, "ci", "Nächtlicher Bau"},
	} {
		t.Run(step.name, func(t *testing.T) {
			h.clock.Add(time.Minute)
			was := must(h.Token(ctx, apitoken.As(bob), token.ID))
			want := was
			want.Name, want.Description = step.want, step.description
			got, err := h.UpdateToken(ctx, step.actor, token.ID, step.change)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("UpdateToken: %v; token (-want +got):\n%s", err, diff)
			}
			if diff := cmp.Diff(want, must(h.Token(ctx, apitoken.As(bob), token.ID))); diff != "" {
				t.Errorf("Token (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want.Description, h.mustAuthenticate(text).Token.Description); diff != "" {
				t.Errorf("the description of Authenticate (-want +got):\n%s", diff)
			}
			all := h.events()
			event := all[len(all)-1]
			wantEvent := apitoken.Event{
				Seq: event.Seq, ID: event.ID, At: h.Now(), Action: apitoken.ActionUpdateToken, Outcome: apitoken.OutcomeDone,
				Actor: step.actor, Owner: bob, Token: token.ID,
				Before: apitoken.State{Name: was.Name, Description: was.Description, Kind: was.Kind, Resource: was.Resource, ExpiresAt: was.ExpiresAt},
				After:  apitoken.State{Name: want.Name, Description: want.Description, Kind: was.Kind, Resource: was.Resource, ExpiresAt: was.ExpiresAt},
			}
			if diff := cmp.Diff(wantEvent, event); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUpdateTokenWithoutAChangeWritesNothing(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, _ := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci", Description: "nightly build"})
	events := len(h.events())
	for name, change := range map[string]apitoken.TokenChange{
		"nothing": {}, "the same name": {Name: to("ci")}, "both the same": {Name: to("ci"), Description: to("nightly build")},
	} {
		got, err := h.UpdateToken(ctx, apitoken.As(bob), token.ID, change)
		if diff := cmp.Diff(token, got); diff != "" || err != nil {
			t.Errorf("%s: %v; token (-want +got):\n%s", name, err, diff)
		}
	}
	if got := len(h.events()); got != events || h.store.count("ChangeToken") != 0 {
		t.Errorf("%d events and %d writes of no change, want none", got-events, h.store.count("ChangeToken"))
	}
}

func TestBadDescriptionsAreRefused(t *testing.T) {
	for _, tt := range []struct{ name, description, says string }{
		{"256 bytes", strings.Repeat("x", 256), "description: is 256 bytes long, at most 255 are allowed"},
		{"two lines", "one\ntwo", "description: contains the invisible character U+000A"},
		{"turned around", "a\u202eb", "description: contains the invisible character U+202E"},
		{"a space at the end", "x ", "description: begins or ends with a space"},
		{"only an accent", "\u0301", "description: has no visible character"},
		{"not UTF-8", "x\xff", "description: is not valid UTF-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			token, _ := h.mustGenerateOwn(bob, "ci")
			events := len(h.events())
			for what, err := range map[string]error{
				"Generate":    third(h.Generate(ctx, apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "x", Description: tt.description})),
				"UpdateToken": second(h.UpdateToken(ctx, apitoken.As(bob), token.ID, apitoken.TokenChange{Description: &tt.description})),
			} {
				if !errors.Is(err, apitoken.ErrInvalid) || !strings.HasSuffix(err.Error(), tt.says) {
					t.Errorf("%s: %v, want ErrInvalid with %q", what, err, tt.says)
				}
			}
			if got := len(h.events()); got != events || len(h.tokens()) != 1 {
				t.Errorf("%d events and %d tokens of refusals, want none", got-events, len(h.tokens())-1)
			}
		})
	}
	h := newHost(t, apitoken.Options{})
	longest := strings.Repeat("ü", 127) + "x"
	token, _ := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci", Description: longest})
	if token.Description != longest {
		t.Errorf("a description of 255 bytes became %q", token.Description)
	}
}

func TestUpdateTokenRefusesBadNames(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, _ := h.mustGenerateOwn(bob, "ci")
	for name, says := range map[string]string{
		"": "name: is empty", " x": "name: begins or ends with a space", strings.Repeat("x", 101): "name: is 101 characters long, at most 100 are allowed",
	} {
		_, err := h.UpdateToken(ctx, apitoken.As(bob), token.ID, apitoken.TokenChange{Name: &name})
		if !errors.Is(err, apitoken.ErrInvalid) || !strings.HasSuffix(err.Error(), says) {
			t.Errorf("%q: %v, want ErrInvalid with %q", name, err, says)
		}
	}
}

func TestOnlyActiveTokensAreUpdated(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(h host, token apitoken.Token) error
		want error
	}{
		{"revoked", func(h host, token apitoken.Token) error { return h.Revoke(ctx, apitoken.As(bob), token.ID) }, apitoken.ErrRevoked},
		{"revoked with all", func(h host, _ apitoken.Token) error { return h.RevokeAll(ctx, apitoken.As(bob), bob) }, apitoken.ErrRevoked},
		{"of a disabled user", func(h host, _ apitoken.Token) error { return h.DisableUser(ctx, apitoken.As(ada), bob) }, apitoken.ErrRevoked},
		{"expired", func(h host, _ apitoken.Token) error { h.clock.Add(time.Hour); return nil }, apitoken.ErrExpired},
		{"a microsecond before it expires", func(h host, _ apitoken.Token) error { h.clock.Add(time.Hour - time.Microsecond); return nil }, nil},
		{"of a suspended user", func(h host, _ apitoken.Token) error { return h.SuspendUser(ctx, apitoken.As(ada), bob) }, nil},
	} {
		for _, when := range []string{"before it is read", "after it is read"} {
			t.Run(tt.name+" "+when, func(t *testing.T) {
				h := newHost(t, apitoken.Options{})
				token, _ := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci", Lifetime: time.Hour})
				if when == "before it is read" {
					h.must(tt.end(h, token))
				} else if tt.want != apitoken.ErrExpired { // each call judges by one time
					h.store.before = once("ChangeToken", func() error { return tt.end(h, token) })
				} else {
					t.Skip("the clock does not matter after the decision")
				}
				_, err := h.UpdateToken(ctx, apitoken.As(ada), token.ID, apitoken.TokenChange{Description: to("too late")})
				if !errors.Is(err, tt.want) {
					t.Errorf("UpdateToken: %v, want %v", err, tt.want)
				}
				stored := must(h.Token(ctx, apitoken.As(ada), token.ID))
				if changed := stored.Description != ""; changed != (tt.want == nil) {
					t.Errorf("the description is %q after %v", stored.Description, err)
				}
			})
		}
	}
}

// once returns a function for spyStore.before that does something before the first call of a method.
func once(method string, do func() error) func(string) error {
	done := false
	return func(called string) error {
		if called != method || done {
			return nil
		}
		done = true
		return do()
	}
}

func TestUpdateTokenTakesOnlyAFreeName(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	first, _ := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "first", Lifetime: time.Hour})
	second, _ := h.mustGenerateOwn(bob, "second")
	h.mustGenerateOwn(carol, "carol's")
	rename := func(id apitoken.TokenID, name string) error {
		_, err := h.UpdateToken(ctx, apitoken.As(bob), id, apitoken.TokenChange{Name: &name})
		return err
	}
	if err := rename(second.ID, "first"); !errors.Is(err, apitoken.ErrExists) {
		t.Errorf("a name that is held: %v, want ErrExists", err)
	}
	h.must(rename(second.ID, "carol's"))
	h.mustGenerateOwn(bob, "second") // which is free now
	if err := rename(first.ID, "second"); !errors.Is(err, apitoken.ErrExists) {
		t.Errorf("a name that was given up and taken: %v, want ErrExists", err)
	}
	h.clock.Add(time.Hour)
	h.must(rename(second.ID, "first")) // whose holder has expired
	if _, _, err := h.Generate(ctx, apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "first"}); !errors.Is(err, apitoken.ErrExists) {
		t.Errorf("generating a token of the new name: %v, want ErrExists", err)
	}
}

// Two people change one token at the same time. Neither undoes what the other has changed.
func TestConcurrentUpdatesOfATokenBothCount(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, _ := h.mustGenerateOwn(bob, "ci")
	h.store.before = once("ChangeToken", func() error {
		return second(h.UpdateToken(ctx, apitoken.As(ada), token.ID, apitoken.TokenChange{Description: to("for releases")}))
	})
	got, err := h.UpdateToken(ctx, apitoken.As(bob), token.ID, apitoken.TokenChange{Name: to("cd")})
	if err != nil || got.Name != "cd" || got.Description != "for releases" {
		t.Errorf("UpdateToken: %q, %q, %v, want both changes", got.Name, got.Description, err)
	}
	var history []string
	for _, e := range h.events() {
		if e.Action == apitoken.ActionUpdateToken {
			history = append(history, e.Before.Name+"/"+e.Before.Description+" > "+e.After.Name+"/"+e.After.Description)
		}
	}
	if diff := cmp.Diff([]string{"ci/ > ci/for releases", "ci/for releases > cd/for releases"}, history); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestAnUncertainUpdateMayBeRepeated(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, _ := h.mustGenerateOwn(bob, "ci")
	change := apitoken.TokenChange{Name: to("cd")}
	h.store.after = failOn("ChangeToken", apitoken.ErrUncertain)
	if _, err := h.UpdateToken(ctx, apitoken.As(bob), token.ID, change); !errors.Is(err, apitoken.ErrUncertain) {
		t.Errorf("UpdateToken: %v, want ErrUncertain", err)
	}
	events := len(h.events())
	got, err := h.UpdateToken(ctx, apitoken.As(bob), token.ID, change)
	if err != nil || got.Name != "cd" || len(h.events()) != events {
		t.Errorf("UpdateToken again: %q, %v, and %d more events, want the changed token and none", got.Name, err, len(h.events())-events)
	}
}

// An administrator who is demoted while the change waits may not make it any more.
func TestUpdateTokenDecidesAnewAfterAConflict(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, _ := h.mustGenerateOwn(bob, "ci")
	h.store.before = once("ChangeToken", func() error {
		h.mustPutUser(ada, apitoken.RoleUser)
		return second(h.UpdateToken(ctx, apitoken.As(bob), token.ID, apitoken.TokenChange{Name: to("cd")}))
	})
	_, err := h.UpdateToken(ctx, apitoken.As(ada), token.ID, apitoken.TokenChange{Description: to("for releases")})
	if !errors.Is(err, apitoken.ErrNotFound) {
		t.Errorf("UpdateToken by a former administrator: %v, want ErrNotFound", err)
	}
}

func TestADescriptionBelongsToTheIdempotentRequest(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	p := apitoken.GenerateParams{Owner: bob, Name: "ci", Description: "nightly build", IdempotencyKey: "k"}
	h.mustGenerate(apitoken.As(bob), p)
	again, _ := h.mustGenerate(apitoken.As(bob), p)
	if again.Description != p.Description {
		t.Errorf("the token of the repeated request has the description %q", again.Description)
	}
	p.Description = "something else"
	if _, _, err := h.Generate(ctx, apitoken.As(bob), p); !errors.Is(err, apitoken.ErrExists) || errors.Is(err, apitoken.ErrRepeated) {
		t.Errorf("another description: %v, want ErrExists", err)
	}
}
