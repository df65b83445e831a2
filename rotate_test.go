package apitoken_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

func (h host) mustRotate(actor apitoken.Actor, id apitoken.TokenID, p apitoken.RotateParams) (apitoken.Token, string) {
	h.t.Helper()
	token, secret, err := h.Rotate(ctx, actor, id, p)
	h.must(err)
	return token, secret.Reveal()
}

// mustToken returns a token as it is now.
func (h host) mustToken(id apitoken.TokenID) apitoken.Token {
	h.t.Helper()
	token, err := h.Token(ctx, apitoken.System(), id)
	h.must(err)
	return token
}

// accepts checks whether a text authenticates: nil, or the reason of the refusal.
func (h host) accepts(what, text string, want error) {
	h.t.Helper()
	_, err := h.Authenticate(ctx, text)
	if want == nil && err != nil || !errors.Is(err, want) {
		h.t.Errorf("%s: Authenticate returns %v, want %v", what, err, want)
	}
}

func (h host) eventsOf(action apitoken.Action) (all []apitoken.Event) {
	h.t.Helper()
	for _, e := range h.events() {
		if e.Action == action {
			all = append(all, e)
		}
	}
	return all
}

func TestASuccessorHasWhatTheOldTokenHas(t *testing.T) {
	h := newHost(t, apitoken.Options{Kinds: []apitoken.Kind{"ci"}})
	old, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{
		Owner: bob, Name: "deploy", Kind: "ci", Resource: "project:web", Description: "nightly build", Lifetime: apitoken.Days(30),
		Permissions: apitoken.GenerateOwn,
	})
	h.clock.Add(time.Hour)
	now := h.Now()
	got, successor := h.mustRotate(apitoken.As(ada), old.ID, apitoken.RotateParams{Overlap: 2 * time.Hour, Lifetime: apitoken.Days(60)})
	want := old
	want.ID, want.Hint, want.Replaces = got.ID, got.Hint, old.ID
	want.CreatedAt, want.CreatedBy, want.ExpiresAt = now, ada, now.Add(apitoken.Days(60))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("successor (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(got, h.mustToken(got.ID)); diff != "" {
		t.Errorf("successor as stored (-want +got):\n%s", diff)
	}
	replaced := old
	replaced.ExpiresAt, replaced.ReplacedBy = now.Add(2*time.Hour), got.ID
	if diff := cmp.Diff(replaced, h.mustToken(old.ID)); diff != "" {
		t.Errorf("old token (-want +got):\n%s", diff)
	}
	state := func(token apitoken.Token) apitoken.State {
		return apitoken.State{
			Name: token.Name, Description: token.Description, Kind: token.Kind, Resource: token.Resource,
			Permissions: token.Permissions.String(), ExpiresAt: token.ExpiresAt,
			Replaces: token.Replaces, ReplacedBy: token.ReplacedBy,
		}
	}
	after := state(got)
	after.MaxLifetime, after.ReplacedExpiresAt = apitoken.NoExpiration, replaced.ExpiresAt
	rotated := apitoken.Event{
		At: now, Action: apitoken.ActionRotate, Outcome: apitoken.OutcomeDone, Actor: apitoken.As(ada), Owner: bob, Token: got.ID,
		Before: state(old), After: after,
	}
	h.accepts("the old token before the first use", text, nil)
	h.clock.Add(time.Minute)
	used := h.Now()
	h.accepts("the successor", successor, nil)
	h.accepts("the old token after the first use", text, apitoken.ErrReplaced)
	replaced.RevokedAt, replaced.RevokedBy = used, bob
	if diff := cmp.Diff(replaced, h.mustToken(old.ID)); diff != "" {
		t.Errorf("old token after the first use (-want +got):\n%s", diff)
	}
	ended := apitoken.Event{
		At: used, Action: apitoken.ActionReplaced, Outcome: apitoken.OutcomeDone, Owner: bob, Token: old.ID,
		Actor: apitoken.Actor{Kind: apitoken.ActorToken, User: bob, Token: got.ID},
		After: apitoken.State{RevokedAt: used, ReplacedBy: got.ID},
	}
	events := h.events()
	events = events[len(events)-2:]
	for i := range events {
		events[i].ID, events[i].Seq = apitoken.EventID{}, 0
	}
	if diff := cmp.Diff([]apitoken.Event{rotated, ended}, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestTheOldTokenExpiresAfterTheOverlapAndNeverLater(t *testing.T) {
	const left = time.Hour
	for _, tt := range []struct {
		name     string
		lifetime time.Duration
		opts     apitoken.Options
		overlap  time.Duration
		want     time.Duration
	}{
		{"no overlap asked", apitoken.NoExpiration, apitoken.Options{}, 0, 24 * time.Hour},
		{"the overlap of the host", apitoken.Days(90), apitoken.Options{RotationOverlap: time.Minute}, 0, time.Minute},
		{"a longer one asked", apitoken.Days(90), apitoken.Options{RotationOverlap: time.Minute}, apitoken.Days(30), apitoken.Days(30)},
		{"a longer one than the token has left", left, apitoken.Options{}, apitoken.Days(30), left},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, tt.opts)
			old, text := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci", Lifetime: tt.lifetime})
			h.mustRotate(apitoken.As(bob), old.ID, apitoken.RotateParams{Overlap: tt.overlap})
			if got := h.mustToken(old.ID).ExpiresAt.Sub(start); got != tt.want {
				t.Errorf("the old token expires after %s, want %s", got, tt.want)
			}
			h.clock.Add(tt.want - time.Microsecond)
			h.accepts("a microsecond before", text, nil)
			h.clock.Add(time.Microsecond)
			h.accepts("at the deadline", text, apitoken.ErrExpired)
		})
	}
}

