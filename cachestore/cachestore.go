package cachestore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// Options configure a Store. The zero value of each field is its default.
type Options struct {
	Entries  int           // the most tokens kept in memory, rounded up to a multiple of 4, each about 1 KiB; 0: 100,000
	MaxStale time.Duration // how long another replica's revocation may go unnoticed, 10 ms to 5 s; 0: 1 s
}

const (
	defaultEntries  = 100_000
	defaultMaxStale = time.Second
	leastMaxStale   = 10 * time.Millisecond // or polling would keep the store busy
	mostMaxStale    = 5 * time.Second
)

// Store is an [apitoken.Store] that answers Lookup from memory. It is safe for concurrent use. It polls the events from the
// first Lookup until Close.
type Store struct {
	apitoken.Store

	maxStale time.Duration
	born     time.Time // instants are measured from here, by the monotonic clock

	polling sync.Once
	ctx     context.Context // of the polls; ends with Close
	stop    context.CancelFunc
	stopped chan struct{}

	table table        // read without mu
	lease atomic.Int64 // a record is served before this time.Duration since born; 0: there is no lease
	hits  atomic.Uint64
	miss  atomic.Uint64

	mu    sync.Mutex
	owned map[apitoken.UserID]map[apitoken.Digest]struct{} // the tokens in the table, by owner
	named map[apitoken.TokenID]apitoken.Digest             // and by identifier
	held  int                                              // how many they are
	reads map[apitoken.Digest]*read                        // reads in flight whose result may be kept
	feed  feed
}

// read is a Lookup of the store behind the cache that is in flight. Its result is set before done is closed.
type read struct {
	begun time.Duration
	done  chan struct{}
	rec   *apitoken.Record
	err   error
}

// New returns a cache in front of a store; opts may be nil. The error is [apitoken.ErrInvalid].
func New(store apitoken.Store, opts *Options) (*Store, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Entries == 0 {
		o.Entries = defaultEntries
	}
	if o.MaxStale == 0 {
		o.MaxStale = defaultMaxStale
	}
	switch {
	case store == nil:
		return nil, fmt.Errorf("cachestore: %w: the store is nil", apitoken.ErrInvalid)
	case o.Entries < 0:
		return nil, fmt.Errorf("cachestore: %w: Entries is %d, at least 1 is needed", apitoken.ErrInvalid, o.Entries)
	case o.MaxStale < leastMaxStale || o.MaxStale > mostMaxStale:
		return nil, fmt.Errorf("cachestore: %w: MaxStale is %s, %s to %s are allowed", apitoken.ErrInvalid, o.MaxStale, leastMaxStale, mostMaxStale)
	}
	s := &Store{
		Store: store, maxStale: o.MaxStale, born: time.Now(), stopped: make(chan struct{}), table: newTable(o.Entries),
		owned: map[apitoken.UserID]map[apitoken.Digest]struct{}{},
		named: map[apitoken.TokenID]apitoken.Digest{},
		reads: map[apitoken.Digest]*read{},
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s, nil
}

// Close stops polling and empties the cache. Afterwards every Lookup goes to the store behind, which stays open. Close is
// idempotent.
func (s *Store) Close() error {
	s.stop()
	s.polling.Do(func() { close(s.stopped) }) // it never began
	<-s.stopped
	return nil
}

// Lookup answers from memory during a lease. Otherwise it reads the store, once for all callers of the same token that arrive
// while the read is in flight. Neither failures nor unknown tokens are kept, nor a token that has replaced another one, before its first
// use is recorded.
func (s *Store) Lookup(ctx context.Context, digest apitoken.Digest) (*apitoken.Record, error) {
	now := time.Since(s.born)
	if now < time.Duration(s.lease.Load()) { // read before the table: what a poll removes is gone before its lease begins
		if rec := s.table.record(digest); rec != nil {
			s.hits.Add(1)
			return rec, nil
		}
	}
	s.miss.Add(1)
	s.polling.Do(func() { go s.poll() })
	r, joined := s.join(digest, now)
	if !joined {
		return s.read(ctx, digest, r)
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if r.err == nil {
		return r.rec, nil
	}
	// The other caller's context may have ended, or the token may have been created since their read began.
	return s.Store.Lookup(ctx, digest)
}

// join returns the read of the digest that is in flight, or a new one for the caller to carry out. It joins no read that is as
// old as MaxStale: the token may have been revoked after it began.
func (s *Store) join(digest apitoken.Digest, now time.Duration) (r *read, joined bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.reads[digest]; ok && now-r.begun < s.maxStale {
		return r, true
	}
	r = &read{begun: now, done: make(chan struct{}), err: errors.New("cachestore: the read did not return")}
	s.reads[digest] = r
	return r, false
}

func (s *Store) read(ctx context.Context, digest apitoken.Digest, r *read) (*apitoken.Record, error) {
	defer close(r.done)
	r.rec, r.err = s.Store.Lookup(ctx, digest)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reads[digest] != r {
		return r.rec, r.err // something has changed since the read began
	}
	delete(s.reads, digest)
	if r.err == nil && s.feed.followed && !r.rec.Unused { // a held one would have its first use recorded again and again
		s.keep(r.rec)
	}
	return r.rec, r.err
}

// keep puts a record into the table. The caller holds the lock.
func (s *Store) keep(rec *apitoken.Record) {
	slot := s.table.slotFor(rec.Digest)
	s.remove(slot)
	slot.put(rec)
	s.held++
	s.named[rec.Token.ID] = rec.Digest
	owned := s.owned[rec.Token.Owner]
	if owned == nil {
		owned = map[apitoken.Digest]struct{}{}
		s.owned[rec.Token.Owner] = owned
	}
	owned[rec.Digest] = struct{}{}
}

// remove empties a slot. The caller holds the lock.
func (s *Store) remove(slot *slot) {
	rec := slot.rec.Load()
	if rec == nil {
		return
	}
	slot.rec.Store(nil)
	s.held--
	delete(s.named, rec.Token.ID)
	owned := s.owned[rec.Token.Owner]
	delete(owned, rec.Digest)
	if len(owned) == 0 {
		delete(s.owned, rec.Token.Owner)
	}
}

// drop removes all tokens of an owner. A read that is in flight may have begun before the owner's change: its callers get
// the result, and it is not kept. The caller holds the lock.
func (s *Store) drop(owner apitoken.UserID) {
	clear(s.reads)
	for digest := range s.owned[owner] {
		s.remove(s.table.slotFor(digest))
	}
}

// empty removes all tokens. The caller holds the lock.
func (s *Store) empty() {
	clear(s.reads)
	for owner := range s.owned {
		s.drop(owner)
	}
}
