package apitoken_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-d6cf0a46/apitoken"
)

var leaked = apitoken.Leak{URL: "https://github.com/acme/web/blob/9f3c/.env", Source: "content"}

// newLeakHost returns a host that accepts tokens of its own, with a former prefix, and of another system. texts has one of each,
// all of Bob's.
func newLeakHost(t *testing.T) (h host, texts map[string]string) {
	t.Helper()
	h = newHost(t, apitoken.Options{Prefix: "new", FormerPrefixes: []string{"tok"}, Foreign: []apitoken.ForeignFormat{oldKeys}})
	texts = map[string]string{"a foreign format": "old-1"}
	h.must(second(h.Import(ctx, apitoken.System(), importOf("old-1"))))
	_, texts["the present prefix"] = h.mustGenerateOwn(bob, "present")
	before := must(apitoken.New(h.store, &apitoken.Options{Clock: h.clock}))
	_, secret, err := before.Generate(ctx, apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: "former"})
	h.must(err)
	texts["a former prefix"] = secret.Reveal()
	return h, texts
}

func TestALeakedTokenIsRevokedWhateverItsFormat(t *testing.T) {
	h, texts := newLeakHost(t)
	for format, text := range texts {
		t.Run(format, func(t *testing.T) {
			h.t = t
			was := h.mustAuthenticate(text).Token
			events := len(h.events())
			h.clock.Add(time.Hour)
			now := h.Now()
			got, err := h.RevokeText(ctx, apitoken.System(), text, leaked)
			h.must(err)
			want := was
			want.RevokedAt = now
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the token (-want +got):\n%s", diff)
			}
			if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrRevoked) {
				t.Errorf("Authenticate: %v, want ErrRevoked", err)
			}
			wantEvents := []apitoken.Event{{
				At: now, Action: apitoken.ActionLeaked, Outcome: apitoken.OutcomeDone, Actor: apitoken.System(), Owner: bob, Token: was.ID,
				Before: apitoken.State{Name: was.Name, Kind: was.Kind, ExpiresAt: was.ExpiresAt},
				After:  apitoken.State{Name: was.Name, Kind: was.Kind, ExpiresAt: was.ExpiresAt, RevokedAt: now},
				Reason: "found in content at github.com/acme/web/blob/9f3c/.env",
			}}
			if diff := cmp.Diff(wantEvents, h.events()[events:], cmpopts.IgnoreFields(apitoken.Event{}, "Seq", "ID")); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// A report is no use of the token.
func TestALeakDoesNotMoveTheLastUse(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, text := h.mustGenerateOwn(bob, "ci")
	h.clock.Add(time.Hour)
	h.must(second(h.RevokeText(ctx, apitoken.System(), text, leaked)))
	h.must(second(h.RevokeText(ctx, apitoken.System(), text, leaked)))
	h.must(h.Flush(ctx))
	if got := must(h.Token(ctx, apitoken.As(bob), token.ID)); !got.LastUsedAt.IsZero() {
		t.Errorf("LastUsedAt is %s, want none", got.LastUsedAt)
	}
}

// One's own token is revoked with its text, whatever the actor's token may do. Other tokens need the permission of Revoke.
func TestWhoMayRevokeByText(t *testing.T) {
	for name, tt := range map[string]struct {
		actor func(h host, text string) apitoken.Actor
		want  string
	}{
		"the host itself":        {func(host, string) apitoken.Actor { return apitoken.System() }, allowed},
		"the owner":              {func(host, string) apitoken.Actor { return apitoken.As(bob) }, allowed},
		"the token itself":       {func(h host, text string) apitoken.Actor { return h.mustAuthenticate(text).Actor() }, allowed},
		"a bound token of Bob's": {func(h host, _ string) apitoken.Actor { return h.withToken(bob, "", "project:web") }, allowed},
		"a token of Bob's without permissions": {func(h host, _ string) apitoken.Actor {
			return h.withToken(bob, "idle", "")
		}, allowed},
		"an administrator": {func(host, string) apitoken.Actor { return apitoken.As(ada) }, allowed},
		"an administrator's bound token": {func(h host, _ string) apitoken.Actor {
			return h.withToken(ada, "", "project:web")
		}, hidden},
		"a user with RevokeAny": {func(h host, _ string) apitoken.Actor {
			h.mustPutUser("erin", "revoker")
			return apitoken.As("erin")
		}, allowed},
		"another user":         {func(host, string) apitoken.Actor { return apitoken.As(carol) }, hidden},
		"another user's token": {func(h host, _ string) apitoken.Actor { return h.withToken(carol, "", "") }, hidden},
		"a disabled user":      {func(host, string) apitoken.Actor { return apitoken.As(dan) }, denied},
		"an unknown user":      {func(host, string) apitoken.Actor { return apitoken.As("eve") }, denied},
		"the zero Actor":       {func(host, string) apitoken.Actor { return apitoken.Actor{} }, denied},
		"the host with the id of a user": {func(host, string) apitoken.Actor {
			return apitoken.Actor{Kind: apitoken.ActorSystem, User: bob}
		}, denied},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{
				Roles:     map[apitoken.Role]apitoken.Permission{"revoker": apitoken.RevokeAny},
				KindRules: map[apitoken.Kind]apitoken.KindRule{"idle": {}},
			})
			token, text := h.mustGenerateOwn(bob, "ci")
			actor := tt.actor(h, text)
			before := h.denials()
			got, err := h.RevokeText(ctx, actor, text, leaked)
			if verdict(err) != tt.want {
				t.Errorf("RevokeText is %s, want %s", verdict(err), tt.want)
			}
			isRevoked := must(h.Token(ctx, apitoken.System(), token.ID)).Status(start) == apitoken.StatusRevoked
			if isRevoked != (tt.want == allowed) || isRevoked != (got.ID == token.ID) {
				t.Errorf("the token is revoked: %t, and the result is %+v", isRevoked, got)
			}
			if recorded := h.denials() - before; (recorded == 1) == (tt.want == allowed) {
				t.Errorf("%d denials recorded", recorded)
			}
		})
	}
}

