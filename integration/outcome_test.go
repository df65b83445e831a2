package integration_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// outcome is a failure during a change, and the required result of the change.
type outcome struct {
	name    string
	failure func(s *spy, cancel context.CancelFunc)
	want    error                    // nil: success
	done    bool                     // what is in the database afterwards
	moment  func(sent []string) bool // whether the change has the moment of the failure; nil: every change has; otherwise it succeeds
}

// begins and hasMore are moments that a change has which is more than one statement.
func begins(sent []string) bool  { return slices.Contains(sent, "BEGIN") }
func hasMore(sent []string) bool { return !isCommit(sent[0]) }

// notSent answers the first selected statements with an error, in place of the database.
func notSent(selects func(text string) bool, times int, err error) func(*spy, context.CancelFunc) {
	return func(s *spy, _ context.CancelFunc) { s.interfere(onSelected(selects, times, err), nil) }
}

// answerLost lets the database do the first selected statements, and answers with an error.
func answerLost(selects func(text string) bool, times int, err error) func(*spy, context.CancelFunc) {
	return func(s *spy, _ context.CancelFunc) { s.interfere(nil, onSelected(selects, times, err)) }
}

func isBegin(text string) bool     { return text == "BEGIN" }
func isStatement(text string) bool { return strings.Contains(text, " ") }

// databaseLost loses the answer to the COMMIT, and then every statement.
func databaseLost(isCommit func(text string) bool) func(*spy, context.CancelFunc) {
	return func(s *spy, _ context.CancelFunc) {
		s.interfere(nil, func(text string) error {
			if !isCommit(text) {
				return nil
			}
			s.interfere(on("", always, errCut), nil)
			return errCut
		})
	}
}

// outcomes are those of a change that become known. busy is the backend's error for a conflict with another transaction.
func outcomes(busy error, isCommit func(text string) bool) []outcome {
	return []outcome{
		{"the answer to the commit is lost", answerLost(isCommit, 1, errCut), nil, true, nil},
		{"the commit is lost", notSent(isCommit, 1, errCut), nil, true, nil},
		{"three commits are lost", notSent(isCommit, 3, errCut), nil, true, nil},
		{"the context ends during the commit", func(s *spy, cancel context.CancelFunc) {
			s.interfere(func(text string) error {
				if isCommit(text) {
					cancel()
				}
				return nil
			}, nil)
		}, nil, true, nil},
		{"the context ends during the commit, and the answer is lost", func(s *spy, cancel context.CancelFunc) {
			s.interfere(nil, func(text string) error {
				if !isCommit(text) {
					return nil
				}
				cancel()
				s.interfere(nil, nil)
				return context.Canceled
			})
		}, nil, true, nil},
		{"the context ends before the commit", func(s *spy, cancel context.CancelFunc) {
			s.interfere(nil, func(text string) error {
				if text != "BEGIN" && !isTransactionEnd(text) && !isCommit(text) {
					cancel()
				}
				return nil
			})
		}, context.Canceled, false, hasMore},
		{"the connection breaks after the first statement", answerLost(isStatement, 1, errCut), errCut, false, hasMore},
		{"no transaction can begin", notSent(isBegin, always, errCut), errCut, false, begins},
		{"a conflict at the begin", notSent(isBegin, 3, busy), nil, true, nil},
		{"a conflict at a statement", notSent(isStatement, 3, busy), nil, true, nil},
		{"a conflict after a statement", answerLost(isStatement, 1, busy), nil, true, nil},
		{"a conflict at the commit", notSent(isCommit, 4, busy), nil, true, nil},
	}
}

// uncertainOutcomes are those that never become known. A change takes seconds to give up.
func uncertainOutcomes(isCommit func(text string) bool) []outcome {
	return []outcome{
		{"no commit arrives", notSent(isCommit, always, errCut), apitoken.ErrUncertain, false, nil},
		{"the answer to the commit is lost, and the database with it", databaseLost(isCommit), apitoken.ErrUncertain, true, nil},
	}
}

// Each kind of change meets each failure. Its answer must agree with its effect.
func TestOutcomeOfAChange(t *testing.T) {
	onEach(t, everywhere, func(t *testing.T, d database) {
		db, spy := openSpied(t, d)
		store := d.newMigrated(t, db, nil)
		busy := d.serverErrors().busy[0]
		for i, o := range outcomes(busy, isCommit) {
			t.Run(o.name, func(t *testing.T) {
				d.clear(t, db, defaultPrefix)
				for _, c := range changes(t, store) {
					outcomes(busy, commitOf(c.name))[i].hold(t, store, spy, c)
				}
				holdCounting(t, store)
			})
		}
	})
}

