package integration_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// busyHost is a host with a spy on its connections.
type busyHost struct {
	*apitoken.Manager
	t     *testing.T
	d     database
	spy   *spy
	clock *movable

	tokens []apitoken.TokenID
	texts  []string

	mu      sync.Mutex
	touches []int
}

// newBusyHost makes a host with a user who has that many tokens. Uses are written by Flush only.
func newBusyHost(t *testing.T, b backend, tokens int) *busyHost {
	t.Helper()
	d := b.database(t).withoutDisk()
	db, spy := openSpied(t, d)
	h := &busyHost{t: t, d: d, spy: spy, clock: newMovable(beginning)}
	m, err := apitoken.New(d.newMigrated(t, db, nil), &apitoken.Options{Clock: h.clock, LastUsedInterval: time.Hour})
	must(t, err)
	t.Cleanup(func() { must(t, m.Close(context.Background())) })
	h.Manager = m
	putUser(t, h.Manager, apitoken.User{ID: "bob"})
	h.tokens, h.texts = make([]apitoken.TokenID, tokens), make([]string, tokens)
	var clients sync.WaitGroup
	const atOnce = 8
	for i := range atOnce {
		clients.Go(func() {
			for k := i; k < tokens; k += atOnce {
				token, secret, err := h.Generate(t.Context(), apitoken.System(), apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint(k)})
				if err != nil {
					t.Error(err)
				}
				h.tokens[k], h.texts[k] = token.ID, secret.Reveal()
			}
		})
	}
	clients.Wait()
	h.spy.interfere(nil, h.note)
	h.spy.statements()
	return h
}

// use authenticates with a token.
func (h *busyHost) use(token int) {
	h.t.Helper()
	if _, err := h.Authenticate(h.t.Context(), h.texts[token]); err != nil {
		h.t.Errorf("authenticate with token %d: %v", token, err)
	}
}

// lastUsed checks the last use of a token.
func (h *busyHost) lastUsed(token int, want time.Time) {
	h.t.Helper()
	got, err := h.Token(h.t.Context(), apitoken.System(), h.tokens[token])
	must(h.t, err)
	if !got.LastUsedAt.Equal(want) {
		h.t.Errorf("token %d was last used at %s, want %s", token, got.LastUsedAt, want)
	}
}

// written returns the number of tokens of each statement that has recorded uses since the last call, by its parameters.
func (h *busyHost) written() (tokens []int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	tokens, h.touches = h.touches, nil
	return tokens
}

// note counts the tokens of a statement that the database has run. The statements that a driver is sent say less, because one
// driver is sent some of them twice.
func (h *busyHost) note(text string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if isTouch(text) {
		h.touches = append(h.touches, (strings.Count(text, "?")+strings.Count(text, "$"))/3) // id, time of the use, time of a clock that was ahead
	}
	return nil
}

func isTouch(text string) bool {
	return strings.Contains(text, "UPDATE") && strings.Contains(text, "last_used_at = ")
}

// lock locks the rows of all tokens in another transaction or, if there are no row locks, the database.
func (h *busyHost) lock() (unlock func()) {
	h.t.Helper()
	statement := `SELECT id FROM apitoken_tokens FOR UPDATE`
	if h.d.driver == "sqlite" {
		statement = `UPDATE apitoken_tokens SET hint = hint`
	}
	tx, err := h.d.open(h.t, 0).Begin()
	must(h.t, err)
	_, err = tx.Exec(statement)
	must(h.t, err)
	unlock = sync.OnceFunc(func() { must(h.t, tx.Rollback()) })
	h.t.Cleanup(unlock) // otherwise the Manager could not close
	return unlock
}

// untilHeldUp returns when a flush waits for the lock.
func (h *busyHost) untilHeldUp() {
	h.t.Helper()
	if h.d.driver == "sqlite" { // which does not show waits: it is enough that the transaction has begun
		for !slices.Contains(h.spy.statements(), "BEGIN") {
			runtime.Gosched()
		}
		return
	}
	for db := h.d.open(h.t, 0); !h.d.waiting(h.t, db); {
	}
}
