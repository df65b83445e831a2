package apitoken_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

// createRecorder keeps the last CreateToken, to repeat it.
type createRecorder struct {
	apitoken.Store
	again func() error
}

func (r *createRecorder) CreateToken(ctx context.Context, n apitoken.NewToken, revision int64, e apitoken.Event) error {
	r.again = func() error { return r.Store.CreateToken(ctx, n, revision, e) }
	return r.again()
}

const erin = apitoken.UserID("erin-4711")

// newForgettingHost returns a host of which Erin, an administrator, has left traces everywhere.
func newForgettingHost(t *testing.T) host {
	h := newHost(t, apitoken.Options{})
	h.must(second(h.PutUser(ctx, apitoken.System(), apitoken.User{ID: erin, Name: "Erin Example", Role: apitoken.RoleAdmin})))
	as := apitoken.As(erin).From(apitoken.Origin{Address: "192.0.2.47", UserAgent: "erins-browser", RequestID: "req-erin"})
	own, text := h.mustGenerate(as, apitoken.GenerateParams{Owner: erin, Name: "erins tablet", Description: "bought by Erin"})
	h.must(second(h.UpdateToken(ctx, as, own.ID, apitoken.TokenChange{Name: to("erins laptop"), Description: to("of Erin")})))
	h.mustGenerate(as, apitoken.GenerateParams{Owner: erin, Name: "erins phone", Description: "Erin has it"})
	h.must(h.Revoke(ctx, as, own.ID))
	h.mustGenerate(as, apitoken.GenerateParams{Owner: bob, Name: "for bob"})
	bobs, _ := h.mustGenerateOwn(bob, "of bob")
	h.must(h.Revoke(ctx, as, bobs.ID))
	_, onServer := h.mustGenerate(as, apitoken.GenerateParams{Owner: erin, Name: "erins server"})
	h.must(second(h.RevokeText(ctx, apitoken.System(), onServer, apitoken.Leak{URL: "https://example.org/Erin/x"})))
	h.mustGenerateOwn(carol, "of carol")
	for _, by := range []apitoken.UserID{erin, bob} { // bob answers for it since
		h.must(second(h.PutUser(ctx, apitoken.As(ada), apitoken.User{ID: "ci", Service: true, Responsible: by})))
		h.must(h.SuspendUser(ctx, apitoken.As(ada), "ci"))
		h.must(h.ResumeUser(ctx, apitoken.As(ada), "ci"))
	}
	h.must(second(h.PutUser(ctx, apitoken.As(ada), apitoken.User{ID: "mirror", Service: true, Responsible: erin})))
	h.must(h.RevokeAll(ctx, as, carol))
	h.must(second(h.SetPolicy(ctx, as, apitoken.MaxLifetimePolicy{Max: apitoken.Days(30)})))
	h.must(second(h.PutUser(ctx, as, apitoken.User{ID: erin, Name: "Erin E. Example"})))
	h.deny(apitoken.As(bob).From(apitoken.Origin{Address: "192.0.2.7"}), erin, 12) // the last two are gathered
	_, _ = h.Authenticate(ctx, text)
	return h
}

// dump returns everything that can be read from the store, as text.
func (h host) dump() string {
	h.t.Helper()
	users := collect(h.t, h.Users(ctx, apitoken.System(), apitoken.UserQuery{}))
	return fmt.Sprintf("%+v\n%+v\n%+v\n%+v", users, h.tokens(), must(h.Policy(ctx)), h.events())
}

var erinsTraces = []string{"erin", "Erin", "192.0.2.47"}

func wantForgotten(t *testing.T, dump string) {
	t.Helper()
	for _, trace := range erinsTraces {
		if n := strings.Count(dump, trace); n > 0 {
			t.Errorf("%d times %q is left in\n%s", n, trace, dump)
		}
	}
}

func TestForgetUserLeavesNoTrace(t *testing.T) {
	h := newForgettingHost(t)
	before, events := len(h.tokens()), len(h.events())
	for _, trace := range erinsTraces {
		if !strings.Contains(h.dump(), trace) {
			t.Fatalf("%q is nowhere before: the search would find nothing in any case", trace)
		}
	}
	h.must(h.ForgetUser(ctx, apitoken.System(), erin))
	h.must(h.Flush(ctx)) // what was gathered before is written already, or it would name them now
	wantForgotten(t, h.dump())
	if got := len(h.tokens()); got != before {
		t.Errorf("%d tokens are left, want all %d", got, before)
	}
	if err := h.ForgetUser(ctx, apitoken.System(), erin); !errors.Is(err, apitoken.ErrNotFound) {
		t.Errorf("forgetting twice: %v, want ErrNotFound", err)
	}

	var pseudonym apitoken.UserID
	for _, u := range collect(t, h.Users(ctx, apitoken.System(), apitoken.UserQuery{Contains: "forgotten-"})) {
		pseudonym = u.ID
		if !u.Disabled() || u.Name != string(u.ID) || !regexp.MustCompile(`^forgotten-[0-9a-f-]{36}$`).MatchString(u.Name) {
			t.Errorf("the user is %+v, want them disabled, with the pseudonym as ID and Name", u)
		}
	}
	for _, token := range collect(t, h.Tokens(ctx, apitoken.System(), apitoken.TokenQuery{Owner: pseudonym})) {
		if token.Name != string(pseudonym) || token.Status(h.Now()) != apitoken.StatusRevoked || token.RevokedBy != pseudonym && token.RevokedBy != "" {
			t.Errorf("the token is %+v, want it revoked and without its name", token)
		}
	}
	for _, e := range h.events()[events:] {
		if e.Action == apitoken.ActionForgetUser && (e.Owner != pseudonym || e.Actor != apitoken.System() || e.Before.Name+e.After.Name != "") {
			t.Errorf("the event of a piece is %+v, want the pseudonym only", e)
		}
	}
	if err := h.EnableUser(ctx, apitoken.System(), pseudonym); err != nil {
		t.Error(err)
	}
	for _, token := range collect(t, h.Tokens(ctx, apitoken.System(), apitoken.TokenQuery{Owner: pseudonym})) {
		if token.Status(h.Now()) != apitoken.StatusRevoked {
			t.Errorf("enabling the pseudonym revives %+v", token)
		}
	}
}

