package adminapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// page is a page of users or of tokens.
type page struct {
	Users, Tokens []struct{ ID string }
	Next          *string
}

func (p page) ids() (all []string) {
	for _, one := range append(p.Users, p.Tokens...) {
		all = append(all, one.ID)
	}
	return all
}

func TestPagesOfEveryLimitAddUpToTheList(t *testing.T) {
	s := newSite(t)
	for _, id := range []apitoken.UserID{"a/b", "a&b=c", "Ärzte", "zoe", "z", "%"} {
		s.User(id, "")
	}
	var tokens []string
	for i := range 9 {
		token, _ := s.Generate(apitoken.GenerateParams{Owner: []apitoken.UserID{"bob", "carol"}[i%2], Name: fmt.Sprint("t", i)})
		tokens = append(tokens, token.ID.String())
	}
	for path, want := range map[string][]string{
		"/users":  {"%", "a&b=c", "a/b", "ada", "bob", "carol", "z", "zoe", "Ärzte"}, // the order of the bytes
		"/tokens": tokens,
	} {
		for _, limit := range []int{1, 2, 3, 8, 9, 10, 500} {
			t.Run(fmt.Sprint(path, " limit ", limit), func(t *testing.T) {
				var got []string
				for after := ""; ; {
					w := s.call("ada", "GET", fmt.Sprint(path, "?limit=", limit, after), "")
					wantStatus(t, http.StatusOK, w)
					p := decode[page](t, w)
					if n := len(p.ids()); n == 0 || n > limit {
						t.Fatalf("a page has %d elements, want 1 to %d", n, limit)
					}
					got = append(got, p.ids()...)
					if p.Next == nil {
						break
					}
					after = "&after=" + url.QueryEscape(*p.Next)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("the pages differ from the list (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestAPageWithoutALimitHasAHundred(t *testing.T) {
	s := newSite(t)
	for range 101 {
		s.Token("bob")
	}
	w := s.call("bob", "GET", "/users/bob/tokens", "")
	wantStatus(t, http.StatusOK, w)
	p := decode[page](t, w)
	if len(p.Tokens) != 100 || p.Next == nil || *p.Next != p.Tokens[99].ID {
		t.Errorf("the page has %d tokens, want 100 and the id of the last one as next", len(p.Tokens))
	}
}
