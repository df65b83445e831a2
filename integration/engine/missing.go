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

// ErrMissing says that a server cannot be started because something is not installed. The error that wraps it names what is
// missing and the Debian package that has it.
var ErrMissing = errors.New("not installed")

// Require ends a test that cannot have its server. An error that is ErrMissing skips the test and says so loudly, or fails it
// where the environment variable APITOKEN_TEST_REQUIRE, a list with commas, has the name: postgres, mysql, galera or pgbouncer. Any
// other error fails it. Nothing happens when err is nil.
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

// lookIn is the path of a program that is in one of the folders, or ErrMissing.
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

// searched are the folders that the environment variable lists, or else those of PATH, and more.
func searched(variable string, more ...string) []string {
	if list := os.Getenv(variable); list != "" {
		return filepath.SplitList(list)
	}
	return append(filepath.SplitList(os.Getenv("PATH")), more...)
}
