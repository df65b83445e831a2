package sqlstore_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

var update = flag.Bool("update", false, "write the golden files anew")

// A reviewer reads one page of SQL for each dialect, and sees a change of it as a change of that page. What goes in for
// each placeholder is what the methods of the store hand to the driver.
func TestPageOfEachDialect(t *testing.T) {
	for name, d := range dialects {
		t.Run(name, func(t *testing.T) {
			db, paper := openPaper(t)
			store, err := sqlstore.New(db, d, nil)
			if err != nil {
				t.Fatal(err)
			}
			sent := useEverything(t, store, paper)
			var page strings.Builder
			for _, q := range store.Queries() {
				if q.Text == "" {
					fmt.Fprintf(&page, "-- %s: none\n\n", q.Name)
					continue
				}
				kinds, ok := sent[q.Text]
				if !ok {
					t.Errorf("no method sends %s", q.Name)
				}
				fmt.Fprintf(&page, "-- %s(%s)\n%s;\n\n", q.Name, kinds, q.Text)
			}
			for _, q := range pagesOfTokens {
				text, args := store.ListTokens(q.query)
				fmt.Fprintf(&page, "-- tokens, %s(%s)\n%s;\n\n", q.name, kindsOf(t, text, args), text)
			}
			text, args := store.TouchTokens(twoUses)
			fmt.Fprintf(&page, "-- two uses(%s)\n%s;\n", kindsOf(t, text, args), text)
			if text, args := store.NumberRows([]int64{5, 7}, 3); text != "" {
				fmt.Fprintf(&page, "\n-- two events(%s)\n%s;\n", kindsOf(t, text, args), text)
			}
			holdGolden(t, filepath.Join("testdata", strings.ToLower(name)+".sql"), page.String())
		})
	}
}

// holdGolden compares a text with what a file holds, or writes the file.
func holdGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is out of date; if the change is meant, run go test -update . (-want +got):\n%s", file, diff)
	}
}

var (
	someTime  = time.UnixMicro(1_000_001).UTC()
	laterTime = time.UnixMicro(2_000_002).UTC()
	someID    = apitoken.TokenID{1, 2, 3}

	pagesOfTokens = []struct {
		name  string
		query apitoken.TokenQuery
	}{
		{"all", apitoken.TokenQuery{AnyOwner: true, Limit: 1}},
		{"of an owner, revoked", apitoken.TokenQuery{Owner: "bob", Status: apitoken.StatusRevoked, Limit: 1, Now: someTime}},
		{"active", apitoken.TokenQuery{AnyOwner: true, Status: apitoken.StatusActive, Limit: 1, Now: someTime}},
		{"expired", apitoken.TokenQuery{AnyOwner: true, Status: apitoken.StatusExpired, Limit: 1, Now: someTime}},
		{"by everything", apitoken.TokenQuery{
			Owner: "bob", Status: apitoken.StatusActive, ExpiresBefore: laterTime, NameContains: "ci", After: someID, Limit: 1, Now: someTime,
		}},
	}

	twoUses = []apitoken.Touch{{Token: apitoken.TokenID{1}, At: someTime}, {Token: apitoken.TokenID{2}, At: laterTime}}
)

// kindsOf names the kinds of the parameters, and holds that there are as many as the text has placeholders.
func kindsOf[T any](t *testing.T, text string, args []T) string {
	t.Helper()
	if n := placeholders(text); n != len(args) {
		t.Errorf("%d parameters for %d placeholders: %s", len(args), n, text)
	}
	var kinds []string
	for _, arg := range args {
		kind := fmt.Sprintf("%T", arg)
		switch any(arg).(type) {
		case nil:
			kind = "NULL"
		case []byte:
			kind = "bytes"
		case string:
			kind = "text"
		case int, int64:
			kind = "integer"
		}
		kinds = append(kinds, kind)
	}
	return strings.Join(kinds, ", ")
}

// placeholders is how many parameters a statement has. Those with numbers are 1, 2, 3 and so on, or it is -1.
func placeholders(text string) int {
	all := regexp.MustCompile(`\?[0-9]*|\$[0-9]+`).FindAllString(text, -1)
	var numbers []int
	for _, one := range all {
		if n, err := strconv.Atoi(one[1:]); err == nil {
			numbers = append(numbers, n)
		}
	}
	if len(numbers) == 0 {
		return len(all)
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	if len(numbers) != numbers[len(numbers)-1] {
		return -1
	}
	return len(numbers)
}

// The dialects say the same in different words: each has every query that is not one of those that some can do without,
// and all of them name the tables of their prefix.
func TestDialectsHaveTheSameQueries(t *testing.T) {
	for name, d := range dialects {
		store := newStore(t, d, "x_")
		statements, err := store.Statements()
		if err != nil {
			t.Fatal(err)
		}
		texts := map[string]string{}
		for i, step := range statements {
			for k, text := range step {
				texts[fmt.Sprintf("statement %d of step %d", k+1, i+1)] = text
			}
		}
		for _, q := range store.Queries() {
			if q.Text != "" || !q.MayBeEmpty {
				texts[q.Name] = q.Text
			}
		}
		texts["the list of tokens"], _ = store.ListTokens(pagesOfTokens[len(pagesOfTokens)-1].query)
		texts["the uses"], _ = store.TouchTokens(twoUses)
		for what, text := range texts {
			switch {
			case text == "":
				t.Errorf("%s: %s is empty", name, what)
			case strings.Contains(text, "apitoken_"):
				t.Errorf("%s: %s keeps the default prefix: %s", name, what, text)
			case what != "findFault" && !strings.Contains(text, "x_"):
				t.Errorf("%s: %s names no table: %s", name, what, text)
			case text != strings.TrimSpace(text), strings.HasSuffix(text, ";"):
				t.Errorf("%s: %s ends with more than the statement: %q", name, what, text)
			}
		}
	}
}