// For an actor without the permission, another user's token and a text that is no token have the same error.
func TestATextShowsNothingToThoseWhoMayNotRevoke(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	_, text := h.mustGenerateOwn(bob, "ci")
	var errs []string
	for _, text := range []string{text, withChecksum("tok_" + strings.Repeat("0", 43)), text + "x", ""} {
		before := h.denials()
		_, err := h.RevokeText(ctx, apitoken.As(carol), text, leaked)
		errs = append(errs, fmt.Sprint(err))
		if recorded := h.denials() - before; recorded != 1 {
			t.Errorf("%d denials recorded, want 1", recorded)
		}
	}
	const want = "apitoken: token.leaked: not found: needs RevokeAny"
	if diff := cmp.Diff([]string{want, want, want, want}, errs); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestATextThatIsNoTokenIsNotFound(t *testing.T) {
	h, texts := newLeakHost(t)
	text := texts["the present prefix"]
	before := len(h.events())
	for name, other := range map[string]string{
		"no text":                    "",
		"an unknown token":           withChecksum("new_" + strings.Repeat("0", 43)),
		"an unknown foreign token":   "old-2",
		"a token in a longer text":   "token=" + text,
		"a token with a line break":  text + "\n",
		"a token without its prefix": text[4:],
		"a wrong checksum":           text[:len(text)-1] + "-",
		"half a mebibyte":            strings.Repeat(text, 10000),
	} {
		got, err := h.RevokeText(ctx, apitoken.System(), other, leaked)
		if !errors.Is(err, apitoken.ErrNotFound) || got != (apitoken.Token{}) || strings.Contains(err.Error(), text[4:]) {
			t.Errorf("%s: %+v, %v, want ErrNotFound without the text", name, got, err)
		}
	}
	if got := len(h.events()); got != before {
		t.Errorf("%d events, want none", got-before)
	}
	h.mustAuthenticate(text)
}

// A second report finds the token as it is, and changes nothing.
func TestALeakIsRecordedOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		before func(h host, token apitoken.Token, text string) error
		events int // of the report
		by     apitoken.UserID
	}{
		"active": {func(host, apitoken.Token, string) error { return nil }, 1, ""},
		"reported before": {func(h host, _ apitoken.Token, text string) error {
			return second(h.RevokeText(ctx, apitoken.As(ada), text, apitoken.Leak{}))
		}, 0, ada},
		"revoked":             {func(h host, token apitoken.Token, _ string) error { return h.Revoke(ctx, apitoken.As(bob), token.ID) }, 0, bob},
		"revoked with others": {func(h host, _ apitoken.Token, _ string) error { return h.RevokeAll(ctx, apitoken.As(ada), bob) }, 0, ada},
		"of a disabled user":  {func(h host, _ apitoken.Token, _ string) error { return h.DisableUser(ctx, apitoken.As(ada), bob) }, 0, ada},
		"of a suspended user": {func(h host, _ apitoken.Token, _ string) error { return h.SuspendUser(ctx, apitoken.As(ada), bob) }, 1, ""},
		"expired":             {func(h host, _ apitoken.Token, _ string) error { h.clock.Add(apitoken.Days(90)); return nil }, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			token, text := h.mustGenerateOwn(bob, "ci")
			h.must(tt.before(h, token, text))
			h.clock.Add(time.Hour)
			events := len(h.events())
			var answers []apitoken.Token
			for range 3 {
				got, err := h.RevokeText(ctx, apitoken.System(), text, leaked)
				h.must(err)
				answers = append(answers, got)
			}
			want := must(h.Token(ctx, apitoken.System(), token.ID))
			if diff := cmp.Diff([]apitoken.Token{want, want, want}, answers); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			if want.Status(h.Now()) != apitoken.StatusRevoked || want.RevokedBy != tt.by {
				t.Errorf("the token is %s by %q, want revoked by %q", want.Status(h.Now()), want.RevokedBy, tt.by)
			}
			if got := len(h.events()) - events; got != tt.events {
				t.Errorf("%d events of three reports, want %d", got, tt.events)
			}
		})
	}
}

