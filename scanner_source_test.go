package apitoken_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

// Redact finds no token in the source of Go or in this repository. The pattern, which does not check the checksum, matches
// nothing in the source of Go either.
func TestRealSourceHasNoFalsePositives(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long: make test-long")
	}
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	var scanners []apitoken.Scanner
	var patterns []*regexp.Regexp
	for _, prefix := range prefixes {
		s := mustScanner(t, prefix)
		scanners = append(scanners, s)
		// Without the first \b, so that the regular expression searches for the prefix, which is faster.
		patterns = append(patterns, regexp.MustCompile(strings.TrimPrefix(s.Pattern(), `\b`)))
	}
	source := filepath.Join(strings.TrimSpace(string(goroot)), "src")
	for _, root := range []string{source, "."} {
		files := 0
		walkFiles(t, root, func(path, text string) {
			files++
			for i, s := range scanners {
				if s.Redact(text) != text {
					t.Errorf("%s: Redact finds a token with the prefix %s, want none", path, prefixes[i])
				}
				if root == source && patterns[i].MatchString(text) {
					t.Errorf("%s: the pattern of the prefix %s matches, want no match", path, prefixes[i])
				}
			}
		})
		if files < 100 {
			t.Errorf("%d files below %s, want at least 100", files, root)
		}
	}
}

// walkFiles reads the regular files below a folder, except .git, which is a file in a linked worktree.
func walkFiles(t *testing.T, root string, do func(path, text string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == ".git":
			return filepath.SkipDir
		case entry.Name() == ".git" || !entry.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(path)
		do(path, string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
