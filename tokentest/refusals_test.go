package tokentest_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

func TestRefusalsAreLoggedWithTheirCause(t *testing.T) {
	tests := map[string]struct {
		do   func(tt *tokentest.Kit, text string)
		want []string
	}{
		"an accepted token": {func(tt *tokentest.Kit, text string) { send(tt, text) }, nil},
		"no token":          {func(tt *tokentest.Kit, _ string) { send(tt, "") }, nil},
		"a wrong token": {func(tt *tokentest.Kit, text string) { send(tt, text+"x") },
			[]string{"tokentest: token.authenticate refused (malformed): malformed token"}},
		"an expired token": {func(tt *tokentest.Kit, text string) {
			tt.Clock.Add(apitoken.Days(90))
			send(tt, text)
		}, []string{"tokentest: token.authenticate refused (expired): token expired, owner ada, token ID"}},
		"a denied change": {func(tt *tokentest.Kit, _ string) {
			_ = tt.Manager.DisableUser(ctx, apitoken.As("ada"), "ada")
		}, []string{"tokentest: user.disable denied (denied): denied: needs ManageUsers, actor person, user ada, owner ada"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := &example{}
			tt := tokentest.New(e)
			token, text := tt.Generate(apitoken.GenerateParams{Owner: "ada"})
			test.do(tt, text)
			var got []string
			for _, line := range e.logs {
				got = append(got, strings.ReplaceAll(line, token.ID.String(), "ID"))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("the log differs (-want +got):\n%s", diff)
			}
		})
	}
}

func send(tt *tokentest.Kit, token string) {
	newHandler(tt.Manager).ServeHTTP(httptest.NewRecorder(), tokentest.Request("GET", "/hello", token))
}

func TestRefusalsAreLoggedWithoutSecrets(t *testing.T) {
	e := &example{}
	tt := tokentest.New(e)
	text := tt.Token("ada")
	send(tt, text+"x")
	// A test that mixes up its arguments may get the text of a token into an error.
	_, _, _ = tt.Manager.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: apitoken.UserID(text), Name: text, Kind: apitoken.Kind(text)})
	_, _ = tt.Manager.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob", Role: apitoken.Role(text)})
	if len(e.logs) != 3 {
		t.Errorf("the log is %q, want 3 lines", e.logs)
	}
	for _, line := range e.logs {
		if strings.Contains(line, text[10:30]) {
			t.Errorf("a token is logged: %s", line)
		}
	}
}

type counter struct{ n int }

func (c *counter) Observe(context.Context, apitoken.Observation) { c.n++ }

func TestRefusalsAreLoggedUpToALimitAndUntilTheTestEnds(t *testing.T) {
	e, own := &example{}, &counter{}
	tt := tokentest.NewWith(e, apitoken.Options{Observer: own})
	for range 1000 {
		_, _ = tt.Manager.Authenticate(ctx, "guess")
	}
	if len(e.logs) != 101 || !strings.Contains(e.logs[100], "more than 100 refusals") {
		t.Errorf("%d lines are logged, want 101; the last is %q", len(e.logs), e.logs[len(e.logs)-1])
	}
	if own.n != 1000 {
		t.Errorf("the Observer of the options was called %d times, want 1000", own.n)
	}
	e = &example{}
	tt = tokentest.New(e)
	for _, cleanup := range e.cleanups {
		cleanup()
	}
	if _, _ = tt.Manager.Authenticate(ctx, "guess"); len(e.logs) != 0 {
		t.Errorf("%q is logged after the end of the test, which panics", e.logs)
	}
}

// A Kit made with a testing.F is used inside the fuzz target, where F must not log.
func FuzzKitInsideATarget(f *testing.F) {
	tt := tokentest.New(f)
	f.Add("guess")
	f.Fuzz(func(t *testing.T, guess string) {
		if _, err := tt.Manager.Authenticate(t.Context(), guess); err == nil {
			t.Errorf("%q authenticates", guess)
		}
	})
}