func TestRotatingAgainReplacesTheUnusedSuccessor(t *testing.T) {
	for _, which := range []string{"the old token", "the unused successor"} {
		t.Run(which, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			old, text := h.mustGenerateOwn(bob, "ci")
			lost, lostText := h.mustRotate(apitoken.As(bob), old.ID, apitoken.RotateParams{Overlap: time.Hour})
			deadline := h.mustToken(old.ID).ExpiresAt
			h.clock.Add(time.Minute)
			id := old.ID
			if which != "the old token" {
				id = lost.ID
			}
			second, secondText := h.mustRotate(apitoken.As(ada), id, apitoken.RotateParams{Overlap: apitoken.Days(2)})
			if is := h.mustToken(old.ID); is.ExpiresAt != deadline || is.ReplacedBy != second.ID || second.Replaces != old.ID {
				t.Errorf("the old token expires at %s, replaced by %s, want %s, %s", is.ExpiresAt, is.ReplacedBy, deadline, second.ID)
			}
			if is := h.mustToken(lost.ID); is.RevokedAt != h.Now() || is.RevokedBy != ada || is.ReplacedBy != second.ID {
				t.Errorf("the lost successor is %+v, want it revoked now by %s and replaced by %s", is, ada, second.ID)
			}
			h.accepts("the lost successor", lostText, apitoken.ErrReplaced)
			h.accepts("the old token", text, nil)
			h.accepts("the second successor", secondText, nil)
			h.accepts("the old token after the first use", text, apitoken.ErrReplaced)
			for _, gone := range []apitoken.TokenID{old.ID, lost.ID} {
				if err := third(h.Rotate(ctx, apitoken.As(bob), gone, apitoken.RotateParams{})); !errors.Is(err, apitoken.ErrReplaced) {
					t.Errorf("rotating a replaced token: %v, want ErrReplaced", err)
				}
			}
			h.mustRotate(apitoken.As(bob), second.ID, apitoken.RotateParams{})
			h.accepts("a used successor that was rotated", secondText, nil)
		})
	}
}

// Nothing else authenticates any more, so the successor may be in use although it was never used.
func TestAnUnusedSuccessorWhoseOldTokenEndedGetsAnOverlap(t *testing.T) {
	for name, end := range map[string]func(h host, old apitoken.Token){
		"expired": func(h host, _ apitoken.Token) { h.clock.Add(apitoken.Days(1)) },
		"revoked": func(h host, old apitoken.Token) { h.must(h.Revoke(ctx, apitoken.As(bob), old.ID)) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			old, _ := h.mustGenerateOwn(bob, "ci")
			next, text := h.mustRotate(apitoken.As(bob), old.ID, apitoken.RotateParams{})
			end(h, old)
			last, _ := h.mustRotate(apitoken.As(bob), next.ID, apitoken.RotateParams{})
			if last.Replaces != next.ID {
				t.Errorf("the last token replaces %s, want %s", last.Replaces, next.ID)
			}
			h.accepts("the unused successor", text, nil)
			if n := len(h.eventsOf(apitoken.ActionReplaced)); n != 0 {
				t.Errorf("%d events of a first use, want none: the successor was replaced itself", n)
			}
		})
	}
}

