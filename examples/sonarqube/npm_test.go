package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// node returns the path of a program of Node.js. If it is missing, the test is skipped, or fails if APITOKEN_TEST_REQUIRE lists
// node.
func node(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		missing(t, err.Error())
	}
	return path
}

func missing(t *testing.T, why string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("APITOKEN_TEST_REQUIRE"), ","), "node") {
		t.Fatalf("APITOKEN_TEST_REQUIRE names node: %s", why)
	}
	t.Skipf("NOT TESTED: the client of npm: %s; gateway/install.sh installs it", why)
}

// The client sonarqube-web-api-client from npm works with this server unchanged.
func TestServesTheClientOfNPM(t *testing.T) {
	long(t)
	program, npm := node(t, "node"), node(t, "npm")
	h, dir := newHost(t), t.TempDir()
	for _, name := range []string{"client.mjs", "package.json"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	install := exec.CommandContext(t.Context(), npm, "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		missing(t, "npm install: "+err.Error()+": "+string(out))
	}
	client := exec.CommandContext(t.Context(), program, "client.mjs", h.url, "bob", "secret of bob")
	client.Dir = dir
	var stderr bytes.Buffer
	client.Stderr = &stderr
	out, err := client.Output()
	if err != nil {
		t.Fatalf("%v: %s%s", err, out, &stderr)
	}
	got := map[string]any{}
	for line := range bytes.Lines(out) {
		var said struct {
			What string
			Seen any
		}
		if err := json.Unmarshal(line, &said); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		got[said.What] = said.Seen
	}
	valid, invalid := map[string]any{"valid": true}, map[string]any{"valid": false}
	const created = "2026-01-10T14:06:05+0000"
	want := map[string]any{
		"valid by Basic": valid, "valid by a wrong password": invalid, "valid by Bearer": valid, "valid by the token in Basic": valid,
		"made": map[string]any{"login": "bob", "name": "from node", "createdAt": created, "token": 53.0, "type": "USER_TOKEN"},
		"found": map[string]any{"login": "bob", "userTokens": []any{
			map[string]any{"name": "from node", "createdAt": created, "type": "USER_TOKEN", "lastConnectionDate": created},
		}},
		"made twice":                  "ApiError 400: A user token for login 'bob' and name 'from node' already exists",
		"another's":                   "AuthorizationError 403: Insufficient privileges",
		"valid after it was revoked":  invalid,
		"found after it was revoked":  map[string]any{"login": "bob", "userTokens": []any{}},
		"search after it was revoked": "AuthenticationError 401: Unauthorized",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what the client learns differs (-want +got):\n%s", diff)
	}
}
