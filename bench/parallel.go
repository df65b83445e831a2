package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

// onProcessors builds a group that is measured on so many processors.
func onProcessors(n int, build func(context.Context) (group, error)) func(context.Context) (group, error) {
	return func(ctx context.Context) (group, error) {
		g, err := build(ctx)
		if err != nil {
			return group{}, err
		}
		on := fmt.Sprintf(", GOMAXPROCS %d", n)
		g.title += on
		for i := range g.aims {
			g.aims[i].name += on
		}
		before, shut := runtime.GOMAXPROCS(n), g.close
		g.close = func() error {
			runtime.GOMAXPROCS(before)
			return shut()
		}
		return g, nil
	}
}

// atOnce builds a group of cases that each so many goroutines work on at one time. What it tells is how long an operation keeps
// the whole process, that is, the throughput.
func (p *population) atOnce(goroutines int) func(context.Context) (group, error) {
	return func(context.Context) (group, error) {
		presented := p.hottest()
		jwt := hs256().peer()
		signed, err := p.credentials(presented, jwt)
		if err != nil {
			return group{}, err
		}
		locked := &lockedMap{bare: p.bare}
		behindLock, err := apitoken.New(&lockedStore{Store: p.store}, &apitoken.Options{LastUsedInterval: -1})
		if err != nil {
			return group{}, err
		}
		ctx := context.Background()
		return group{
			title: fmt.Sprintf("Authenticate in memory, %d tokens, %d hot, %s at once, GOMAXPROCS %d",
				len(p.all), len(presented), many(goroutines), runtime.GOMAXPROCS(0)),
			cases: []benchCase{
				{name: "floor: SHA-256, bare map that nobody writes, clock, copy", run: together(goroutines, presented, p.floor, nil)},
				{name: "Authenticate", run: together(goroutines, presented, authenticated(ctx, p.m), nil)},
				{name: "the floor with its map behind a sync.RWMutex", run: together(goroutines, presented, locked.floor, nil)},
				{name: jwt.checking, run: together(goroutines, signed, jwt.check, nil)},
				{name: "Authenticate, a writer beside", run: together(goroutines, presented, authenticated(ctx, p.m), p.m)},
				{name: "Authenticate, memstore behind a sync.RWMutex, a writer beside",
					run: together(goroutines, presented, authenticated(ctx, behindLock), behindLock)},
			},
			close: func() error { return nil },
		}, nil
	}
}

func many(goroutines int) string {
	if goroutines == 1 {
		return "1 goroutine"
	}
	return fmt.Sprintf("%d goroutines", goroutines)
}

// readsPerWrite is how many tokens are presented for each that the writer generates and revokes.
const readsPerWrite = 1_000

// together is a case that so many goroutines do at one time, each with a part of the n operations. Where there is a writer, another
// one generates and revokes a token for every thousand operations of the others, and is done with the last when they are.
func together[T any](goroutines int, presented []T, once func(*T) error, writer *apitoken.Manager) func(n int) error {
	parts := make([]func(int) error, goroutines)
	for i := range parts {
		parts[i] = inTurnFrom(i*len(presented)/goroutines, presented, once)
	}
	return func(n int) error {
		errs := make([]error, goroutines+1)
		due := make(chan struct{}, goroutines)
		var readers, writers sync.WaitGroup
		for i, part := range parts {
			readers.Go(func() {
				left := n / goroutines
				if i < n%goroutines {
					left++
				}
				for ; left > 0 && errs[i] == nil; left -= readsPerWrite {
					errs[i] = part(min(left, readsPerWrite))
					if writer != nil && left >= readsPerWrite {
						due <- struct{}{}
					}
				}
			})
		}
		writers.Go(func() {
			for range due {
				errs[goroutines] = errors.Join(errs[goroutines], generateAndRevoke(writer))
			}
		})
		readers.Wait()
		close(due)
		writers.Wait()
		return errors.Join(errs...)
	}
}

func generateAndRevoke(m *apitoken.Manager) error {
	ctx := context.Background()
	token, _, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: userID(0), Name: "written beside"})
	if err != nil {
		return err
	}
	return m.Revoke(ctx, apitoken.System(), token.ID)
}

// lockedMap is the map of the floor with the lock that it needs where somebody writes.
type lockedMap struct {
	mu   sync.RWMutex
	bare map[[32]byte]*apitoken.Identity
}

func (l *lockedMap) floor(t *bearer) error {
	if id := l.lookup(t.text); id.Token.ID != t.id {
		return errWrong
	}
	return nil
}

//go:noinline
func (l *lockedMap) lookup(text string) apitoken.Identity {
	var block [64]byte
	digest := sha256.Sum256(block[:copy(block[:], text)])
	l.mu.RLock()
	id := l.bare[digest]
	l.mu.RUnlock()
	if id == nil || !id.Token.ExpiresAt.IsZero() && !time.Now().Before(id.Token.ExpiresAt) {
		return apitoken.Identity{}
	}
	return *id
}

// lockedStore is memstore as it would be if Lookup took the lock that the writers take.
type lockedStore struct {
	*memstore.Store
	mu sync.RWMutex
}

func (s *lockedStore) Lookup(ctx context.Context, d apitoken.Digest) (*apitoken.Record, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.Store.Lookup(ctx, d)
}

func (s *lockedStore) CreateToken(ctx context.Context, t apitoken.NewToken, policyRevision int64, e apitoken.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Store.CreateToken(ctx, t, policyRevision, e)
}

func (s *lockedStore) RevokeToken(ctx context.Context, id apitoken.TokenID, by apitoken.Revocation, e apitoken.Event) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Store.RevokeToken(ctx, id, by, e)
}
