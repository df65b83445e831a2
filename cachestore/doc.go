// Package cachestore keeps recently used tokens in memory, in front of any [apitoken.Store].
//
//	cache, err := cachestore.New(store, nil) // store is, say, one of package sqlstore
//	m, err := apitoken.New(cache, nil)
//	...
//	defer cache.Close()
//
// Only Lookup is answered from memory: the read that [apitoken.Manager.Authenticate] makes. Everything else goes to the store
// behind the cache.
//
// # What becomes of a revocation
//
// Without a cache, a token is refused everywhere once Revoke, RevokeAll, DisableUser or SuspendUser has returned. With it:
//
//   - The replica that made the change refuses the token at once.
//   - Every other replica refuses it within [Options.MaxStale], by default one second.
//   - A new role or name of a user takes as long to be seen.
//   - Expiry is exact, because the Manager judges it at every use.
//
// A transaction of the host's own counts as another replica.
//
// # How it keeps the bound
//
// One goroutine polls the events of the store, twice in MaxStale. Each successful poll gives a lease that ends MaxStale after
// the poll began. Tokens are served from memory only during a lease, and an event about a user removes all tokens of that
// user. While polls fail there is no lease, and every Lookup goes to the store. So a partition, a store that fails over or a
// stalled poll makes the cache useless, and never makes it wrong.
//
// Leases are measured with the monotonic clock. If a machine is suspended and its monotonic clock stops, the bound counts
// from when it resumes.
package cachestore
