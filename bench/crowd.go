package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

const connections = 8 // that a host allows its requests

// crowd compares Authenticate with the same SELECT by hand when many ask at the same time. What it tells is how long an operation keeps
// the whole process, that is, the throughput.
func (h *host) crowd(ctx context.Context, title string, presented []issued) (group, error) {
	hand, err := h.prepareByHand(ctx)
	if err != nil {
		return group{}, err
	}
	h.db.SetMaxOpenConns(connections)
	background := context.Background()
	g := group{
		title: fmt.Sprintf("Authenticate by many at a time %s, %d connections", title, connections),
		times: 4, // so that all are there for most of a slice
		close: func() error {
			h.db.SetMaxOpenConns(0)
			return hand.close()
		},
	}
	for _, n := range []int{1, 2, 4, 8, 64} {
		word := "goroutines"
		if n == 1 {
			word = "goroutine"
		}
		g.cases = append(g.cases,
			benchCase{
				name: fmt.Sprintf("the same prepared SELECT by hand, %d %s", n, word),
				run:  byMany(n, presented, func(t *issued) error { return hand.authenticate(background, t) }),
			},
			benchCase{
				name: fmt.Sprintf("Authenticate, %d %s", n, word),
				run:  byMany(n, presented, func(t *issued) error { return present(background, h.m, t) }),
			},
		)
	}
	return g, nil
}

// byMany is a case that so many goroutines work on. Whoever is done with one thing takes the next.
func byMany(goroutines int, presented []issued, once func(*issued) error) func(n int) error {
	var taken atomic.Int64 // goes on where the last slice ended
	return func(n int) error {
		errs := make([]error, goroutines)
		var crowd sync.WaitGroup
		begin := taken.Load()
		end := begin + int64(n)
		for g := range goroutines {
			crowd.Go(func() {
				for errs[g] == nil {
					i := taken.Add(1) - 1
					if i >= end {
						return
					}
					errs[g] = once(&presented[i%int64(len(presented))])
				}
			})
		}
		crowd.Wait()
		taken.Store(end)
		return errors.Join(errs...)
	}
}
