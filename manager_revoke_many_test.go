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

// machines selects the tokens that generateMachines makes.
var machines = apitoken.TokenQuery{AnyOwner: true, Kind: "machine"}

func newBulkHost(t *testing.T) host {
	return newHost(t, apitoken.Options{Kinds: []apitoken.Kind{"machine"}})
}

// generateMachines generates so many tokens of the kind machine, half of them for Bob, and one of another kind for each.
func (h host) generateMachines(n int) (all []apitoken.Token) {
	h.t.Helper()
	for i := range n {
		p := apitoken.GenerateParams{Owner: []apitoken.UserID{bob, carol}[i%2], Name: fmt.Sprint("m", i), Kind: "machine", Lifetime: apitoken.Days(1)}
		token, _ := h.mustGenerate(apitoken.System(), p)
		all = append(all, token)
	}
	for _, owner := range []apitoken.UserID{bob, carol} {
		h.mustGenerate(apitoken.System(), apitoken.GenerateParams{Owner: owner, Name: "other", Lifetime: apitoken.Days(1)})
	}
	return all
}

// revocations counts the events of revocations by token.
func (h host) revocations() map[apitoken.TokenID]int {
	h.t.Helper()
	counts := map[apitoken.TokenID]int{}
	for _, e := range h.events() {
		if e.Action == apitoken.ActionRevoke && e.Outcome == apitoken.OutcomeDone {
			counts[e.Token]++
		}
	}
	return counts
}

func TestRevokeManyRevokesAPageOf500UntilNoneIsLeft(t *testing.T) {
	h := newBulkHost(t)
	matching := h.generateMachines(1203)
	h.clock.Add(time.Hour)
	var got []apitoken.RevokeManyResult
	for left := 1203; left > 0; {
		r, err := h.RevokeMany(ctx, apitoken.As(ada), machines, apitoken.RevokeManyParams{AtMost: left, Reason: "the build server was stolen"})
		h.must(err)
		got, left = append(got, r), r.Remaining
	}
	if diff := cmp.Diff([]apitoken.RevokeManyResult{{500, 703}, {500, 203}, {203, 0}}, got); diff != "" {
		t.Errorf("the results (-want +got):\n%s", diff)
	}
	want := map[apitoken.TokenID]apitoken.Event{}
	for _, token := range matching {
		state := apitoken.State{Name: token.Name, Kind: token.Kind, ExpiresAt: token.ExpiresAt}
		revoked := state
		revoked.RevokedAt = start.Add(time.Hour)
		want[token.ID] = apitoken.Event{
			At: start.Add(time.Hour), Action: apitoken.ActionRevoke, Outcome: apitoken.OutcomeDone, Actor: apitoken.As(ada),
			Owner: token.Owner, Token: token.ID, Before: state, After: revoked, Reason: "the build server was stolen",
		}
	}
	events := map[apitoken.TokenID]apitoken.Event{}
	n := 0
	for _, e := range h.events() {
		if e.Action == apitoken.ActionRevoke {
			e.Seq, e.ID = 0, apitoken.EventID{}
			events[e.Token] = e
			n++
		}
	}
	if diff := cmp.Diff(want, events); diff != "" || n != len(want) {
		t.Errorf("%d events, want %d (-want +got):\n%s", n, len(want), diff)
	}
	active := collect(t, h.Tokens(ctx, apitoken.As(ada), apitoken.TokenQuery{AnyOwner: true, Status: apitoken.StatusActive}))
	if len(active) != 2 {
		t.Errorf("%d tokens are active, want the two of another kind", len(active))
	}
	again, err := h.RevokeMany(ctx, apitoken.As(ada), machines, apitoken.RevokeManyParams{AtMost: 1})
	if diff := cmp.Diff(apitoken.RevokeManyResult{}, again); diff != "" || err != nil {
		t.Errorf("once more: error %v (-want +got):\n%s", err, diff)
	}
}

