package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The page of the OpenAPI document is for everybody, as the document is. Everything that it loads is on the same host.
func TestServerShowsTheDocumentOfItsAdministration(t *testing.T) {
	s := start(t, build(t, "server"), filepath.Join(t.TempDir(), "document.db"))
	b := s.browser(t)
	if root := b.see(t, 200, "/admin/api/"); !strings.Contains(root.text, `"documentation":"/docs/"`) {
		t.Errorf("the root of the administration does not link to the page:\n%s", root.text)
	}
	page := b.see(t, 200, "/docs/")
	if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("the Content-Security-Policy is %q", policy)
	}
	loads := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page.text, -1)
	if len(loads) != 5 {
		t.Errorf("the page loads or links to %d files, want 5:\n%s", len(loads), page.text)
	}
	for _, m := range loads {
		path := m[1]
		if strings.Contains(path, "//") {
			t.Errorf("%s is on another host", path)
			continue
		}
		if !strings.HasPrefix(path, "/") {
			path = "/docs/" + path
		}
		if file := b.see(t, 200, path); len(file.text) < 100 {
			t.Errorf("%s has %d bytes", path, len(file.text))
		}
	}
	if script := b.see(t, 200, "/docs/document.js"); !strings.Contains(script.text, `url: "/admin/api/openapi.json"`) {
		t.Errorf("the page does not load the document:\n%s", script.text)
	}
	b.see(t, 404, "/docs/swagger-ui.js")
	s.stop(t, os.Interrupt)
}
