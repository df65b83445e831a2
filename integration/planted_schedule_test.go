package integration_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// schedule runs acts one after the other, except for one that is blocked on its way into the store.
type schedule struct {
	*history
	t     *testing.T
	ctx   context.Context
	gate  *gate
	first *replica
	other *replica

	// waiting reports whether a connection waits for a lock of the database. Nil: there are no such locks.
	waiting func() bool

	creation string // the beginning of the statement in which CreateToken decides

	inside *insideGate // for changes that are one statement; nil: there are none
}

// newSchedule makes a schedule on two replicas of a host. The gate is in the first one.
func newSchedule(t *testing.T, clock *movable, g *gate, first, other apitoken.Store) *schedule {
	t.Helper()
	s := &schedule{history: newHistory(clock), t: t, ctx: t.Context(), gate: g}
	must(t, s.provision(s.ctx, first))
	var err error
	if s.first, err = s.join(0, first); err != nil {
		t.Fatal(err)
	}
	if s.other, err = s.join(1, other); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.first.close)
	t.Cleanup(s.other.close)
	return s
}

// held is a blocked act.
type held struct {
	*barrier
	finished chan struct{}
}

// hold starts an act, and returns when it is blocked before a statement that begins with before. If the gate is not between
// statements, before is empty.
func (s *schedule) hold(by *replica, before string, a *act) held {
	var b *barrier
	if s.inside != nil && strings.HasPrefix(before, "INSERT") {
		b = s.inside.arm(string(a.actor))
	} else {
		b = s.gate.arm(before)
	}
	h := held{b, s.start(by, a)}
	select {
	case <-h.reached:
	case <-h.finished:
		s.t.Fatalf("%s: was not blocked", a)
	}
	return h
}

func (h held) goOn() {
	close(h.open)
	<-h.finished
}

// across blocks an act, runs the others until they are done or wait for a lock, and lets the act continue. It reports whether the
// others had to wait.
func (s *schedule) across(before string, a *act, others ...*act) (waited bool) {
	h := s.hold(s.first, before, a)
	finished := s.start(s.other, others...)
	waited = s.untilWaiting(finished)
	h.goOn()
	<-finished
	return waited
}

// start performs acts one after the other, and closes the channel after the last.
func (s *schedule) start(by *replica, acts ...*act) (finished chan struct{}) {
	finished = make(chan struct{})
	go func() {
		defer close(finished)
		for _, a := range acts {
			by.perform(s.ctx, a)
		}
	}()
	return finished
}

// untilWaiting returns when a connection waits for a lock, or when all acts are finished.
func (s *schedule) untilWaiting(finished <-chan struct{}) (waiting bool) {
	if s.waiting == nil {
		<-finished
		return false
	}
	for {
		select {
		case <-finished:
			return false
		default:
			if s.waiting() {
				return true
			}
		}
	}
}

// do performs an act. An act about a token is about the last one.
func (s *schedule) do(a *act) {
	if t, ok := s.recent(0); ok && (a.kind == actAuthenticate || a.kind == actRevoke) {
		a.token = t.ID
	}
	s.first.perform(s.ctx, a)
}

func generateAcrossSetPolicy(s *schedule) {
	s.across("", &act{kind: actGenerate, actor: "bob", owner: "bob", name: "deploy"},
		&act{kind: actSetPolicy, actor: "ada", max: time.Hour},
		&act{kind: actList, actor: "ada", owner: "bob"})
	s.do(&act{kind: actList, actor: "ada", owner: "bob"})
}

func generateAcrossRole(s *schedule) {
	s.do(&act{kind: actPutRole, actor: "ada", owner: "bob", role: "free"})
	s.do(&act{kind: actSetPolicy, actor: "ada", max: 2 * time.Hour, limit: time.Hour})
	s.across("", &act{kind: actGenerate, actor: "bob", owner: "bob", name: "deploy"},
		&act{kind: actPutRole, actor: "ada", owner: "bob", role: apitoken.RoleUser})
	s.do(&act{kind: actList, actor: "ada", owner: "bob"})
}

func generateAcrossDisable(s *schedule) {
	s.across("", &act{kind: actGenerate, actor: "bob", owner: "bob", name: "deploy"},
		&act{kind: actDisable, actor: "ada", owner: "bob"})
	s.do(&act{kind: actEnable, actor: "ada", owner: "bob"})
	s.do(&act{kind: actAuthenticate, owner: "bob"})
}

func generateTwice(s *schedule) {
	s.across("", &act{kind: actGenerate, actor: "bob", owner: "bob", name: "deploy"},
		&act{kind: actGenerate, actor: "ada", owner: "bob", name: "deploy"})
	s.do(&act{kind: actList, actor: "ada", owner: "bob"})
}

func revokeAcrossFlush(s *schedule) {
	s.do(&act{kind: actGenerate, actor: "bob", owner: "bob", name: "deploy"})
	s.do(&act{kind: actAuthenticate, owner: "bob"})
	t, _ := s.recent(0)
	s.across("", &act{kind: actFlush}, &act{kind: actRevoke, actor: "ada", owner: "bob", token: t.ID})
	s.do(&act{kind: actAuthenticate, owner: "bob"})
}

// In the following schedules the gate is between the statements of a transaction.

func generateBesideSetPolicy(s *schedule) (waited bool) {
	waited = s.across("INSERT INTO apitoken_events", &act{kind: actGenerate, actor: "bob", owner: "bob", name: "deploy"},
		&act{kind: actSetPolicy, actor: "ada", max: time.Hour},
		&act{kind: actList, actor: "ada", owner: "bob"})
	s.do(&act{kind: actList, actor: "ada", owner: "bob"})
	return waited
}

func revokeBesideRevokeAll(s *schedule) (waited bool) {
	s.do(&act{kind: actGenerate, actor: "bob", owner: "bob", name: "deploy"})
	t, _ := s.recent(0)
	waited = s.across("INSERT INTO apitoken_events", &act{kind: actRevoke, actor: "ada", owner: "bob", token: t.ID},
		&act{kind: actMoveClock},
		&act{kind: actRevokeAll, actor: "ada", owner: "bob"},
		&act{kind: actList, actor: "ada", owner: "bob"})
	s.do(&act{kind: actList, actor: "ada", owner: "bob"})
	return waited
}

// generateBesideRevokedToken inserts a token of an ended epoch after another generation has found the name free.
func generateBesideRevokedToken(s *schedule) (waited bool) {
	revoked := s.hold(s.first, s.creation, &act{kind: actGenerate, actor: "ada", owner: "bob", name: "deploy"})
	s.other.perform(s.ctx, &act{kind: actRevokeAll, actor: "ada", owner: "bob"})
	active := s.hold(s.other, "INSERT INTO apitoken_tokens", &act{kind: actGenerate, actor: "bob", owner: "bob", name: "deploy"})
	revoked.goOn()
	active.goOn()
	s.do(&act{kind: actList, actor: "ada", owner: "bob"})
	return false
}
