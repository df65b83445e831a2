package integration_test

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// workload describes the calls of the clients of a history.
type workload struct {
	clients  int
	rounds   int // after each of them, all clients wait while one reads everything
	acts     int // of each client in a round
	owners   []apitoken.UserID
	names    []string
	weights  map[kind]int
	failures bool // are injected
	inTurns  bool // the clients run one at a time; excludes failures

	planted plant
}

// run runs the clients on an empty store, distributed over the replicas, and returns their history. The reads between the rounds
// keep the checker fast, because they leave one possible state.
func (w workload) run(each []apitoken.Store, seed uint64) (*history, error) {
	ctx := context.Background()
	h := newHistory(newMovable(beginning))
	var t *turns
	if w.inTurns {
		t = newTurns(seed)
	}
	each = slices.Clone(each)
	for i := range each {
		each[i] = inserting{each[i]}
	}
	if w.planted != nil { // one store for all replicas, because a bug may have a state
		store := &replicas{stores: each}
		each = []apitoken.Store{w.planted(store, newNoisy(store, &h.progress, seed+1<<40, false, t), h.clock)}
	}
	if err := h.provision(ctx, each[0]); err != nil {
		return nil, err
	}
	var clients []*replica
	for i := range w.clients {
		c, err := h.join(i, newNoisy(each[i%len(each)], &h.progress, seed+uint64(i)<<32, w.failures, t))
		if err != nil {
			return nil, err
		}
		defer c.close()
		clients = append(clients, c)
	}
	kinds := w.kinds()
	for round := range w.rounds {
		var all sync.WaitGroup
		t.expect(len(clients))
		for i, c := range clients {
			random := rand.New(rand.NewPCG(seed, uint64(round*w.clients+i)))
			all.Go(func() {
				t.enter(i)
				defer t.leave()
				for range w.acts {
					c.perform(ctx, w.choose(random, kinds, h))
				}
			})
		}
		all.Wait()
		for _, owner := range []apitoken.UserID{"bob", "carol"} {
			for _, look := range []kind{actReadPolicy, actReadUser, actList} {
				clients[0].perform(ctx, &act{kind: look, owner: owner, actor: "ada"})
			}
		}
	}
	return h, h.wrong
}

// kinds returns the kinds of acts, each as often as its weight.
func (w workload) kinds() (kinds []kind) {
	for _, k := range slices.Sorted(maps.Keys(w.weights)) {
		kinds = append(kinds, slices.Repeat([]kind{k}, w.weights[k])...)
	}
	return kinds
}

// choose makes a random act of the administrator or the owner.
func (w workload) choose(random *rand.Rand, kinds []kind, h *history) *act {
	a := &act{kind: oneOf(random, kinds), owner: oneOf(random, w.owners), actor: "ada"}
	switch a.kind {
	case actAuthenticate, actRevoke, actRename:
		a.name = oneOf(random, w.names) // of a token that is renamed
		a.byText = oneOf(random, []bool{true, false})
		t, ok := h.recent(random.IntN(5))
		if ok {
			a.token, a.owner = t.ID, t.Owner
			break
		}
		a.kind = actGenerate // there is no token yet
		fallthrough
	case actGenerate:
		a.name = oneOf(random, w.names)
		a.lifetime = oneOf(random, []time.Duration{0, 0, time.Hour, 90 * time.Minute})
	case actPutRole:
		a.role = oneOf(random, []apitoken.Role{apitoken.RoleUser, "free"})
	case actList:
		a.status = oneOf(random, []apitoken.Status{"", "", apitoken.StatusActive, apitoken.StatusRevoked})
	case actSetPolicy:
		a.max = oneOf(random, []time.Duration{time.Hour, 2 * time.Hour, apitoken.NoExpiration})
		if w.weights[actPutRole] > 0 {
			a.limit = oneOf(random, []time.Duration{0, time.Hour, 90 * time.Minute})
		}
		if random.IntN(4) == 0 {
			a.revision = h.revision()
		}
	}
	byOwner := []kind{actGenerate, actList, actRevoke, actRename, actRevokeAll, actAuthenticate}
	if slices.Contains(byOwner, a.kind) && random.IntN(2) == 0 {
		a.actor = a.owner
	}
	return a
}

func oneOf[T any](r *rand.Rand, among []T) T { return among[r.IntN(len(among))] }
