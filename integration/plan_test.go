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

// Each query of the store finds its rows by an index. A plan has a line for each statement, with the index of each table.
func TestQueriesUseAnIndex(t *testing.T) {
	for _, b := range withSchemas {
		t.Run(b.name, func(t *testing.T) {
			d := b.database(t)
			db, asked := openAsked(t, d)
			store := d.newMigrated(t, db, &sqlstore.Options{Unprepared: true})
			d.loadMany(t, db)
			for _, statement := range append([]string{bindSome}, denySome...) {
				mustExec(t, db, statement)
			}
			d.analyze(t, db)
			if err := use(store); err != nil { // the first use reads the version of the schema
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
				if diff := cmp.Diff(c.want(b.name), got); diff != "" {
					t.Errorf("%s: plans (-want +got):\n%s", c.name, diff)
				}
			}
		})
	}
}

// plannedCase is a call of a store and its plans, on SQLite, PostgreSQL and MySQL.
type plannedCase struct {
	name                      string
	do                        func(context.Context) error
	sqlite, postgreSQL, mySQL []string // a line for each statement
}

func (c plannedCase) want(name string) []string {
	return map[string][]string{"SQLite": c.sqlite, "PostgreSQL": c.postgreSQL, "MySQL": c.mySQL}[name]
}

