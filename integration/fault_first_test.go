package integration_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// The first use of a store opens a connection, reads the version of the schema, and prepares every statement. A fault in that is
// a failure like any other, and the next use begins again.
func TestEveryFaultAtTheFirstUse(t *testing.T) {
	t.Parallel()
	long(t)
	for _, b := range everywhere {
		t.Run(b.name, func(t *testing.T) {
			s := b.stage(t)
			prepareForChanges(t, s.store)
			from := s.contents(t, s.plain)
			fresh, created := newToken("fresh"), event(apitoken.ActionGenerate)
			use := func(t *testing.T, do func(first *stage, o storeCall)) {
				s.restore(t, s.plain, from)
				first := &stage{database: s.database, plain: s.plain, first: true}
				t.Cleanup(func() {
					if n := first.spy.prepared(0); n != 0 {
						t.Errorf("%d statements are left open when the database is closed", n)
					}
				})
				first.db, first.spy = openSpied(t, s.database)
				first.store = s.newStore(t, first.db, nil)
				do(first, storeCall{"CreateToken", func(ctx context.Context) (any, error) {
					return nil, first.store.CreateToken(ctx, fresh, 0, created)
				}})
			}
			var good course
			t.Run("no fault", func(t *testing.T) {
				use(t, func(first *stage, o storeCall) { good = first.goesWell(t, o) })
			})
			prepared := slices.DeleteFunc(slices.Clone(good.calls), func(c driverCall) bool { return c.kind != callPrepare })
			if good.calls[0].kind != callConnect || len(prepared) < 15 {
				t.Errorf("the first use makes the calls %v", good.calls)
			}
			for _, f := range s.fewFaults() {
				for k := range good.calls {
					t.Run(fmt.Sprintf("%s at call %d", f.name, k+1), func(t *testing.T) {
						use(t, func(first *stage, o storeCall) { first.meetsFault(t, o, f, k, good) })
					})
				}
			}
		})
	}
}

// fewFaults returns one fault of each sort, for tests that begin with a new store each time.
func (s *stage) fewFaults() (some []fault) {
	for _, f := range s.faults() {
		if slices.Contains([]string{"cut before", "context canceled before", s.serverErrors().busy[0].Error()}, f.name) {
			some = append(some, f)
		}
	}
	return some
}

// After a fault at any call of Migrate, the next Migrate completes the schema. The calls meet the faults in turn.
// [TestMigrateCutAnywhere] has those that break the connection.
func TestEveryFaultInMigrate(t *testing.T) {
	t.Parallel()
	long(t)
	for _, b := range everywhere {
		t.Run(b.name, func(t *testing.T) {
			s := b.stage(t)
			ctx := context.Background()
			const prefix = "fault_"
			store := s.newStore(t, s.db, &sqlstore.Options{TablePrefix: prefix})
			migrate := storeCall{"Migrate", func(ctx context.Context) (any, error) { return nil, store.Migrate(ctx) }}
			calls := s.goesWell(t, migrate).calls
			want := s.catalogue(t, s.plain, prefix)
			older := s.madeByOlder(t, s.plain)
			faults := slices.DeleteFunc(s.fewFaults(), func(f fault) bool { return f.breaks })
			for k, call := range calls {
				f := faults[k%len(faults)]
				s.drop(t, s.plain, prefix)
				what := fmt.Sprintf("%s at call %d of %d, %s", f.name, k+1, len(calls), call)
				_, err := s.strike(t, migrate, f, k)
				switch left := s.catalogue(t, s.plain, prefix); {
				case err == nil && (!slices.Equal(want, left) || !slices.Equal(s.untouched(t), s.rows(t, s.plain, prefix))):
					t.Errorf("%s: success, but the schema or its rows differ (-want +got):\n%s", what, cmp.Diff(want, left))
				case err == nil:
				case s.driver != "mysql" && !slices.ContainsFunc(older, func(tables []string) bool { return slices.Equal(tables, left) }):
					t.Errorf("%s: error %v leaves %q", what, err, left)
				default:
					s.holdTrouble(t, what, f, call, err)
				}
				if err := store.Migrate(ctx); err != nil {
					t.Errorf("%s, again: %v", what, err)
				}
				if diff := cmp.Diff(want, s.catalogue(t, s.plain, prefix)); diff != "" {
					t.Errorf("%s, again: schema (-want +got):\n%s", what, diff)
				}
				if diff := cmp.Diff(s.untouched(t), s.rows(t, s.plain, prefix)); diff != "" {
					t.Errorf("%s, again: rows (-want +got):\n%s", what, diff)
				}
			}
		})
	}
}
