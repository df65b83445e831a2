package apitoken_test

import (
	"fmt"
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
			if diff := cmp.Diff(tt.want, sizes); diff != "" {
				t.Errorf("pages (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("tokens (-want +got):\n%s", diff)
			}
		})
	}
}
