package integration_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// Each query of the store finds its rows by an index, however many there are. A plan is a line for each statement, with the
// tables and the index by which each is read.
func TestQueriesUseAnIndex(t *testing.T) {
	for _, b := range withSchemas {
		t.Run(b.name, func(t *testing.T) {
			d := b.database(t)
			db, asked := openAsked(t, d)
			store := d.newMigrated(t, db, &sqlstore.Options{Unprepared: true})
			d.loadMany(t, db)
			for _, statement := range append([]string{bindSome}, denySome...) {
				if _, err := db.Exec(statement); err != nil {
					t.Fatal(err)
				}
			}
			d.analyze(t, db)
			if err := use(store); err != nil { // the first use looks at the schema
				t.Fatal(err)
			}
			for _, c := range planned(t, store) {
				asked.taken()
				if err := c.do(context.Background()); err != nil {
					t.Errorf("%s: %v", c.name, err)
				}
				var got []string
				for _, q := range asked.taken() {
					if plan := d.plan(t, db, q); len(plan) > 0 {
						got = append(got, strings.Join(plan, ", "))
					}
				}
				if diff := cmp.Diff(c.want[b.name], got); diff != "" {
					t.Errorf("%s: plans (-want +got):\n%s", c.name, diff)
				}
			}
		})
	}
}

type plannedCase struct {
	name string
	do   func(context.Context) error
	want map[string][]string // by the name of the backend
}

