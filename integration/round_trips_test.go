package integration_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// tripLimits are the most round trips of each operation. A change costs what the network makes of it.
var tripLimits = map[string]struct{ postgreSQL, mySQL int }{
	"Authenticate":            {1, 1},
	"Token":                   {1, 1},
	"User":                    {1, 1},
	"ListTokens":              {2, 2},
	"TokenPage":               {2, 2},
	"ListUsers":               {2, 2},
	"Generate":                {2, 6},
	"Generate with a token":   {2, 6},
	"Generate for another":    {2, 6},
	"Generate with a limit":   {2, 7},
	"Generate denied":         {2, 3},
	"Revoke":                  {2, 5},
	"Revoke again":            {2, 5},
	"RevokeText":              {2, 5},
	"RevokeText again":        {2, 2},
	"UpdateToken":             {2, 6},
	"UpdateToken, unchanged":  {1, 1},
	"Narrow":                  {2, 6},
	"Narrow, unchanged":       {1, 1},
	"SetPolicy":               {6, 7},
	"PutUser, new":            {2, 6},
	"PutUser, changed":        {2, 5},
	"PutUser, unchanged":      {1, 1},
	"RevokeAll":               {2, 6},
	"EnableUser, DisableUser": {4, 11},
}

func TestOperationsTakeFewRoundTrips(t *testing.T) {
	for _, b := range servers {
		t.Run(b.name, func(t *testing.T) {
			d, trips := b.database(t).counted(t)
			db := d.open(t, 0)
			db.SetMaxOpenConns(1)
			store := d.newMigrated(t, db, nil)
			m, err := apitoken.New(store, nil)
			must(t, err)
			limited, err := apitoken.New(store, &apitoken.Options{MaxActivePerOwner: 1000})
			must(t, err)
			for _, o := range countedOperations(t, m, limited) {
				for range 3 { // prepared statements and the driver's cache are warm afterwards
					must(t, o.do(t.Context()))
				}
				n, limit := trips.least(t, o.do), tripLimits[o.name].postgreSQL
				if b.driver == "mysql" {
					limit = tripLimits[o.name].mySQL
				}
				t.Logf("%-24s %2d round trips, at most %d", o.name, n, limit)
				if n > limit {
					t.Errorf("%s takes %d round trips, at most %d are allowed", o.name, n, limit)
				}
			}
		})
	}
}

// trips counts round trips.
type trips struct{ atomic.Int64 }

// least returns the least round trips of three calls: what runs in the background may come between.
func (c *trips) least(t *testing.T, do func(context.Context) error) int {
	t.Helper()
	least := math.MaxInt
	for range 3 {
		before := c.Load()
		must(t, do(t.Context()))
		least = min(least, int(c.Load()-before))
	}
	return least
}

// countedOperation is a call of a Manager that can be repeated and does the same each time.
type countedOperation struct {
	name string
	do   func(context.Context) error
}

// mostCalls is how often each operation may be called.
const mostCalls = 12

