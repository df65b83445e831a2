package integration_test

import (
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

func TestPostgreSQLKeepsTheContract(t *testing.T) { onPostgreSQL.keepsTheContract(t) }

// keepsTheContract runs package storetest on one database, which is cleared before each rule.
func (b backend) keepsTheContract(t *testing.T) {
	t.Parallel()
	d := b.database(t)
	db := d.open(t, 0)
	store := d.newMigrated(t, db, nil) // one for all rules, because a new one prepares every statement again
	storetest.Run(t, func(t *testing.T) apitoken.Store {
		d.clear(t, db, defaultPrefix)
		return store
	})
}
