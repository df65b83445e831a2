package apitoken_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

var noticeSteps = []time.Duration{apitoken.Days(7), apitoken.Days(30), apitoken.Days(1)}

func (h host) leaseNotices() []apitoken.Notice {
	h.t.Helper()
	notices, err := h.LeaseNotices(ctx, apitoken.System(), apitoken.NoticeQuery{Steps: noticeSteps})
	h.must(err)
	return notices
}

func TestTheShortestDueStepOfATokenIsLeased(t *testing.T) {
	for _, tt := range []struct {
		name   string
		before time.Duration // the expiry; negative: after it
		want   time.Duration // 0: none
	}{
		{"before all steps", apitoken.Days(30) + time.Microsecond, 0},
		{"at the first step", apitoken.Days(30), apitoken.Days(30)},
		{"before the second step", apitoken.Days(7) + time.Microsecond, apitoken.Days(30)},
		{"at the second step", apitoken.Days(7), apitoken.Days(7)},
		{"at no particular time", apitoken.Days(5), apitoken.Days(7)},
		{"at the last step", apitoken.Days(1), apitoken.Days(1)},
		{"at the expiry", 0, apitoken.Days(1)},
		{"almost a week later", -apitoken.Days(7) + time.Microsecond, apitoken.Days(1)},
		{"a week later", -apitoken.Days(7), 0},
		{"a year later", -apitoken.Days(365), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			token, _ := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci", Lifetime: apitoken.Days(60)})
			h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "endless", Lifetime: apitoken.NoExpiration})
			h.clock.Add(apitoken.Days(60) - tt.before)
			var want []apitoken.Notice
			if tt.want != 0 {
				want = []apitoken.Notice{{Token: token, Step: tt.want, To: []apitoken.UserID{bob}, LeasedUntil: h.Now().Add(10 * time.Minute)}}
			}
			if diff := cmp.Diff(want, h.leaseNotices()); diff != "" {
				t.Errorf("notices (-want +got):\n%s", diff)
			}
		})
	}
}

func TestANoticeIsLeasedForTenMinutesAndSentOnce(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci", Lifetime: apitoken.Days(5)})
	first := h.leaseNotices()
	h.clock.Add(10*time.Minute - time.Microsecond)
	if again := h.leaseNotices(); len(first) != 1 || len(again) != 0 {
		t.Fatalf("%d notices, and %d while they are leased, want 1 and none", len(first), len(again))
	}
	h.clock.Add(time.Microsecond)
	again := h.leaseNotices()
	if len(again) != 1 || again[0].Step != apitoken.Days(7) {
		t.Fatalf("notices after the lease: %+v, want the same one", again)
	}
	events := len(h.events())
	for range 2 {
		h.must(h.NoticeSent(ctx, apitoken.System(), again[0]))
	}
	h.clock.Add(apitoken.Days(3))
	if got := h.leaseNotices(); len(got) != 0 {
		t.Errorf("notices after it was sent: %+v, want none", got)
	}
	h.clock.Add(apitoken.Days(1))
	if got := h.leaseNotices(); len(got) != 1 || got[0].Step != apitoken.Days(1) {
		t.Errorf("notices a day before the expiry: %+v, want that of one day", got)
	}
	if got := len(h.events()); got != events {
		t.Errorf("%d events of notices, want none", got-events)
	}
}

func TestNoticesSayWhomToTell(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	h.must(second(h.PutUser(ctx, apitoken.System(), apitoken.User{ID: "ci", Service: true, Responsible: carol})))
	for _, p := range []struct {
		actor apitoken.Actor
		owner apitoken.UserID
		name  string
	}{
		{apitoken.As(bob), bob, "own"}, {apitoken.As(ada), bob, "on behalf"}, {apitoken.System(), bob, "of the host"}, {apitoken.As(ada), "ci", "of a service"},
		{apitoken.System(), "ci", "of a service by the host"},
	} {
		h.mustGenerate(p.actor, apitoken.GenerateParams{Owner: p.owner, Name: p.name, Lifetime: time.Hour})
	}
	got := map[string][]apitoken.UserID{}
	for _, n := range h.leaseNotices() {
		got[n.Token.Name] = n.To
	}
	want := map[string][]apitoken.UserID{
		"own": {bob}, "on behalf": {bob, ada}, "of the host": {bob}, "of a service": {"ci", carol, ada}, "of a service by the host": {"ci", carol},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("whom to tell (-want +got):\n%s", diff)
	}
}

