package integration_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// The longest values that a Manager accepts are stored unchanged, in characters of four bytes. If a host turns the strict mode of
// MySQL off, MySQL truncates longer values silently.
func TestNothingIsTruncated(t *testing.T) {
	const wide = "𝛼" // four bytes, and visible
	id := apitoken.UserID(strings.Repeat(wide, 32))
	other := apitoken.UserID(strings.Repeat(wide, 31) + "𝛽")
	name := strings.Repeat(wide, 100)
	resource := strings.Repeat(wide, 63) + "abc"
	// Characters that JSON escapes with six bytes.
	role, kind := apitoken.Role(strings.Repeat("<", 99)+wide), apitoken.Kind(strings.Repeat(wide, 99)+"&")
	onEach(t, []backend{onSQLite, onPostgreSQL, onMySQL, onLaxMySQL}, func(t *testing.T, d database) {
		db := d.open(t, 0)
		if d.name == onLaxMySQL.name {
			if mode := column(t, db, `SELECT @@sql_mode`); mode[0] != "" {
				t.Fatalf("sql_mode is %q", mode)
			}
		}
		m, err := apitoken.New(d.newMigrated(t, db, nil), &apitoken.Options{
			Prefix: "abcde", Kinds: []apitoken.Kind{kind}, Roles: map[apitoken.Role]apitoken.Permission{role: apitoken.GenerateOwn},
		})
		must(t, err)
		ctx := context.Background()
		var users []apitoken.User
		for _, id := range []apitoken.UserID{id, other} {
			u, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: id, Name: name, Role: role})
			must(t, err)
			if u.ID != id || u.Name != name || u.Role != role {
				t.Errorf("the user is made as %+v", u)
			}
			users = append(users, u)
		}
		token, secret, err := m.Generate(ctx, apitoken.As(id), apitoken.GenerateParams{Owner: id, Name: name, Kind: kind, Resource: resource})
		must(t, err)
		if token.Owner != id || token.CreatedBy != id || token.Name != name || token.Kind != kind || token.Resource != resource || len(token.Hint) < 10 {
			t.Errorf("the token is generated as %+v", token)
		}
		identity, err := m.Authenticate(ctx, secret.Reveal())
		if diff := cmp.Diff(apitoken.Identity{User: users[0], Token: token}, identity); err != nil || diff != "" {
			t.Errorf("error %v, identity (-want +got):\n%s", err, diff)
		}
		must(t, m.Revoke(ctx, apitoken.As(id), token.ID))
		token, err = m.Token(ctx, apitoken.As(id), token.ID)
		if err != nil || token.RevokedBy != id || token.RevokedAt.IsZero() {
			t.Errorf("error %v, the token is revoked as %+v", err, token)
		}
		holdEventsWhole(t, m, id, name, role, kind, resource)
	})
}

// holdEventsWhole checks the values in the events of a user.
func holdEventsWhole(
	t *testing.T, m *apitoken.Manager, id apitoken.UserID, name string, role apitoken.Role, kind apitoken.Kind, resource string,
) {
	t.Helper()
	seen := map[apitoken.Action]int{}
	for _, e := range all(t, m.Events(context.Background(), apitoken.System(), apitoken.EventQuery{Owner: id})) {
		seen[e.Action]++
		ok := e.Owner == id && (e.Actor == apitoken.System() || e.Actor.User == id)
		switch e.Action {
		case apitoken.ActionPutUser:
			ok = ok && e.After.Name == name && e.After.Role == role
		case apitoken.ActionGenerate:
			ok = ok && e.After.Name == name && e.After.Kind == kind && e.After.Resource == resource && !e.After.ExpiresAt.IsZero()
		case apitoken.ActionRevoke:
			ok = ok && e.After.Resource == resource && !e.After.RevokedAt.IsZero()
		}
		if !ok {
			t.Errorf("the event is stored as %+v", e)
		}
	}
	want := map[apitoken.Action]int{apitoken.ActionPutUser: 1, apitoken.ActionGenerate: 1, apitoken.ActionRevoke: 1}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("events of each action (-want +got):\n%s", diff)
	}
}
