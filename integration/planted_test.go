package integration_test

import (
	"strings"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// planted is a bug, and who has to catch it.
type planted struct {
	name     string
	plant    func(store, torn apitoken.Store, clock apitoken.Clock) apitoken.Store
	model    bool // the model test
	load     *workload
	schedule func(*schedule)
}

var plants = []planted{
	{
		name: "policy check dropped",
		plant: func(_, torn apitoken.Store, _ apitoken.Clock) apitoken.Store {
			return policyUnchecked{torn}
		},
		load: &workload{
			clients: 8,
			rounds:  8,
			weights: map[kind]int{actGenerate: 40, actList: 40, actSetPolicy: 20},
			names:   strings.Split("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", ""), // so that few are taken
		},
		schedule: generateAcrossSetPolicy,
	},
	{
		name: "epoch ignored",
		plant: func(_, torn apitoken.Store, _ apitoken.Clock) apitoken.Store {
			return epochIgnored{torn}
		},
		model: true,
		load: &workload{
			clients: 5,
			rounds:  6,
			weights: map[kind]int{actGenerate: 25, actAuthenticate: 45, actReadUser: 15, actRevokeAll: 6, actDisable: 3, actEnable: 6},
			names:   []string{"deploy", "backup"},
		},
		schedule: generateAcrossDisable,
	},
	{
		name: "expiry is late in Authenticate",
		plant: func(store, _ apitoken.Store, clock apitoken.Clock) apitoken.Store {
			return lateToAuthenticate{store, clock}
		},
		model: true,
	},
	{
		name: "expiry is late in names",
		plant: func(store, _ apitoken.Store, _ apitoken.Clock) apitoken.Store {
			return lateToFreeNames{store}
		},
		model: true,
	},
	{
		name: "expiry is late in lists",
		plant: func(store, _ apitoken.Store, _ apitoken.Clock) apitoken.Store {
			return lateToList{store}
		},
		model: true,
	},
	{
		name: "revocation not final",
		plant: func(store, _ apitoken.Store, _ apitoken.Clock) apitoken.Store {
			return &notFinal{Store: store, revived: map[apitoken.TokenID]bool{}}
		},
		model: true,
	},
	{
		name: "check then insert",
		plant: func(_, torn apitoken.Store, _ apitoken.Clock) apitoken.Store {
			return &checkedThenInserted{Store: torn, holders: map[string]apitoken.Digest{}}
		},
		load: &workload{
			clients: 8,
			rounds:  6,
			weights: map[kind]int{actGenerate: 60, actList: 20, actRevoke: 20},
			names:   []string{"deploy"},
		},
		schedule: generateTwice,
	},
	{
		name: "touch of all columns",
		plant: func(store, torn apitoken.Store, _ apitoken.Clock) apitoken.Store {
			return &touchOfAllColumns{
				Store: store, torn: torn,
				revoked: map[apitoken.TokenID]apitoken.Revocation{}, written: map[apitoken.TokenID]apitoken.Revocation{},
			}
		},
		load: &workload{
			clients: 8,
			rounds:  6,
			weights: map[kind]int{actGenerate: 20, actAuthenticate: 40, actFlush: 20, actRevoke: 20},
			names:   []string{"a", "b", "c", "d"},
		},
		schedule: revokeAcrossFlush,
	},
}

const (
	plantedHistories = 200
	plantedSequences = 500
	fewestCaught     = 10
)

// TestPlanted plants bugs into the store in memory, one at a time, and wants them caught. The same plans, workloads and
// schedules without the bug must pass.
//
//	bug                              model   histories   schedule
//	policy check dropped                     x           generate across set policy
//	epoch ignored                    x       x           generate across disable
//	expiry is late in Authenticate   x
//	expiry is late in names          x
//	expiry is late in lists          x
//	revocation not final             x
//	check then insert                        x           generate twice
//	touch of all columns                     x           revoke across flush
//
// By the model and in the histories a bug must be caught at least 10 times, of 500 sequences and of 200 histories. That
// expiry is late by a microsecond is planted in each of the three places that compare with it.
func TestPlanted(t *testing.T) {
	t.Run("no bug", func(t *testing.T) { // for the model; histories and schedules are run without the bug one by one
		if n, example := differences(nil); n != 0 {
			t.Errorf("%d of %d sequences differ without a bug, for example: %s", n, plantedSequences, example)
		}
	})
	for _, bug := range plants {
		t.Run(bug.name, func(t *testing.T) {
			if bug.model {
				t.Run("model", bug.inSequences)
			}
			if bug.load != nil {
				t.Run("histories", bug.inHistories)
			}
			if bug.schedule != nil {
				t.Run("schedule", bug.inSchedule)
			}
		})
	}
}

// inSequences counts the sequences in which the Managers and the reference differ.
func (p planted) inSequences(t *testing.T) {
	caught, example := differences(p.plant)
	t.Logf("caught in %d of %d sequences, for example: %.300s", caught, plantedSequences, example)
	if caught < fewestCaught {
		t.Errorf("caught in %d of %d sequences, want at least %d", caught, plantedSequences, fewestCaught)
	}
}

func differences(plant func(store, torn apitoken.Store, clock apitoken.Clock) apitoken.Store) (n int, example string) {
	generator := plans()
	for i := range plantedSequences {
		clock, store := newMovable(beginning), apitoken.Store(memstore.New())
		if plant != nil {
			store = plant(store, store, clock)
		}
		if d := runPlan(store, clock, generator.Example(i), coverage{}); d != "" {
			n, example = n+1, d
		}
	}
	return n, example
}

func (p planted) inHistories(t *testing.T) {
	w := *p.load
	w.acts, w.owners = 2, []apitoken.UserID{"bob"}
	seed, memory := firstSeed(t), namedStore{name: "memory", open: openMemory}
	caught, unknown := 0, 0
	for i := range plantedHistories {
		w.planted = nil
		if h := runHistory(t, w, memory, seed+uint64(i)); h.check() != porcupine.Ok {
			t.Fatalf("control: history %d is %s without the bug\n%s", i, h.check(), h)
		}
		w.planted = p.plant
		switch runHistory(t, w, memory, seed+uint64(i)).check() {
		case porcupine.Illegal:
			caught++
		case porcupine.Unknown:
			unknown++
		}
	}
	t.Logf("caught in %d of %d histories, %d unknown", caught, plantedHistories, unknown)
	if caught < fewestCaught || unknown > 0 {
		t.Errorf("caught in %d of %d histories, %d unknown; want at least %d caught and none unknown",
			caught, plantedHistories, unknown, fewestCaught)
	}
}

func (p planted) inSchedule(t *testing.T) {
	control := newSchedule(t, nil)
	p.schedule(control)
	if result := control.check(); result != porcupine.Ok {
		t.Errorf("control: the schedule is %s without the bug\n%s", result, control)
	}
	planted := newSchedule(t, p.plant)
	p.schedule(planted)
	if result := planted.check(); result != porcupine.Illegal {
		t.Errorf("the schedule is %s with the bug, want %s\n%s", result, porcupine.Illegal, planted)
	}
}
