package apitoken_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

func TestAFailingFirstUseIsTriedAgain(t *testing.T) {
	observer := &observer{}
	h := newHost(t, apitoken.Options{Observer: observer})
	old, text := h.mustGenerateOwn(bob, "ci")
	next, successor := h.mustRotate(apitoken.As(bob), old.ID, apitoken.RotateParams{})
	h.store.before = failOn("UseSuccessor", errors.New("read only"))
	observer.take()
	h.accepts("the successor while the store fails", successor, nil)
	if seen := observer.take(); len(seen) != 2 || seen[0].Action != apitoken.ActionReplaced || seen[0].Token != old.ID ||
		!errors.Is(seen[0].Err, apitoken.ErrUnavailable) || seen[0].Outcome != apitoken.OutcomeFailed || seen[1].Err != nil {
		t.Errorf("observed %+v, want the failed end of %s, and the authentication", seen, old.ID)
	}
	h.accepts("the old token", text, nil)
	h.store.before = nil
	h.accepts("the successor", successor, nil)
	observer.take()
	h.accepts("the old token after the first use", text, apitoken.ErrReplaced)
	if seen := observer.take(); len(seen) != 1 || apitoken.Reason(seen[0].Err) != "replaced" || seen[0].Token != old.ID {
		t.Errorf("observed %+v, want a late use of %s as replaced", seen, old.ID)
	}
	writes := h.store.count("UseSuccessor")
	h.accepts("the successor again", successor, nil)
	if got := h.store.count("UseSuccessor"); got != writes {
		t.Errorf("%d writes at a later use of %s, want none", got-writes, next.ID)
	}
}

// The successor is replaced between the read and the write of its first use.
func TestASuccessorThatWasReplacedMeanwhileIsRefused(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	old, text := h.mustGenerateOwn(bob, "ci")
	_, successor := h.mustRotate(apitoken.As(bob), old.ID, apitoken.RotateParams{})
	h.store.before = once("UseSuccessor", func() error { return third(h.Rotate(ctx, apitoken.As(bob), old.ID, apitoken.RotateParams{})) })
	h.accepts("the successor", successor, apitoken.ErrReplaced)
	h.accepts("the old token", text, nil)
}

func TestAThousandFirstUsesAreOneEvent(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	old, text := h.mustGenerateOwn(bob, "ci")
	_, successor := h.mustRotate(apitoken.As(bob), old.ID, apitoken.RotateParams{})
	var all sync.WaitGroup
	for range 1000 {
		all.Go(func() {
			if _, err := h.Authenticate(ctx, successor); err != nil {
				t.Error(err)
			}
			if _, err := h.Authenticate(ctx, text); !errors.Is(err, apitoken.ErrReplaced) {
				t.Errorf("the old token after a use of the new one: %v, want ErrReplaced", err)
			}
		})
	}
	all.Wait()
	if n := len(h.eventsOf(apitoken.ActionReplaced)); n != 1 {
		t.Errorf("%d events of 1,000 first uses, want 1", n)
	}
}

// Uses that arrive while the first one is being recorded wait for it: the old token must not outlive their answers.
func TestFirstUsesShareOneWrite(t *testing.T) {
	h := newHost(t, apitoken.Options{})
	old, _ := h.mustGenerateOwn(bob, "ci")
	_, successor := h.mustRotate(apitoken.As(bob), old.ID, apitoken.RotateParams{})
	writing, goOn := make(chan struct{}), make(chan struct{})
	h.store.before = once("UseSuccessor", func() error { close(writing); <-goOn; return nil })
	var all sync.WaitGroup
	all.Go(func() { h.accepts("the first use", successor, nil) })
	<-writing
	impatient, cancel := context.WithCancel(ctx)
	all.Go(func() { h.accepts("another use", successor, nil) })
	cancel()
	if _, err := h.Authenticate(impatient, successor); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("a use whose context ends: %v", err)
	}
	close(goOn)
	all.Wait()
	if n := len(h.eventsOf(apitoken.ActionReplaced)); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}
