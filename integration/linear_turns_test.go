package integration_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
)

// turns lets one client go on at a time. Whenever it gives way, the seed chooses which goes on next, so a history takes the
// same course each time, however busy the machine is. Nil has all of them go on at once.
type turns struct {
	random  *rand.Rand
	mu      sync.Mutex
	coming  int                   // clients that have not entered yet
	waiting map[int]chan struct{} // by client
	running int                   // the client whose turn it is, or nobody
}

const nobody = -1

func newTurns(seed uint64) *turns {
	return &turns{random: rand.New(rand.NewPCG(seed, 2)), waiting: map[int]chan struct{}{}, running: nobody}
}

// expect is called before clients enter.
func (t *turns) expect(clients int) {
	if t != nil {
		t.coming = clients
	}
}

// enter waits for the first turn of a client. None has a turn until all of them have entered.
func (t *turns) enter(client int) {
	if t == nil {
		return
	}
	t.mu.Lock()
	mine := make(chan struct{})
	t.waiting[client] = mine
	if t.coming--; t.coming == 0 {
		t.choose()
	}
	t.mu.Unlock()
	<-mine
}

// giveWay ends the turn of the client that has it, and waits for its next one. Outside of all turns it does nothing.
func (t *turns) giveWay() {
	t.mu.Lock()
	client := t.running
	if client == nobody {
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

// choose gives the turn to one of those that wait. The lock is held.
func (t *turns) choose() {
	t.running = nobody
	if len(t.waiting) == 0 {
		return
	}
	clients := slices.Sorted(maps.Keys(t.waiting))
	t.running = clients[t.random.IntN(len(clients))]
	close(t.waiting[t.running])
	delete(t.waiting, t.running)
}
