package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

const (
	authenticators = 4                      // at one time
	thinking       = time.Millisecond       // of each before the next request; without, they would wait for the processor only
	generatorPause = 5 * time.Millisecond   // between two tokens
	longestStall   = 100 * time.Millisecond // that anybody should have to wait
)

// sweep removes the expired tokens while others authenticate and generate, and measures how long these have to wait: first for
// a while without, then with the sweep.
func (b *bench) sweep(ctx context.Context, h *host, now time.Time, presented []issued) error {
	var expired int
	count := func() error {
		return h.db.QueryRowContext(ctx, h.with(`SELECT count(*) FROM apitoken_tokens WHERE expires_at < ?`), now.UnixMicro()).Scan(&expired)
	}
	if err := count(); err != nil {
		return err
	}
	without, err := h.watch(ctx, presented, func(ctx context.Context) error {
		time.Sleep(4 * time.Duration(b.rounds) * b.slice)
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	toRemove := expired
	var batches []time.Duration
	with, err := h.watch(ctx, presented, func(ctx context.Context) (err error) {
		batches, err = h.removeExpired(ctx, now, toRemove)
		return err
	})
	if err != nil {
		return err
	}
	if err := count(); err != nil {
		return err
	}
	if expired != 0 {
		return fmt.Errorf("%d expired tokens are left", expired)
	}
	s := sweepers[h.name]
	t := table{
		title:   fmt.Sprintf("Removal of %d expired tokens of %d on %s", toRemove, b.rows, h.name),
		columns: []string{"number", "p50 ms", "p99 ms", "longest ms", fmt.Sprintf("above %s", longestStall)},
		note: fmt.Sprintf("%d at a time, with %d times as long a rest: %.1f s, of which %.1f s deleting.",
			s.atOnce, s.rest, with.took.Seconds(), sum(batches).Seconds()),
	}
	for _, c := range []struct {
		name string
		took []time.Duration
	}{
		{fmt.Sprintf("Authenticate, %d users, each %s after his last, beside Generate", authenticators, thinking), without.authenticate},
		{"Authenticate during the removal", with.authenticate},
		{fmt.Sprintf("Generate, each %s after the last, beside Authenticate", generatorPause), without.generate},
		{"Generate during the removal", with.generate},
		{"DELETE", batches},
	} {
		above := 0
		for _, took := range c.took {
			if took > longestStall {
				above++
			}
		}
		t.rows = append(t.rows, row{c.name, []string{
			fmt.Sprint(len(c.took)), millis(quantileOf(c.took, 0.50)), millis(quantileOf(c.took, 0.99)), millis(slices.Max(c.took)),
			fmt.Sprint(above),
		}})
	}
	b.tell(t, nil)
	b.stall(h.name+": the longest Authenticate during a removal", with.authenticate, without.authenticate)
	b.stall(h.name+": the longest Generate during a removal", with.generate, without.generate)
	return nil
}

func (b *bench) stall(name string, with, without []time.Duration) {
	longest := slices.Max(with)
	is := fmt.Sprintf("%s ms (without %s)", millis(longest), millis(slices.Max(without)))
	b.verdicts = append(b.verdicts, verdict(name, is, millis(longestStall)+" ms", longest <= longestStall))
}

// watched is how long each call took that was made while something went on, and how long that was.
type watched struct {
	authenticate, generate []time.Duration
	took                   time.Duration
}

// watch authenticates and generates while do does something.
func (h *host) watch(ctx context.Context, presented []issued, do func(context.Context) error) (w watched, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var others sync.WaitGroup
	ended := make(chan struct{})
	repeatedly := func(into *[]time.Duration, pause time.Duration, once func(i int) error) {
		others.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-ended:
					return
				default:
				}
				start := time.Now()
				if err := once(i); err != nil {
					stop(err)
					return
				}
				*into = append(*into, time.Since(start))
				time.Sleep(pause)
			}
		})
	}
	var took [authenticators][]time.Duration
	for a := range took {
		repeatedly(&took[a], thinking, func(i int) error {
			return present(context.Background(), h.m, &presented[(a*len(presented)/authenticators+i)%len(presented)])
		})
	}
	repeatedly(&w.generate, generatorPause, func(i int) error {
		owner := userID(i % users)
		name := fmt.Sprintf("continuous integration %d", time.Now().UnixNano())
		_, _, err := h.m.Generate(context.Background(), apitoken.As(owner), apitoken.GenerateParams{Owner: owner, Name: name})
		return err
	})
	start := time.Now()
	err = do(ctx)
	w.took = time.Since(start)
	close(ended)
	others.Wait()
	w.authenticate = slices.Concat(took[:]...)
	if cause := context.Cause(ctx); cause != nil {
		return w, cause
	}
	return w, err
}

// removeExpired does the work of somebody who runs the database, with a connection of his own.
func (h *host) removeExpired(ctx context.Context, now time.Time, expired int) (batches []time.Duration, err error) {
	db, err := h.open(ctx, h.database, waits)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	s := sweepers[h.name]
	for removed := 0; ; {
		start := time.Now()
		result, err := db.ExecContext(ctx, s.statement, now.UnixMicro(), s.atOnce)
		if err != nil {
			return nil, err
		}
		took := time.Since(start)
		batches = append(batches, took)
		n, err := result.RowsAffected()
		if err != nil {
			return nil, err
		}
		if removed += int(n); removed > expired {
			return nil, fmt.Errorf("%d tokens were removed, only %d have expired", removed, expired)
		}
		if n == 0 {
			return batches, nil
		}
		time.Sleep(s.rest * took)
	}
}

func sum(all []time.Duration) (total time.Duration) {
	for _, d := range all {
		total += d
	}
	return total
}

func millis(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	if ms < 10 {
		return fmt.Sprintf("%.2f", ms)
	}
	return fmt.Sprintf("%.0f", ms)
}
