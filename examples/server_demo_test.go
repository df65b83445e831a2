package examples_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// demo is a summary of the demonstration.
type demo struct {
	Users, Disabled           int
	Roles                     map[string]int
	Active, Expired, Revoked  int
	NeverUsed, WithoutEnd     int // of the active tokens
	OnBehalf, ByHost, Machine int
	MaxLifetime, Revision     int // of the policy
}

func TestServerDemonstrationIsComplete(t *testing.T) {
	program, file := build(t, "server"), filepath.Join(t.TempDir(), "demo.db")
	s := listen(t, program, "-demo", "-db", file)
	admin := s.logins["ADMIN"]
	want := demo{
		Users: 40, Disabled: 4, Roles: map[string]int{"admin": 2, "helpdesk": 2, "auditor": 1, "user": 35},
		Active: 156, Expired: 182, Revoked: 62,
		NeverUsed: 37, WithoutEnd: 15,
		OnBehalf: 89, ByHost: 35, Machine: 90,
		MaxLifetime: 90 * 86400, Revision: 5,
	}
	if diff := cmp.Diff(want, s.count(t, admin)); diff != "" {
		t.Errorf("the demonstration (-want +got):\n%s", diff)
	}

	b := s.browser(t)
	b.signIn(t, 303, admin)
	for path, shows := range map[string][]string{
		"/admin/users": {"build-agent-07", "Ελένη", "disabled", "helpdesk"},
		"/admin/users/build-agent-01/tokens?status=all": {"by the host", "by <bdi>admin</bdi>", "machine"},
		"/admin/users/rosa/tokens":                      {"revoked", "active"},
		"/admin/tokens?status=active&no-end=y":          {"No expiration"},
		"/admin/tokens?within=14&status=active":         {"expires soon"},
		"/admin/tokens?beyond=yes":                      {"active"},
		"/admin/tokens?name=夜":                          {"夜间构建"},
		"/admin/expiring":                               {"<svg"},
		"/admin/policy":                                 {"90 days"},
		"/admin/activity":                               {"generated a token", "denied"},
		"/admin/activity?owner=quentin":                 {"disabled a user"},
	} {
		text := b.see(t, 200, path).text
		for _, part := range shows {
			if !strings.Contains(text, part) {
				t.Errorf("%s does not show %q", path, part)
			}
		}
	}

	german := b.do(t, 200, "GET", "/admin/users", "", "Accept-Language", "de-AT, en;q=0.5")
	if !strings.Contains(german.text, `<html lang="de">`) || !strings.Contains(german.text, "<h1>Benutzer</h1>") {
		t.Error("a browser that prefers German gets the pages in another language")
	}

	auditor := s.browser(t)
	auditor.signIn(t, 303, s.logins["INGRID"])
	auditor.see(t, 200, "/admin/activity")
	auditor.see(t, 200, "/admin/tokens")
	s.expect(t, 403, basic(s.logins["INGRID"]), "PUT", "/admin/api/policy", `{"no_maximum": true}`)
	s.expect(t, 403, basic(s.logins["NOOR"]), "GET", "/admin/api/events", "")
	s.stop(t, os.Interrupt)

	s = listen(t, program, "-demo", "-db", file)
	if diff := cmp.Diff(want, s.count(t, admin)); diff != "" {
		t.Errorf("the demonstration after a second start (-want +got):\n%s", diff)
	}
	s.stop(t, os.Interrupt)
	if len(s.logins) != 0 || !strings.Contains(s.log.String(), "-demo does nothing") {
		t.Errorf("the second start prints\n%s\nand logs\n%s", s.output, s.log)
	}
}

// count summarizes the users and tokens over the API.
func (s *server) count(t *testing.T, admin string) demo {
	t.Helper()
	got := demo{Roles: map[string]int{}}
	var users struct {
		Users []struct {
			Role       string
			DisabledAt string `json:"disabled_at"`
		}
	}
	decode(t, s.expect(t, 200, basic(admin), "GET", "/admin/api/users", ""), &users)
	for _, u := range users.Users {
		got.Users++
		got.Roles[u.Role]++
		if u.DisabledAt != "" {
			got.Disabled++
		}
	}
	var tokens struct {
		Tokens []struct {
			Owner, Kind, Status string
			CreatedBy           string `json:"created_by"`
			ExpiresAt           string `json:"expires_at"`
			LastUsedAt          string `json:"last_used_at"`
		}
		Next string
	}
	decode(t, s.expect(t, 200, basic(admin), "GET", "/admin/api/tokens?limit=500", ""), &tokens)
	if tokens.Next != "" {
		t.Error("there are more than 500 tokens")
	}
	for _, token := range tokens.Tokens {
		switch token.Status {
		case "active":
			got.Active++
			if token.LastUsedAt == "" {
				got.NeverUsed++
			}
			if token.ExpiresAt == "" {
				got.WithoutEnd++
			}
		case "expired":
			got.Expired++
		case "revoked":
			got.Revoked++
		}
		if token.CreatedBy == "" {
			got.ByHost++
		} else if token.CreatedBy != token.Owner {
			got.OnBehalf++
		}
		if token.Kind == "machine" {
			got.Machine++
		}
	}
	var policy struct {
		Max      int `json:"max_lifetime_seconds"`
		Revision int
	}
	decode(t, s.expect(t, 200, basic(admin), "GET", "/admin/api/policy", ""), &policy)
	got.MaxLifetime, got.Revision = policy.Max, policy.Revision
	return got
}
