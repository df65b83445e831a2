// Package boltstore is an [apitoken.Store] in a file of [bbolt], an embedded key-value database. It is the model for a Store
// of your own: short and readable rather than fast. Package memstore is fast rather than short.
//
//	db, err := bbolt.Open("tokens.db", 0o600, &bbolt.Options{Timeout: time.Second})
//	store, err := boltstore.New(db)
//	m, err := apitoken.New(store, nil)
//
// One process at a time opens the file, so the host runs as one replica. Each write waits until it is on the disk. Leave
// NoSync off: a revocation that was acknowledged must survive a crash.
//
// # A Store of your own
//
// A Store holds rows and contains no rules of who may do what. Write it in this order; each step has a file here:
//
//  1. A transaction that reads and one that writes, and what their errors mean: store.go.
//  2. The encoding of rows and the keys: encoding.go.
//  3. AppendEvents and Events. Every other write needs the function that records an event: events.go.
//  4. Policy and PutPolicy, the smallest conditional write: policy.go.
//  5. User, CreateUser, ChangeUser: users.go.
//  6. CreateToken, RevokeToken, Touch, Lookup and Token: tokens.go.
//  7. Tokens and Users, the lists: list.go.
//  8. CreateOffer, ClaimOffer, DeleteOffer and Offers: offers.go.
//  9. Remove and Forget, which delete and replace rows: remove.go and forget.go.
//
// Run the contract from the first step on, with the race detector, and against the real database. Each call of the function
// returns an empty store. The rules of the methods that are still missing fail; go through them in the order above:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) apitoken.Store { return mystore.New(emptyDatabase(t)) })
//	}
//
//	go test -race -run TestStore/events
//
// The file store_test.go here is such a test.
//
// # The hard points of the contract
//
// Most of the contract is about what happens between two calls. bbolt has one writer at a time, which makes these points
// easy here. A database with many writers at once has to work for each of them:
//
//   - A change and its event are in one transaction. In two, a crash or a reader between them finds one without the other.
//     Package storetest sees that only in part. See [Store.CreateToken] and the function record.
//   - No change of the policy commits between the check of its revision and the insert of a token. With many writers this
//     needs a lock of the policy's row, which CreateToken shares and PutPolicy does not. A condition in the INSERT is not
//     enough.
//   - ChangeUser reads the row, applies the change and writes it under one lock. It never fails because others change the
//     same row; they wait for each other.
//   - An event takes its Seq in the order of the commits. A number that is taken at the insert is not in that order if two
//     transactions overlap, and a reader then misses the event of the later commit.
//   - A write may come twice, because the response to the first was lost. The ID of the event tells, so it has an index.
//   - If the commit failed, the change may still be there: that is [apitoken.ErrUncertain]. Any other error promises that
//     nothing was written.
//   - Times come back exactly, and the zero time is different from 1970. Texts are compared byte by byte.
//   - Lookup sees every write that has returned. A cache, or a replica that lags, breaks the promise that a revoked token
//     is refused.
//
// # What is left out
//
// [apitoken.TokenPager] and [apitoken.TokenCounter] are optional. Without them the Manager reads with Tokens, and takes
// longer where there are many tokens. The lists here go through all tokens, of one owner or of all; a condition has no index.
// The rows have no version: they are the library's own types as JSON, so a field that a later version of the library adds is
// stored without a change here, and is zero in the rows of before.
//
// [bbolt]: https://pkg.go.dev/go.etcd.io/bbolt
package boltstore
