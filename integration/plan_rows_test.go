package integration_test

import (
	"os"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// envPlanRows is the variable with the number of tokens in the test of a plan.
const envPlanRows = "APITOKEN_PLAN_ROWS"

// A plan over many tokens has the numbers of a scan by hand. With a number of rows in the environment, it may take 30 s at most,
// and no statement longer than 100 ms; the figures are logged in any case.
func TestPlanOverManyTokens(t *testing.T) {
	long(t)
	rows := fromEnvironment(t, envPlanRows, 2000)
	for _, b := range everywhere {
		t.Run(b.name, func(t *testing.T) {
			d := b.database(t).withoutDisk()
			db := d.open(t, 0)
			d.loadForScans(t, db, rows)
			watched, times := &spy{}, &times{}
			times.reset()
			watched.surround(times.measure)
			now := time.UnixMicro(scanEpoch).UTC()
			m := managerOf(t, d.newStore(t, watched.openPool(t, d.driver, d.dsns[0]), nil), &apitoken.Options{
				Clock: newMovable(now), Kinds: []apitoken.Kind{kindMachine}, LastUsedInterval: -1,
			})
			p := apitoken.MaxLifetimePolicy{
				Max:        1080 * time.Second,
				Limits:     []apitoken.LifetimeLimit{{Kind: kindMachine, Max: 1020 * time.Second}},
				Exemptions: []apitoken.Exemption{{User: "collector", Max: apitoken.NoExpiration, Until: now.Add(time.Hour), Reason: "migration"}},
			}
			want := apitoken.PolicyPlan{}
			owners := map[apitoken.UserID]bool{}
			active := apitoken.TokenQuery{AnyOwner: true, Status: apitoken.StatusActive, Limit: 1000}
			for token, err := range m.Tokens(t.Context(), apitoken.System(), active) {
				must(t, err)
				most := p.Max
				if token.Kind == kindMachine {
					most = p.Limits[0].Max
				}
				switch {
				case !livesBeyond(token, most):
				case token.Owner == "collector":
					want.Exempt++
				default:
					want.Beyond++
					owners[token.Owner] = true
					if token.ExpiresAt.IsZero() {
						want.WithoutExpiration++
					}
				}
			}
			times.reset()
			start := time.Now()
			got, err := m.PlanPolicy(t.Context(), apitoken.System(), p)
			took := time.Since(start)
			must(t, err)
			t.Logf("%d of %d tokens, of %d owners, are beyond the policy, and %d exempt, by a plan of %v; %s",
				got.Beyond, rows, got.Owners, got.Exempt, took.Round(time.Millisecond), times)
			if got.Beyond != want.Beyond || got.Owners != len(owners) || got.WithoutExpiration != want.WithoutExpiration || got.Exempt != want.Exempt {
				t.Errorf("the plan is %d beyond of %d owners, %d without expiration, %d exempt; by hand it is %d of %d, %d, %d",
					got.Beyond, got.Owners, got.WithoutExpiration, got.Exempt, want.Beyond, len(owners), want.WithoutExpiration, want.Exempt)
			}
			if os.Getenv(envPlanRows) != "" {
				if took > 30*time.Second {
					t.Errorf("the plan takes %v, want 30s at most", took)
				}
				if longest, text := times.longest(); longest > 100*time.Millisecond {
					t.Errorf("a statement takes %v, want 100ms at most: %s", longest, text)
				}
			}
			_, err = m.SetPolicy(t.Context(), apitoken.System(), got.Policy)
			must(t, err)
			q := apitoken.TokenQuery{AnyOwner: true, BeyondPolicy: true}
			for left, calls := got.Beyond, 0; left > 0 && calls < 3; calls++ {
				times.reset()
				start := time.Now()
				r, err := m.RevokeMany(t.Context(), apitoken.System(), q, apitoken.RevokeManyParams{AtMost: left, Reason: "beyond the policy"})
				must(t, err)
				if r.Revoked != min(left, 500) || r.Remaining != left-r.Revoked {
					t.Errorf("a call has revoked %d of %d tokens, and says that %d remain", r.Revoked, left, r.Remaining)
				}
				left = r.Remaining
				t.Logf("%d tokens are revoked, and %d left, in %v; %s", r.Revoked, r.Remaining, time.Since(start).Round(time.Millisecond), times)
			}
		})
	}
}