// Somebody else revokes the token after it was found. It stays as they left it.
func TestATokenThatIsRevokedDuringTheReportStaysAsItIs(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	token, text := h.mustGenerateOwn(bob, "ci")
	h.store.before = func(method string) error {
		if method != "RevokeToken" {
			return nil
		}
		h.store.before = nil
		return h.Revoke(ctx, apitoken.As(bob), token.ID)
	}
	got, err := h.RevokeText(ctx, apitoken.System(), text, leaked)
	h.must(err)
	if got.RevokedBy != bob {
		t.Errorf("the token is revoked by %q, want bob", got.RevokedBy)
	}
	if e := h.events(); e[len(e)-1].Action != apitoken.ActionRevoke {
		t.Errorf("the last event is %s, want that of Revoke", e[len(e)-1].Action)
	}
}

// After an unknown outcome the caller asks again. The token is revoked, and one event is recorded.
func TestALeakMayBeReportedAgainAfterAnUnknownOutcome(t *testing.T) {
	lost := fmt.Errorf("%w: connection lost at commit", apitoken.ErrUncertain)
	for name, arrange := range map[string]func(h host){
		"it was done":     func(h host) { h.store.after = failOn("RevokeToken", lost) },
		"it was not done": func(h host) { h.store.before = failOn("RevokeToken", lost) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			_, text := h.mustGenerateOwn(bob, "ci")
			events := len(h.events())
			arrange(h)
			if got, err := h.RevokeText(ctx, apitoken.System(), text, leaked); !errors.Is(err, apitoken.ErrUncertain) || got != (apitoken.Token{}) {
				t.Errorf("RevokeText: %+v, %v, want ErrUncertain and no token", got, err)
			}
			h.store.before, h.store.after = nil, nil
			if got := must(h.RevokeText(ctx, apitoken.System(), text, leaked)); got.RevokedAt.IsZero() {
				t.Error("the token is not revoked")
			}
			if got := len(h.events()) - events; got != 1 {
				t.Errorf("%d events, want 1", got)
			}
		})
	}
}

// The host revokes a leaked token with one read and one write. Later reports only read.
func TestALeakCostsOneReadAndOneWrite(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	_, text := h.mustGenerateOwn(bob, "ci")
	for _, want := range []map[string]int{{"Lookup": 1, "RevokeToken": 1}, {"Lookup": 1, "Token": 1}} {
		before := h.store.counts()
		h.must(second(h.RevokeText(ctx, apitoken.System(), text, leaked)))
		if diff := cmp.Diff(want, h.store.since(before)); diff != "" {
			t.Errorf("calls of the store (-want +got):\n%s", diff)
		}
	}
}