func TestNoNoticeOfATokenThatCannotBeUsed(t *testing.T) {
	for name, end := range map[string]func(h host, token apitoken.Token) error{
		"revoked":            func(h host, token apitoken.Token) error { return h.Revoke(ctx, apitoken.As(bob), token.ID) },
		"revoked with all":   func(h host, _ apitoken.Token) error { return h.RevokeAll(ctx, apitoken.As(bob), bob) },
		"of a disabled user": func(h host, _ apitoken.Token) error { return h.DisableUser(ctx, apitoken.As(ada), bob) },
		"of an enabled user": func(h host, _ apitoken.Token) error {
			return errors.Join(h.DisableUser(ctx, apitoken.As(ada), bob), h.EnableUser(ctx, apitoken.As(ada), bob))
		},
		"of a suspended user":  func(h host, _ apitoken.Token) error { return h.SuspendUser(ctx, apitoken.As(ada), bob) },
		"of a forgotten user":  func(h host, _ apitoken.Token) error { return h.ForgetUser(ctx, apitoken.System(), bob) },
		"expired for too long": func(h host, _ apitoken.Token) error { h.clock.Add(apitoken.Days(12)); return nil },
		"removed": func(h host, token apitoken.Token) error {
			h.clock.Add(apitoken.Days(6))
			return second(h.Sweep(ctx, apitoken.System(), apitoken.SweepParams{Expired: apitoken.Days(1)}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			token, _ := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "ci", Lifetime: apitoken.Days(5)})
			h.must(end(h, token))
			if got := h.leaseNotices(); len(got) != 0 {
				t.Errorf("notices: %+v, want none", got)
			}
			h.must(h.NoticeSent(ctx, apitoken.System(), apitoken.Notice{Token: token, Step: apitoken.Days(7)}))
		})
	}
}

func TestTheMostUrgentNoticesComeFirst(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	for _, days := range []int{25, 5, 20, 6, 0} {
		h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: fmt.Sprint(days), Lifetime: apitoken.Days(days) + time.Hour})
	}
	var got []string
	for {
		notices, err := h.LeaseNotices(ctx, apitoken.System(), apitoken.NoticeQuery{Steps: noticeSteps, Limit: 2})
		h.must(err)
		if len(notices) == 0 {
			break
		}
		for _, n := range notices {
			got = append(got, n.Token.Name)
		}
		got = append(got, "|")
	}
	if diff := cmp.Diff([]string{"0", "5", "|", "6", "20", "|", "25", "|"}, got); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
}

