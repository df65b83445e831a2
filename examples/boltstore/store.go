package boltstore

import (
	"context"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/seed-d6cf0a46/apitoken"
)

// The buckets, each with its keys and its values. bbolt keeps the keys of a bucket in the order of their bytes. That is the
// order of the lists: tokens by ID, users by the bytes of their IDs, events by Seq.
var (
	policy   = []byte("policy")    // "policy": apitoken.MaxLifetimePolicy
	users    = []byte("users")     // user ID: apitoken.User
	epochs   = []byte("epochs")    // user ID, 0, epoch: the apitoken.Revocation that ended the epoch
	tokens   = []byte("tokens")    // token ID: tokenRow
	digests  = []byte("digests")   // digest: token ID
	owned    = []byte("owned")     // user ID, 0, token ID: nothing
	names    = []byte("names")     // user ID, 0, name: ID of the token that holds the name
	offers   = []byte("offers")    // token ID: apitoken.Offer
	events   = []byte("events")    // Seq: apitoken.Event
	eventIDs = []byte("event ids") // event ID: Seq
)

var buckets = [][]byte{policy, users, epochs, tokens, digests, owned, names, offers, events, eventIDs}

var _ apitoken.Store = (*Store)(nil)

// Store is an [apitoken.Store] in a bbolt database. Use [New]. All methods are safe for concurrent use.
type Store struct{ db *bbolt.DB }

// New returns a store in the database of the host, which stays open until the host closes it. It creates the buckets that
// are missing.
func New(db *bbolt.DB) (*Store, error) {
	err := db.Update(func(tx *bbolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("boltstore: new store: %w", err)
	}
	return &Store{db: db}, nil
}

// read calls do with a snapshot: what it reads is as it was at one moment. The snapshot has every write that has returned.
// What bbolt returns is valid only until do returns, so do decodes it, which copies it.
func (s *Store) read(ctx context.Context, do func(tx *bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.db.View(do)
}

// write calls do in a transaction and commits it. If do returns an error, nothing is written and write returns that error.
//
// One transaction writes at a time; the others wait in Begin. So what do reads cannot change before the commit. Every rule of
// the contract that forbids a write between a check and a change is satisfied by that.
//
// bbolt takes no context. A context that has ended before the transaction has begun stops the call, and nothing is written.
// One that ends later has no effect: the call completes and reports what it did, after its deadline. So a cancelled context
// never leaves the outcome uncertain.
func (s *Store) write(ctx context.Context, do func(tx *bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	tx, err := s.db.Begin(true)
	if err != nil {
		return err
	}
	defer tx.Rollback()               // after a commit it does nothing
	if err := ctx.Err(); err != nil { // Begin may have waited for long
		return err
	}
	if err := do(tx); err != nil {
		return err
	}
	// bbolt's Update would not tell whether do failed, and nothing is written, or the commit. A commit may fail after its
	// last page has reached the file.
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%w: %w", apitoken.ErrUncertain, err)
	}
	return nil
}
