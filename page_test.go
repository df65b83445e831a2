package apitoken_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// A store that cannot read within a budget gives full pages, and the last of them has no Next.
func TestTokenPageOfAStoreWithoutABudget(t *testing.T) {
	tests := []struct {
		tokens, limit int
		want          []int // tokens on each page
	}{
		{0, 3, []int{0}},
		{2, 3, []int{2}},
		{3, 3, []int{3}},
		{4, 3, []int{3, 1}},
		{6, 3, []int{3, 3}},
		{2, 1, []int{1, 1}},
		{101, 0, []int{100, 1}},
		{1001, 1000, []int{1000, 1}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%d tokens, %d a page", tt.tokens, tt.limit), func(t *testing.T) {
			h := newHost(t, apitoken.Options{})
			var want []apitoken.Token
			for i := range tt.tokens {
				token, _ := h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: fmt.Sprint(i)})
				want = append(want, token)
			}
			q := apitoken.TokenQuery{Owner: bob, Limit: tt.limit}
			var sizes []int
			var got []apitoken.Token
			for {
				page, err := h.TokenPage(ctx, apitoken.As(bob), q)
				h.must(err)
				sizes = append(sizes, len(page.Tokens))
				got = append(got, page.Tokens...)
				if page.Next.IsZero() {
					break
				}
				q.After = page.Next
			}
			if n, err := h.CountTokens(ctx, apitoken.As(bob), apitoken.TokenQuery{Owner: bob, Limit: 1, After: q.After}); err != nil || n != tt.tokens {
				t.Errorf("%d tokens are counted, %v", n, err)
			}
			if diff := cmp.Diff(tt.want, sizes); diff != "" {
				t.Errorf("pages (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("tokens (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUsersAreFoundByIDAndByName(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	for _, u := range []apitoken.User{{ID: "u1", Name: "Ada Lovelace"}, {ID: "u2", Name: "Grace"}, {ID: "100%"}} {
		if _, err := h.PutUser(ctx, apitoken.System(), u); err != nil {
			t.Fatal(err)
		}
	}
	for contains, want := range map[string][]apitoken.UserID{
		"": {"100%", ada, bob, carol, dan, "u1", "u2"}, "a": {ada, carol, dan, "u1", "u2"}, "ada": {ada}, "Ada": {"u1"}, "%": {"100%"}, "zz": nil, "u": {"u1", "u2"},
	} {
		for _, limit := range []int{0, 1, 2} {
			var got []apitoken.UserID
			for _, u := range collect(t, h.Users(ctx, apitoken.As(ada), apitoken.UserQuery{Contains: contains, Limit: limit})) {
				got = append(got, u.ID)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q, %d at a time (-want +got):\n%s", contains, limit, diff)
			}
		}
	}
	for _, err := range h.Users(ctx, apitoken.As(bob), apitoken.UserQuery{}) {
		if !errors.Is(err, apitoken.ErrDenied) {
			t.Errorf("to a user they are shown: %v", err)
		}
	}
}

func TestEventsCanBeReadBackwards(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	for i := range 10 {
		h.mustGenerate(apitoken.As(bob), apitoken.GenerateParams{Owner: bob, Name: fmt.Sprint(i)})
	}
	for _, owner := range []apitoken.UserID{"", bob, carol, "nobody"} {
		for _, limit := range []int{0, 1, 2, 7} {
			want := collect(t, h.Events(ctx, apitoken.As(ada), apitoken.EventQuery{Owner: owner}))
			slices.Reverse(want)
			got := collect(t, h.Events(ctx, apitoken.As(ada), apitoken.EventQuery{Owner: owner, NewestFirst: true, Limit: limit}))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("of %q, %d at a time (-want +got):\n%s", owner, limit, diff)
			}
		}
	}
	var before []apitoken.EventSeq
	for _, e := range collect(t, h.Events(ctx, apitoken.As(ada), apitoken.EventQuery{NewestFirst: true, After: 3})) {
		before = append(before, e.Seq)
	}
	if diff := cmp.Diff([]apitoken.EventSeq{2, 1}, before); diff != "" {
		t.Errorf("before the third (-want +got):\n%s", diff)
	}
}