func TestBadNoticeQueriesAreRefused(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	days := func(n ...int) (steps []time.Duration) {
		for _, d := range n {
			steps = append(steps, apitoken.Days(d))
		}
		return steps
	}
	for _, tt := range []struct {
		name string
		q    apitoken.NoticeQuery
		says string
	}{
		{"no step", apitoken.NoticeQuery{}, "steps: are 0, 1 to 10 are needed"},
		{"eleven steps", apitoken.NoticeQuery{Steps: days(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)}, "steps: are 11, 1 to 10 are needed"},
		{"zero", apitoken.NoticeQuery{Steps: days(1, 0)}, "steps: contain 0s, at least 1m0s is needed"},
		{"negative", apitoken.NoticeQuery{Steps: days(-1)}, "steps: contain -24h0m0s, at least 1m0s is needed"},
		{"below a minute", apitoken.NoticeQuery{Steps: []time.Duration{time.Minute - 1}}, "steps: contain 59.999999999s, at least 1m0s is needed"},
		{"equal", apitoken.NoticeQuery{Steps: days(1, 7, 1)}, "steps: contain 24h0m0s twice"},
		{"equal in microseconds", apitoken.NoticeQuery{Steps: []time.Duration{time.Hour, time.Hour + 1}}, "steps: contain 1h0m0s twice"},
		{"a negative limit", apitoken.NoticeQuery{Steps: days(1), Limit: -1}, "limit: is -1, 1 to 1000 are allowed"},
		{"too high a limit", apitoken.NoticeQuery{Steps: days(1), Limit: 1001}, "limit: is 1001, 1 to 1000 are allowed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := h.LeaseNotices(ctx, apitoken.System(), tt.q)
			if !errors.Is(err, apitoken.ErrInvalid) || !strings.HasSuffix(err.Error(), tt.says) {
				t.Errorf("LeaseNotices: %v, want ErrInvalid with %q", err, tt.says)
			}
		})
	}
	ten := apitoken.NoticeQuery{Steps: append(days(1, 2, 3, 4, 5, 6, 7, 8, 9), time.Minute), Limit: 1000}
	if _, err := h.LeaseNotices(ctx, apitoken.System(), ten); err != nil {
		t.Errorf("ten steps: %v", err)
	}
	if err := h.NoticeSent(ctx, apitoken.System(), apitoken.Notice{}); !errors.Is(err, apitoken.ErrInvalid) {
		t.Errorf("NoticeSent of no notice: %v, want ErrInvalid", err)
	}
}

func TestOnlyTheHostLeasesNotices(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, _ := h.mustGenerateOwn(bob, "ci")
	for _, actor := range []apitoken.Actor{apitoken.As(ada), apitoken.As(bob), h.withToken(ada, "", ""), {}} {
		before := h.denials()
		for method, err := range map[string]error{
			"LeaseNotices": second(h.LeaseNotices(ctx, actor, apitoken.NoticeQuery{Steps: noticeSteps})),
			"NoticeSent":   h.NoticeSent(ctx, actor, apitoken.Notice{Token: token, Step: time.Hour}),
		} {
			if !errors.Is(err, apitoken.ErrDenied) {
				t.Errorf("%s by %v: %v, want ErrDenied", method, actor, err)
			}
		}
		if got := h.denials() - before; got != 2 {
			t.Errorf("%d denials recorded, want 2", got)
		}
	}
}

// plainStore is a store without optional methods.
type plainStore struct{ apitoken.Store }

func TestNoticesNeedAStoreThatKeepsThem(t *testing.T) {
	plain := plainStore{memstore.New()}
	for name, store := range map[string]apitoken.Store{"without notices": plain, "around one without": newSpyStore(plain)} {
		m := must(apitoken.New(store, nil))
		for method, err := range map[string]error{
			"LeaseNotices": second(m.LeaseNotices(ctx, apitoken.System(), apitoken.NoticeQuery{Steps: noticeSteps})),
			"NoticeSent":   m.NoticeSent(ctx, apitoken.System(), apitoken.Notice{Step: time.Hour}),
		} {
			if !errors.Is(err, apitoken.ErrInvalid) || !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("%s of a store %s: %v, want ErrInvalid and errors.ErrUnsupported", method, name, err)
			}
		}
	}
}

// setClock shows the time that a test sets.
type setClock struct{ at time.Time }

func (c *setClock) Now() time.Time { return c.at }

