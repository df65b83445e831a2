package adminui_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// rowCounter is a store that counts the rows that it returns.
type rowCounter struct {
	*memstore.Store
	rows int
}

func (c *rowCounter) ScanTokens(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenPage, error) {
	page, err := c.Store.ScanTokens(ctx, q, rows)
	c.rows += len(page.Tokens)
	return page, err
}

func (c *rowCounter) Tokens(ctx context.Context, q apitoken.TokenQuery) ([]apitoken.Token, error) {
	tokens, err := c.Store.Tokens(ctx, q)
	c.rows += len(tokens)
	return tokens, err
}

func (c *rowCounter) Users(ctx context.Context, q apitoken.UserQuery) ([]apitoken.User, error) {
	users, err := c.Store.Users(ctx, q)
	c.rows += len(users)
	return users, err
}

func (c *rowCounter) Events(ctx context.Context, q apitoken.EventQuery) ([]apitoken.Event, error) {
	events, err := c.Store.Events(ctx, q)
	c.rows += len(events)
	return events, err
}

// A page reads what it shows and at most one row more, to know whether there is another page.
func TestPagesReadNoMoreRowsThanTheyShow(t *testing.T) {
	store := &rowCounter{Store: memstore.New()}
	h := hostOver(t, store, func(o *adminui.Options) { o.Prefix = "" }, signedInAs("ada"), withUserForms)
	token := h.generate("one")
	for i := range 300 {
		h.put(apitoken.User{ID: apitoken.UserID(fmt.Sprintf("a-%03d", i))})
		h.generate(fmt.Sprint("more ", i))
		h.generate(fmt.Sprint(i))
	}
	for _, path := range []string{
		"/users", "/users?q=a-", "/users/bob", "/users/bob/disable", "/users/bob/tokens", "/users/bob/revoke-all", "/tokens", "/tokens?status=active", "/tokens?name=more",
		"/tokens/" + token.ID.String(), "/tokens?status=revoked", "/tokens?unused=30", "/tokens?no-end=yes", "/expiring", "/policy", "/activity", "/activity?owner=bob",
	} {
		store.rows = 0
		h.page("", path)
		if store.rows > 51 {
			t.Errorf("%s reads %d rows, want at most 51", path, store.rows)
		}
	}
}
