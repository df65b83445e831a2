package integration_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// bulkOptions declare the kind that the tests of bulk revocation limit.
var bulkOptions = &apitoken.Options{Kinds: []apitoken.Kind{kindMachine}, LastUsedInterval: -1}

// layered is a policy in layers.
var layered = apitoken.MaxLifetimePolicy{
	Max: apitoken.Days(30), Limits: []apitoken.LifetimeLimit{{Kind: kindMachine, Max: apitoken.Days(7)}, {Role: apitoken.RoleAdmin, Max: apitoken.Days(1)}},
}

func TestADryRunAndAPlanSendNoWrite(t *testing.T) {
	onEach(t, everywhere, func(t *testing.T, d database) {
		db, spy := openSpied(t, d)
		m := managerOf(t, d.newMigrated(t, db, nil), bulkOptions)
		ctx, host := t.Context(), apitoken.System()
		putUser(t, m, apitoken.User{ID: "bob"})
		for i := range 5 {
			_, _, err := m.Generate(ctx, host, apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint(i), Lifetime: apitoken.Days(365)})
			must(t, err)
		}
		_, err := m.SetPolicy(ctx, host, layered)
		must(t, err)
		spy.statements()
		r, err := m.RevokeMany(ctx, host, apitoken.TokenQuery{AnyOwner: true, BeyondPolicy: true}, apitoken.RevokeManyParams{DryRun: true})
		if err != nil || r.Remaining != 5 {
			t.Errorf("the dry run returns %+v, error %v, want 5 tokens", r, err)
		}
		plan, err := m.PlanPolicy(ctx, host, layered)
		if err != nil || plan.Beyond != 5 {
			t.Errorf("the plan has %d tokens, error %v, want 5", plan.Beyond, err)
		}
		sent := spy.statements()
		if len(sent) < 4 {
			t.Errorf("%d statements are recorded, want a few", len(sent))
		}
		for _, text := range sent {
			if !strings.HasPrefix(strings.TrimSpace(text), "SELECT") {
				t.Errorf("a statement other than a SELECT: %s", text)
			}
		}
	})
}

func TestABulkRevocationIsRefusedInATransactionOfTheHost(t *testing.T) {
	onEach(t, everywhere, func(t *testing.T, d database) {
		db := d.open(t, 0)
		store := d.newMigrated(t, db, nil)
		m := managerOf(t, store, bulkOptions)
		ctx, host := t.Context(), apitoken.System()
		putUser(t, m, apitoken.User{ID: "bob"})
		token, _, err := m.Generate(ctx, host, apitoken.GenerateParams{Owner: "bob", Name: "ci", Lifetime: apitoken.Days(1)})
		must(t, err)
		isolation := sql.LevelReadCommitted
		if d.driver == "sqlite" {
			isolation = sql.LevelDefault
		}
		for _, kind := range []apitoken.Kind{"", kindMachine} { // of which there are none
			tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: isolation})
			must(t, err)
			view := m.WithStore(store.WithTx(tx))
			_, err = view.RevokeMany(ctx, host, apitoken.TokenQuery{AnyOwner: true, Kind: kind}, apitoken.RevokeManyParams{AtMost: 10})
			if !errors.Is(err, apitoken.ErrInvalid) {
				t.Errorf("kind %q: error %v, want %v", kind, err, apitoken.ErrInvalid)
			}
			must(t, tx.Commit())
		}
		if got, err := m.Token(ctx, host, token.ID); err != nil || !got.RevokedAt.IsZero() {
			t.Errorf("the token is %+v, error %v, want it active", got, err)
		}
	})
}

// Eight clients go on generating tokens. After SetPolicy has returned, no new token is beyond the policy, so the number of those
// that are reaches zero and stays there. Every token that was revoked was beyond it.
func TestWhatIsBeyondReachesZeroWhileOthersGenerate(t *testing.T) {
	onEach(t, everywhere, func(t *testing.T, d database) {
		m := managerOf(t, d.newMigrated(t, d.open(t, 0), nil), bulkOptions)
		ctx, host := t.Context(), apitoken.System()
		putUser(t, m, apitoken.User{ID: "ada", Role: apitoken.RoleAdmin})
		const clients = 8
		generating, stop := context.WithCancel(ctx)
		defer stop()
		var done, begun sync.WaitGroup
		begun.Add(clients)
		for i := range clients {
			owner := apitoken.UserID(fmt.Sprint("user ", i))
			putUser(t, m, apitoken.User{ID: owner})
			done.Go(func() {
				for n := 0; generating.Err() == nil; n++ {
					p := apitoken.GenerateParams{
						Owner: owner, Name: fmt.Sprint("t", n), Kind: []apitoken.Kind{apitoken.KindUser, kindMachine}[n%2],
						Lifetime: []time.Duration{apitoken.Days(1), apitoken.Days(7), apitoken.Days(30), apitoken.Days(90), apitoken.NoExpiration}[n%5],
					}
					_, _, err := m.Generate(ctx, host, p)
					if err != nil && !errors.Is(err, apitoken.ErrLifetime) {
						t.Error(err)
						return
					}
					if n == 20 {
						begun.Done()
					}
				}
			})
		}
		begun.Wait()
		_, err := m.SetPolicy(ctx, apitoken.As("ada"), layered)
		must(t, err)
		q := apitoken.TokenQuery{AnyOwner: true, BeyondPolicy: true}
		seen, err := m.RevokeMany(ctx, apitoken.As("ada"), q, apitoken.RevokeManyParams{DryRun: true})
		must(t, err)
		revoked, calls := 0, 0
		for left := seen.Remaining; left > 0; calls++ {
			r, err := m.RevokeMany(ctx, apitoken.As("ada"), q, apitoken.RevokeManyParams{AtMost: left, Reason: "beyond the policy"})
			must(t, err)
			revoked, left = revoked+r.Revoked, r.Remaining
		}
		for range 3 {
			q.Status = apitoken.StatusActive
			if n, err := m.CountTokens(ctx, host, q); err != nil || n != 0 {
				t.Errorf("%d tokens are beyond the policy, error %v, want 0", n, err)
			}
		}
		stop()
		done.Wait()
		if revoked != seen.Remaining {
			t.Errorf("%d tokens were revoked, want the %d that were seen", revoked, seen.Remaining)
		}
		events := map[apitoken.TokenID]int{}
		for _, e := range all(t, m.Events(ctx, host, apitoken.EventQuery{Action: apitoken.ActionRevoke})) {
			events[e.Token]++
		}
		tokens := all(t, m.Tokens(ctx, host, apitoken.TokenQuery{AnyOwner: true}))
		for _, token := range tokens {
			most := map[apitoken.Kind]time.Duration{apitoken.KindUser: apitoken.Days(30), kindMachine: apitoken.Days(7)}[token.Kind]
			isRevoked := !token.RevokedAt.IsZero()
			if beyond := livesBeyond(token, most); beyond != isRevoked {
				t.Errorf("%s of kind %s from %v to %v: revoked is %v, beyond the policy is %v", token.ID, token.Kind, token.CreatedAt, token.ExpiresAt, isRevoked, beyond)
			}
			if want := map[bool]int{true: 1}[isRevoked]; events[token.ID] != want {
				t.Errorf("%s has %d events of its revocation, want %d", token.ID, events[token.ID], want)
			}
		}
		t.Logf("%d of %d tokens were revoked in %d calls", revoked, len(tokens), calls)
	})
}