// planned are the calls. In the plans of SQLite, epochs stands for the lookup of the epoch of each token and
// a search of an index of the tokens, byIndex for a search of an index of the events, bySeq for one of their numbers.
func planned(t *testing.T, store *sqlstore.Store) []plannedCase {
	t.Helper()
	used, inTheMiddle := apitoken.TokenID{15: 7}, apitoken.TokenID{14: 9}
	stored, err := store.Token(context.Background(), used)
	must(t, err)
	fresh, refused := newToken("name1"), newToken("name3")
	fresh.Owner, refused.Owner = "user1", "user3"
	fresh.Epoch, refused.Epoch = 1, 1

	type call = func(context.Context) error
	list := func(q apitoken.TokenQuery) call {
		q.Limit = 100
		return func(ctx context.Context) error { _, err := store.Tokens(ctx, q.At(at)); return err }
	}
	count := func(q apitoken.TokenQuery) call {
		return func(ctx context.Context) error { _, err := store.CountTokens(ctx, q.At(at)); return err }
	}
	events := func(q apitoken.EventQuery) call {
		return func(ctx context.Context) error { _, err := store.Events(ctx, q); return err }
	}
	one := func(plan string) []string { return []string{plan} }
	epochs := func(of string) []string {
		return one("SEARCH e USING PRIMARY KEY (owner=? AND epoch=?) LEFT-JOIN, SEARCH t USING INDEX apitoken_tokens_" + of)
	}
	byIndex := func(of string) []string {
		return one("SEARCH apitoken_events USING INDEX apitoken_events_" + of + "=? AND seq>? AND seq<?)")
	}
	bySeq := one("SEARCH apitoken_events USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)")
	const (
		liveName          = "SEARCH apitoken_tokens USING INDEX apitoken_tokens_by_live_name (owner=? AND live_name=?)"
		insertion         = "SEARCH apitoken_tokens USING COVERING INDEX apitoken_tokens_by_id (id=?), SEARCH apitoken_users USING PRIMARY KEY (id=?), SEARCH apitoken_users USING PRIMARY KEY (id=?), apitoken_policy whole"
		userByID          = "SEARCH apitoken_users USING PRIMARY KEY (id=?)"
		eventByID         = "SEARCH apitoken_events USING COVERING INDEX apitoken_events_by_id (id=?)"
		createdOnPostgres = "events_by_id, policy whole, tokens_by_id, tokens_by_id, tokens_by_live_name, tokens_by_live_name, tokens_pkey, users_pkey, users_pkey"
	)
	anyOwner := func(q apitoken.TokenQuery) apitoken.TokenQuery { q.AnyOwner = true; return q }
	return []plannedCase{
		{
			"lookup", func(ctx context.Context) error { _, err := store.Lookup(ctx, stored.Digest); return err },
			one("SEARCH t USING PRIMARY KEY (digest=?), SEARCH u USING PRIMARY KEY (id=?)"), one("tokens_pkey, users_pkey"), one("t PRIMARY, u PRIMARY"),
		}, {
			"token", func(ctx context.Context) error { _, err := store.Token(ctx, used); return err },
			epochs("by_id (id=?), SEARCH u USING PRIMARY KEY (id=?)"), one("epochs_pkey, tokens_by_id, users_pkey"), one("e PRIMARY, t tokens_by_id, u PRIMARY"),
		}, {
			"list by owner", list(apitoken.TokenQuery{Owner: "user1"}),
			epochs("by_owner (owner=? AND id>? AND id<?)"), one("epochs_pkey, tokens_by_owner"), one("e PRIMARY, t tokens_by_owner"),
		}, {
			"list of all", list(anyOwner(apitoken.TokenQuery{After: inTheMiddle})),
			epochs("by_id (id>? AND id<?)"), one("epochs_pkey, tokens_by_id"), one("e PRIMARY, t tokens_by_id"),
		}, {
			"list of all active tokens", list(anyOwner(apitoken.TokenQuery{Status: apitoken.StatusActive, After: inTheMiddle})),
			epochs("by_id (id>? AND id<?)"), one("epochs_pkey, tokens_by_id"), one("e PRIMARY, t tokens_by_id"),
		}, {
			"list of a resource", list(anyOwner(apitoken.TokenQuery{Resource: "project:web", After: inTheMiddle})),
			epochs("by_resource (resource=? AND id>? AND id<?)"), one("epochs_pkey, tokens_by_resource"), one("e PRIMARY, t tokens_by_resource"),
		}, {
			"number of tokens of a resource", count(anyOwner(apitoken.TokenQuery{Resource: "project:rare"})),
			epochs("by_resource (resource=? AND id>? AND id<?)"), one("epochs_pkey, tokens_by_resource"), one("t tokens_by_resource"),
		}, {
			"list of an owner's tokens of a resource", list(apitoken.TokenQuery{Owner: "user1", Resource: "project:web"}),
			epochs("by_owner (owner=? AND id>? AND id<?)"), one("epochs_pkey, tokens_by_owner"), one("e PRIMARY, t tokens_by_owner"),
		}, {
			"list of the children of a token", list(anyOwner(apitoken.TokenQuery{CreatedWith: apitoken.TokenID{15: 9}})),
			epochs("by_parent (created_with=? AND id>? AND id<?)"), one("epochs_pkey, tokens_by_parent"), one("e PRIMARY, t tokens_by_parent"),
		}, {
			"number of active tokens of an owner", count(apitoken.TokenQuery{Owner: "user1", Status: apitoken.StatusActive}),
			epochs("by_owner (owner=? AND id>? AND id<?)"), one("epochs_pkey, tokens_by_owner"), one("e PRIMARY, t tokens_by_live_name"),
		}, {
			"number of active tokens that expire soon",
			count(anyOwner(apitoken.TokenQuery{Status: apitoken.StatusActive, ExpiresBefore: at.Add(10 * time.Microsecond)})),
			epochs("by_expiry (expires_at>? AND expires_at<?)"), one("epochs_pkey, tokens_by_expiry"), one("e PRIMARY, t tokens_by_end"),
		}, {
			"users", func(ctx context.Context) error {
				_, err := store.Users(ctx, apitoken.UserQuery{After: "user5", Limit: 100})
				return err
			},
			one("SEARCH apitoken_users USING PRIMARY KEY (id>?)"), one("users_pkey"), one("users PRIMARY"),
		}, {
			"events", events(apitoken.EventQuery{After: 2000, Limit: 100}),
			bySeq, one("events_by_seq"), one("events events_by_seq"),
		}, {
			"events at the end", events(apitoken.EventQuery{After: 4980, Limit: 100}),
			bySeq,
			[]string{"events_by_seq", "events_unnumbered in order", "feed whole", "events_pkey, events_unnumbered in order", "feed whole", "events_by_seq"},
			[]string{
				"events events_by_seq", "events events_by_seq", "feed whole", "events events_by_seq", "e PRIMARY", "feed whole", "events events_by_seq",
			},
		}, {
			"newest events", events(apitoken.EventQuery{NewestFirst: true, After: 2000, Limit: 100}),
			bySeq, one("events_by_seq"), one("events events_by_seq"),
		}, {
			"events of an owner", events(apitoken.EventQuery{Owner: "user1", Limit: 3}),
			byIndex("by_owner (owner"), one("events_by_owner"), one("events events_by_owner"),
		}, {
			"newest events of an owner", events(apitoken.EventQuery{Owner: "user1", NewestFirst: true, After: 4000, Limit: 3}),
			byIndex("by_owner (owner"), one("events_by_owner"), one("events events_by_owner"),
		}, {
			"events of an actor", events(apitoken.EventQuery{Actor: "mallory", Limit: 3}),
			byIndex("by_actor (actor_user"), one("events_by_actor"), one("events events_by_actor"),
		}, {
			"newest events of an actor", events(apitoken.EventQuery{Actor: "mallory", NewestFirst: true, After: 4000, Limit: 3}),
			byIndex("by_actor (actor_user"), one("events_by_actor"), one("events events_by_actor"),
		}, {
			"events of an action", events(apitoken.EventQuery{Action: apitoken.ActionListTokens, Limit: 3}),
			byIndex("by_action (action"), one("events_by_action"), one("events events_by_action"),
		}, {
			"newest events of the action that nearly all have", // so SQLite reads all events
			events(apitoken.EventQuery{Action: apitoken.ActionGenerate, NewestFirst: true, After: 4000, Limit: 3}),
			bySeq, one("events_by_action"), one("events events_by_action"),
		}, {
			"denials", events(apitoken.EventQuery{Outcome: apitoken.OutcomeDenied, Limit: 3}),
			byIndex("by_outcome (outcome"), one("events_by_outcome"), one("events events_by_outcome"),
		}, {
			"newest denials", events(apitoken.EventQuery{Outcome: apitoken.OutcomeDenied, NewestFirst: true, After: 4000, Limit: 3}),
			byIndex("by_outcome (outcome"), one("events_by_outcome"), one("events events_by_outcome"),
		}, {
			"events that meet all conditions",
			events(apitoken.EventQuery{
				Owner: "user7", Actor: "mallory", Action: apitoken.ActionListTokens, Outcome: apitoken.OutcomeDenied, NewestFirst: true, After: 4000, Limit: 1,
			}),
			byIndex("by_owner (owner"), one("events_by_owner"), one("events events_by_owner"),
		}, {
			"create a token", func(ctx context.Context) error {
				return store.CreateToken(ctx, fresh, 0, event(apitoken.ActionGenerate))
			},
			[]string{liveName, insertion, eventByID},
			one(createdOnPostgres),
			[]string{"p whole, users PRIMARY", "tokens tokens_by_live_name", "p whole, tokens PRIMARY, users PRIMARY"},
		}, {
			"create a token whose name is held", func(ctx context.Context) error {
				if err := store.CreateToken(ctx, refused, 0, event(apitoken.ActionGenerate)); err != apitoken.ErrExists {
					return fmt.Errorf("error %w, want %w", err, apitoken.ErrExists)
				}
				return nil
			},
			[]string{liveName, insertion, liveName, insertion},
			one(createdOnPostgres),
			[]string{"p whole, users PRIMARY", "tokens tokens_by_live_name", "p whole, users PRIMARY", "p whole, users PRIMARY"},
		}, {
			"revoke a token", func(ctx context.Context) error {
				_, err := store.RevokeToken(ctx, fresh.ID, apitoken.Revocation{At: at}, event(apitoken.ActionRevoke))
				return err
			},
			[]string{"SEARCH t USING INDEX apitoken_tokens_by_id (id=?), SEARCH u USING PRIMARY KEY (id=?)", eventByID},
			one("events_by_id, tokens_by_id, tokens_by_id, tokens_by_id, users_pkey, users_pkey"), one("t tokens_by_id, u PRIMARY"),
		}, {
			"change a user", func(ctx context.Context) error {
				_, err := store.ChangeUser(ctx, "user1", apitoken.UserChange{EndEpoch: true}, event(apitoken.ActionRevokeAll))
				return err
			},
			[]string{userByID, eventByID, userByID}, []string{"events_by_id, users_pkey", "users_pkey"}, []string{"users PRIMARY", "users PRIMARY"},
		}, {
			"what a decision depends on", func(ctx context.Context) error {
				_, err := store.Facts(ctx, apitoken.FactsQuery{Actor: "user7", With: used, Token: inTheMiddle})
				return err
			},
			one("SEARCH a USING PRIMARY KEY (id=?) LEFT-JOIN, SEARCH e USING PRIMARY KEY (owner=? AND epoch=?) LEFT-JOIN, SEARCH o USING PRIMARY KEY (id=?) LEFT-JOIN, " +
				"SEARCH t USING INDEX apitoken_tokens_by_id (id=?) LEFT-JOIN, SEARCH w USING INDEX apitoken_tokens_by_id (id=?) LEFT-JOIN, SEARCH we USING PRIMARY KEY (owner=? AND epoch=?) LEFT-JOIN, p whole"),
			one("epochs_pkey, epochs_pkey, policy whole, tokens_by_id, tokens_by_id, users_pkey, users_pkey"),
			one("a PRIMARY, e PRIMARY, o PRIMARY, p whole, t tokens_by_id, w tokens_by_id, we PRIMARY"),
		}, {
			"record uses", func(ctx context.Context) error {
				return store.Touch(ctx, []apitoken.Touch{{Token: used, At: at}, {Token: inTheMiddle, At: at}})
			},
			one("SEARCH t USING INDEX apitoken_tokens_by_id (id=?)"), one("tokens_by_id, tokens_pkey"), one("t tokens_by_id"),
		},
	}
}

// A change reads no table whole, even if it finds nothing to do.
func TestChangesReadNoTableWhole(t *testing.T) {
	for _, b := range withSchemas {
		t.Run(b.name, func(t *testing.T) {
			d := b.database(t)
			db, asked := openAsked(t, d)
			store := d.newMigrated(t, db, &sqlstore.Options{Unprepared: true})
			d.loadMany(t, db)
			must(t, use(store))
			asked.taken()
			for _, c := range changes(t, store) {
				for range 2 { // the second time there is nothing to do
					must(t, c.do(context.Background()))
				}
			}
			sent := asked.taken()
			if len(sent) < 20 {
				t.Errorf("only %d statements were seen", len(sent))
			}
			for _, q := range sent {
				if strings.HasPrefix(q.text, "SET ") {
					continue // it has no plan
				}
				for _, line := range d.plan(t, db, q) {
					if table, ok := strings.CutSuffix(line, whole); ok && !slices.Contains(ofOneRow, table) {
						t.Errorf("%s: %s", line, q.text)
					}
				}
			}
		})
	}
}