func TestRevokeManyRevokesOnlyIfNoMoreMatchThanExpected(t *testing.T) {
	for _, tt := range []struct {
		name string
		p    apitoken.RevokeManyParams
		want apitoken.RevokeManyResult
		err  error
	}{
		{"one too few", apitoken.RevokeManyParams{AtMost: 11}, apitoken.RevokeManyResult{}, apitoken.ErrConflict},
		{"as many", apitoken.RevokeManyParams{AtMost: 12}, apitoken.RevokeManyResult{Revoked: 12}, nil},
		{"more", apitoken.RevokeManyParams{AtMost: 13}, apitoken.RevokeManyResult{Revoked: 12}, nil},
		{"no number", apitoken.RevokeManyParams{}, apitoken.RevokeManyResult{}, apitoken.ErrInvalid},
		{"a dry run without a number", apitoken.RevokeManyParams{DryRun: true}, apitoken.RevokeManyResult{Remaining: 12}, nil},
		{"a dry run of one too few", apitoken.RevokeManyParams{AtMost: 11, DryRun: true}, apitoken.RevokeManyResult{}, apitoken.ErrConflict},
		{"a dry run of as many", apitoken.RevokeManyParams{AtMost: 12, DryRun: true}, apitoken.RevokeManyResult{Remaining: 12}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newBulkHost(t)
			h.generateMachines(12)
			before := h.events()
			got, err := h.RevokeMany(ctx, apitoken.As(ada), machines, tt.p)
			if diff := cmp.Diff(tt.want, got); diff != "" || !errors.Is(err, tt.err) {
				t.Errorf("error %v, want %v (-want +got):\n%s", err, tt.err, diff)
			}
			if n := len(h.events()) - len(before); n != tt.want.Revoked {
				t.Errorf("%d events, want %d", n, tt.want.Revoked)
			}
			if n := h.store.count("RevokeTokens"); n > 0 && tt.want.Revoked == 0 {
				t.Errorf("the store is told to revoke %d times, want never", n)
			}
		})
	}
	t.Run("more than a page", func(t *testing.T) {
		h := newBulkHost(t)
		h.generateMachines(502)
		_, err := h.RevokeMany(ctx, apitoken.As(ada), machines, apitoken.RevokeManyParams{AtMost: 501})
		if !errors.Is(err, apitoken.ErrConflict) || len(h.revocations()) > 0 {
			t.Errorf("error %v and %d revocations, want %v and none", err, len(h.revocations()), apitoken.ErrConflict)
		}
	})
}

func TestRevokeManyIsPermittedLikeRevokeAll(t *testing.T) {
	h := newHost(t, apitoken.Options{
		Kinds:     []apitoken.Kind{"machine"},
		KindRules: map[apitoken.Kind]apitoken.KindRule{"weak": {}},
		Roles:     map[apitoken.Role]apitoken.Permission{"revoker": apitoken.RevokeAny},
	})
	h.mustPutUser("rita", "revoker")
	strong, _ := h.mustGenerate(apitoken.System(), apitoken.GenerateParams{Owner: bob, Name: "own", Lifetime: apitoken.Days(1)})
	weak, _ := h.mustGenerate(apitoken.System(), apitoken.GenerateParams{Owner: bob, Name: "weak", Kind: "weak", Lifetime: apitoken.Days(1)})
	using := func(token apitoken.Token) apitoken.Actor {
		return apitoken.Identity{User: apitoken.User{ID: bob}, Token: token}.Actor()
	}
	for _, tt := range []struct {
		name  string
		actor apitoken.Actor
		q     apitoken.TokenQuery
		err   error
	}{
		{"the host", apitoken.System(), machines, nil},
		{"an administrator", apitoken.As(ada), machines, nil},
		{"a role with RevokeAny only, also of an administrator", apitoken.As("rita"), apitoken.TokenQuery{Owner: ada}, nil},
		{"a user, everybody's", apitoken.As(bob), machines, apitoken.ErrDenied},
		{"a user, another's", apitoken.As(bob), apitoken.TokenQuery{Owner: carol}, apitoken.ErrDenied},
		{"a user, their own", apitoken.As(bob), apitoken.TokenQuery{Owner: bob}, nil},
		{"a token, its owner's", using(strong), apitoken.TokenQuery{Owner: bob}, nil},
		{"a token that carries nothing, its owner's", using(weak), apitoken.TokenQuery{Owner: bob}, apitoken.ErrDenied},
		{"a disabled user, their own", apitoken.As(dan), apitoken.TokenQuery{Owner: dan}, apitoken.ErrDenied},
		{"the zero Actor", apitoken.Actor{}, machines, apitoken.ErrDenied},
	} {
		before := h.denials()
		_, err := h.RevokeMany(ctx, tt.actor, tt.q, apitoken.RevokeManyParams{DryRun: true})
		if !errors.Is(err, tt.err) {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.err)
		}
		if recorded := h.denials() - before; (recorded == 1) != (tt.err != nil) {
			t.Errorf("%s: %d denials are recorded with the error %v", tt.name, recorded, err)
		}
	}
}

func TestRevokeManyRevokesTheActorsOwnTokenLast(t *testing.T) {
	h := newBulkHost(t)
	first, _ := h.mustGenerate(apitoken.System(), apitoken.GenerateParams{Owner: ada, Name: "used", Kind: "machine", Lifetime: apitoken.Days(1)})
	h.generateMachines(1001)
	actor := apitoken.Identity{User: apitoken.User{ID: ada}, Token: first}.Actor()
	for _, want := range []apitoken.RevokeManyResult{{500, 502}, {500, 2}, {2, 0}} {
		if active, err := h.Token(ctx, actor, first.ID); err != nil || active.Status(start) != apitoken.StatusActive {
			t.Fatalf("before the last page the actor's token is %s, error %v", active.Status(start), err)
		}
		got, err := h.RevokeMany(ctx, actor, machines, apitoken.RevokeManyParams{AtMost: 1002})
		h.must(err)
		if got != want {
			t.Errorf("the result is %+v, want %+v", got, want)
		}
	}
	if last, err := h.Token(ctx, apitoken.System(), first.ID); err != nil || last.RevokedBy != ada {
		t.Errorf("after the last page the actor's token is %+v, error %v, want it revoked", last, err)
	}
}