func TestTheEventSaysWhereATextWasFound(t *testing.T) {
	long := strings.Repeat("é", 300)
	for name, tt := range map[string]struct {
		leak apitoken.Leak
		want string
	}{
		"nothing known":              {apitoken.Leak{}, "found"},
		"the source":                 {apitoken.Leak{Source: "issue_comment"}, "found in issue_comment"},
		"the URL":                    {apitoken.Leak{URL: "https://gist.github.com/1"}, "found at gist.github.com/1"},
		"a port":                     {apitoken.Leak{URL: "http://[2001:db8::1]:8080/a b"}, "found at [2001:db8::1]:8080/a b"},
		"user, query and fragment":   {apitoken.Leak{URL: "https://ada:pw@example.org/x?token=1#y"}, "found at example.org/x"},
		"no scheme":                  {apitoken.Leak{URL: "ada:pw@example.org/x"}, "found"},
		"no host":                    {apitoken.Leak{URL: "file:///home/ada"}, "found"},
		"a relative URL":             {apitoken.Leak{URL: "some_url"}, "found"},
		"no URL":                     {apitoken.Leak{URL: "https://%zz"}, "found"},
		"characters that break logs": {apitoken.Leak{URL: "https://example.org/a%0Ab", Source: "a\x00\u202eb\xff"}, "found in a��b� at example.org/a�b"},
		"a long source":              {apitoken.Leak{Source: long}, "found in " + long[:64]},
		"a long path":                {apitoken.Leak{URL: "https://example.org/" + url.PathEscape(long)}, "found at example.org/" + long[:234]},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			_, text := h.mustGenerateOwn(bob, "ci")
			h.must(second(h.RevokeText(ctx, apitoken.System(), text, tt.leak)))
			e := h.events()
			if diff := cmp.Diff(tt.want, e[len(e)-1].Reason); diff != "" {
				t.Errorf("the reason (-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever the finder says, the text goes nowhere: not into the store, the observer or an error.
func TestTheTextOfALeakedTokenIsStoredNowhere(t *testing.T) {
	for name, leak := range map[string]func(text string) apitoken.Leak{
		"in the path":    func(text string) apitoken.Leak { return apitoken.Leak{URL: "https://example.org/reset/" + text + "/x"} },
		"in the host":    func(text string) apitoken.Leak { return apitoken.Leak{URL: "https://" + text + ".example.org/"} },
		"in the query":   func(text string) apitoken.Leak { return apitoken.Leak{URL: "https://example.org/?token=" + text} },
		"as a user":      func(text string) apitoken.Leak { return apitoken.Leak{URL: "https://" + text + "@example.org/"} },
		"escaped":        func(text string) apitoken.Leak { return apitoken.Leak{URL: "https://example.org/%74" + text[1:]} },
		"escaped twice":  func(text string) apitoken.Leak { return apitoken.Leak{URL: "https://example.org/%2574" + text[1:]} },
		"in the source":  func(text string) apitoken.Leak { return apitoken.Leak{Source: "commit of " + text} },
		"without prefix": func(text string) apitoken.Leak { return apitoken.Leak{Source: text[4:]} },
		"at a cut":       func(text string) apitoken.Leak { return apitoken.Leak{Source: strings.Repeat("x", 40) + text} },
	} {
		t.Run(name, func(t *testing.T) {
			h := newObservedHost(t)
			secret := h.text[4:24]
			h.must(second(h.RevokeText(ctx, apitoken.System(), h.text, leak(h.text))))
			_, err := h.RevokeText(ctx, apitoken.As(carol), h.text, leak(h.text))
			if all := fmt.Sprintf("%+v %v %s", h.observer.take(), err, h.dump()); strings.Contains(all, secret) {
				t.Errorf("%s is in\n%s", secret, all)
			}
		})
	}
}

func TestAForeignTextIsStoredNowhere(t *testing.T) {
	h := newImportHost(t)
	h.must(second(h.Import(ctx, apitoken.System(), importOf("old-1"))))
	h.must(second(h.RevokeText(ctx, apitoken.System(), "old-1", apitoken.Leak{URL: "https://example.org/old-1/x", Source: "old-1"})))
	e := h.events()
	if diff := cmp.Diff("found in REDACTED at example.org/REDACTED/x", e[len(e)-1].Reason); diff != "" {
		t.Errorf("the reason (-want +got):\n%s", diff)
	}
}

// A clock that cannot be stored stops no revocation.
func TestALeakedTokenIsRevokedWithABrokenClock(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	_, text := h.mustGenerateOwn(bob, "ci")
	h.clock.Set(time.Unix(-1, 0))
	h.must(second(h.RevokeText(ctx, apitoken.System(), text, leaked)))
	h.clock.Set(start)
	if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrRevoked) {
		t.Errorf("Authenticate: %v, want ErrRevoked", err)
	}
}