func planned(t *testing.T, store *sqlstore.Store) []plannedCase {
	t.Helper()
	used := apitoken.TokenID{15: 7}
	stored, err := store.Token(context.Background(), used)
	if err != nil {
		t.Fatal(err)
	}
	inTheMiddle := apitoken.TokenID{14: 9}
	fresh, refused := newToken("name1"), newToken("name3")
	fresh.Owner, refused.Owner = "user1", "user3"
	fresh.Epoch, refused.Epoch = 1, 1
	return []plannedCase{{
		"lookup",
		func(ctx context.Context) error { _, err := store.Lookup(ctx, stored.Digest); return err },
		map[string][]string{
			"SQLite":     {"SEARCH t USING PRIMARY KEY (digest=?), SEARCH u USING PRIMARY KEY (id=?)"},
			"PostgreSQL": {"tokens_pkey, users_pkey"},
			"MySQL":      {"t PRIMARY, u PRIMARY"},
		},
	}, {
		"token",
		func(ctx context.Context) error { _, err := store.Token(ctx, used); return err },
		map[string][]string{
			"SQLite":     {"SEARCH e USING PRIMARY KEY (owner=? AND epoch=?) LEFT-JOIN, SEARCH t USING INDEX apitoken_tokens_by_id (id=?), SEARCH u USING PRIMARY KEY (id=?)"},
			"PostgreSQL": {"epochs_pkey, tokens_by_id, users_pkey"},
			"MySQL":      {"e PRIMARY, t tokens_by_id, u PRIMARY"},
		},
	}, {
		"list by owner",
		func(ctx context.Context) error {
			_, err := store.Tokens(ctx, apitoken.TokenQuery{Owner: "user1", Limit: 100}, at)
			return err
		},
		map[string][]string{
			"SQLite":     {"SEARCH e USING PRIMARY KEY (owner=? AND epoch=?) LEFT-JOIN, SEARCH t USING INDEX apitoken_tokens_by_owner (owner=? AND id>? AND id<?)"},
			"PostgreSQL": {"epochs_pkey, tokens_by_owner"},
			"MySQL":      {"e PRIMARY, t tokens_by_owner"},
		},
	}, {
		"list of all",
		func(ctx context.Context) error {
			_, err := store.Tokens(ctx, apitoken.TokenQuery{AnyOwner: true, After: inTheMiddle, Limit: 100}, at)
			return err
		},
		map[string][]string{
			"SQLite":     {"SEARCH e USING PRIMARY KEY (owner=? AND epoch=?) LEFT-JOIN, SEARCH t USING INDEX apitoken_tokens_by_id (id>? AND id<?)"},
			"PostgreSQL": {"epochs_pkey, tokens_by_id"},
			"MySQL":      {"e PRIMARY, t tokens_by_id"},
		},
	}, {
		"list of all that are active",
		func(ctx context.Context) error {
			_, err := store.Tokens(ctx, apitoken.TokenQuery{
				AnyOwner: true, Status: apitoken.StatusActive, After: inTheMiddle, Limit: 100,
			}, at)
			return err
		},
		map[string][]string{
			"SQLite":     {"SEARCH e USING PRIMARY KEY (owner=? AND epoch=?) LEFT-JOIN, SEARCH t USING INDEX apitoken_tokens_by_id (id>? AND id<?)"},
			"PostgreSQL": {"epochs_pkey, tokens_by_id"},
			"MySQL":      {"e PRIMARY, t tokens_by_id"},
		},
	}, {
		"list of a resource",
		func(ctx context.Context) error {
			_, err := store.Tokens(ctx, apitoken.TokenQuery{AnyOwner: true, Resource: "project:web", After: inTheMiddle, Limit: 100}, at)
			return err
		},
		map[string][]string{
			"SQLite":     {"SEARCH e USING PRIMARY KEY (owner=? AND epoch=?) LEFT-JOIN, SEARCH t USING INDEX apitoken_tokens_by_resource (resource=? AND id>? AND id<?)"},
			"PostgreSQL": {"epochs_pkey, tokens_by_resource"},
			"MySQL":      {"e PRIMARY, t tokens_by_resource"},
		},
	}, {
		"how many tokens of a resource there are",
		func(ctx context.Context) error {
			_, err := store.CountTokens(ctx, apitoken.TokenQuery{AnyOwner: true, Resource: "project:rare"}, at)
			return err
		},
		map[string][]string{
			"SQLite":     {"SEARCH e USING PRIMARY KEY (owner=? AND epoch=?) LEFT-JOIN, SEARCH t USING INDEX apitoken_tokens_by_resource (resource=? AND id>? AND id<?)"},
			"PostgreSQL": {"epochs_pkey, tokens_by_resource"},
			"MySQL":      {"t tokens_by_resource"},
		},
	}, {
		"list of an owner's tokens of a resource",
		func(ctx context.Context) error {
			_, err := store.Tokens(ctx, apitoken.TokenQuery{Owner: "user1", Resource: "project:web", Limit: 100}, at)
			return err
		},
		map[string][]string{
			"SQLite":     {"SEARCH e USING PRIMARY KEY (owner=? AND epoch=?) LEFT-JOIN, SEARCH t USING INDEX apitoken_tokens_by_owner (owner=? AND id>? AND id<?)"},
			"PostgreSQL": {"epochs_pkey, tokens_by_owner"},
			"MySQL":      {"e PRIMARY, t tokens_by_owner"},
		},
	}, {
		"users",
		func(ctx context.Context) error {
			_, err := store.Users(ctx, apitoken.UserQuery{After: "user5", Limit: 100})
			return err
		},
		map[string][]string{
			"SQLite":     {"SEARCH apitoken_users USING PRIMARY KEY (id>?)"},
			"PostgreSQL": {"users_pkey"},
			"MySQL":      {"users PRIMARY"},
		},
	}, {
		"events",
		func(ctx context.Context) error {
			_, err := store.Events(ctx, apitoken.EventQuery{After: 2000, Limit: 100})
			return err
		},
		map[string][]string{
			"SQLite":     {"SEARCH apitoken_events USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"},
			"PostgreSQL": {"events_by_seq"},
			"MySQL":      {"events events_by_seq"},
		},
	}, {
		"events at the end",
		func(ctx context.Context) error {
			_, err := store.Events(ctx, apitoken.EventQuery{After: 4980, Limit: 100})
			return err
		},
		map[string][]string{
			"SQLite": {"SEARCH apitoken_events USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"},
			"PostgreSQL": {
				"events_by_seq",
				"events_unnumbered in order",
				"feed whole",
				"events_pkey, events_unnumbered in order",
				"feed whole",
				"events_by_seq",
			},
			"MySQL": {
				"events events_by_seq",
				"events events_by_seq",
				"feed whole",
				"events events_by_seq",
				"e PRIMARY",
				"feed whole",
				"events events_by_seq",
			},
		},
	}, {
		"events of an owner",
		func(ctx context.Context) error {
			_, err := store.Events(ctx, apitoken.EventQuery{Owner: "user1", Limit: 3})
			return err
		},
		map[string][]string{
			"SQLite":     {"SEARCH apitoken_events USING INDEX apitoken_events_by_owner (owner=? AND seq>? AND seq<?)"},
			"PostgreSQL": {"events_by_owner"},
			"MySQL":      {"events events_by_owner"},
		},
	}, {
		"events from the newest on",
		func(ctx context.Context) error {
			_, err := store.Events(ctx, apitoken.EventQuery{NewestFirst: true, After: 2000, Limit: 100})
			return err
		},
		map[string][]string{
			"SQLite":     {"SEARCH apitoken_events USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"},
			"PostgreSQL": {"events_by_seq"},
			"MySQL":      {"events events_by_seq"},
		},
	}, {
		"events of an owner from the newest on",
		func(ctx context.Context) error {
			_, err := store.Events(ctx, apitoken.EventQuery{Owner: "user1", NewestFirst: true, After: 4000, Limit: 3})
			return err
		},
		map[string][]string{
			"SQLite":     {"SEARCH apitoken_events USING INDEX apitoken_events_by_owner (owner=? AND seq>? AND seq<?)"},
			"PostgreSQL": {"events_by_owner"},
			"MySQL":      {"events events_by_owner"},
		},
	}, {
		"events of an actor",
		eventsBy(store, apitoken.EventQuery{Actor: "mallory", Limit: 3}),
		map[string][]string{
			"SQLite":     {"SEARCH apitoken_events USING INDEX apitoken_events_by_actor (actor_user=? AND seq>? AND seq<?)"},
			"PostgreSQL": {"events_by_actor"},
			"MySQL":      {"events events_by_actor"},
		},
	}, {
		"events of an actor from the newest on",
		eventsBy(store, apitoken.EventQuery{Actor: "mallory", NewestFirst: true, After: 4000, Limit: 3}),
		map[string][]string{
			"SQLite":     {"SEARCH apitoken_events USING INDEX apitoken_events_by_actor (actor_user=? AND seq>? AND seq<?)"},
			"PostgreSQL": {"events_by_actor"},
			"MySQL":      {"events events_by_actor"},
		},
	}, {
		"events of an action",
		eventsBy(store, apitoken.EventQuery{Action: apitoken.ActionListTokens, Limit: 3}),
		map[string][]string{
			"SQLite":     {"SEARCH apitoken_events USING INDEX apitoken_events_by_action (action=? AND seq>? AND seq<?)"},
			"PostgreSQL": {"events_by_action"},
			"MySQL":      {"events events_by_action"},
		},
	}, {
		"events of the usual action from the newest on",
		eventsBy(store, apitoken.EventQuery{Action: apitoken.ActionGenerate, NewestFirst: true, After: 4000, Limit: 3}),
		map[string][]string{
			"SQLite":     {"SEARCH apitoken_events USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"}, // nearly all are of it
			"PostgreSQL": {"events_by_action"},
			"MySQL":      {"events events_by_action"},
		},
	}, {
		"events that were denied",
		eventsBy(store, apitoken.EventQuery{Outcome: apitoken.OutcomeDenied, Limit: 3}),
		map[string][]string{
			"SQLite":     {"SEARCH apitoken_events USING INDEX apitoken_events_by_outcome (outcome=? AND seq>? AND seq<?)"},
			"PostgreSQL": {"events_by_outcome"},
			"MySQL":      {"events events_by_outcome"},
		},
	}, {
		"events that were denied from the newest on",
		eventsBy(store, apitoken.EventQuery{Outcome: apitoken.OutcomeDenied, NewestFirst: true, After: 4000, Limit: 3}),
		map[string][]string{
			"SQLite":     {"SEARCH apitoken_events USING INDEX apitoken_events_by_outcome (outcome=? AND seq>? AND seq<?)"},
			"PostgreSQL": {"events_by_outcome"},
			"MySQL":      {"events events_by_outcome"},
		},
	}, {
		"events of an owner that an actor was denied",
		eventsBy(store, apitoken.EventQuery{
			Owner: "user7", Actor: "mallory", Action: apitoken.ActionListTokens, Outcome: apitoken.OutcomeDenied, NewestFirst: true, After: 4000, Limit: 1,
		}),
		map[string][]string{
			"SQLite":     {"SEARCH apitoken_events USING INDEX apitoken_events_by_owner (owner=? AND seq>? AND seq<?)"},
			"PostgreSQL": {"events_by_owner"},
			"MySQL":      {"events events_by_owner"},
		},
	}, {
		"list of what was generated with a token",
		func(ctx context.Context) error {
			_, err := store.Tokens(ctx, apitoken.TokenQuery{AnyOwner: true, CreatedWith: apitoken.TokenID{15: 9}, Limit: 100}, at)
			return err
		},
		map[string][]string{
			"SQLite":     {"SEARCH e USING PRIMARY KEY (owner=? AND epoch=?) LEFT-JOIN, SEARCH t USING INDEX apitoken_tokens_by_parent (created_with=? AND id>? AND id<?)"},
			"PostgreSQL": {"epochs_pkey, tokens_by_parent"},
			"MySQL":      {"e PRIMARY, t tokens_by_parent"},
		},
	}, {
		"how many live tokens an owner has",
		func(ctx context.Context) error {
			_, err := store.CountTokens(ctx, apitoken.TokenQuery{Owner: "user1", Status: apitoken.StatusActive}, at)
			return err
		},
		map[string][]string{
			"SQLite":     {"SEARCH e USING PRIMARY KEY (owner=? AND epoch=?) LEFT-JOIN, SEARCH t USING INDEX apitoken_tokens_by_owner (owner=? AND id>? AND id<?)"},
			"PostgreSQL": {"epochs_pkey, tokens_by_owner"},
			"MySQL":      {"e PRIMARY, t tokens_by_live_name"},
		},
	}, {
		"how many live tokens end soon",
		func(ctx context.Context) error {
			_, err := store.CountTokens(ctx, apitoken.TokenQuery{
				AnyOwner: true, Status: apitoken.StatusActive, ExpiresBefore: at.Add(time.Microsecond * 10),
			}, at)
			return err
		},
		map[string][]string{
			"SQLite":     {"SEARCH e USING PRIMARY KEY (owner=? AND epoch=?) LEFT-JOIN, SEARCH t USING INDEX apitoken_tokens_by_expiry (expires_at>? AND expires_at<?)"},
			"PostgreSQL": {"epochs_pkey, tokens_by_expiry"},
			"MySQL":      {"e PRIMARY, t tokens_by_end"},
		},
	}, {
		"create a token",
		func(ctx context.Context) error {
			return store.CreateToken(ctx, fresh, 0, event(apitoken.ActionGenerate))
		},
		map[string][]string{
			"SQLite": {
				"SEARCH apitoken_tokens USING INDEX apitoken_tokens_by_live_name (owner=? AND live_name=?)",
				"SEARCH apitoken_tokens USING COVERING INDEX apitoken_tokens_by_id (id=?), SEARCH apitoken_users USING PRIMARY KEY (id=?), SEARCH apitoken_users USING PRIMARY KEY (id=?), apitoken_policy whole",
				"SEARCH apitoken_events USING COVERING INDEX apitoken_events_by_id (id=?)",
			},
			"PostgreSQL": {
				"tokens_by_live_name",
				"policy whole, tokens_by_id, users_pkey, users_pkey",
			},
			"MySQL": {
				"tokens tokens_by_live_name",
				"p whole, tokens PRIMARY, users PRIMARY",
			},
		},
	}, {
		"create a token whose name is held",
		func(ctx context.Context) error {
			if err := store.CreateToken(ctx, refused, 0, event(apitoken.ActionGenerate)); err != apitoken.ErrExists {
				return fmt.Errorf("error %w, want %w", err, apitoken.ErrExists)
			}
			return nil
		},
		map[string][]string{
			"SQLite": {
				"SEARCH apitoken_tokens USING INDEX apitoken_tokens_by_live_name (owner=? AND live_name=?)",
				"SEARCH apitoken_tokens USING COVERING INDEX apitoken_tokens_by_id (id=?), SEARCH apitoken_users USING PRIMARY KEY (id=?), SEARCH apitoken_users USING PRIMARY KEY (id=?), apitoken_policy whole",
				"SEARCH apitoken_tokens USING INDEX apitoken_tokens_by_live_name (owner=? AND live_name=?)",
				"SEARCH apitoken_tokens USING COVERING INDEX apitoken_tokens_by_id (id=?), SEARCH apitoken_users USING PRIMARY KEY (id=?), SEARCH apitoken_users USING PRIMARY KEY (id=?), apitoken_policy whole",
			},
			"PostgreSQL": {
				"tokens_by_live_name",
				"policy whole, tokens_by_id, users_pkey, users_pkey",
				"tokens_by_live_name",
				"policy whole, tokens_by_id, users_pkey, users_pkey",
			},
			"MySQL": {
				"tokens tokens_by_live_name",
				"p whole, users PRIMARY",
				"p whole, users PRIMARY",
			},
		},
	}, {
		"revoke a token",
		func(ctx context.Context) error {
			_, err := store.RevokeToken(ctx, fresh.ID, apitoken.Revocation{At: at}, event(apitoken.ActionRevoke))
			return err
		},
		map[string][]string{
			"SQLite": {
				"SEARCH t USING INDEX apitoken_tokens_by_id (id=?), SEARCH u USING PRIMARY KEY (id=?)",
				"SEARCH apitoken_events USING COVERING INDEX apitoken_events_by_id (id=?)",
			},
			"PostgreSQL": {"tokens_by_id, tokens_by_id, users_pkey"},
			"MySQL":      {"t tokens_by_id, u PRIMARY"},
		},
	}, {
		"record uses",
		func(ctx context.Context) error {
			return store.Touch(ctx, []apitoken.Touch{{Token: used, At: at}, {Token: inTheMiddle, At: at}})
		},
		map[string][]string{
			"SQLite":     {"SEARCH t USING INDEX apitoken_tokens_by_id (id=?)"},
			"PostgreSQL": {"tokens_by_id, tokens_pkey"},
			"MySQL":      {"t tokens_by_id"},
		},
	}}
}

