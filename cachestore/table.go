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

type slot = atomic.Pointer[apitoken.Record]

const slotsInSet = 4

// newTable has room for at least as many records as there are entries, in the best case: digests do not spread evenly.
func newTable(entries int) table { return make(table, (entries+slotsInSet-1)/slotsInSet*slotsInSet) }

// set returns the slots in which a digest may be. Digests are random, so their first bits spread them.
func (t table) set(d apitoken.Digest) []slot {
	i, _ := bits.Mul64(binary.BigEndian.Uint64(d[:]), uint64(len(t)/slotsInSet))
	return t[i*slotsInSet:][:slotsInSet]
}

// record returns the record of a digest, or nil.
func (t table) record(d apitoken.Digest) *apitoken.Record {
	set := t.set(d)
	for i := range set {
		if rec := set[i].Load(); rec != nil && rec.Digest == d {
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
		switch rec := set[i].Load(); {
		case rec == nil:
			free = &set[i]
		case rec.Digest == d:
			return &set[i]
		}
	}
	return free
}
