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

// The domain knows nothing of HTTP or SQL, so that a host takes only what it uses.
func TestRootImportsOnlyTheDomain(t *testing.T) {
	forbidden := []string{"net/http", "database/sql"}
	for _, dep := range goList(t, "-deps", ".") {
		external := strings.Contains(strings.SplitN(dep, "/", 2)[0], ".")
		allowed := dep == module || dep == "github.com/google/uuid" || strings.HasPrefix(dep, "golang.org/x/crypto/")
		if slices.Contains(forbidden, dep) || external && !allowed {
			t.Errorf("the root package depends on %s", dep)
		}
	}
}

// Adapters import the domain and not each other. What is for tests stands on memstore. What several adapters need, and hosts
// do not, is in a package under internal.
func TestAdaptersDoNotImportEachOther(t *testing.T) {
	alsoMay := map[string][]string{"tokentest": {"memstore"}}
	packages := goList(t, "./...")
	for _, pkg := range packages {
		name := strings.TrimPrefix(strings.TrimPrefix(pkg, module), "/")
		if name == "" {
			continue
		}
		for _, imported := range goList(t, "-f", `{{join .Imports "\n"}}`, pkg) {
			other, ours := strings.CutPrefix(imported, module+"/")
			if ours && !strings.HasPrefix(other, "internal/") && !slices.Contains(alsoMay[name], other) {
				t.Errorf("%s imports %s", name, other)
			}
		}
	}
	if len(packages) < 2 {
		t.Errorf("found only the packages %v", packages)
	}
}

// A module is required when something uses it, and no other than these.
func TestRequiredModules(t *testing.T) {
	allowed := []string{
		"github.com/google/uuid", "golang.org/x/crypto", "github.com/benbjohnson/clock", "github.com/google/go-cmp",
	}
	for _, m := range goList(t, "-m", "-f", `{{if not .Main}}{{if not .Indirect}}{{.Path}}{{end}}{{end}}`, "-mod=readonly", "all") {
		if !strings.HasPrefix(m, module) && !slices.Contains(allowed, m) {
			t.Errorf("go.mod requires %s", m)
		}
	}
}