// Others keep what is theirs: their names, those of their tokens, and where their requests came from.
func TestForgetUserKeepsWhatOthersHave(t *testing.T) {
	h := newForgettingHost(t)
	h.must(h.ForgetUser(ctx, apitoken.System(), erin))
	dump := h.dump()
	for _, kept := range []string{"for bob", "of bob", "of carol", "192.0.2.7", string(bob), string(carol)} {
		if !strings.Contains(dump, kept) {
			t.Errorf("%q is gone", kept)
		}
	}
}

// A call that fails anywhere is continued by the next one, with the same pseudonym.
func TestForgetUserCanBeContinued(t *testing.T) {
	down := errors.New("connection reset")
	for _, lost := range []bool{false, true} {
		for k := 1; ; k++ {
			h := newForgettingHost(t)
			calls, failed := 0, false
			fail := func(string) error {
				if calls++; calls == k {
					failed = true
					return down
				}
				return nil
			}
			if lost {
				h.store.after = fail
			} else {
				h.store.before = fail
			}
			err := h.ForgetUser(ctx, apitoken.System(), erin)
			h.store.before, h.store.after = nil, nil
			if !failed {
				t.Logf("%d calls of the store failed, the result lost: %v", k-1, lost)
				break
			}
			if !errors.Is(err, apitoken.ErrUnavailable) {
				t.Fatalf("call %d fails: %v, want ErrUnavailable", k, err)
			}
			if err := h.ForgetUser(ctx, apitoken.System(), erin); err != nil && !(lost && errors.Is(err, apitoken.ErrNotFound)) {
				t.Fatalf("after call %d failed: %v", k, err)
			}
			wantForgotten(t, h.dump())
			if n := len(collect(t, h.Users(ctx, apitoken.System(), apitoken.UserQuery{Contains: "forgotten-"}))); n != 1 {
				t.Errorf("after call %d failed there are %d pseudonyms, want 1", k, n)
			}
		}
	}
}

// What another replica had gathered is replaced by a second call.
func TestForgetUserFindsWhatIsWrittenLater(t *testing.T) {
	h := newForgettingHost(t)
	other := must(apitoken.New(h.store, &apitoken.Options{Clock: h.clock}))
	for range 12 {
		_ = other.RevokeAll(ctx, apitoken.As(carol), erin)
	}
	h.must(h.ForgetUser(ctx, apitoken.System(), erin))
	h.must(other.Flush(ctx))
	if !strings.Contains(h.dump(), string(erin)) {
		t.Fatal("the other replica has written nothing: the test shows nothing")
	}
	h.must(h.ForgetUser(ctx, apitoken.System(), erin))
	wantForgotten(t, h.dump())
}

// A user who is enabled while they are forgotten could get a token that lives on under the pseudonym.
func TestAUserWhoIsEnabledMeanwhileIsNotForgotten(t *testing.T) {
	h := newForgettingHost(t)
	enabled := false
	h.store.after = func(method string) error {
		if method == "Forget" && !enabled && len(collect(t, h.Users(ctx, apitoken.System(), apitoken.UserQuery{Contains: "forgotten-"}))) > 1 {
			enabled = true
			h.must(h.EnableUser(ctx, apitoken.System(), erin))
			h.mustGenerateOwn(erin, "erins new laptop")
		}
		return nil
	}
	if err := h.ForgetUser(ctx, apitoken.System(), erin); !errors.Is(err, apitoken.ErrConflict) || !enabled {
		t.Fatalf("ForgetUser: %v, want ErrConflict; enabled: %v", err, enabled)
	}
	h.store.after = nil
	h.must(h.ForgetUser(ctx, apitoken.System(), erin))
	wantForgotten(t, h.dump())
	for _, u := range collect(t, h.Users(ctx, apitoken.System(), apitoken.UserQuery{Contains: "forgotten-"})) {
		h.must(h.EnableUser(ctx, apitoken.System(), u.ID))
	}
	for _, token := range h.tokens() {
		if strings.HasPrefix(string(token.Owner), "forgotten-") && token.Status(h.Now()) != apitoken.StatusRevoked {
			t.Errorf("the token %+v lives", token)
		}
	}
}

func TestForgetUserRefusesWhatIsWrong(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	if err := h.ForgetUser(ctx, apitoken.System(), ""); !errors.Is(err, apitoken.ErrInvalid) {
		t.Errorf("without an ID: %v, want ErrInvalid", err)
	}
	before := len(h.events())
	if err := h.ForgetUser(ctx, apitoken.System(), "zoe"); !errors.Is(err, apitoken.ErrNotFound) || len(h.events()) != before {
		t.Errorf("an unknown user: %v and %d events, want ErrNotFound and none", err, len(h.events())-before)
	}
	h.clock.Set(start.Add(-36600 * oneDay))
	if err := h.ForgetUser(ctx, apitoken.System(), bob); !errors.Is(err, apitoken.ErrUnavailable) {
		t.Errorf("with a broken clock: %v, want ErrUnavailable", err)
	}
}
