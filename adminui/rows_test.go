package adminui_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// counted is a store that counts the rows that it hands over.
type counted struct {
	*memstore.Store
	rows int
}

func (c *counted) TokenPage(ctx context.Context, q apitoken.TokenQuery, now time.Time, rows int) (apitoken.TokenPage, error) {
	page, err := c.Store.TokenPage(ctx, q, now, rows)
	c.rows += len(page.Tokens)
	return page, err
}

func (c *counted) Tokens(ctx context.Context, q apitoken.TokenQuery, now time.Time) ([]apitoken.Token, error) {
	tokens, err := c.Store.Tokens(ctx, q, now)
	c.rows += len(tokens)
	return tokens, err
}

func (c *counted) Users(ctx context.Context, q apitoken.UserQuery) ([]apitoken.User, error) {
	users, err := c.Store.Users(ctx, q)
	c.rows += len(users)
	return users, err
}

func (c *counted) Events(ctx context.Context, q apitoken.EventQuery) ([]apitoken.Event, error) {
	events, err := c.Store.Events(ctx, q)
	c.rows += len(events)
	return events, err
}

// However many there are, a page reads what it shows, and at most one row more to see whether there is another.
func TestNoPageReadsMoreRowsThanItShows(t *testing.T) {
	store := &counted{Store: memstore.New()}
	m, err := apitoken.New(store, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		id := apitoken.UserID(fmt.Sprintf("user-%03d", i))
		if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: id}); err != nil {
			t.Fatal(err)
		}
		for j := range 2 {
			if _, _, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: id, Name: fmt.Sprint(j)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range 300 {
		if _, _, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: "user-000", Name: fmt.Sprint("more ", i)}); err != nil {
			t.Fatal(err)
		}
	}
	h := host{t: t}
	h.pages, err = adminui.New(m, &adminui.Options{Actor: func(*http.Request) (apitoken.Actor, error) { return apitoken.System(), nil }})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"/users", "/users?q=user", "/users/user-000/tokens", "/users/user-000/revoke-all", "/tokens", "/tokens?status=active", "/tokens?name=more",
		"/tokens?status=revoked", "/tokens?unused=30", "/tokens?no-end=yes", "/expiring", "/policy", "/activity", "/activity?owner=user-000",
	} {
		store.rows = 0
		h.page("", path)
		if store.rows > 51 {
			t.Errorf("%s reads %d rows", path, store.rows)
		}
	}
}
