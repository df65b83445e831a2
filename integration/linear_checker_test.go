package integration_test

import (
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/seed-d6cf0a46/apitoken"
)

// TestCheckerWantsOneOrderOfPoliciesForAllOwners checks the checker with three histories. While a policy is being set, bob gets a
// token by the new policy and carol one by the old policy. That is linearizable if the call for carol was earlier or concurrent,
// but not if it began after the one for bob had ended.
func TestCheckerWantsOneOrderOfPoliciesForAllOwners(t *testing.T) {
	tests := []struct {
		name       string
		begin, end int64 // of the call for carol
		want       porcupine.CheckResult
	}{
		{"the old policy first", 2, 3, porcupine.Ok},
		{"at the same time", 5, 7, porcupine.Ok},
		{"the old policy later", 8, 9, porcupine.Illegal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHistory(newMovable(beginning))
			h.acts = []*act{
				{
					begin: 1, end: 10, kind: actSetPolicy, actor: "ada", max: time.Hour, at: beginning,
					policy: apitoken.MaxLifetimePolicy{Max: time.Hour, Revision: 1},
				},
				madeUp("bob", 4, 6, time.Hour),
				madeUp("carol", tt.begin, tt.end, apitoken.Days(90)),
			}
			if got := h.check(); got != tt.want {
				t.Errorf("the history is %s, want %s\n%s", got, tt.want, h)
			}
		})
	}
}

// madeUp is a generation without a requested lifetime.
func madeUp(owner apitoken.UserID, begin, end int64, given time.Duration) *act {
	return &act{
		begin: begin, end: end, kind: actGenerate, actor: "ada", owner: owner, name: "deploy", at: beginning,
		made: apitoken.Token{
			ID: apitoken.TokenID{byte(begin)}, Owner: owner, Name: "deploy",
			CreatedAt: beginning, ExpiresAt: beginning.Add(given),
		},
	}
}
