package integration_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

// Each node of a cluster is like one server.
func TestGaleraKeepsTheContractOnEachNode(t *testing.T) {
	d := onGalera.database(t)
	for node := range d.dsns {
		db := d.open(t, node)
		t.Run(fmt.Sprint("node ", node), func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) apitoken.Store {
				store := d.newMigrated(t, db, nil)
				d.clear(t, db, defaultPrefix)
				return store
			})
		})
	}
}

// onOneServerOnly is the one rule that a cluster does not keep: the other nodes do not know of the lock on the policy. So a
// token that was judged on one node before the policy was set on another may be inserted after that.
// [TestGaleraGenerateThatStartsAfterSetPolicyObeysIt] shows what is promised instead.
const onOneServerOnly = "/concurrency/no_token_overtakes_a_policy"

// Every node sees what another node has written: each call goes to another node than the call before.
func TestGaleraKeepsTheContractAcrossNodes(t *testing.T) {
	d := onGalera.database(t)
	db := d.open(t, 0)
	storetest.Run(t, func(t *testing.T) apitoken.Store {
		if strings.HasSuffix(t.Name(), onOneServerOnly) {
			t.Skip("NOT PROMISED: this holds on one server only")
		}
		stores := d.stores(t, nil)
		d.clear(t, db, defaultPrefix)
		return &replicas{stores: stores}
	})
}

// Once SetPolicy has returned on one node, every node generates by it. Each round sets another maximum, and a token for which
// no lifetime is asked gets the maximum.
func TestGaleraGenerateThatStartsAfterSetPolicyObeysIt(t *testing.T) {
	const owner, rounds = apitoken.UserID("ada"), 150
	var nodes []*apitoken.Manager
	for _, store := range onGalera.database(t).stores(t, nil) {
		nodes = append(nodes, newReplica(t, store))
	}
	_, err := nodes[0].PutUser(t.Context(), apitoken.System(), apitoken.User{ID: owner, Role: apitoken.RoleAdmin})
	must(t, err)
	for round := range rounds {
		limit := apitoken.Days(300) + time.Duration(round)*time.Microsecond
		_, err := nodes[round%len(nodes)].SetPolicy(t.Context(), apitoken.As(owner), apitoken.MaxLifetimePolicy{Max: limit})
		must(t, err)
		var generating sync.WaitGroup
		for node, m := range nodes {
			generating.Go(func() {
				p := apitoken.GenerateParams{Owner: owner, Name: fmt.Sprintf("%d at node %d", round, node)}
				token, _, err := m.Generate(t.Context(), apitoken.As(owner), p)
				if lifetime := token.ExpiresAt.Sub(token.CreatedAt); err != nil || lifetime != limit {
					t.Errorf("round %d, node %d: lifetime %v, error %v, want the maximum %v", round, node, lifetime, err, limit)
				}
			})
		}
		generating.Wait()
	}
}
