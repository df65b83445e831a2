package cachestore_test

import (
	"errors"
	"math/rand/v2"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// Two replicas, reads and polls of random length, and polls that fail. A token that was revoked elsewhere longer than MaxStale
// ago is never accepted, and one that was not revoked is never refused.
func TestHistoriesKeepTheBound(t *testing.T) {
	const maxStale = time.Second
	accepted, stale := 0, 0
	for seed := range uint64(100) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			inBubble(t, nil, func(s *site) {
				random := newRandom(seed)
				s.behind.set(hooks{
					beforeLookup: func() { time.Sleep(random.upTo(50 * time.Millisecond)) },
					afterLookup:  func() { time.Sleep(random.upTo(1500 * time.Millisecond)) },
					beforeEvents: func() error { return random.trouble() },
					afterEvents:  func() error { return random.trouble() },
				})
				for range 20 {
					a, b := s.history(random, maxStale)
					accepted, stale = accepted+a, stale+b
				}
			})
		})
	}
	t.Logf("%d times accepted, %d of them after the revocation elsewhere had returned, none of them later than MaxStale", accepted, stale)
	if stale == 0 {
		t.Error("no revocation elsewhere went unnoticed for a moment, so the histories try nothing")
	}
}

// history is the life of a token: four users of it here, and its revocation elsewhere at a random time.
func (s *site) history(random *random, maxStale time.Duration) (accepted, stale int) {
	s.t.Helper()
	ctx := s.t.Context()
	token, secret, err := s.elsewhere.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: "bob", Name: "h" + strconv.FormatUint(random.next(), 36)})
	if err != nil {
		s.t.Fatal(err)
	}
	var revoked time.Time
	type use struct {
		at  time.Time
		err error
	}
	uses := make(chan use, 1000)
	for range 4 {
		go func() {
			defer func() { uses <- use{} }()
			for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(random.upTo(100 * time.Millisecond)) {
				u := use{at: time.Now()}
				_, u.err = s.here.Authenticate(ctx, secret.Reveal())
				uses <- u
			}
		}()
	}
	time.Sleep(random.upTo(2 * time.Second))
	if err := s.elsewhere.Revoke(ctx, apitoken.System(), token.ID); err != nil {
		s.t.Fatal(err)
	}
	revoked = time.Now()
	for ended := 0; ended < 4; {
		u := <-uses
		switch {
		case u.at.IsZero():
			ended++
		case u.err == nil:
			accepted++
			if u.at.After(revoked) {
				stale++
			}
			if late := u.at.Sub(revoked); late > maxStale {
				s.t.Fatalf("accepted %s after the revocation had returned, at most %s is allowed", late, maxStale)
			}
		case !errors.Is(u.err, apitoken.ErrRevoked):
			s.t.Fatalf("error is %v, want ErrRevoked", u.err)
		case u.at.Before(revoked.Add(-2 * time.Second)):
			s.t.Fatalf("refused %s before the revocation", revoked.Sub(u.at))
		}
	}
	synctest.Wait()
	return accepted, stale
}

// random is for the goroutines of one bubble.
type random struct {
	turn chan struct{}
	from *rand.Rand
}

func newRandom(seed uint64) *random {
	r := &random{turn: make(chan struct{}, 1), from: rand.New(rand.NewPCG(seed, 1))}
	r.turn <- struct{}{}
	return r
}

func (r *random) next() uint64 {
	<-r.turn
	defer func() { r.turn <- struct{}{} }()
	return r.from.Uint64()
}

func (r *random) upTo(d time.Duration) time.Duration { return time.Duration(r.next() % uint64(d)) }

// trouble takes a while, and fails one time in five.
func (r *random) trouble() error {
	time.Sleep(r.upTo(700 * time.Millisecond))
	if r.next()%5 == 0 {
		return errors.New("the poll fails")
	}
	return nil
}
