package integration_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/integration/engine"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// basicClient is a program that sends a token as the password of HTTP Basic. The server is an URL without a path.
type basicClient struct {
	program string
	args    func(t *testing.T, server, token string) []string
}

var basicClients = []basicClient{
	{"curl", func(_ *testing.T, server, token string) []string {
		return []string{"--silent", "--show-error", "--fail", "--user", "anyone:" + token, server + "/files"}
	}},
	{"git", func(_ *testing.T, server, token string) []string {
		return []string{"-c", "credential.helper=", "ls-remote", "http://anyone:" + token + "@" + strings.TrimPrefix(server, "http://") + "/git/repository"}
	}},
	{"docker", func(t *testing.T, server, token string) []string { // logs in by itself where no daemon runs
		return []string{"--config", t.TempDir(), "--host", "unix://" + filepath.Join(t.TempDir(), "none"),
			"login", "--username", "anyone", "--password", token, strings.TrimPrefix(server, "http://")}
	}},
	{"skopeo", func(t *testing.T, server, token string) []string {
		return []string{"login", "--tls-verify=false", "--authfile", filepath.Join(t.TempDir(), "auth.json"),
			"--username", "anyone", "--password", token, strings.TrimPrefix(server, "http://")}
	}},
	{"twine", func(t *testing.T, server, token string) []string {
		return []string{"upload", "--non-interactive", "--disable-progress-bar", "--config-file", filepath.Join(t.TempDir(), "none"),
			"--repository-url", server + "/files", "--username", "anyone", "--password", token, sourceArchive(t)}
	}},
}

// Programs that cannot send a Bearer token put it where a password goes. They are let in with Options.BasicPassword only.
func TestTokensAsPasswordsOfRealClients(t *testing.T) {
	tt := tokentest.New(t)
	token := tt.Token("bob")
	for _, c := range basicClients {
		t.Run(c.program, func(t *testing.T) {
			if _, err := exec.LookPath(c.program); err != nil {
				engine.Require(t, c.program, fmt.Errorf("%s is %w", c.program, engine.ErrMissing))
			}
			for _, accepts := range []bool{true, false} {
				served := 0
				guard := httpauth.Require(tt.Manager, &httpauth.Options{Basic: true, BasicPassword: accepts})
				server := httptest.NewServer(guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					served++
					basicHandler(t).ServeHTTP(w, r)
				})))
				cmd := exec.CommandContext(t.Context(), c.program, c.args(t, server.URL, token)...)
				cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "HOME="+t.TempDir())
				out, err := cmd.CombinedOutput()
				server.Close()
				if (err == nil) != accepts || (served > 0) != accepts {
					t.Errorf("with BasicPassword %t: %v, %d requests were served\n%s", accepts, err, served, out)
				}
			}
		})
	}
}

// basicHandler is a registry, a git server, and a place for files.
func basicHandler(t *testing.T) http.Handler {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/v2/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Docker-Distribution-API-Version", "registry/2.0")
	})
	mux.HandleFunc("/files", func(http.ResponseWriter, *http.Request) {})
	root := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "git", "init", "--quiet", "--bare", filepath.Join(root, "repository")).CombinedOutput(); err != nil {
		t.Errorf("git init: %v\n%s", err, out)
	}
	git, err := exec.LookPath("git")
	must(t, err)
	mux.Handle("/git/", &cgi.Handler{
		Path: git, Args: []string{"http-backend"}, Root: "/git",
		Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1"},
	})
	return mux
}

// sourceArchive writes the least that twine takes for a package.
func sourceArchive(t *testing.T) string {
	t.Helper()
	var archive bytes.Buffer
	zipped := gzip.NewWriter(&archive)
	files := tar.NewWriter(zipped)
	const metadata = "Metadata-Version: 2.1\nName: example\nVersion: 1.0\n"
	must(t, files.WriteHeader(&tar.Header{Name: "example-1.0/PKG-INFO", Mode: 0o644, Size: int64(len(metadata))}))
	_, err := files.Write([]byte(metadata))
	must(t, err)
	must(t, files.Close())
	must(t, zipped.Close())
	path := filepath.Join(t.TempDir(), "example-1.0.tar.gz")
	must(t, os.WriteFile(path, archive.Bytes(), 0o644))
	return path
}
