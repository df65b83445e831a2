package apitoken_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/seed-d6cf0a46/apitoken"

func goList(t *testing.T, args ...string) []string {
	t.Helper()
	list := exec.Command("go", append([]string{"list"}, args...)...)
	list.Env = append(os.Environ(), "GOWORK=off") // this module alone
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list %s: %v", strings.Join(args, " "), err)
	}
	return strings.Fields(string(out))
}

// The root package depends on neither HTTP nor SQL, so that a host compiles only what it uses.
func TestTheRootDependsOnNeitherHTTPNorSQL(t *testing.T) {
	forbidden := []string{"net/http", "database/sql"}
	for _, dep := range goList(t, "-deps", ".") {
		external := strings.Contains(strings.SplitN(dep, "/", 2)[0], ".")
		allowed := dep == module || dep == "github.com/google/uuid" || strings.HasPrefix(dep, "golang.org/x/crypto/")
		if slices.Contains(forbidden, dep) || external && !allowed {
			t.Errorf("the root package depends on %s, want the standard library without %s, uuid and x/crypto only", dep, forbidden)
		}
	}
}

// Adapters import the root package and not each other. Package tokentest also imports memstore, and a
// translation the pages that it translates. Code that several adapters
// share is in a package under internal.
func TestAdaptersDoNotImportEachOther(t *testing.T) {
	alsoMay := map[string][]string{"tokentest": {"memstore"}, "adminui/german": {"adminui"}}
	packages := goList(t, "./...")
	for _, pkg := range packages {
		name := strings.TrimPrefix(strings.TrimPrefix(pkg, module), "/")
		if name == "" {
			continue
		}
		for _, imported := range goList(t, "-f", `{{join .Imports "\n"}}`, pkg) {
			other, ours := strings.CutPrefix(imported, module+"/")
			if ours && !strings.HasPrefix(other, "internal/") && !slices.Contains(alsoMay[name], other) {
				t.Errorf("%s imports %s, want the root package and internal packages only", name, other)
			}
		}
	}
	if len(packages) < 2 {
		t.Errorf("go list found only %v, want the adapters too", packages)
	}
}

// The modules that go.mod may require.
func TestOnlyFourModulesAreRequired(t *testing.T) {
	allowed := []string{
		"github.com/google/uuid", "golang.org/x/crypto", "github.com/benbjohnson/clock", "github.com/google/go-cmp",
	}
	for _, m := range goList(t, "-m", "-f", `{{if not .Main}}{{if not .Indirect}}{{.Path}}{{end}}{{end}}`, "-mod=readonly", "all") {
		if !strings.HasPrefix(m, module) && !slices.Contains(allowed, m) {
			t.Errorf("go.mod requires %s, want only %s", m, allowed)
		}
	}
}
