package sqlstore_test

import (
	"regexp"
	"testing"

	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

var (
	comment    = regexp.MustCompile(`(?m)--.*$`)
	altersOnly = regexp.MustCompile(`(?i)\A\s*ALTER\s+TABLE\b`)
	adds       = regexp.MustCompile(`(?i)\bADD\s+COLUMN\b`)
	slow       = regexp.MustCompile(`(?i)\A\s*(CREATE\s+(UNIQUE\s+)?INDEX|UPDATE|DELETE|INSERT)\b`)
)

// On PostgreSQL a step that alters a table blocks readers until it commits. So its duration must not depend on the number of
// rows: indexes are made, and rows written, in a step of their own.
func TestPostgreSQLStepThatAltersATableIsShort(t *testing.T) {
	steps, err := newStore(t, sqlstore.PostgreSQL, "").Statements()
	must(t, err)
	altering := 0
	for i, step := range steps {
		var alters, long string
		for _, statement := range step {
			statement = comment.ReplaceAllString(statement, "")
			switch {
			case altersOnly.MatchString(statement):
				alters = statement
			case slow.MatchString(statement):
				long = statement
			}
		}
		if alters == "" {
			continue
		}
		altering++
		if long != "" {
			t.Errorf("step %d also runs\n%s\nwhile readers are blocked by\n%s", i+1, long, alters)
		}
		if !adds.MatchString(alters) {
			t.Errorf("step %d may read or write every row of the table:\n%s", i+1, alters)
		}
	}
	if altering == 0 {
		t.Error("no step alters a table")
	}
}
