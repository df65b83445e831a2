package memstore

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/seed-d6cf0a46/apitoken"
)

// record is a token with its owner as Lookup returns it. It is never modified: if the token or the owner changes, a new record
// replaces it.
type record struct {
	apitoken.Record
	owner     *user          // nil: the token was removed
	ownerCopy *apitoken.User // owner.current when the record was made
}

// index finds the record of a token by its digest. Readers take no lock, because a lock with a map would cost a fifth of
// Authenticate. Writers hold the store's lock. It is a hash table with open addressing: a record is in the slot that its
// digest selects, or in the next free one. The slots point to the records directly, because one more pointer would cost a
// tenth of Authenticate in cache misses.
type index struct {
	table atomic.Pointer[table]
	used  int
}

type table []atomic.Pointer[record] // the length is a power of two, at most three quarters are in use

func newTable(slots int) *table {
	t := make(table, slots)
	return &t
}

// find returns the slot of a digest with its record, or a free slot for it with nil. A reader uses this record and does not load
// the slot again: a free slot may get the record of another digest meanwhile.
func (t table) find(d apitoken.Digest) (*atomic.Pointer[record], *record) {
	for i := binary.LittleEndian.Uint64(d[:]); ; i++ {
		slot := &t[i&uint64(len(t)-1)]
		if r := slot.Load(); r == nil || r.Digest == d {
			return slot, r
		}
	}
}

// lookup returns the token of a digest with its owner, both as they are at one moment, or nil.
func (x *index) lookup(d apitoken.Digest) *record {
	for {
		t := x.table.Load()
		slot, r := t.find(d)
		if r == nil || r.owner == nil {
			return nil
		}
		owner := r.owner.current.Load()
		switch {
		case slot.Load() != r || x.table.Load() != t: // the token changed before its owner was read
		case r.ownerCopy == owner:
			return r
		default:
			fresh := *r
			fresh.User, fresh.ownerCopy = *owner, owner
			slot.CompareAndSwap(r, &fresh)
		}
	}
}

// add adds a record whose digest is not in the index. The caller holds the store's lock.
func (x *index) add(r *record) {
	t := x.table.Load()
	if x.used >= len(*t)/4*3 {
		t, x.used = t.grown()
		x.table.Store(t)
	}
	slot, was := t.find(r.Digest)
	if was == nil { // a token that was removed has kept its slot
		x.used++
	}
	slot.Store(r)
}

// grown returns a table without the tokens that were removed, at most half full, and how many of its slots are in use. A reader of
// the old table notices the new one and starts again.
func (t table) grown() (larger *table, used int) {
	var all []*record
	for i := range t {
		if r := t[i].Load(); r != nil && r.owner != nil {
			all = append(all, r)
		}
	}
	slots := len(t)
	if len(all) > slots/2 {
		slots *= 2
	}
	larger = newTable(slots)
	for _, r := range all {
		slot, _ := larger.find(r.Digest)
		slot.Store(r)
	}
	return larger, len(all)
}

// remove removes the token of a digest. Its slot stays in use, because other digests may be in the slots after it. The caller
// holds the store's lock.
func (x *index) remove(d apitoken.Digest) {
	slot, _ := x.table.Load().find(d)
	slot.Store(&record{Record: apitoken.Record{Digest: d}})
}

// change edits a copy of the record of a digest in the index and replaces the record with it. The caller holds the store's
// lock, but a reader may replace the record with one of a newer owner at the same time.
func (x *index) change(d apitoken.Digest, edit func(*record)) {
	slot, _ := x.table.Load().find(d)
	for {
		r := slot.Load()
		fresh := *r
		edit(&fresh)
		if slot.CompareAndSwap(r, &fresh) {
			return
		}
	}
}
