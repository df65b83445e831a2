package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
)

const rowsOfPage = 100

// paging compares the first page with one after nine tenths of the rows: of everybody's tokens, and of an owner who has every
// tenth.
func (h *host) paging(rows int, now time.Time) group {
	page := func(q apitoken.TokenQuery, step int, after int) func(int) error {
		id := func(i int) apitoken.TokenID { return historicRow(i*step, rows, now).id }
		q.Limit = rowsOfPage
		if after > 0 {
			q.After = id(after - 1)
		}
		return repeat(func() error {
			tokens, err := h.m.ListTokens(context.Background(), apitoken.System(), q)
			if err == nil && (len(tokens) != rowsOfPage || tokens[0].ID != id(after)) {
				err = errors.New("the result is another page")
			}
			return err
		})
	}
	everybody, one := apitoken.TokenQuery{AnyOwner: true}, apitoken.TokenQuery{Owner: collector}
	ofAll, ofOne := rows/10*9, rows/100*9
	return group{
		title: fmt.Sprintf("Page of %d of %d tokens on %s", rowsOfPage, rows, h.name),
		cases: []benchCase{
			{name: "floor: first page, everybody", run: page(everybody, 1, 0), cost: "ListTokens, first 100, " + h.name},
			{name: fmt.Sprintf("after %d, everybody", ofAll), run: page(everybody, 1, ofAll), aims: atMost(1.25)},
			{name: "floor: first page, one owner", run: page(one, 10, 0), floor: 2},
			{name: fmt.Sprintf("after %d, one owner", ofOne), run: page(one, 10, ofOne), floor: 2, aims: []aim{{against: 2, most: 1.25}}},
		},
	}
}

// inventory compares the first page of everybody's tokens in the browser under each filter with the one without. Some
// filters fill the page at once. Others use up the budget of a page and find nothing.
func (h *host) inventory(ctx context.Context, rows int) (group, error) {
	if _, err := h.m.SetPolicy(ctx, apitoken.System(), apitoken.MaxLifetimePolicy{Max: apitoken.Days(90)}); err != nil {
		return group{}, err
	}
	pages, err := adminui.New(h.m, &adminui.Options{Actor: func(*http.Request) (apitoken.Actor, error) { return apitoken.System(), nil }})
	if err != nil {
		return group{}, err
	}
	g := group{title: fmt.Sprintf("Admin page of everybody's tokens on %s, %d tokens", h.name, rows), scale: 4}
	for i, filter := range []struct{ name, query string }{
		{"floor: no filter", ""},
		{"name, none", "?name=zzz"},
		{"expired", "?status=expired"},
		{"revoked, none", "?status=revoked"},
		{"expires within 30 days", "?within=30"},
		{"unused for 3,000 days, none", "?unused=3000"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/tokens"+filter.query, nil)
		c := benchCase{name: filter.name, run: repeat(func() error {
			w := httptest.NewRecorder()
			pages.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				return fmt.Errorf("%w: status %d", errRefused, w.Code)
			}
			return nil
		})}
		if i > 0 {
			c.aims = atMost(5)
		}
		g.cases = append(g.cases, c)
	}
	return g, nil
}
