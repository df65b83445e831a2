package integration_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// inFlight is how many requests of a hostile user are in flight at any time.
const inFlight = 256

// A user who floods the host with requests about themselves delays what an administrator does to them, and never makes it
// fail. The environment variable APITOKEN_HOSTILE is the number of rounds, of which each does everything once.
func TestHostileCrowdStopsNoAdministrator(t *testing.T) {
	long(t)
	rounds := fromEnvironment(t, "APITOKEN_HOSTILE", 2)
	for _, c := range []struct {
		name string
		open func(t *testing.T) apitoken.Store
	}{
		{"memory", func(*testing.T) apitoken.Store { return memstore.New() }},
		{"SQLite", onSQLite.forACrowd},
		{"PostgreSQL", onPostgreSQL.forACrowd},
		{"MySQL", onMySQL.forACrowd},
	} {
		t.Run(c.name, func(t *testing.T) { holdAgainstACrowd(t, c.open(t), rounds) })
	}
}

// forACrowd is a store with as many connections as a crowd may use of a server.
func (b backend) forACrowd(t *testing.T) apitoken.Store {
	t.Helper()
	d := b.database(t)
	db := d.open(t, 0)
	connections := fromEnvironment(t, "APITOKEN_HOSTILE_CONNECTIONS", 48)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	store := d.newMigrated(t, db, nil)
	var open []*sql.Conn
	for range connections { // one after the other: a busy machine makes them too slowly for a crowd
		conn, err := db.Conn(t.Context())
		must(t, err)
		open = append(open, conn)
	}
	for _, conn := range open {
		must(t, conn.Close())
	}
	return store
}

// hostile is a user who floods a host.
type hostile struct {
	m      *apitoken.Manager
	id     apitoken.UserID
	number atomic.Int64 // of the next request
	done   map[string]*atomic.Int64
}

// flood sends requests, one after the other, until over is closed. None of them is a conflict.
func (h *hostile) flood(t *testing.T, over <-chan struct{}) {
	ctx, self := context.Background(), apitoken.As(h.id)
	for {
		select {
		case <-over:
			return
		default:
		}
		n := h.number.Add(1)
		what, err := "RevokeAll", error(nil)
		if n%3 == 0 {
			err = h.m.RevokeAll(ctx, self, h.id)
		} else {
			what = "Generate and Revoke"
			var token apitoken.Token
			token, _, err = h.m.Generate(ctx, self, apitoken.GenerateParams{Owner: h.id, Name: fmt.Sprint("n ", n)})
			if err == nil {
				err = h.m.Revoke(ctx, self, token.ID)
			}
		}
		switch {
		case err == nil:
			h.done[what].Add(1)
		case errors.Is(err, apitoken.ErrDenied), errors.Is(err, apitoken.ErrUserDisabled):
			h.done["denied"].Add(1)
		default:
			t.Errorf("%s of the hostile user: %v", what, err)
			return
		}
	}
}

// holdAgainstACrowd disables a user who floods the host, revokes their tokens, and gives them another role.
func holdAgainstACrowd(t *testing.T, store apitoken.Store, rounds int) {
	ctx, admin := context.Background(), apitoken.As("ada")
	m, err := apitoken.New(store, &apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{
		"support": apitoken.GenerateOwn | apitoken.RevokeAny,
	}})
	must(t, err)
	defer func() {
		if err := m.Close(ctx); err != nil {
			t.Error(err)
		}
	}()
	h := &hostile{m: m, id: "mallory", done: map[string]*atomic.Int64{}}
	for _, what := range []string{"RevokeAll", "Generate and Revoke", "denied"} {
		h.done[what] = new(atomic.Int64)
	}
	for _, u := range []apitoken.User{{ID: "ada", Role: apitoken.RoleAdmin}, {ID: h.id}} {
		if _, err := m.PutUser(ctx, apitoken.System(), u); err != nil {
			t.Fatal(err)
		}
	}
	over := make(chan struct{})
	var crowd sync.WaitGroup
	for range inFlight {
		crowd.Go(func() { h.flood(t, over) })
	}
	longest := map[string]time.Duration{}
	do := func(what string, act func() error) {
		begun := time.Now()
		if err := act(); err != nil {
			t.Errorf("%s beside %d requests: %v", what, inFlight, err)
		}
		longest[what] = max(longest[what], time.Since(begun))
	}
	for round := range rounds {
		h.untilBusy()
		role := []apitoken.Role{"support", apitoken.RoleUser}[round%2]
		do("a change of the role", func() error {
			_, err := m.PutUser(ctx, admin, apitoken.User{ID: h.id, Role: role})
			return err
		})
		var token apitoken.Token
		do("Generate on behalf", func() (err error) {
			token, _, err = m.Generate(ctx, admin, apitoken.GenerateParams{Owner: h.id, Name: fmt.Sprint("by ada ", round)})
			return err
		})
		do("Revoke", func() error { return m.Revoke(ctx, admin, token.ID) })
		do("RevokeAll", func() error { return m.RevokeAll(ctx, admin, h.id) })
		do("DisableUser", func() error { return m.DisableUser(ctx, admin, h.id) })
		if u, err := m.User(ctx, admin, h.id); err != nil || !u.Disabled() || u.Role != role {
			t.Errorf("the user is %+v, %v, who is not disabled or has another role than %s", u, err, role)
		}
		do("EnableUser", func() error { return m.EnableUser(ctx, admin, h.id) })
	}
	close(over)
	crowd.Wait()
	t.Logf("%d rounds; the longest waits: %v", rounds, longest)
	for what, n := range h.done {
		t.Logf("%s of the hostile user: %d", what, n.Load())
	}
}

// untilBusy returns when the crowd has been served for a while since it was called.
func (h *hostile) untilBusy() {
	for began := h.number.Load(); h.number.Load() < began+inFlight/4; {
		time.Sleep(time.Millisecond) // waits for a condition that nothing tells of
	}
}
