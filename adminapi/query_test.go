package adminapi_test

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// recordingStore records the queries of tokens, and answers with a fixed page.
type recordingStore struct {
	*memstore.Store
	asked []apitoken.TokenQuery
	page  apitoken.TokenPage
}

func (s *recordingStore) ScanTokens(_ context.Context, q apitoken.TokenQuery, _ int) (apitoken.TokenPage, error) {
	s.asked = append(s.asked, q.At(time.Time{}))
	return s.page, nil
}

func newRecordingSite(t *testing.T) (*recordingStore, http.Handler) {
	t.Helper()
	store := &recordingStore{Store: memstore.New()}
	m, err := apitoken.New(store, nil)
	must(t, err)
	for _, u := range []apitoken.User{{ID: "ada", Role: apitoken.RoleAdmin}, {ID: "bob"}} {
		if _, err := m.PutUser(ctx, apitoken.System(), u); err != nil {
			t.Fatal(err)
		}
	}
	return store, newHandler(t, m)
}

func TestEveryConditionReachesTheManager(t *testing.T) {
	after, err := apitoken.ParseTokenID(noToken)
	must(t, err)
	day := time.Date(2026, time.January, 31, 0, 0, 0, 0, time.UTC)
	type queryTest struct {
		query string
		want  apitoken.TokenQuery // Limit 0: 100
	}
	tests := []queryTest{
		{"", apitoken.TokenQuery{}},
		{"status=active", apitoken.TokenQuery{Status: apitoken.StatusActive}},
		{"status=expired", apitoken.TokenQuery{Status: apitoken.StatusExpired}},
		{"status=revoked", apitoken.TokenQuery{Status: apitoken.StatusRevoked}},
		{"name_contains=100%25+%26+%C3%A4", apitoken.TokenQuery{NameContains: "100% & ä"}},
		{"kind=robot", apitoken.TokenQuery{Kind: "robot"}},
		{"resource=project%3A%C3%A4%2F+%26", apitoken.TokenQuery{Resource: "project:ä/ &"}},
		{"created_by=a%2Fb", apitoken.TokenQuery{CreatedBy: "a/b"}},
		{"created_with=" + noToken, apitoken.TokenQuery{CreatedWith: after}},
		{"on_behalf=true", apitoken.TokenQuery{OnBehalf: true}},
		{"expires_before=2026-01-31T00:00:00Z", apitoken.TokenQuery{ExpiresBefore: day}},
		{"expires_before=2026-01-31T05%3A30%3A00.000001999%2B05%3A30", apitoken.TokenQuery{ExpiresBefore: day.Add(time.Microsecond)}},
		{"expires_before=1970-01-01T00:00:00Z", apitoken.TokenQuery{ExpiresBefore: time.Unix(0, 0).UTC()}},
		{"without_expiration=true", apitoken.TokenQuery{WithoutExpiration: true}},
		{"unused_since=2026-01-30T12:00:00-12:00", apitoken.TokenQuery{UnusedSince: day}},
		{"lives_longer_than_seconds=2592000", apitoken.TokenQuery{LivesLongerThan: apitoken.Days(30)}},
		{"lives_longer_than_seconds=86400.5000000000", apitoken.TokenQuery{LivesLongerThan: apitoken.Days(1) + time.Second/2}},
		{"lives_longer_than_seconds=0.000001", apitoken.TokenQuery{LivesLongerThan: time.Microsecond}},
		{"lives_longer_than_seconds=9223372036.854775", apitoken.TokenQuery{LivesLongerThan: time.Duration(math.MaxInt64).Truncate(time.Microsecond)}},
		// Without a maximum, the Manager asks for what does not exist.
		{"beyond_policy=true", apitoken.TokenQuery{LivesLongerThan: apitoken.NoExpiration, ExpiresBefore: time.Unix(0, 0).UTC()}},
		{"after=" + noToken, apitoken.TokenQuery{After: after}},
		{"limit=1", apitoken.TokenQuery{Limit: 1}},
		{"limit=500", apitoken.TokenQuery{Limit: 500}},
		{"limit=7&after=" + noToken + "&status=active&name_contains=x&kind=user&resource=web&created_by=ada&created_with=" + noToken + "&on_behalf=true" +
			"&unused_since=2026-01-31T00:00:00Z&lives_longer_than_seconds=0.5&beyond_policy=true",
			apitoken.TokenQuery{
				Limit: 7, After: after, Status: apitoken.StatusActive, NameContains: "x", Kind: apitoken.KindUser, Resource: "web", CreatedBy: "ada", CreatedWith: after, OnBehalf: true,
				ExpiresBefore: time.Unix(0, 0).UTC(), UnusedSince: day, LivesLongerThan: apitoken.NoExpiration,
			}},
	}
	for _, name := range tokenListParams() {
		if !slices.ContainsFunc(tests, func(test queryTest) bool { return strings.Contains("&"+test.query, "&"+name+"=") }) {
			t.Errorf("no query has the parameter %s", name)
		}
	}
	for _, test := range tests {
		for path, about := range map[string]apitoken.TokenQuery{"/tokens": {AnyOwner: true}, "/users/bob/tokens": {Owner: "bob"}} {
			t.Run(path+"?"+test.query, func(t *testing.T) {
				store, h := newRecordingSite(t)
				wantStatus(t, http.StatusOK, call(h, "ada", "GET", path+"?"+test.query, ""))
				want := test.want
				want.Owner, want.AnyOwner = about.Owner, about.AnyOwner
				if want.Limit == 0 {
					want.Limit = 100
				}
				if len(store.asked) != 1 {
					t.Fatalf("the store was asked %d times", len(store.asked))
				}
				got := store.asked[0]
				if diff := cmp.Diff(want, got, cmp.AllowUnexported(want)); diff != "" {
					t.Errorf("the query differs (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// tokenListParams are the parameters of GET /tokens.
func tokenListParams() []string {
	for _, r := range adminapi.Routes() {
		if r.Method == "GET" && r.Path == "/tokens" {
			return r.Params
		}
	}
	return nil
}

// The Manager may stop before a page is full, and even before it has an element. Next is set then too.
func TestAShortPageHasANext(t *testing.T) {
	next, err := apitoken.ParseTokenID(noToken)
	must(t, err)
	store, h := newRecordingSite(t)
	store.page.Next = next
	w := call(h, "ada", "GET", "/tokens?kind=rare", "")
	wantStatus(t, http.StatusOK, w)
	if diff := cmp.Diff(`{"tokens":[],"next":"`+noToken+`"}`+"\n", w.Body.String()); diff != "" {
		t.Errorf("the empty page differs (-want +got):\n%s", diff)
	}
	store.page.Tokens = []apitoken.Token{{ID: next, Owner: "bob", Name: "x", Kind: "rare"}}
	p := decode[page](t, call(h, "ada", "GET", "/tokens?kind=rare", ""))
	if len(p.Tokens) != 1 || p.Next == nil || *p.Next != noToken {
		t.Errorf("the page of one token is %+v, want it with next %s", p, noToken)
	}
}

// The name of a parameter can be of any length, and need not be UTF-8.
func TestLongParameterNamesAreShortened(t *testing.T) {
	_, h := newRecordingSite(t)
	for name, want := range map[string]string{
		strings.Repeat("x", 64):          strings.Repeat("x", 64),
		strings.Repeat("x", 65):          strings.Repeat("x", 64) + "...",
		strings.Repeat("ä", 5000):        strings.Repeat("ä", 32) + "...",
		"x" + strings.Repeat("ä", 5000):  "x" + strings.Repeat("ä", 31) + "...",
		strings.Repeat("\x9f", 65):       "?",
		"\xff" + strings.Repeat("x", 63): "?" + strings.Repeat("x", 63),
		"a\x00b":                         "a\x00b",
	} {
		p := wantProblem(t, 400, "malformed", call(h, "ada", "GET", "/tokens?"+url.QueryEscape(name)+"=1", ""))
		if p.Field != want {
			t.Errorf("%.80q is shown as %q, want %q", name, p.Field, want)
		}
	}
}