// The old token was given up by the overlap, and its name may be in use by now.
func TestRotatingAfterTheSuccessorWasRevoked(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	old, text := h.mustGenerateOwn(bob, "ci")
	next, _ := h.mustRotate(apitoken.As(bob), old.ID, apitoken.RotateParams{})
	h.must(h.Revoke(ctx, apitoken.As(bob), next.ID))
	h.accepts("the old token", text, nil)
	other, _ := h.mustGenerateOwn(bob, "ci")
	if err := third(h.Rotate(ctx, apitoken.As(bob), old.ID, apitoken.RotateParams{})); !errors.Is(err, apitoken.ErrExists) {
		t.Errorf("rotating while another token has the name: %v, want ErrExists", err)
	}
	h.must(h.Revoke(ctx, apitoken.As(bob), other.ID))
	_, successor := h.mustRotate(apitoken.As(bob), old.ID, apitoken.RotateParams{})
	h.accepts("the successor", successor, nil)
	h.accepts("the old token after the first use", text, apitoken.ErrReplaced)
}

func TestBadRotationsAreRefused(t *testing.T) {
	wrong := func(p apitoken.RotateParams) func(h host, id apitoken.TokenID) error {
		return func(h host, id apitoken.TokenID) error { return third(h.Rotate(ctx, apitoken.As(bob), id, p)) }
	}
	plain := wrong(apitoken.RotateParams{})
	for _, tt := range []struct {
		name string
		do   func(h host, id apitoken.TokenID) error
		want error
		says string
	}{
		{"unknown", func(h host, _ apitoken.TokenID) error { return plain(h, apitoken.TokenID{1}) }, apitoken.ErrNotFound, "not found: needs ListAny"},
		{"foreign", func(h host, id apitoken.TokenID) error {
			return third(h.Rotate(ctx, apitoken.As(carol), id, apitoken.RotateParams{}))
		}, apitoken.ErrNotFound, "not found: needs ListAny"},
		{"nobody", func(h host, id apitoken.TokenID) error {
			return third(h.Rotate(ctx, apitoken.Actor{}, id, apitoken.RotateParams{}))
		}, apitoken.ErrDenied, "the actor is not known"},
		{"revoked", func(h host, id apitoken.TokenID) error {
			h.must(h.Revoke(ctx, apitoken.As(bob), id))
			return plain(h, id)
		}, apitoken.ErrRevoked, "token revoked"},
		{"revoked with all", func(h host, id apitoken.TokenID) error {
			h.must(h.RevokeAll(ctx, apitoken.As(bob), bob))
			return plain(h, id)
		}, apitoken.ErrRevoked, "token revoked"},
		{"expired", func(h host, id apitoken.TokenID) error {
			h.clock.Add(apitoken.Days(90))
			return plain(h, id)
		}, apitoken.ErrExpired, "token expired"},
		{"of a suspended user", func(h host, id apitoken.TokenID) error {
			h.must(h.SuspendUser(ctx, apitoken.As(ada), bob))
			return third(h.Rotate(ctx, apitoken.As(ada), id, apitoken.RotateParams{}))
		}, apitoken.ErrSuspended, "user suspended"},
		{"of a disabled user", func(h host, id apitoken.TokenID) error {
			h.must(h.DisableUser(ctx, apitoken.As(ada), bob))
			return third(h.Rotate(ctx, apitoken.As(ada), id, apitoken.RotateParams{}))
		}, apitoken.ErrUserDisabled, "user disabled"},
		{"a negative overlap", wrong(apitoken.RotateParams{Overlap: -1}), apitoken.ErrInvalid, "overlap: is -1ns, 1s to 30 days are allowed"},
		{"a huge overlap", wrong(apitoken.RotateParams{Overlap: apitoken.Days(30) + 1}), apitoken.ErrInvalid, "1s to 30 days are allowed"},
		{"an overlap in the wrong unit", wrong(apitoken.RotateParams{Overlap: 3600}), apitoken.ErrInvalid,
			"overlap: is 3.6µs, at least 1s is needed (a time.Duration counts nanoseconds)"},
		{"two lifetimes", wrong(apitoken.RotateParams{Lifetime: time.Hour, ExpiresAt: start.Add(time.Hour)}), apitoken.ErrInvalid, "is given twice"},
		{"a lifetime in the wrong unit", wrong(apitoken.RotateParams{Lifetime: 3600}), apitoken.ErrInvalid, "at least 1s is needed"},
		{"an invisible key", wrong(apitoken.RotateParams{IdempotencyKey: "a\x00"}), apitoken.ErrInvalid, "idempotency key: contains"},
		{"a lifetime over the maximum of now", func(h host, id apitoken.TokenID) error {
			h.mustSetMax(apitoken.Days(7))
			return wrong(apitoken.RotateParams{Lifetime: apitoken.Days(8)})(h, id)
		}, apitoken.ErrLifetime, "8 days requested, at most 7 days allowed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			token, _ := h.mustGenerateOwn(bob, "ci")
			err := tt.do(h, token.ID)
			if !errors.Is(err, tt.want) || !strings.HasSuffix(err.Error(), tt.says) && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want %v with %q", err, tt.want, tt.says)
			}
			if n := len(h.eventsOf(apitoken.ActionRotate)) - h.denials(); n != 0 || len(h.tokens()) != 1 {
				t.Errorf("%d events and %d tokens of a refusal, want none", n, len(h.tokens())-1)
			}
		})
	}
	for name, overlap := range map[string]time.Duration{"negative": -1, "huge": apitoken.Days(31), "in the wrong unit": 3600} {
		if _, err := apitoken.New(newSpyStore(nil), &apitoken.Options{RotationOverlap: overlap}); !errors.Is(err, apitoken.ErrInvalid) {
			t.Errorf("a Manager with a %s overlap: %v, want ErrInvalid", name, err)
		}
	}
}

