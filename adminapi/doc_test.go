package adminapi_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken/adminapi"
)

// documentation is the package's, section by section.
func documentation(t *testing.T, section string) string {
	t.Helper()
	text, err := os.ReadFile("doc.go")
	must(t, err)
	_, rest, found := strings.Cut(string(text), "// # "+section+"\n")
	if !found {
		t.Fatalf("the documentation has no section %s", section)
	}
	rest, _, _ = strings.Cut(rest, "// # ")
	return rest
}

// The documentation lists every route with the access that it declares.
func TestTheDocumentationListsEveryRoute(t *testing.T) {
	line := regexp.MustCompile(`(?m)^//\t([A-Z]+) +(/\S*)  +(.+?)  +.*$`)
	var got, want []string
	for _, m := range line.FindAllStringSubmatch(documentation(t, "Routes"), -1) {
		got = append(got, m[1]+" "+m[2]+": "+m[3])
	}
	for _, r := range adminapi.Routes() {
		want = append(want, r.Method+" "+r.Path+": "+r.Who)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the documentation differs from the routes (-want +got):\n%s", diff)
	}
}

// Every query parameter is explained somewhere.
func TestTheDocumentationExplainsEveryParameter(t *testing.T) {
	text := documentation(t, "Pages") + documentation(t, "Tokens") + documentation(t, "Events")
	for _, r := range adminapi.Routes() {
		for _, name := range r.Params {
			if !regexp.MustCompile(`\b` + name + `\b`).MatchString(text) {
				t.Errorf("the documentation does not explain %s", name)
			}
		}
	}
}

type documented struct {
	status int
	code   string
}

// documentedProblems are the problems that the documentation lists.
func documentedProblems(t *testing.T) []documented {
	t.Helper()
	var all []documented
	for _, m := range regexp.MustCompile(`(?m)^//\t(\d{3}) +([a-z_]+) `).FindAllStringSubmatch(documentation(t, "Errors"), -1) {
		status, err := strconv.Atoi(m[1])
		must(t, err)
		all = append(all, documented{status, m[2]})
	}
	if len(all) == 0 {
		t.Fatal("the documentation lists no problem")
	}
	return all
}
