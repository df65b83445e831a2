package integration_test

import (
	"context"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// schedule runs acts one after the other, except for one that is held up on its way into the store.
type schedule struct {
	*history
	t     *testing.T
	ctx   context.Context
	gate  *gate
	first *replica
	other *replica
}

func newSchedule(t *testing.T, plant func(store, torn apitoken.Store, clock apitoken.Clock) apitoken.Store) *schedule {
	t.Helper()
	s := &schedule{history: newHistory(newMovable(beginning)), t: t, ctx: t.Context()}
	memory := memstore.New()
	s.gate = &gate{Store: memory, reached: make(chan struct{}), open: make(chan struct{})}
	store := apitoken.Store(s.gate)
	if plant != nil {
		store = plant(memory, s.gate, s.clock)
	}
	if err := s.provision(s.ctx, store); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.first, err = s.join(0, store); err != nil {
		t.Fatal(err)
	}
	if s.other, err = s.join(1, store); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.first.close)
	t.Cleanup(s.other.close)
	return s
}

// across starts an act, waits until it is about to change the store, does the others, and lets it go on.
func (s *schedule) across(held *act, others ...*act) {
	s.gate.armed.Store(true)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		s.first.perform(s.ctx, held)
	}()
	select {
	case <-s.gate.reached:
	case <-finished:
		s.t.Fatalf("%s: did not come to the store", held)
	}
	for _, a := range others {
		s.other.perform(s.ctx, a)
	}
	close(s.gate.open)
	<-finished
}

// do performs an act. One that is about a token is about the last one that was issued.
func (s *schedule) do(a *act) {
	if t, ok := s.recent(0); ok && (a.kind == actAuthenticate || a.kind == actRevoke) {
		a.token = t.ID
	}
	s.first.perform(s.ctx, a)
}

func generateAcrossSetPolicy(s *schedule) {
	s.across(&act{kind: actGenerate, actor: "bob", owner: "bob", name: "deploy"},
		&act{kind: actSetPolicy, actor: "ada", max: time.Hour},
		&act{kind: actList, actor: "ada", owner: "bob"})
	s.do(&act{kind: actList, actor: "ada", owner: "bob"})
}

func generateAcrossDisable(s *schedule) {
	s.across(&act{kind: actGenerate, actor: "bob", owner: "bob", name: "deploy"},
		&act{kind: actDisable, actor: "ada", owner: "bob"})
	s.do(&act{kind: actEnable, actor: "ada", owner: "bob"})
	s.do(&act{kind: actAuthenticate, owner: "bob"})
}

func generateTwice(s *schedule) {
	s.across(&act{kind: actGenerate, actor: "bob", owner: "bob", name: "deploy"},
		&act{kind: actGenerate, actor: "ada", owner: "bob", name: "deploy"})
	s.do(&act{kind: actList, actor: "ada", owner: "bob"})
}

func revokeAcrossFlush(s *schedule) {
	s.do(&act{kind: actGenerate, actor: "bob", owner: "bob", name: "deploy"})
	s.do(&act{kind: actAuthenticate, owner: "bob"})
	revocation := &act{kind: actRevoke, actor: "ada", owner: "bob"}
	t, _ := s.recent(0)
	revocation.token = t.ID
	s.across(&act{kind: actFlush}, revocation)
	s.do(&act{kind: actAuthenticate, owner: "bob"})
}