func TestTheSuccessorLivesAsThePolicyOfNowPermits(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	old, _ := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci", Lifetime: apitoken.NoExpiration})
	next, _ := h.mustRotate(apitoken.As(bob), old.ID, apitoken.RotateParams{})
	if got := next.ExpiresAt.Sub(start); got != apitoken.Days(90) {
		t.Errorf("without a lifetime and a maximum the successor lives %s, want the default of 90 days", got)
	}
	h.mustSetMax(apitoken.Days(7))
	next, _ = h.mustRotate(apitoken.As(bob), old.ID, apitoken.RotateParams{})
	if got := next.ExpiresAt.Sub(start); got != apitoken.Days(7) {
		t.Errorf("without a lifetime the successor lives %s, want the maximum of 7 days", got)
	}
}

func TestARepeatedRotation(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	p := apitoken.RotateParams{IdempotencyKey: "k1"}
	old, _ := h.mustGenerateOwn(bob, "ci")
	lost, lostText := h.mustRotate(apitoken.As(bob), old.ID, p)
	next, text := h.mustRotate(apitoken.As(bob), old.ID, p)
	h.accepts("the first successor", lostText, apitoken.ErrReplaced)
	h.accepts("the second successor", text, nil)
	other := p
	other.IdempotencyKey = "k2"
	for _, tt := range []struct {
		name  string
		actor apitoken.UserID
		p     apitoken.RotateParams
		want  error
	}{
		{"the same", bob, p, apitoken.ErrRepeated}, {"another key", bob, other, apitoken.ErrReplaced}, {"another actor", ada, p, apitoken.ErrReplaced},
	} {
		if err := third(h.Rotate(ctx, apitoken.As(tt.actor), old.ID, tt.p)); !errors.Is(err, tt.want) {
			t.Errorf("%s after the first use: %v, want %v", tt.name, err, tt.want)
		}
	}
	// A rotation of the unused successor revokes it, so the repeated request finds its own result.
	unused, _ := h.mustRotate(apitoken.As(bob), next.ID, apitoken.RotateParams{})
	h.mustRotate(apitoken.As(bob), unused.ID, p)
	if again, _ := h.mustRotate(apitoken.As(bob), unused.ID, p); again.Replaces != next.ID {
		t.Errorf("the repeated rotation replaces %s, want %s", again.Replaces, next.ID)
	}
	if n := len(h.eventsOf(apitoken.ActionReplaced)); n != 1 || lost.ID == next.ID {
		t.Errorf("%d events of a first use, want 1", n)
	}
}

