package memstore

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/seed-d6cf0a46/apitoken"
)

// index finds a token by its digest. Readers take no lock, which with the map that it would guard costs a fifth of the
// whole Authenticate; writers exclude each other by the store's lock. It is a table with open addressing: a token stands
// in the slot that its digest names, or in the first free one behind.
type index struct {
	table atomic.Pointer[table]
	used  int
}

type table []atomic.Pointer[token] // as many as a power of two, at most three quarters in use

// find gives the token of a digest, or nil.
func (x *index) find(d apitoken.Digest) *token {
	slots := *x.table.Load()
	for i := start(d); ; i++ {
		t := slots[i&uint64(len(slots)-1)].Load()
		if t == nil || t.digest.Equal(d) {
			return t
		}
	}
}

// add adds a token that is not in the index. The store's lock is held.
func (x *index) add(t *token) {
	slots := *x.table.Load()
	if x.used >= len(slots)/4*3 {
		slots = slots.grown()
		x.table.Store(&slots)
	}
	slots.add(t)
	x.used++
}

func (s table) add(t *token) {
	for i := start(t.digest); ; i++ {
		if s[i&uint64(len(s)-1)].CompareAndSwap(nil, t) {
			return
		}
	}
}

// grown is a table of twice the size. Readers go on with the old one, which lacks nothing that was there when they began.
func (s table) grown() table {
	twice := make(table, 2*len(s))
	for i := range s {
		if t := s[i].Load(); t != nil {
			twice.add(t)
		}
	}
	return twice
}

func start(d apitoken.Digest) uint64 { return binary.LittleEndian.Uint64(d[:]) }
