package memstore

import (
	"encoding/binary"
	"sync"

	"github.com/seed-d6cf0a46/apitoken"
)

// index finds a token by its digest. It is split into shards, so that a writer holds up few readers. A shard is keyed by
// eight bytes of the digest, which takes a third of the memory of the whole digest as a key and less time; the rare
// tokens that share them are chained.
type index struct{ shards []shard }

type shard struct {
	mu     sync.RWMutex
	tokens map[uint64]*token
	_      [32]byte // a cache line of its own, so that readers of two shards do not slow each other down
}

func newIndex() index {
	x := index{shards: make([]shard, 256)} // one for each value of a byte
	for i := range x.shards {
		x.shards[i].tokens = map[uint64]*token{}
	}
	return x
}

func (x index) find(d apitoken.Digest) *token {
	s := x.shard(d)
	s.mu.RLock()
	t := s.tokens[key(d)]
	for t != nil && t.now.Load().Digest != d {
		t = t.next
	}
	s.mu.RUnlock()
	return t
}

func (x index) add(d apitoken.Digest, t *token) {
	s := x.shard(d)
	s.mu.Lock()
	t.next = s.tokens[key(d)]
	s.tokens[key(d)] = t
	s.mu.Unlock()
}

func (x index) shard(d apitoken.Digest) *shard { return &x.shards[d[len(d)-1]] }

func key(d apitoken.Digest) uint64 { return binary.LittleEndian.Uint64(d[:]) }
