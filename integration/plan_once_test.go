package integration_test

import (
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

// PostgreSQL plans a prepared statement anew each time as long as it believes that plans for the given parameters are so much
// cheaper that they are worth it. Planning a change takes longer than the change. So after the first five times the statement of
// every operation has its plan, also where an owner has many tokens. Lists are left out: their best plan depends on what they select.
func TestPostgreSQLPlansAnOperationOnce(t *testing.T) {
	onEach(t, []backend{onPostgreSQL}, func(t *testing.T, d database) {
		db := d.open(t, 0)
		db.SetMaxOpenConns(1) // prepared statements belong to their connection
		store := d.newMigrated(t, db, nil)
		d.loadMany(t, db)
		mustExec(t, db, `UPDATE apitoken_tokens SET owner = 'user' || created_at % 10`)
		d.analyze(t, db)
		m, err := apitoken.New(store, nil)
		must(t, err)
		limited, err := apitoken.New(store, &apitoken.Options{MaxActivePerOwner: 1000})
		must(t, err)
		operations := countedOperations(t, m, limited)
		mustExec(t, db, "DEALLOCATE ALL")
		for _, o := range operations {
			for range mostCalls {
				must(t, o.do(t.Context()))
			}
		}
		planned := 0
		const all = `
SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements
WHERE generic_plans + custom_plans >= $1 AND statement NOT LIKE '%LIMIT $%'`
		read(t, db, all, []any{mostCalls}, func(scan func(...any) error, _ int) error {
			var text string
			var generic, custom int
			if err := scan(&text, &generic, &custom); err != nil {
				return err
			}
			planned++
			if custom > 5 {
				t.Errorf("planned %d times, used %d times with a plan that was kept: %s", custom, generic, text)
			}
			return nil
		})
		if planned < 10 {
			t.Errorf("%d statements were counted, want at least 10", planned)
		}
		t.Log(planned, "statements")
	})
}