// The same where the outcome never becomes known. Each change takes seconds, so they run in parallel, each in its own database.
func TestUncertainOutcomeOfAChange(t *testing.T) {
	for _, b := range everywhere {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			var going sync.WaitGroup
			for which := range uncertainOutcomes(isCommit) {
				for i, n := 0, 1; i < n; i++ {
					d := b.database(t)
					db, spy := openSpied(t, d)
					store := d.newMigrated(t, db, nil)
					all := changes(t, store)
					n = len(all)
					feed(t, store) // makes the store ready
					going.Go(func() { uncertainOutcomes(commitOf(all[i].name))[which].hold(t, store, spy, all[i]) })
				}
			}
			going.Wait()
		})
	}
}

// hold runs a change during the failure, and repeats it afterwards.
func (o outcome) hold(t *testing.T, store *sqlstore.Store, s *spy, c change) {
	t.Helper()
	before := countEvents(t, store)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.statements()
	o.failure(s, cancel)
	start := time.Now()
	err := c.do(ctx)
	s.interfere(nil, nil)
	if o.want != apitoken.ErrUncertain && gaveUp(t, o.name+", "+c.name, start, err) {
		err = c.do(context.Background())
	}
	if o.moment != nil && !o.moment(s.statements()) {
		o.want, o.done = nil, true
	}
	if !errors.Is(err, o.want) {
		t.Errorf("%s, %s: error %v, want %v", o.name, c.name, err, o.want)
	}
	if o.want != apitoken.ErrUncertain && errors.Is(err, apitoken.ErrUncertain) {
		t.Errorf("%s, %s: error %v is %v", o.name, c.name, err, apitoken.ErrUncertain)
	}
	want := before
	if o.done {
		want += c.events
	}
	if got, events := c.done(), countEvents(t, store); got != o.done || events != want {
		t.Errorf("%s, %s: done: %v with %d events, want %v with %d", o.name, c.name, got, events, o.done, want)
	}
	// After the failure, the same call succeeds, and has its effect once.
	if err := c.do(context.Background()); err != nil {
		t.Errorf("%s, %s again: %v", o.name, c.name, err)
	}
	if got, events := c.done(), countEvents(t, store); !got || events != before+c.events {
		t.Errorf("%s, %s again: done: %v with %d events, want it with %d", o.name, c.name, got, events, before+c.events)
	}
}

// countEvents returns the number of events. It may be called by any goroutine of a test.
func countEvents(t *testing.T, store *sqlstore.Store) int {
	t.Helper()
	events, err := store.Events(context.Background(), apitoken.EventQuery{Limit: 1000})
	if err != nil {
		t.Error(err)
	}
	return len(events)
}

// If the outcome of a Generate is unknown, the administrator has the ID of the token, can revoke it, and can ask again.
func TestUncertainTokenCanBeRevoked(t *testing.T) {
	t.Parallel()
	for _, b := range everywhere {
		t.Run(b.name, b.uncertainTokenCanBeRevoked)
	}
}

func (b backend) uncertainTokenCanBeRevoked(t *testing.T) {
	ctx := context.Background()
	d := b.database(t)
	db, spy := openSpied(t, d)
	m, err := apitoken.New(d.newMigrated(t, db, nil), nil)
	must(t, err)
	putUser(t, m, apitoken.User{ID: "bob"})
	params := apitoken.GenerateParams{Owner: "bob", Name: "deploy"}
	databaseLost(isCommit)(spy, nil)
	token, secret, err := m.Generate(ctx, apitoken.System(), params)
	spy.interfere(nil, nil)
	if !errors.Is(err, apitoken.ErrUncertain) || !errors.Is(err, errCut) {
		t.Fatalf("error %v, want %v because of %v", err, apitoken.ErrUncertain, errCut)
	}
	if secret.Reveal() != "" || token.ID.IsZero() {
		t.Errorf("token %v with a secret of %d characters, want an id and no secret", token.ID, len(secret.Reveal()))
	}
	must(t, m.Revoke(ctx, apitoken.System(), token.ID))
	if _, _, err := m.Generate(ctx, apitoken.System(), params); err != nil {
		t.Errorf("asked again: %v", err)
	}
}
