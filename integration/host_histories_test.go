package integration_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// hostHistory is how hosts generate tokens in transactions that they hold, while the policy is changed.
type hostHistory struct {
	hostWithRows
	longest time.Duration // that a host holds a transaction, and that it pauses between two
	failed  atomic.Int64  // changes of the policy that failed because they waited for too long
}

// Once a change of the policy has returned, no token appears that exceeds it, however long the hosts hold their transactions.
func TestNoTransactionOfAHostOvertakesAPolicy(t *testing.T) {
	histories, longest := 2, 40*time.Millisecond
	if given := os.Getenv("APITOKEN_HOST_HISTORIES"); given != "" {
		var err error
		histories, err = strconv.Atoi(given)
		must(t, err)
		longest = 2 * time.Second
	} else {
		long(t)
	}
	const atOnce = 10
	for _, kind := range hostsOnServers {
		t.Run(kind.name, func(t *testing.T) {
			var turns sync.WaitGroup
			var failed, late atomic.Int64
			for worker := range min(atOnce, histories) {
				h := hostHistory{hostWithRows: newHostWithRows(t, kind, 4), longest: longest}
				turns.Go(func() {
					for i := worker; i < histories; i += atOnce {
						late.Add(int64(h.run(t, fmt.Sprint("history ", i))))
					}
					failed.Add(h.failed.Load())
				})
			}
			turns.Wait()
			t.Logf("%d histories: %d tokens were in flight when the policy changed, %d changes gave up", histories, late.Load(), failed.Load())
		})
	}
}

// run runs a history, and returns how many tokens were committed between the call of SetPolicy and its return.
func (h *hostHistory) run(t *testing.T, name string) (inFlight int) {
	ctx := context.WithoutCancel(t.Context())
	h.setMaximum(ctx, t, 24*time.Hour)
	var hosts sync.WaitGroup
	for host := range 2 {
		hosts.Go(func() {
			for i := range 3 {
				h.hold(ctx, t, fmt.Sprint(name, " ", host, " ", i))
			}
		})
	}
	time.Sleep(rand.N(h.longest))
	called := h.tokensOverAnHour(ctx, t)
	changed := h.setMaximum(ctx, t, time.Hour)
	returned := h.tokensOverAnHour(ctx, t)
	hosts.Wait()
	if ended := h.tokensOverAnHour(ctx, t); changed && ended != returned {
		t.Errorf("%s: %d tokens exceed the policy, %d did when its change returned", name, ended, returned)
	}
	return returned - called
}

// hold generates a token in a transaction that it holds.
func (h *hostHistory) hold(ctx context.Context, t *testing.T, name string) {
	tx, err := h.open(ctx, h.kind.isolation())
	if err != nil {
		t.Error(err)
		return
	}
	p := apitoken.GenerateParams{Owner: "bob", Name: name, Lifetime: 2 * time.Hour}
	_, _, err = h.m.WithStore(tx.view(h.store)).Generate(ctx, apitoken.As("bob"), p)
	if err != nil && !errors.Is(err, apitoken.ErrLifetime) && !errors.Is(err, apitoken.ErrUnavailable) {
		t.Errorf("%s: %v", name, err)
	}
	time.Sleep(rand.N(h.longest))
	if err := tx.commit(); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	time.Sleep(rand.N(h.longest))
}

// setMaximum changes the policy. It reports false if the change waited for hosts for too long.
func (h *hostHistory) setMaximum(ctx context.Context, t *testing.T, maximum time.Duration) (changed bool) {
	_, err := h.m.SetPolicy(ctx, apitoken.System(), apitoken.MaxLifetimePolicy{Max: maximum})
	if errors.Is(err, apitoken.ErrUnavailable) {
		h.failed.Add(1)
		return false
	}
	if err != nil {
		t.Error(err)
	}
	return err == nil
}

func (h *hostHistory) tokensOverAnHour(ctx context.Context, t *testing.T) int {
	n, err := h.m.CountTokens(ctx, apitoken.System(), apitoken.TokenQuery{Owner: "bob", LivesLongerThan: time.Hour + time.Minute})
	if err != nil {
		t.Error(err)
	}
	return n
}
