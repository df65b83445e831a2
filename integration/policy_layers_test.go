package integration_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// A replica of the build before knows only the column of the maximum. It must permit nothing that is too long, and a policy that
// it sets has no limits and exemptions.
func TestAReplicaWithoutLayersSeesTheStrictestMaximum(t *testing.T) {
	onEach(t, everywhere, func(t *testing.T, d database) {
		db := d.open(t, 0)
		store := d.newMigrated(t, db, nil)
		at := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
		full := apitoken.MaxLifetimePolicy{
			Max: apitoken.NoExpiration, UpdatedAt: at, Revision: 1,
			Limits:     []apitoken.LifetimeLimit{{Role: apitoken.RoleUser, Max: apitoken.Days(30)}, {Kind: apitoken.KindUser, Max: apitoken.Days(90)}},
			Exemptions: []apitoken.Exemption{{User: "ada", Max: apitoken.Days(365), Until: at.AddDate(1, 0, 0), Reason: "migration", At: at}},
		}
		shorter := full
		shorter.Revision = 2
		shorter.Exemptions = []apitoken.Exemption{{User: "ada", Max: apitoken.Days(7), Until: at.AddDate(1, 0, 0), Reason: "audit", At: at}}
		for _, c := range []struct {
			policy apitoken.MaxLifetimePolicy
			want   time.Duration
		}{{full, apitoken.Days(30)}, {shorter, apitoken.Days(7)}} {
			event := apitoken.Event{ID: apitoken.EventID{byte(c.policy.Revision)}, At: at, Action: apitoken.ActionSetPolicy, Outcome: apitoken.OutcomeDone, Actor: apitoken.System()}
			must(t, store.PutPolicy(t.Context(), c.policy, c.policy.Revision-1, event))
			var column time.Duration
			must(t, db.QueryRow("SELECT max_lifetime FROM apitoken_policy").Scan(&column))
			if column != c.want {
				t.Errorf("the column of the maximum is %s, want %s", column, c.want)
			}
			holdPolicy(t, store, c.policy)
		}

		mustExec(t, db, "UPDATE apitoken_policy SET max_lifetime = 86400000000000, updated_by = 'bob', revision = 3 WHERE revision = 2")
		plain := apitoken.MaxLifetimePolicy{Max: apitoken.Days(1), UpdatedAt: at, UpdatedBy: "bob", Revision: 3}
		holdPolicy(t, store, plain)
		again := full
		again.Revision = 4
		must(t, store.PutPolicy(t.Context(), again, 3, apitoken.Event{
			ID: apitoken.EventID{4}, At: at, Action: apitoken.ActionSetPolicy, Outcome: apitoken.OutcomeDone, Actor: apitoken.System(),
		}))
		holdPolicy(t, store, again)
	})
}

// holdPolicy compares the policy that Policy and Facts read.
func holdPolicy(t *testing.T, store apitoken.Store, want apitoken.MaxLifetimePolicy) {
	t.Helper()
	got, err := store.Policy(t.Context())
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("policy (-want +got):\n%s", diff)
	}
	facts, err := store.Facts(t.Context(), apitoken.FactsQuery{})
	must(t, err)
	if diff := cmp.Diff(want, facts.Policy); diff != "" {
		t.Errorf("policy of Facts (-want +got):\n%s", diff)
	}
}
