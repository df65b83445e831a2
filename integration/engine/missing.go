package engine

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ErrMissing means that a server cannot start because a program is not installed. The error that wraps it names the program
// and its Debian package.
var ErrMissing = errors.New("not installed")

// Require ends a test whose server cannot start. If err is ErrMissing, it skips the test, or fails it if the environment
// variable APITOKEN_TEST_REQUIRE, a list with commas, has the name: postgres, mysql, galera, pgbouncer or haproxy. Any other error
// fails the test. If err is nil, Require does nothing.
func Require(t testing.TB, name string, err error) {
	t.Helper()
	switch required := strings.Split(os.Getenv("APITOKEN_TEST_REQUIRE"), ","); {
	case err == nil:
	case !errors.Is(err, ErrMissing):
		t.Fatal(err)
	case slices.Contains(required, name):
		t.Fatalf("APITOKEN_TEST_REQUIRE names %s: %v", name, err)
	default:
		t.Skipf("NOT TESTED: %v", err)
	}
}

func missing(what, debianPackage string) error {
	return fmt.Errorf("%s is %w (the Debian package %s has it)", what, ErrMissing, debianPackage)
}

// lookIn returns the path of a program in one of the folders, or ErrMissing.
func lookIn(folders []string, name, debianPackage string) (string, error) {
	for _, folder := range folders {
		if !filepath.IsAbs(folder) {
			continue
		}
		if path, err := exec.LookPath(filepath.Join(folder, name)); err == nil {
			return path, nil
		}
	}
	return "", missing(name, debianPackage)
}

// searched returns the folders of an environment variable or, if it is empty, those of PATH and more.
func searched(variable string, more ...string) []string {
	if list := os.Getenv(variable); list != "" {
		return filepath.SplitList(list)
	}
	return append(filepath.SplitList(os.Getenv("PATH")), more...)
}
