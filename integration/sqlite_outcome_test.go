package integration_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// at is when everything in these tests happens.
var at = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

func event(action apitoken.Action) apitoken.Event {
	return apitoken.Event{
		ID: apitoken.EventID(uuid.Must(uuid.NewV7())), At: at, Action: action, Outcome: apitoken.OutcomeDone,
		Actor: apitoken.As("ada"), Owner: "bob",
	}
}

func newToken(name string) apitoken.NewToken {
	n := apitoken.NewToken{Token: apitoken.Token{
		ID: apitoken.TokenID(uuid.Must(uuid.NewV7())), Owner: "bob", Name: name, Kind: apitoken.KindUser,
		CreatedAt: at, ExpiresAt: at.Add(time.Hour), CreatedBy: "ada", Hint: "tok_...abcd",
	}}
	copy(n.Digest[:], uuid.NewString()) // 36 characters, of which 32 fit
	return n
}

// change is one changing call of a store, which may be repeated, and what to read to see whether it was done.
type change struct {
	name string
	do   func(ctx context.Context) error
	done func() bool
}

// changes are one change of each kind, on a store with the user bob and his token.
func changes(t *testing.T, store *sqlstore.Store) []change {
	t.Helper()
	ctx := context.Background()
	bob := apitoken.User{ID: "bob", Role: apitoken.RoleUser, CreatedAt: at, Revision: 1}
	old, fresh := newToken("old"), newToken("fresh")
	for _, err := range []error{
		store.PutUser(ctx, bob, 0, event(apitoken.ActionPutUser)),
		store.CreateToken(ctx, old, 0, event(apitoken.ActionGenerate)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	has := func(token apitoken.TokenID, is func(apitoken.Token) bool) func() bool {
		return func() bool {
			rec, err := store.Token(ctx, token)
			return err == nil && is(rec.Token)
		}
	}
	raised := bob
	raised.Revision, raised.Epoch = 2, 1
	policy := apitoken.MaxLifetimePolicy{Max: apitoken.Days(30), UpdatedAt: at, UpdatedBy: "ada", Revision: 1}
	created, revoked, put, set, denied := event(apitoken.ActionGenerate), event(apitoken.ActionRevoke),
		event(apitoken.ActionRevokeAll), event(apitoken.ActionSetPolicy), event(apitoken.ActionReadEvents)
	return []change{{
		"CreateToken",
		func(ctx context.Context) error { return store.CreateToken(ctx, fresh, 0, created) },
		has(fresh.ID, func(apitoken.Token) bool { return true }),
	}, {
		"RevokeToken",
		func(ctx context.Context) error {
			changed, err := store.RevokeToken(ctx, old.ID, apitoken.Revocation{At: at, By: "ada"}, revoked)
			if err == nil && !changed {
				return errors.New("it reports that it changed nothing")
			}
			return err
		},
		has(old.ID, func(t apitoken.Token) bool { return !t.RevokedAt.IsZero() }),
	}, {
		"PutUser",
		func(ctx context.Context) error { return store.PutUser(ctx, raised, 1, put) },
		func() bool {
			u, err := store.User(ctx, "bob")
			return err == nil && u == raised
		},
	}, {
		"PutPolicy",
		func(ctx context.Context) error { return store.PutPolicy(ctx, policy, 0, set) },
		func() bool {
			p, err := store.Policy(ctx)
			return err == nil && p == policy
		},
	}, {
		"Touch",
		func(ctx context.Context) error { return store.Touch(ctx, []apitoken.Touch{{Token: old.ID, At: at}}) },
		has(old.ID, func(t apitoken.Token) bool { return t.LastUsedAt.Equal(at) }),
	}, {
		"AppendEvents",
		func(ctx context.Context) error { return store.AppendEvents(ctx, []apitoken.Event{denied}) },
		func() bool {
			return slices.ContainsFunc(feed(t, store), func(e apitoken.Event) bool { return e.ID == denied.ID })
		},
	}}
}

func feed(t testing.TB, store *sqlstore.Store) []apitoken.Event {
	t.Helper()
	events, err := store.Events(context.Background(), apitoken.EventQuery{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// sqliteError is an error as the driver gives it.
type sqliteError int

func (e sqliteError) Error() string { return fmt.Sprint("SQLite error ", int(e)) }
func (e sqliteError) Code() int     { return int(e) }

// TestSQLiteOutcomeOfAChange lets each kind of change meet each kind of trouble, and holds the answer against what was done.
func TestSQLiteOutcomeOfAChange(t *testing.T) {
	for _, trouble := range []struct {
		name      string
		interfere func(s *spy, cancel context.CancelFunc)
		want      error // nil: success
		notWant   error
		done      bool // what is in the database afterwards
	}{{
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
		name: "the database is locked at the begin",
		interfere: func(s *spy, _ context.CancelFunc) {
			s.interfere(on("BEGIN", 3, sqliteError(5)), nil)
		},
		done: true,
	}, {
		name: "the database is locked at a statement",
		interfere: func(s *spy, _ context.CancelFunc) {
			s.interfere(on(" ", 3, sqliteError(5)), nil)
		},
		done: true,
	}, {
		name: "a reader became a writer too late",
		interfere: func(s *spy, _ context.CancelFunc) {
			s.interfere(nil, on(" ", 1, sqliteError(517)))
		},
		done: true,
	}, {
		name: "the database is locked at the commit",
		interfere: func(s *spy, _ context.CancelFunc) {
			s.interfere(on("COMMIT", 4, sqliteError(5)), nil)
		},
		done: true,
	}} {
		t.Run(trouble.name, func(t *testing.T) {
			t.Parallel()
			db, spy := openSpiedSQLite(t, sqliteFile(t), recommended)
			store := newMigratedSQLite(t, db, nil)
			for _, c := range changes(t, store) {
				before := len(feed(t, store))
				ctx, cancel := context.WithCancel(context.Background())
				trouble.interfere(spy, cancel)
				err := c.do(ctx)
				spy.interfere(nil, nil)
				cancel()
				if !errors.Is(err, trouble.want) {
					t.Errorf("%s: error %v, want %v", c.name, err, trouble.want)
				}
				if trouble.notWant != nil && errors.Is(err, trouble.notWant) {
					t.Errorf("%s: error %v is %v", c.name, err, trouble.notWant)
				}
				if got := c.done(); got != trouble.done {
					t.Errorf("%s: done: %v, want %v", c.name, got, trouble.done)
				}
				wantEvents := before
				if trouble.done && c.name != "Touch" {
					wantEvents++
				}
				if got := len(feed(t, store)); got != wantEvents {
					t.Errorf("%s: %d events, want %d", c.name, got, wantEvents)
				}
				// Whatever it was, the same call succeeds once the trouble is over, and nothing is there twice.
				if err := c.do(context.Background()); err != nil {
					t.Errorf("%s again: %v", c.name, err)
				}
				if !c.done() {
					t.Errorf("%s again: not done", c.name)
				}
			}
			holdCounting(t, store)
		})
	}
}

// holdCounting holds that the events are 1, 2, 3 and so on and each is there once.
func holdCounting(t *testing.T, store *sqlstore.Store) {
	t.Helper()
	seen := map[apitoken.EventID]bool{}
	for i, e := range feed(t, store) {
		if e.Seq != apitoken.EventSeq(i+1) || seen[e.ID] {
			t.Errorf("event %d of the feed has number %d, seen before: %v", i+1, e.Seq, seen[e.ID])
		}
		seen[e.ID] = true
	}
}

// An administrator who is told that the outcome is unknown has the id of the token, revokes it, and asks again.
func TestSQLiteUncertainTokenCanBeRevoked(t *testing.T) {
	ctx := context.Background()
	db, spy := openSpiedSQLite(t, sqliteFile(t), recommended)
	m, err := apitoken.New(newMigratedSQLite(t, db, nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob"}); err != nil {
		t.Fatal(err)
	}
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
	if err := m.Revoke(ctx, apitoken.System(), token.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.Generate(ctx, apitoken.System(), params); err != nil {
		t.Errorf("asked again: %v", err)
	}
}

// A transaction that reads before it writes cannot become a writer once somebody else has written. So all of them begin
// with a write, whatever the data source name says.
func TestSQLiteTransactionsBeginWithAWrite(t *testing.T) {
	db, spy := openSpiedSQLite(t, sqliteFile(t), bare)
	store := newMigratedSQLite(t, db, nil)
	for _, c := range changes(t, store) {
		for range 2 { // the second time it finds that all is done
			if err := c.do(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	}
	first, transactions := false, 0
	for _, text := range spy.statements() {
		switch {
		case text == "BEGIN":
			first = true
			transactions++
		case first:
			verb, _, _ := strings.Cut(text, " ")
			if !slices.Contains([]string{"INSERT", "UPDATE", "CREATE"}, verb) {
				t.Errorf("a transaction begins with %s", text)
			}
			first = false
		}
	}
	if transactions < 14 {
		t.Errorf("only %d transactions were seen", transactions)
	}
}

// Where somebody holds the database locked for long, a change gives up when its context ends, and has done nothing.
func TestSQLiteGivesUpWithTheContext(t *testing.T) {
	file := sqliteFile(t)
	store := newMigratedSQLite(t, openSQLite(t, file, bare), nil)
	all := changes(t, store)
	before := feed(t, store)

	other, err := openSQLite(t, file, "_txlock=immediate").Begin()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		err := c.do(ctx)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, apitoken.ErrUncertain) {
			t.Errorf("%s: error %v, want %v and certainty", c.name, err, context.DeadlineExceeded)
		}
	}
	if err := other.Rollback(); err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if c.done() {
			t.Errorf("%s was done all the same", c.name)
		}
	}
	if diff := cmp.Diff(before, feed(t, store)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
