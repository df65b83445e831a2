package integration_test

import (
	"database/sql"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

// One node of a cluster is like one server. Each rule is held on another node than the one before.
func TestGaleraKeepsTheContractOnOneNode(t *testing.T) {
	d := onGalera.database(t)
	var nodes []*sql.DB
	for node := range d.dsns {
		nodes = append(nodes, d.open(t, node))
	}
	rules := 0
	storetest.Run(t, func(t *testing.T) apitoken.Store {
		db := nodes[rules%len(nodes)]
		rules++
		store := d.newMigrated(t, db, nil)
		d.clear(t, db)
		return store
	})
}

// What one node has written, every other one sees: each call goes to another node than the one before.
func TestGaleraKeepsTheContractAcrossNodes(t *testing.T) {
	d := onGalera.database(t)
	db := d.open(t, 0)
	storetest.Run(t, func(t *testing.T) apitoken.Store {
		var r replicas
		for _, s := range d.replicas(t) {
			r.stores = append(r.stores, s)
		}
		d.clear(t, db)
		return &r
	})
}
