package memstore

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/seed-d6cf0a46/apitoken"
)

// record is a token with its owner as Lookup returns it. It is never modified: where the token or the owner changes,
// another takes its place.
type record struct {
	apitoken.Record
	of   *user
	seen *apitoken.User // what of.now was when the record was put together
}

// index finds the record of a token by its digest. Readers take no lock, which with the map that it would guard costs a
// fifth of the whole Authenticate; writers exclude each other by the store's lock. It is a table with open addressing: a
// record stands in the slot that its digest names, or in the first free one behind. The slots hold the records
// themselves, because a token in between costs another tenth, for one more line of memory that is in no cache.
type index struct {
	table atomic.Pointer[table]
	used  int
}

type table []atomic.Pointer[record] // as many as a power of two, at most three quarters in use

func newTable(slots int) *table {
	t := make(table, slots)
	return &t
}

// slot is where the record of a digest stands, or the free slot where it would.
func (t table) slot(d apitoken.Digest) *atomic.Pointer[record] {
	for i := binary.LittleEndian.Uint64(d[:]); ; i++ {
		slot := &t[i&uint64(len(t)-1)]
		if r := slot.Load(); r == nil || r.Digest.Equal(d) {
			return slot
		}
	}
}

// present is the token of a digest with its owner, as both are at one moment, or nil.
func (x *index) present(d apitoken.Digest) *record {
	for {
		t := x.table.Load()
		slot := t.slot(d)
		r := slot.Load()
		if r == nil {
			return nil
		}
		owner := r.of.now.Load()
		switch {
		case slot.Load() != r || x.table.Load() != t: // the token changed before its owner was read
		case r.seen == owner:
			return r
		default:
			fresh := *r
			fresh.User, fresh.seen = *owner, owner
			slot.CompareAndSwap(r, &fresh)
		}
	}
}

// add adds a record whose digest is not in the index. The store's lock is held.
func (x *index) add(r *record) {
	t := x.table.Load()
	if x.used >= len(*t)/4*3 {
		t = t.grown()
		x.table.Store(t)
	}
	t.slot(r.Digest).Store(r)
	x.used++
}

// grown is a table of twice the size. A reader that still goes through the old one notices when it is done.
func (t table) grown() *table {
	twice := newTable(2 * len(t))
	for i := range t {
		if r := t[i].Load(); r != nil {
			twice.slot(r.Digest).Store(r)
		}
	}
	return twice
}

// change replaces the token of a digest, which is in the index, by what edit makes of it. The store's lock is held, but a
// reader may put a new owner into the record at the same time.
func (x *index) change(d apitoken.Digest, edit func(*apitoken.Token)) {
	slot := x.table.Load().slot(d)
	for {
		r := slot.Load()
		fresh := *r
		edit(&fresh.Token)
		if slot.CompareAndSwap(r, &fresh) {
			return
		}
	}
}