// eventsBy reads a page of events.
func eventsBy(store *sqlstore.Store, q apitoken.EventQuery) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := store.Events(ctx, q)
		return err
	}
}

// A change touches only the rows that it is about, whatever it finds.
func TestChangesReadNoTableWhole(t *testing.T) {
	for _, b := range withSchemas {
		t.Run(b.name, func(t *testing.T) {
			d := b.database(t)
			db, asked := openAsked(t, d)
			store := d.newMigrated(t, db, &sqlstore.Options{Unprepared: true})
			d.loadMany(t, db)
			if err := use(store); err != nil {
				t.Fatal(err)
			}
			asked.taken()
			for _, c := range changes(t, store) {
				for range 2 { // the second time it finds that all is done
					if err := c.do(context.Background()); err != nil {
						t.Fatal(err)
					}
				}
			}
			sent := asked.taken()
			if len(sent) < 20 {
				t.Errorf("only %d statements were seen", len(sent))
			}
			for _, q := range sent {
				for _, line := range d.plan(t, db, q) {
					if table, ok := strings.CutSuffix(line, whole); ok && !slices.Contains(ofOneRow, table) {
						t.Errorf("%s: %s", line, q.text)
					}
				}
			}
		})
	}
}

// A sweep over what has expired goes by the ends, and not through all tokens.
func TestExpiryIsFoundByAnIndex(t *testing.T) {
	want := map[string][]string{
		"SQLite":     {"SEARCH apitoken_tokens USING INDEX apitoken_tokens_by_expiry (expires_at<?)"},
		"PostgreSQL": {"tokens_by_expiry"},
		"MySQL":      {"tokens tokens_by_end"},
	}
	for _, b := range withSchemas {
		t.Run(b.name, func(t *testing.T) {
			d := b.database(t)
			db := d.open(t, 0)
			d.newMigrated(t, db, nil)
			d.loadMany(t, db)
			q := askedQuery{`SELECT id FROM apitoken_tokens WHERE expires_at <= ? ORDER BY expires_at LIMIT ?`, []any{int64(100_000), int64(100)}}
			if d.driver == "pgx" {
				q.text = `SELECT id FROM apitoken_tokens WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2`
			}
			if diff := cmp.Diff(want[b.name], d.plan(t, db, q)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}
