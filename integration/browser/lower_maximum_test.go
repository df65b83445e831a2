package browser_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// An administrator lowers the maximum, with a limit and an exemption, sees exactly what is beyond it, revokes that, and makes a
// service account.
func TestBrowserLoweringTheMaximumAndRevokingWhatIsBeyond(t *testing.T) {
	t.Parallel()
	h, p := newHost(t), open(t)
	for name, lifetime := range map[string]time.Duration{"short": apitoken.Days(20), "longer than the limit": apitoken.Days(60), "long": apitoken.Days(200)} {
		h.generateAs("bob", "bob", "bob's "+name, lifetime)
		h.generateAs("carol", "carol", "carol's "+name, lifetime)
	}
	for i := range 501 {
		h.generateAs("bob", "bob", fmt.Sprint("old ", i), apitoken.Days(365))
	}
	h.generateAs("ada", "ada", "ada's", apitoken.Days(60))

	h.signIn(p, "ada")
	p.visit(h.url + "/policy")
	p.fill("Role", "user")
	p.fill("Maximum in days", "30")
	p.follow("Save the limit")
	p.fill("User id", "carol")
	p.choose("Maximum", "90 days")
	p.date("Last day", h.Clock.Now().AddDate(0, 1, 0))
	p.fill("Reason", "migration")
	p.follow("Save the exemption")
	p.tick("90 days")
	p.follow("Review the change")
	p.keep("journey-question", looks[0])
	p.says("504 active tokens have a longer lifetime", "They belong to 2 users", "1 more is permitted by an exemption")
	p.follow("Set the maximum")
	p.says("90 days", "limit")
	p.follow("At least 499 active tokens") // a page counts among 500
	p.says("Live at least 499+", "Beyond the maximum")
	p.follow("Revoke all that match…")
	p.keep("journey-confirm", looks[0])
	p.fill("Type 504 to confirm", "504")
	p.follow("Revoke 504 tokens")
	p.says("500 of 504 tokens revoked")
	p.keep("journey-progress", looks[0])
	p.follow("Continue")
	p.says("504 tokens revoked. No active token matches any more.")
	p.keep("journey-done", looks[0])

	p.visit(h.url + "/users")
	p.fill("Id of the account", "ci")
	p.fill("Name", "Nightly builds")
	p.fill("Who answers for it", "bob")
	p.keep("journey-service", looks[0])
	p.follow("Make the account")
	p.says("A service account: no person signs in to it. bob answers for it.")
	p.keep("journey-made", looks[0])

	var left []string
	for token, err := range h.Manager.Tokens(ctx, apitoken.System(), apitoken.TokenQuery{AnyOwner: true, Status: apitoken.StatusActive}) {
		h.must(err)
		left = append(left, token.Name)
	}
	want := []string{"ada's", "bob's short", "carol's longer than the limit", "carol's short"}
	if diff := cmp.Diff(strings.Join(want, "; "), strings.Join(slices.Sorted(slices.Values(left)), "; ")); diff != "" {
		t.Errorf("tokens that are left (-want +got):\n%s", diff)
	}
}
