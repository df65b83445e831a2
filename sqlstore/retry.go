package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// retry calls try again while the database is busy, or if a prepared statement was lost. It returns the error of the last try.
func (s *Store) retry(ctx context.Context, try func() error) error {
	b := newBackoff(busyTimeout)
	for lost := 0; ; {
		err := try()
		switch {
		case err == nil || isResult(err):
			return err
		case s.dialect.isStatementLost(err) && lost < maxLostStatements:
			lost++
			continue
		case !s.dialect.busy(err):
			return s.dialect.withPoolerAdvice(err)
		}
		if waitErr := b.wait(ctx); waitErr != nil {
			return fmt.Errorf("%w: %w", waitErr, err)
		}
	}
}

// backoff is the pauses between retries, and when they end.
type backoff struct {
	deadline time.Time
	pause    time.Duration
}

const (
	shortestPause = time.Millisecond      // before the first retry
	longestPause  = 64 * time.Millisecond // the pauses double up to this
)

func newBackoff(timeout time.Duration) *backoff {
	return &backoff{deadline: time.Now().Add(timeout), pause: shortestPause}
}

var errRetryTimeout = errors.New("retries timed out")

// wait pauses before the next try, each time longer and with jitter. It returns an error if there is to be no next try.
func (b *backoff) wait(ctx context.Context) error {
	if !time.Now().Before(b.deadline) {
		return errRetryTimeout
	}
	pause := b.pause/2 + rand.N(b.pause/2)
	b.pause = min(2*b.pause, longestPause)
	return sleep(ctx, pause)
}

// sleep waits for d, or until the context ends, which is an error.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// preferContextError returns the error of the caller's context if that is why a call failed, and not that of a context derived
// from it. A driver need not tell: some report a context that ends at the wrong moment as a broken connection.
func preferContextError(ctx context.Context, err error) error {
	ended := ctx.Err()
	switch {
	case ended == nil || isResult(err):
		return err
	case errors.Is(err, context.Canceled):
		return ended
	}
	return fmt.Errorf("%w: %w", ended, err)
}
