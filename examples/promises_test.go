package examples_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// docs/promises.md names tests in code style: a function, or a rule of package storetest.
var (
	namedFunction = regexp.MustCompile("`((?:Test|Fuzz)[A-Z][A-Za-z0-9]*)`")
	namedRule     = regexp.MustCompile("`storetest: ([^`.]+)`")
)

func TestPromisesNameTestsThatExist(t *testing.T) {
	page, err := os.ReadFile("../docs/promises.md")
	must(t, err)
	promises := string(page)
	source := goSource(t, "..")
	for _, m := range namedFunction.FindAllStringSubmatch(promises, -1) {
		if !strings.Contains(source, "\nfunc "+m[1]+"(") {
			t.Errorf("the page names %s, and there is no such test", m[1])
		}
	}
	for _, m := range namedRule.FindAllStringSubmatch(promises, -1) {
		if !strings.Contains(source, "\t\""+m[1]+"\",\n") {
			t.Errorf("the page names the rule %q, and storetest has none of that name", m[1])
		}
	}
	rows := strings.Count(promises, "\n| ") - 1 // without the head of the table
	if functions := len(namedFunction.FindAllString(promises, -1)); rows != 13 || functions < rows {
		t.Errorf("the page has %d promises that name %d tests, want 13 and at least as many", rows, functions)
	}
}

// goSource is all Go source below a folder.
func goSource(t *testing.T, root string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	})
	must(t, err)
	return all.String()
}
