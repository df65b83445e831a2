package integration_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// outcome is a kind of trouble that a change can meet, and how it has to end.
type outcome struct {
	name      string
	interfere func(s *spy, cancel context.CancelFunc)
	want      error // nil: success
	notWant   error
	done      bool // what is in the database afterwards
}

// outcomes are those that become known, where busy is the backend's error of somebody who was in the way.
func outcomes(busy error) []outcome {
	return []outcome{{
		name: "the answer to the commit is lost",
		interfere: func(s *spy, _ context.CancelFunc) {
			s.interfere(nil, on("COMMIT", 1, errCut))
		},
		done: true,
	}, {
		name: "the commit is lost",
		interfere: func(s *spy, _ context.CancelFunc) {
			s.interfere(on("COMMIT", 1, errCut), nil)
		},
		done: true,
	}, {
		name: "three commits are lost",
		interfere: func(s *spy, _ context.CancelFunc) {
			s.interfere(on("COMMIT", 3, errCut), nil)
		},
		done: true,
	}, {
		name: "the context ends while the commit is under way",
		interfere: func(s *spy, cancel context.CancelFunc) {
			s.interfere(func(text string) error {
				if text == "COMMIT" {
					cancel()
				}
				return nil
			}, nil)
		},
		done: true,
	}, {
		name: "the context ends while the commit is under way, and the answer is lost",
		interfere: func(s *spy, cancel context.CancelFunc) {
			s.interfere(nil, func(text string) error {
				if text == "COMMIT" {
					cancel()
					s.interfere(nil, nil)
					return context.Canceled
				}
				return nil
			})
		},
		done: true,
	}, {
		name: "the context ends before the commit",
		interfere: func(s *spy, cancel context.CancelFunc) {
			s.interfere(nil, func(text string) error {
				if text != "BEGIN" && !isTransactionEnd(text) {
					cancel()
				}
				return nil
			})
		},
		want:    context.Canceled,
		notWant: apitoken.ErrUncertain,
	}, {
		name: "the connection breaks before the commit",
		interfere: func(s *spy, _ context.CancelFunc) {
			s.interfere(nil, on(" ", 1, errCut)) // of the first statement
		},
		want:    errCut,
		notWant: apitoken.ErrUncertain,
	}, {
		name: "no transaction can be begun",
		interfere: func(s *spy, _ context.CancelFunc) {
			s.interfere(on("BEGIN", always, errCut), nil)
		},
		want:    errCut,
		notWant: apitoken.ErrUncertain,
	}, {
		name: "somebody is in the way at the begin",
		interfere: func(s *spy, _ context.CancelFunc) {
			s.interfere(on("BEGIN", 3, busy), nil)
		},
		done: true,
	}, {
		name: "somebody is in the way of a statement",
		interfere: func(s *spy, _ context.CancelFunc) {
			s.interfere(on(" ", 3, busy), nil)
		},
		done: true,
	}, {
		name: "somebody was first, and a statement came too late",
		interfere: func(s *spy, _ context.CancelFunc) {
			s.interfere(nil, on(" ", 1, busy))
		},
		done: true,
	}, {
		name: "somebody is in the way of the commit",
		interfere: func(s *spy, _ context.CancelFunc) {
			s.interfere(on("COMMIT", 4, busy), nil)
		},
		done: true,
	}}
}

// uncertainOutcomes are those that are never known. To find that out takes a change its patience.
func uncertainOutcomes() []outcome {
	return []outcome{{
		name: "no commit arrives",
		interfere: func(s *spy, _ context.CancelFunc) {
			s.interfere(on("COMMIT", always, errCut), nil)
		},
		want: apitoken.ErrUncertain,
	}, {
		name: "the answer to the commit is lost, and the database with it",
		interfere: func(s *spy, _ context.CancelFunc) {
			s.interfere(nil, func(text string) error {
				if text == "COMMIT" {
					s.interfere(on("", always, errCut), nil)
					return errCut
				}
				return nil
			})
		},
		want: apitoken.ErrUncertain,
		done: true,
	}}
}

// TestOutcomeOfAChange lets each kind of change meet each kind of trouble, and holds the answer against what was done.
func TestOutcomeOfAChange(t *testing.T) {
	for _, b := range []backend{onSQLite, onPostgreSQL, onMySQL} {
		t.Run(b.name, func(t *testing.T) {
			d := b.database(t)
			db, spy := openSpied(t, d)
			store := d.newMigrated(t, db, nil)
			for _, o := range outcomes(b.serverErrors().busy[0]) {
				t.Run(o.name, func(t *testing.T) {
					d.clear(t, db, defaultPrefix)
					for _, c := range changes(t, store) {
						o.hold(t, store, spy, c)
					}
					holdCounting(t, store)
				})
			}
		})
	}
}

// TestUncertainOutcomeOfAChange is the same where the change never comes to know. That takes each of them seconds, so all go
// on at one time, each in a database of its own.
func TestUncertainOutcomeOfAChange(t *testing.T) {
	for _, b := range []backend{onSQLite, onPostgreSQL, onMySQL} {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			var going sync.WaitGroup
			for _, o := range uncertainOutcomes() {
				for i, n := 0, 1; i < n; i++ {
					d := b.database(t)
					db, spy := openSpied(t, d)
					store := d.newMigrated(t, db, nil)
					all := changes(t, store)
					n = len(all)
					feed(t, store) // makes the store ready
					going.Go(func() { o.hold(t, store, spy, all[i]) })
				}
			}
			going.Wait()
		})
	}
}

// hold lets a change meet the trouble, and repeats it when the trouble is over.
func (o outcome) hold(t *testing.T, store *sqlstore.Store, s *spy, c change) {
	t.Helper()
	before := countEvents(t, store)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o.interfere(s, cancel)
	err := c.do(ctx)
	s.interfere(nil, nil)
	if !errors.Is(err, o.want) {
		t.Errorf("%s, %s: error %v, want %v", o.name, c.name, err, o.want)
	}
	if o.notWant != nil && errors.Is(err, o.notWant) {
		t.Errorf("%s, %s: error %v is %v", o.name, c.name, err, o.notWant)
	}
	want := before
	if o.done {
		want += c.events
	}
	if got, events := c.done(), countEvents(t, store); got != o.done || events != want {
		t.Errorf("%s, %s: done: %v with %d events, want %v with %d", o.name, c.name, got, events, o.done, want)
	}
	// Whatever it was, the same call succeeds once the trouble is over, and nothing is there twice.
	if err := c.do(context.Background()); err != nil {
		t.Errorf("%s, %s again: %v", o.name, c.name, err)
	}
	if got, events := c.done(), countEvents(t, store); !got || events != before+c.events {
		t.Errorf("%s, %s again: done: %v with %d events, want it with %d", o.name, c.name, got, events, before+c.events)
	}
}

// countEvents is how many events a store has. It may be called by any goroutine of a test.
func countEvents(t *testing.T, store *sqlstore.Store) int {
	t.Helper()
	events, err := store.Events(context.Background(), apitoken.EventQuery{Limit: 1000})
	if err != nil {
		t.Error(err)
	}
	return len(events)
}

// An administrator who is told that the outcome is unknown has the id of the token, revokes it, and asks again.
func TestUncertainTokenCanBeRevoked(t *testing.T) {
	for _, b := range []backend{onSQLite, onPostgreSQL, onMySQL} {
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
	spy.interfere(nil, func(text string) error {
		if text == "COMMIT" {
			spy.interfere(on("", always, errCut), nil)
			return errCut
		}
		return nil
	})
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
