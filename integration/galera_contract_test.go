package integration_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

// One node of a cluster is like one server, and so is each of the others.
func TestGaleraKeepsTheContractOnEachNode(t *testing.T) {
	d := onGalera.database(t)
	for node := range d.dsns {
		db := d.open(t, node)
		t.Run(fmt.Sprint("node ", node), func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) apitoken.Store {
				store := d.newMigrated(t, db, nil)
				d.clear(t, db)
				return store
			})
		})
	}
}

// onOneServerOnly is the rule that no cluster of servers keeps: a token that was judged on one node before the policy was
// set on another may be inserted after that. The lock on the policy is not known to the other nodes. What is promised
// instead is held by [TestGaleraGenerateThatStartsAfterSetPolicyObeysIt].
const onOneServerOnly = "/concurrency/no_token_overtakes_a_policy"

// What one node has written, every other one sees: each call goes to another node than the one before.
func TestGaleraKeepsTheContractAcrossNodes(t *testing.T) {
	d := onGalera.database(t)
	db := d.open(t, 0)
	storetest.Run(t, func(t *testing.T) apitoken.Store {
		if strings.HasSuffix(t.Name(), onOneServerOnly) {
			t.Skip("NOT PROMISED: this holds on one server only")
		}
		var r replicas
		for _, s := range d.replicas(t) {
			r.stores = append(r.stores, s)
		}
		d.clear(t, db)
		return &r
	})
}

// As soon as SetPolicy has returned on one node, every node generates by it. Each maximum is another one, and who asks for
// no lifetime is given the maximum.
func TestGaleraGenerateThatStartsAfterSetPolicyObeysIt(t *testing.T) {
	const owner, rounds = apitoken.UserID("ada"), 150
	nodes := galeraNodes(t, owner)
	for round := range rounds {
		limit := apitoken.Days(300) + time.Duration(round)*time.Microsecond
		policy := apitoken.MaxLifetimePolicy{Max: limit}
		if _, err := nodes[round%len(nodes)].SetPolicy(t.Context(), apitoken.As(owner), policy); err != nil {
			t.Fatal(err)
		}
		for node, err := range onAllNodes(nodes, func(node int, m *apitoken.Manager) error {
			p := apitoken.GenerateParams{Owner: owner, Name: fmt.Sprintf("%d at node %d", round, node)}
			token, _, err := m.Generate(t.Context(), apitoken.As(owner), p)
			if lifetime := token.ExpiresAt.Sub(token.CreatedAt); err == nil && lifetime != limit {
				err = fmt.Errorf("a lifetime of %v was given, and %v is the maximum", lifetime, limit)
			}
			return err
		}) {
			if err != nil {
				t.Errorf("round %d, node %d: %v", round, node, err)
			}
		}
	}
	t.Logf("%d policies, and by each a token on %d nodes", rounds, len(nodes))
}
