package integration_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/integration/engine"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// clientSays is the output of every client.
const clientSays = `provisioned bob Bob as user at revision 1
generated nightly build for bob by ada until 2026-01-31T12:00:00.000Z
bound to project:web
the secret ends like the hint: true
active: nightly build more: false
revoked: nightly build more: false
no maximum: true ETag: none
the maximum is 2592000 at revision 2 by ada
too late: 412 precondition_failed
offered 2592000 until 2026-01-31T12:00:00.000Z
refused: 422 lifetime_over_maximum asked for 7776000 at most 2592000
revoked: 204 revoked
event 1 user.put done by system about ada
event 2 token.generate done by system about ada
event 3 user.put done by token about bob
event 4 token.generate done by token about bob
event 5 token.revoke done by token about bob
event 6 token.generate done by token about bob
event 7 policy.set done by token about nobody
event 8 policy.set done by token about nobody
event 9 token.generate done by token about bob
event 10 token.revoke done by token about bob
`

// Three tools generate clients from the document. Each client is compiled, and runs against a handler behind a prefix.
func TestOpenAPIGeneratedClient(t *testing.T) {
	long(t)
	t.Run("TypeScript", func(t *testing.T) {
		t.Parallel()
		needNode(t)
		dir := clientIn(t, "openapi/typescript")
		install(t, dir)
		bin := filepath.Join(dir, "node_modules", ".bin")
		run(t, dir, nil, filepath.Join(bin, "openapi-typescript"), "openapi.json", "--output", "schema.d.ts")
		run(t, dir, nil, filepath.Join(bin, "tsc")) // also fails unless it finds the errors of wrong.ts
		works(t, dir, "node", filepath.Join("dist", "main.js"))
	})
	t.Run("Go", func(t *testing.T) {
		t.Parallel()
		dir := clientIn(t, "openapi/go")
		must(t, os.Mkdir(filepath.Join(dir, "client"), 0o777))
		alone := []string{"GOWORK=off", "GOFLAGS=-mod=readonly"}
		run(t, dir, alone, "go", "tool", "oapi-codegen", "-generate", "types,client", "-package", "client",
			"-o", filepath.Join("client", "client.go"), "openapi.json")
		run(t, dir, alone, "go", "build", "-o", "main", ".")
		run(t, dir, alone, "go", "vet", ".")
		works(t, dir, filepath.Join(dir, "main"))
	})
	t.Run("Go, by ogen", func(t *testing.T) {
		t.Parallel()
		dir := clientIn(t, "openapi/ogen")
		alone := []string{"GOWORK=off", "GOFLAGS=-mod=readonly"}
		run(t, dir, alone, "go", "tool", "ogen", "--target", "client", "--package", "client", "openapi.json")
		run(t, dir, alone, "go", "build", "-o", "main", ".")
		run(t, dir, alone, "go", "vet", ".")
		works(t, dir, filepath.Join(dir, "main"))
	})
}

// needNode skips or fails a test without Node.js and npm.
func needNode(t *testing.T) {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			engine.Require(t, "node", fmt.Errorf("%s is %w (the Debian packages nodejs and npm have it)", program, engine.ErrMissing))
		}
	}
}

// install installs the packages of package-lock.json, without their install scripts. If it fails, Node.js counts as missing.
func install(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--no-progress")
	cmd.Dir = dir
	if output, err := cmd.CombinedOutput(); err != nil {
		engine.Require(t, "node", fmt.Errorf("what npm ci gets is %w: %v\n%s", engine.ErrMissing, err, output))
	}
}

// clientIn returns a folder with a copy of the sources of a client, and the document.
func clientIn(t *testing.T, sources string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS(sources)))
	must(t, os.WriteFile(filepath.Join(dir, "openapi.json"), documentText(t), 0o666))
	return dir
}

// works runs a client against a handler, and checks its output and the tokens afterwards.
func works(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	tt := tokentest.New(t)
	tt.User("ada", apitoken.RoleAdmin)
	_, ada := tt.Generate(apitoken.GenerateParams{Owner: "ada", Name: "administration", Lifetime: apitoken.NoExpiration})
	mux := http.NewServeMux()
	mux.Handle("/admin/api/", http.StripPrefix("/admin/api", adminHandler(t, tt.Manager)))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)

	said := run(t, dir, []string{"ADDRESS=" + server.URL + "/admin/api", "TOKEN=" + ada}, program, args...)
	if diff := cmp.Diff(clientSays, said); diff != "" {
		t.Errorf("output of the client (-want +got):\n%s", diff)
	}
	var left []string
	for token, err := range tt.Manager.Tokens(t.Context(), apitoken.System(), apitoken.TokenQuery{Owner: "bob"}) {
		must(t, err)
		left = append(left, fmt.Sprint(token.Name, " ", token.Status(tt.Manager.Now())))
	}
	if diff := cmp.Diff([]string{"nightly build revoked", "nightly build revoked", "offered active"}, left); diff != "" {
		t.Errorf("tokens afterwards (-want +got):\n%s", diff)
	}
}

// run runs a program that has to succeed, and returns its output.
func run(t *testing.T, dir string, env []string, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", filepath.Base(program), strings.Join(args, " "), err, &stdout, &stderr)
	}
	return stdout.String()
}
