package delivery_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken/integration/engine"
)

const module = "github.com/seed-d6cf0a46/apitoken"

// A host outside of the repository fetches the commit with the go command, and runs the example of the README.
func TestAHostFetchesTheModule(t *testing.T) {
	h := newHost(t)
	h.mustRun("go", "get", module+"@"+h.commit)
	write(t, filepath.Join(h.dir, "main.go"), hostProgram(t))
	if diff := cmp.Diff("Hello, Bob\n", h.mustRun("go", "run", ".")); diff != "" {
		t.Errorf("output of the example of the README (-want +got):\n%s", diff)
	}
}

// The module for OpenTelemetry requires an earlier version of the library, so its history is needed.
func TestAHostFetchesTheModuleForOpenTelemetry(t *testing.T) {
	h := newHost(t)
	if strings.TrimSpace(h.mustRun("git", "-C", repositoryPath(t), "rev-parse", "--is-shallow-repository")) == "true" {
		t.Skip("NOT TESTED: the clone has no history; git fetch --unshallow brings it")
	}
	h.mustRun("go", "get", module+"/apitokenotel@"+h.commit)
	write(t, filepath.Join(h.dir, "main.go"), `package main

import (
	"fmt"

	"`+module+`/apitokenotel"
)

func main() {
	_, err := apitokenotel.New(nil)
	fmt.Println(err)
}
`)
	if diff := cmp.Diff("<nil>\n", h.mustRun("go", "run", ".")); diff != "" {
		t.Errorf("output of a host with the module (-want +got):\n%s", diff)
	}
}

// The other nested modules cannot be installed, because they have replace directives.
func TestNoNestedModuleIsFetched(t *testing.T) {
	h := newHost(t)
	for _, program := range []string{"bench", "examples/quickstart", "integration/engine"} {
		out, err := h.run("go", "install", module+"/"+program+"@"+h.commit)
		if err == nil {
			t.Errorf("%s is installed, and the README says that it is not", program)
		}
		if want := "replace directives"; !strings.Contains(out, want) {
			t.Errorf("%s is refused for another reason than %q:\n%s", program, want, out)
		}
	}
}

// host is a module outside of the repository, with its own module cache. It fetches this module by git from a clone of the
// repository, and the required modules from the cache of the tests.
type host struct {
	t      *testing.T
	dir    string
	commit string
	env    []string
}

func newHost(t *testing.T) *host {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		engine.Require(t, "git", fmt.Errorf("git is %w", engine.ErrMissing))
	}
	tmp := t.TempDir()
	h := &host{t: t, dir: filepath.Join(tmp, "host"), env: os.Environ()}
	if err := os.Mkdir(h.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	from := repositoryPath(t)
	clone := filepath.Join(tmp, "clone.git")
	settings := []string{
		"safe.directory", "*",
		"protocol.file.allow", "always",
		"url.file://" + clone + ".insteadOf", "https://" + module,
	}
	h.env = append(h.env, fmt.Sprint("GIT_CONFIG_COUNT=", len(settings)/2))
	for i := 0; i < len(settings); i += 2 {
		h.env = append(h.env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i/2, settings[i]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i/2, settings[i+1]))
	}
	if out, err := h.run("git", "-C", from, "rev-parse", "HEAD"); err != nil {
		engine.Require(t, "git", fmt.Errorf("a git repository is %w: %s", engine.ErrMissing, out))
	} else {
		h.commit = strings.TrimSpace(out)
	}
	h.mustRun("git", "clone", "--quiet", "--bare", from, clone)
	h.mustRun("git", "-C", clone, "update-ref", "refs/heads/fetched", h.commit) // HEAD may be on no branch

	known := strings.Split(strings.TrimSpace(h.mustRun("go", "env", "GOMODCACHE", "GOCACHE", "GOPROXY")), "\n")
	h.env = append(h.env,
		"HOME="+tmp, "GOMODCACHE="+filepath.Join(tmp, "modules"), "GOCACHE="+known[1],
		"GOPROXY=file://"+filepath.ToSlash(known[0])+"/cache/download,"+known[2], "GOPRIVATE="+module, "GOSUMDB=off",
		"GOFLAGS=-mod=mod -modcacherw", "GOWORK=off", "GOTOOLCHAIN=local", "GO111MODULE=on", "GIT_ALLOW_PROTOCOL=file",
	)
	h.mustRun("go", "mod", "init", "example.org/host")
	return h
}

func repositoryPath(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func (h *host) run(program string, args ...string) (output string, err error) {
	cmd := exec.CommandContext(h.t.Context(), program, args...)
	cmd.Dir, cmd.Env = h.dir, h.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (h *host) mustRun(program string, args ...string) (output string) {
	h.t.Helper()
	out, err := h.run(program, args...)
	if err != nil {
		h.t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return out
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

var embedding = regexp.MustCompile("(?s)\n## Embedding it\n\n```go\n(.*?)```\n")

// hostProgram returns the lines of the README in a program that sends one request with the token. A driver takes a minute to
// compile, so a store in memory takes the place of the one over a database. Package sqlstore is compiled with it.
func hostProgram(t *testing.T) string {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(repository, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := embedding.FindSubmatch(readme)
	if shown == nil {
		t.Fatal("the README has no example under the heading Embedding it")
	}
	const onDatabase = "sqlstore.New(db, sqlstore.SQLite, nil)"
	if !strings.Contains(string(shown[1]), onDatabase) {
		t.Fatalf("the example does not call %s", onDatabase)
	}
	return `package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"` + module + `"
	"` + module + `/httpauth"
	"` + module + `/memstore"
	"` + module + `/sqlstore"
)

var _ = sqlstore.New

type store struct{ *memstore.Store }

func inMemory() (store, error) { return store{memstore.New()}, nil }

func (store) Migrate(context.Context) error { return nil }

func main() {
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		identity, _ := httpauth.FromContext(r.Context())
		fmt.Fprintln(w, "Hello,", identity.User.Name)
	})
	if err := run(context.Background(), http.NewServeMux(), hello); err != nil {
		panic(err)
	}
}

func run(ctx context.Context, mux *http.ServeMux, hello http.Handler) error {
` + strings.Replace(string(shown[1]), onDatabase, "inMemory()", 1) + `
	r := httptest.NewRequest("GET", "/hello", nil)
	r.Header.Set("Authorization", "Bearer "+secret.Reveal())
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Print(w.Body)
	return nil
}
`
}
