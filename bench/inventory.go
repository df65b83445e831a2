package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
)

// inventory compares the first page of everybody's tokens for the browser under each filter with the one without. Some
// filters find all they show at once, some look at the budget of a page and find nothing.
func (h *host) inventory(ctx context.Context, rows int) (group, error) {
	if _, err := h.m.SetPolicy(ctx, apitoken.System(), apitoken.MaxLifetimePolicy{Max: apitoken.Days(90)}); err != nil {
		return group{}, err
	}
	pages, err := adminui.New(h.m, &adminui.Options{Actor: func(*http.Request) (apitoken.Actor, error) { return apitoken.System(), nil }})
	if err != nil {
		return group{}, err
	}
	g := group{title: fmt.Sprintf("First page of the inventory for the browser on %s, %d tokens", h.name, rows), times: 4, close: func() error { return nil }}
	for i, filter := range []struct{ name, query string }{
		{"floor: no filter", ""},
		{"owner", "?owner=" + string(collector)},
		{"name, many", "?name=a"},
		{"name, none", "?name=zzz"},
		{"active", "?status=active"},
		{"expired", "?status=expired"},
		{"revoked, none", "?status=revoked"},
		{"expires within 30 days", "?within=30"},
		{"unused for 30 days", "?unused=30"},
		{"without expiration", "?no-end=yes"},
		{"beyond the maximum", "?beyond=yes"},
		{"unused for 3,000 days, none", "?unused=3000"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/tokens"+filter.query, nil)
		g.cases = append(g.cases, benchCase{name: filter.name, run: repeat(func() error {
			w := httptest.NewRecorder()
			pages.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				return fmt.Errorf("%w: status %d", errRefused, w.Code)
			}
			return nil
		})})
		if i > 0 {
			g.aims = append(g.aims, aim{name: fmt.Sprintf("%s: first page of the inventory, %s, to none", h.name, filter.name), of: i, most: 5})
		}
	}
	return g, nil
}