// countedOperations returns the operations. The actors are an administrator and a user, each signed in or with a token.
func countedOperations(t *testing.T, m, limited *apitoken.Manager) []countedOperation {
	t.Helper()
	ada, bob := apitoken.As("ada"), apitoken.As("bob")
	putUser(t, m, apitoken.User{ID: "ada", Role: apitoken.RoleAdmin})
	putUser(t, m, apitoken.User{ID: "bob"})
	kept, secret, err := m.Generate(t.Context(), bob, apitoken.GenerateParams{Owner: "bob", Name: "kept"})
	must(t, err)
	identity, err := m.Authenticate(t.Context(), secret.Reveal())
	must(t, err)

	n := 0
	generate := func(ctx context.Context, actor apitoken.Actor) (apitoken.Token, error) {
		n++
		token, _, err := m.Generate(ctx, actor, apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint("token ", n)})
		return token, err
	}
	var revocable []apitoken.TokenID
	for range mostCalls {
		token, err := generate(t.Context(), bob)
		must(t, err)
		revocable = append(revocable, token.ID)
	}
	var leaked []string
	for range mostCalls {
		n++
		_, secret, err := m.Generate(t.Context(), bob, apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint("token ", n)})
		must(t, err)
		leaked = append(leaked, secret.Reveal())
	}
	reported := leaked[0]
	revoked, err := generate(t.Context(), bob)
	must(t, err)
	must(t, m.Revoke(t.Context(), bob, revoked.ID))
	denied := func(err error) error {
		if !errors.Is(err, apitoken.ErrDenied) {
			return fmt.Errorf("want a denial, got %w", err)
		}
		return nil
	}
	return []countedOperation{
		{"Authenticate", func(ctx context.Context) error { _, err := m.Authenticate(ctx, secret.Reveal()); return err }},
		{"Token", func(ctx context.Context) error { _, err := m.Token(ctx, bob, kept.ID); return err }},
		{"User", func(ctx context.Context) error { _, err := m.User(ctx, ada, "bob"); return err }},
		{"ListTokens", func(ctx context.Context) error {
			_, err := m.ListTokens(ctx, bob, apitoken.TokenQuery{Owner: "bob"})
			return err
		}},
		{"TokenPage", func(ctx context.Context) error {
			_, err := m.TokenPage(ctx, ada, apitoken.TokenQuery{AnyOwner: true})
			return err
		}},
		{"ListUsers", func(ctx context.Context) error { _, err := m.ListUsers(ctx, ada, apitoken.UserQuery{}); return err }},
		{"Generate", func(ctx context.Context) error { _, err := generate(ctx, bob); return err }},
		{"Generate with a token", func(ctx context.Context) error { _, err := generate(ctx, identity.Actor()); return err }},
		{"Generate for another", func(ctx context.Context) error { _, err := generate(ctx, ada); return err }},
		{"Generate with a limit", func(ctx context.Context) error {
			n++
			_, _, err := limited.Generate(ctx, bob, apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint("token ", n)})
			return err
		}},
		{"Generate denied", func(ctx context.Context) error {
			_, _, err := m.Generate(ctx, bob, apitoken.GenerateParams{Owner: "ada", Name: "none"})
			return denied(err)
		}},
		{"Revoke", func(ctx context.Context) error {
			id := revocable[0]
			revocable = revocable[1:]
			return m.Revoke(ctx, bob, id)
		}},
		{"Revoke again", func(ctx context.Context) error { return m.Revoke(ctx, ada, revoked.ID) }},
		{"RevokeText", func(ctx context.Context) error {
			text := leaked[0]
			leaked = leaked[1:]
			_, err := m.RevokeText(ctx, apitoken.System(), text, apitoken.Leak{})
			return err
		}},
		{"RevokeText again", func(ctx context.Context) error {
			_, err := m.RevokeText(ctx, apitoken.System(), reported, apitoken.Leak{})
			return err
		}},
		{"UpdateToken", func(ctx context.Context) error {
			n++
			name, description := fmt.Sprint("kept ", n), fmt.Sprint("changed ", n, " times")
			_, err := m.UpdateToken(ctx, ada, kept.ID, apitoken.TokenChange{Name: &name, Description: &description})
			return err
		}},
		{"UpdateToken, unchanged", func(ctx context.Context) error {
			_, err := m.UpdateToken(ctx, bob, kept.ID, apitoken.TokenChange{})
			return err
		}},
		{"Narrow", func(ctx context.Context) error {
			n++
			_, err := m.Narrow(ctx, ada, kept.ID, apitoken.Narrowing{ExpiresAt: kept.ExpiresAt.Add(-time.Duration(n) * time.Second)})
			return err
		}},
		{"Narrow, unchanged", func(ctx context.Context) error {
			_, err := m.Narrow(ctx, bob, kept.ID, apitoken.Narrowing{ExpiresAt: kept.ExpiresAt})
			return err
		}},
		{"SetPolicy", func(ctx context.Context) error {
			n++
			_, err := m.SetPolicy(ctx, ada, apitoken.MaxLifetimePolicy{Max: apitoken.Days(100 + n)})
			return err
		}},
		{"PutUser, new", func(ctx context.Context) error {
			n++
			_, err := m.PutUser(ctx, ada, apitoken.User{ID: apitoken.UserID(fmt.Sprint("user ", n))})
			return err
		}},
		{"PutUser, changed", func(ctx context.Context) error {
			n++
			_, err := m.PutUser(ctx, ada, apitoken.User{ID: "bob", Name: fmt.Sprint("Bob ", n)})
			return err
		}},
		{"PutUser, unchanged", func(ctx context.Context) error { _, err := m.PutUser(ctx, ada, apitoken.User{ID: "bob"}); return err }},
		{"RevokeAll", func(ctx context.Context) error { return m.RevokeAll(ctx, ada, "bob") }},
		{"EnableUser, DisableUser", func(ctx context.Context) error {
			return errors.Join(m.EnableUser(ctx, ada, "bob"), m.DisableUser(ctx, ada, "bob"))
		}},
	}
}

// counted returns a database whose connections go through a proxy that counts round trips: how often the server sends something
// after a client has sent something.
func (d database) counted(t *testing.T) (database, *trips) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	d, server := d.reachedAt(t, listener.Addr().String())
	count := new(trips)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // the test is over
			}
			serving.Go(func() { countTrips(client, server, count) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		serving.Wait()
	})
	return d, count
}

// countTrips forwards one connection until one side closes it.
func countTrips(client net.Conn, address string, count *trips) {
	server, err := net.Dial("tcp", address)
	if err != nil {
		_ = client.Close()
		return
	}
	var asked atomic.Bool // the client has sent something since the server did
	forward := func(from, to net.Conn, seen func()) {
		defer func() { _, _ = from.Close(), to.Close() }()
		buffer := make([]byte, 1<<16)
		for {
			n, err := from.Read(buffer)
			if n > 0 {
				seen()
				_, err = to.Write(buffer[:n])
			}
			if err != nil {
				return
			}
		}
	}
	var both sync.WaitGroup
	both.Go(func() { forward(client, server, func() { asked.Store(true) }) })
	both.Go(func() {
		forward(server, client, func() {
			if asked.Swap(false) {
				count.Add(1)
			}
		})
	})
	both.Wait()
}
