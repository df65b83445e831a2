package cachestore

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"sync/atomic"

	"github.com/seed-d6cf0a46/apitoken"
)

// table holds records by digest. A digest has its place in one of the table's sets, in any of that set's slots. If all of
// them are in use, another record makes room. So memory is bounded, and readers take no lock: a map with a lock around it
// makes a hit a third slower. Writers exclude each other.
type table []slot

// slot is the place of one record. The tag is a part of its digest, so that a lookup need not load the other records of a set
// into the processor's cache. A reader may find the tag of one record beside another; the digest of the record decides.
type slot struct {
	tag atomic.Uint64
	rec atomic.Pointer[apitoken.Record]
}

func (s *slot) put(rec *apitoken.Record) {
	s.rec.Store(rec)
	s.tag.Store(tag(rec.Digest))
}

func tag(d apitoken.Digest) uint64 { return binary.BigEndian.Uint64(d[8:]) }

const slotsInSet = 4 // which are one line of the processor's cache

// newTable has room for at least as many records as there are entries, in the best case: digests do not spread evenly.
func newTable(entries int) table { return make(table, (entries+slotsInSet-1)/slotsInSet*slotsInSet) }

// set returns the slots in which a digest may be. Digests are random, so their first bits spread them.
func (t table) set(d apitoken.Digest) []slot {
	i, _ := bits.Mul64(binary.BigEndian.Uint64(d[:]), uint64(len(t)/slotsInSet))
	return t[i*slotsInSet:][:slotsInSet]
}

// record returns the record of a digest, or nil.
func (t table) record(d apitoken.Digest) *apitoken.Record {
	set, wanted := t.set(d), tag(d)
	for i := range set {
		if set[i].tag.Load() != wanted {
			continue
		}
		if rec := set[i].rec.Load(); rec != nil && rec.Digest == d {
			return rec
		}
	}
	return nil
}

// slotFor returns the slot for a record of the digest: its own, a free one, or any of the set.
func (t table) slotFor(d apitoken.Digest) *slot {
	set := t.set(d)
	free := &set[rand.IntN(slotsInSet)]
	for i := range set {
		switch rec := set[i].rec.Load(); {
		case rec == nil:
			free = &set[i]
		case rec.Digest == d:
			return &set[i]
		}
	}
	return free
}
