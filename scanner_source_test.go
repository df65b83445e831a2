package apitoken_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// Nothing in the source of Go or in this repository is taken for a token. The pattern alone, which knows of no checksum, finds
// nothing in the source of Go either.
func TestNoFalsePositives(t *testing.T) {
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
		// Without the first \b, which would keep the regular expression from looking for the prefix first.
		patterns = append(patterns, regexp.MustCompile(strings.TrimPrefix(s.Pattern(), `\b`)))
	}
	source := filepath.Join(strings.TrimSpace(string(goroot)), "src")
	for _, root := range []string{source, "."} {
		begun, files, size := time.Now(), 0, 0
		walkFiles(t, root, func(path, text string) {
			files++
			size += len(text)
			for i, s := range scanners {
				if s.Redact(text) != text {
					t.Errorf("%s holds a token of %s", path, prefixes[i])
				}
				if root == source && patterns[i].MatchString(text) {
					t.Errorf("%s holds what the pattern of %s finds", path, prefixes[i])
				}
			}
		})
		if files < 100 {
			t.Errorf("only %d files below %s", files, root)
		}
		t.Logf("%d files below %s, %.1f MB, %d prefixes, %s", files, root, float64(size)/1e6, len(prefixes), time.Since(begun).Round(time.Millisecond))
	}
}

// walkFiles reads the regular files below a folder, without those of git: a folder, or a file in a linked worktree.
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
