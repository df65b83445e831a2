package integration_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
)

// turns lets one client run at a time. When it yields, the seed chooses the next client. So a history is the same in each run,
// however busy the machine is. With nil turns all clients run concurrently.
type turns struct {
	random  *rand.Rand
	mu      sync.Mutex
	missing int                   // clients that have not entered yet
	waiting map[int]chan struct{} // by client
	running int                   // the client whose turn it is, or noClient
}

const noClient = -1

func newTurns(seed uint64) *turns {
	return &turns{random: rand.New(rand.NewPCG(seed, 2)), waiting: map[int]chan struct{}{}, running: noClient}
}

// expect sets the number of clients, before any of them enters.
func (t *turns) expect(clients int) {
	if t != nil {
		t.missing = clients
	}
}

// enter waits for the first turn of a client. Turns begin when all clients have entered.
func (t *turns) enter(client int) {
	if t == nil {
		return
	}
	t.mu.Lock()
	mine := make(chan struct{})
	t.waiting[client] = mine
	if t.missing--; t.missing == 0 {
		t.choose()
	}
	t.mu.Unlock()
	<-mine
}

// yield ends the turn of the running client, and waits for its next turn. It does nothing if no client has a turn.
func (t *turns) yield() {
	t.mu.Lock()
	client := t.running
	if client == noClient {
		t.mu.Unlock()
		return
	}
	mine := make(chan struct{})
	t.waiting[client] = mine
	t.choose()
	t.mu.Unlock()
	<-mine
}

// leave ends the last turn of a client.
func (t *turns) leave() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.choose()
}

// choose gives the turn to one of the waiting clients. The lock is held.
func (t *turns) choose() {
	t.running = noClient
	if len(t.waiting) == 0 {
		return
	}
	clients := slices.Sorted(maps.Keys(t.waiting))
	t.running = clients[t.random.IntN(len(clients))]
	close(t.waiting[t.running])
	delete(t.waiting, t.running)
}