// Three replicas send notices for 70 days. They crash between sending and marking, and all of them are down for ten days. A notice
// counts as due if there are eight rounds or more to send it in.
func TestEveryDueNoticeIsSentWhateverCrashes(t *testing.T) {
	type key struct {
		token apitoken.TokenID
		step  time.Duration
	}
	const round, margin = 31 * time.Minute, 8 * 31 * time.Minute
	random := rand.New(rand.NewPCG(1, 2))
	store, now := memstore.New(), &setClock{start} // a clock.Mock sleeps for a millisecond whenever it is set
	var managers []*apitoken.Manager
	for range 3 {
		managers = append(managers, must(apitoken.New(store, &apitoken.Options{Clock: now})))
	}
	m := managers[0]
	if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: bob}); err != nil {
		t.Fatal(err)
	}
	tokens := map[apitoken.TokenID]apitoken.Token{}
	revokedAt := map[apitoken.TokenID]time.Time{}
	for i := range 200 {
		token, _, err := m.Generate(ctx, apitoken.As(bob), apitoken.GenerateParams{
			Owner: bob, Name: fmt.Sprint(i), Lifetime: time.Hour + time.Duration(random.Int64N(int64(apitoken.Days(60)))),
		})
		if err != nil {
			t.Fatal(err)
		}
		tokens[token.ID] = token
	}
	down := func(at time.Time) bool {
		return at.After(start.Add(apitoken.Days(20))) && at.Before(start.Add(apitoken.Days(30)))
	}
	sent, crashes, extra := map[key]int{}, map[key]int{}, 0
	for at := start; at.Before(start.Add(apitoken.Days(70))); at = at.Add(round) {
		now.at = at
		if random.IntN(45) == 0 {
			for id := range tokens {
				if _, done := revokedAt[id]; !done {
					if err := m.Revoke(ctx, apitoken.As(bob), id); err != nil {
						t.Fatal(err)
					}
					revokedAt[id] = at
					break
				}
			}
		}
		if down(at) {
			continue
		}
		notices, err := managers[random.IntN(3)].LeaseNotices(ctx, apitoken.System(), apitoken.NoticeQuery{Steps: noticeSteps, Limit: 1 + random.IntN(20)})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range notices {
			k := key{n.Token.ID, n.Step}
			if sent[k]++; sent[k] > 1 {
				extra++
			}
			expires := tokens[n.Token.ID].ExpiresAt
			if gone := revokedAt[n.Token.ID]; !gone.IsZero() || !at.Before(expires.Add(apitoken.Days(7))) || at.Before(expires.Add(-n.Step)) {
				t.Errorf("at %s a notice %s before %s is sent, revoked at %s", at, n.Step, expires, gone)
			}
			if random.IntN(10) == 0 { // between sending and marking
				crashes[k]++
				continue
			}
			if err := managers[random.IntN(3)].NoticeSent(ctx, apitoken.System(), n); err != nil {
				t.Fatal(err)
			}
		}
	}
	due, missed, crashed := 0, 0, 0
	for id, token := range tokens {
		shorter := time.Duration(-apitoken.Days(7))
		for _, step := range []time.Duration{apitoken.Days(1), apitoken.Days(7), apitoken.Days(30)} {
			from, to := token.ExpiresAt.Add(-step), token.ExpiresAt.Add(-shorter)
			shorter = step
			if gone := revokedAt[id]; !gone.IsZero() && gone.Before(to) {
				to = gone
			}
			possible := false
			for at := start; at.Before(to.Add(-margin)) && at.Before(start.Add(apitoken.Days(70)).Add(-margin)); at = at.Add(round) {
				if !at.Before(from) && !down(at) && !down(at.Add(margin)) {
					possible = true
					break
				}
			}
			if !possible {
				continue
			}
			if due++; sent[key{id, step}] == 0 {
				missed++
				t.Errorf("the notice %s before %s is never sent", step, token.ExpiresAt)
			}
		}
	}
	for k, n := range sent {
		crashed += crashes[k]
		if n > 1+crashes[k] {
			t.Errorf("a notice is sent %d times with %d crashes", n, crashes[k])
		}
	}
	t.Logf("%d notices due, %d missed, %d sent again after %d crashes, %d tokens revoked", due, missed, extra, crashed, len(revokedAt))
}
