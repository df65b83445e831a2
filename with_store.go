package apitoken

import "context"

// WithStore returns a Manager with the rules, the clock and the observer of this one over another store. The store is a view
// of the same database through a transaction of the host, such as that of package sqlstore. So a token and a row of the host
// are written together or not at all:
//
//	tx, err := db.BeginTx(ctx, nil)
//	...
//	token, secret, err := m.WithStore(store.WithTx(tx)).Generate(ctx, actor, params)
//	...
//	err = tx.Commit() // then show the secret
//
// Both Managers share the writes in the background. Every denial is written there, so it survives a rollback of the host.
// Flush and Close write with the store of the first Manager: do not call them inside the transaction.
//
// Nothing is final before the host commits: a token that was revoked authenticates until then. Generate last, commit soon, and
// show the secret after the commit. While a host holds a transaction, it must not call the first Manager on the same small
// pool: the calls would wait for each other.
func (m *Manager) WithStore(store Store) *Manager {
	view := *m
	view.store = store
	view.firstUses = newFirstUses() // the host may roll back what is recorded through the view
	view.recordDenial = m.denials.recordLater
	view.writeUses = func(context.Context) error { return nil }
	return &view
}