func TestARotationIsNotRefusedByMaxActive(t *testing.T) {
	h := newHost(t, apitoken.Options{MaxActivePerOwner: 2})
	old, text := h.mustGenerateOwn(bob, "a")
	next, _ := h.mustRotate(apitoken.As(bob), old.ID, apitoken.RotateParams{})
	h.mustGenerateOwn(bob, "b")
	h.mustRotate(apitoken.As(bob), next.ID, apitoken.RotateParams{})
	h.accepts("the old token", text, nil)
	if err := third(h.Generate(ctx, apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "c"})); !errors.Is(err, apitoken.ErrTooMany) {
		t.Errorf("a third token: %v, want ErrTooMany", err)
	}
}

// The other way round: the successor is used while it is being replaced.
func TestARotationThatIsTooLateIsRefused(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	old, _ := h.mustGenerateOwn(bob, "ci")
	_, successor := h.mustRotate(apitoken.As(bob), old.ID, apitoken.RotateParams{})
	h.store.before = once("RotateToken", func() error { return second(h.Authenticate(ctx, successor)) })
	if err := third(h.Rotate(ctx, apitoken.As(bob), old.ID, apitoken.RotateParams{})); !errors.Is(err, apitoken.ErrReplaced) {
		t.Errorf("%v, want ErrReplaced", err)
	}
	h.accepts("the successor", successor, nil)
}

func TestAnUncertainRotationHasNoSecret(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	old, text := h.mustGenerateOwn(bob, "ci")
	h.store.after = failOn("RotateToken", apitoken.ErrUncertain)
	lost, secret, err := h.Rotate(ctx, apitoken.As(bob), old.ID, apitoken.RotateParams{})
	if !errors.Is(err, apitoken.ErrUncertain) || secret.Reveal() != "" || h.mustToken(lost.ID).Replaces != old.ID {
		t.Errorf("token %s, secret %q, error %v, want the successor, no secret and ErrUncertain", lost.ID, secret.Reveal(), err)
	}
	h.store.after = nil
	_, successor := h.mustRotate(apitoken.As(bob), old.ID, apitoken.RotateParams{})
	h.accepts("the old token", text, nil)
	h.accepts("the successor", successor, nil)
}

func TestSixtyFourRotationsLeaveOneSuccessor(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	old, text := h.mustGenerateOwn(bob, "ci")
	var all sync.WaitGroup
	texts := make([]string, 64)
	for i := range texts {
		all.Go(func() {
			_, secret, err := h.Rotate(ctx, apitoken.As(bob), old.ID, apitoken.RotateParams{})
			if err != nil {
				t.Error(err)
			}
			texts[i] = secret.Reveal()
		})
	}
	all.Wait()
	h.accepts("the old token", text, nil)
	live := 0
	for _, text := range texts {
		if _, err := h.Authenticate(ctx, text); err == nil {
			live++
		}
	}
	if live != 1 {
		t.Errorf("%d of 64 successors are live, want 1", live)
	}
	h.accepts("the old token after the first use", text, apitoken.ErrReplaced)
}

func TestNoNoticeForATokenThatWasReplaced(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	old, _ := h.mustGenerateOwn(bob, "ci")
	h.mustRotate(apitoken.As(bob), old.ID, apitoken.RotateParams{})
	notices, err := h.LeaseNotices(ctx, apitoken.System(), apitoken.NoticeQuery{Steps: []time.Duration{apitoken.Days(30)}})
	if err != nil || len(notices) != 0 {
		t.Errorf("%d notices, error %v, want none", len(notices), err)
	}
}
