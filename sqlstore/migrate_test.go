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
	lasting    = regexp.MustCompile(`(?i)\A\s*(CREATE\s+(UNIQUE\s+)?INDEX|UPDATE|DELETE|INSERT)\b`)
)

// On PostgreSQL a step that alters a table keeps readers from it until it commits. So it does nothing that takes as long as
// there are rows: an index is made, and rows are written, in a step of its own.
func TestAStepOfPostgreSQLThatAltersATableIsShort(t *testing.T) {
	steps, err := newStore(t, sqlstore.PostgreSQL, "").Statements()
	if err != nil {
		t.Fatal(err)
	}
	altering := 0
	for i, step := range steps {
		var alters, lasts string
		for _, statement := range step {
			statement = comment.ReplaceAllString(statement, "")
			switch {
			case altersOnly.MatchString(statement):
				alters = statement
			case lasting.MatchString(statement):
				lasts = statement
			}
		}
		if alters == "" {
			continue
		}
		altering++
		if lasts != "" {
			t.Errorf("step %d also does\n%s\nwhile it keeps readers from the table by\n%s", i+1, lasts, alters)
		}
		if !adds.MatchString(alters) {
			t.Errorf("step %d may write every row of the table, or look at all of them:\n%s", i+1, alters)
		}
	}
	if altering == 0 {
		t.Error("no step alters a table")
	}
}