func TestRevokeManyNamesTheFieldThatIsWrong(t *testing.T) {
	h := newBulkHost(t)
	ok := apitoken.RevokeManyParams{AtMost: 1}
	for _, tt := range []struct {
		name string
		q    apitoken.TokenQuery
		p    apitoken.RevokeManyParams
		want string
	}{
		{"no number", machines, apitoken.RevokeManyParams{}, "invalid: at most: is 0, the number of tokens that are expected is needed"},
		{"a negative number", machines, apitoken.RevokeManyParams{AtMost: -1, DryRun: true}, "invalid: at most: is -1, the number of tokens that are expected is needed"},
		{"a long reason", machines, apitoken.RevokeManyParams{AtMost: 1, Reason: strings.Repeat("x", 256)}, "invalid: reason: is 256 bytes long, at most 255 are allowed"},
		{"an invisible reason", machines, apitoken.RevokeManyParams{AtMost: 1, Reason: "a\u200bb"}, "invalid: reason: contains the invisible character U+200B"},
		{"no owner", apitoken.TokenQuery{}, ok, "invalid: token query: names no owner; set AnyOwner to ask for everybody's tokens"},
		{"expired tokens", apitoken.TokenQuery{AnyOwner: true, Status: apitoken.StatusExpired}, ok, `invalid: status: is "expired", only active tokens can be revoked`},
		{"a cursor", apitoken.TokenQuery{AnyOwner: true, After: apitoken.TokenID{1}}, ok, "invalid: after: is set, a revocation has no cursor"},
		{"a limit", apitoken.TokenQuery{AnyOwner: true, Limit: 10}, ok, "invalid: limit: is 10, a revocation has a page of its own"},
		{"a kind", apitoken.TokenQuery{AnyOwner: true, Kind: "\xff"}, ok, "invalid: kind: is not valid UTF-8"},
	} {
		_, err := h.RevokeMany(ctx, apitoken.As(ada), tt.q, tt.p)
		var invalid *apitoken.InvalidError
		if !errors.As(err, &invalid) || invalid.Error() != tt.want {
			t.Errorf("%s: error %v, want %s", tt.name, err, tt.want)
		}
	}
	for _, reason := range []string{"", strings.Repeat("x", 255), "stolen, see №7"} {
		if _, err := h.RevokeMany(ctx, apitoken.As(ada), machines, apitoken.RevokeManyParams{AtMost: 1, Reason: reason}); err != nil {
			t.Errorf("the reason %.20q is refused: %v", reason, err)
		}
	}
}

func TestRevokeManyAgainAfterALostResultRevokesNothingTwice(t *testing.T) {
	h := newBulkHost(t)
	matching := h.generateMachines(700)
	h.store.after = failOn("RevokeTokens", apitoken.ErrUncertain)
	if _, err := h.RevokeMany(ctx, apitoken.As(ada), machines, apitoken.RevokeManyParams{AtMost: 700}); !errors.Is(err, apitoken.ErrUncertain) {
		t.Fatalf("error %v, want %v", err, apitoken.ErrUncertain)
	}
	h.store.after = nil
	got, err := h.RevokeMany(ctx, apitoken.As(ada), machines, apitoken.RevokeManyParams{AtMost: 700})
	h.must(err)
	if want := (apitoken.RevokeManyResult{Revoked: 200}); got != want {
		t.Errorf("the result is %+v, want %+v: the first call has revoked 500", got, want)
	}
	counts := h.revocations()
	for _, token := range matching {
		if counts[token.ID] != 1 {
			t.Errorf("the token %s has %d events of its revocation, want 1", token.Name, counts[token.ID])
		}
	}
}

func TestAFailureOfTheStoreRevokesNothing(t *testing.T) {
	for _, method := range []string{"Facts", "Tokens", "RevokeTokens"} {
		h := newBulkHost(t)
		h.generateMachines(3)
		before := len(h.events())
		h.store.before = failOn(method, errors.New("the database is down"))
		_, err := h.RevokeMany(ctx, apitoken.As(ada), machines, apitoken.RevokeManyParams{AtMost: 3})
		h.store.before = nil
		if !errors.Is(err, apitoken.ErrUnavailable) || len(h.events()) != before {
			t.Errorf("%s fails: error %v and %d events, want %v and none", method, err, len(h.events())-before, apitoken.ErrUnavailable)
		}
	}
}

func TestABrokenClockDoesNotStopABulkRevocation(t *testing.T) {
	for _, broken := range []time.Time{time.Unix(-1, 0), year2200} {
		h := newBulkHost(t)
		h.generateMachines(3)
		h.clock.Set(broken)
		got, err := h.RevokeMany(ctx, apitoken.As(ada), machines, apitoken.RevokeManyParams{AtMost: 3})
		if want := (apitoken.RevokeManyResult{Revoked: 3}); got != want || err != nil {
			t.Errorf("at %s the result is %+v, error %v, want %+v", broken, got, err, want)
		}
	}
}
