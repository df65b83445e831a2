package integration_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// SQLite polls for its write lock and is not fair. So the writers of a store queue up before they begin a transaction.
func TestSQLiteWritersQueueUp(t *testing.T) {
	db, spy := openSpiedSQLite(t, sqliteFile(t), recommended)
	store := newMigratedSQLite(t, db, nil)
	var writing, most atomic.Int32
	spy.interfere(func(text string) error {
		if text == "BEGIN" {
			if n := writing.Add(1); n > most.Load() {
				most.Store(n)
			}
		}
		return nil
	}, func(text string) error {
		if isTransactionEnd(text) {
			writing.Add(-1)
		}
		return nil
	})
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() {
			for range 10 {
				if err := store.AppendEvents(context.Background(), []apitoken.Event{event(apitoken.ActionReadEvents)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	if n := most.Load(); n != 1 {
		t.Errorf("%d writers began a transaction concurrently, want 1", n)
	}
	if n := len(feed(t, store)); n != 80 {
		t.Errorf("%d events, want 80", n)
	}
}

// A writer leaves the queue when its context ends.
func TestSQLiteWriterLeavesTheQueue(t *testing.T) {
	db, spy := openSpiedSQLite(t, sqliteFile(t), recommended)
	store := newMigratedSQLite(t, db, nil)
	must(t, use(store))
	begun, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	spy.interfere(func(text string) error {
		if text == "BEGIN" {
			once.Do(func() {
				close(begun)
				<-goOn
			})
		}
		return nil
	}, nil)
	first := make(chan error)
	go func() {
		first <- store.AppendEvents(context.Background(), []apitoken.Event{event(apitoken.ActionReadEvents)})
	}()
	<-begun
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	err := store.AppendEvents(ctx, []apitoken.Event{event(apitoken.ActionReadEvents)})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the second writer: error %v, want %v", err, context.DeadlineExceeded)
	}
	close(goOn)
	if err := <-first; err != nil {
		t.Errorf("the first writer: %v", err)
	}
	if n := len(feed(t, store)); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}
