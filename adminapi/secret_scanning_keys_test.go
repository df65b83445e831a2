package adminapi_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// askedKeys counts how often the function of the host is asked for each id, and answers with what the test sets.
type askedKeys struct {
	mu     sync.Mutex
	asked  map[string]int
	answer func(id string) (*ecdsa.PublicKey, error)
}

func (k *askedKeys) keys(_ context.Context, id string) (*ecdsa.PublicKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.asked == nil {
		k.asked = map[string]int{}
	}
	k.asked[id]++
	return k.answer(id)
}

func TestAnAnswerAboutAKeyHoldsForAMinute(t *testing.T) {
	tt, s := tokentest.New(t), newScanner(t)
	unknown := func(string) (*ecdsa.PublicKey, error) { return nil, fmt.Errorf("keys: %w", apitoken.ErrNotFound) }
	known := func(string) (*ecdsa.PublicKey, error) { return &s.private.PublicKey, nil }
	down := func(string) (*ecdsa.PublicKey, error) { return nil, errors.New("no route to host") }
	none := func(string) (*ecdsa.PublicKey, error) { return nil, nil }
	k := &askedKeys{}
	h := scanning(t, tt.Manager, adminapi.SecretScanningOptions{Keys: k.keys})
	for _, step := range []struct {
		after  time.Duration
		answer func(string) (*ecdsa.PublicKey, error)
		status int
		asked  int
	}{
		{0, unknown, 400, 1},
		{0, known, 400, 1}, // nobody is asked again
		{time.Minute - 1, known, 400, 1},
		{1, known, 200, 2}, // a minute later
		{time.Minute - 1, down, 200, 2},
		{1, down, 503, 3},
		{time.Minute - 1, known, 503, 3},
		{1, none, 400, 4},
		{time.Minute, known, 200, 5},
		{-time.Hour, known, 200, 6}, // the clock went backwards
	} {
		tt.Clock.Add(step.after)
		k.answer = step.answer
		w := respond(h, s.request(t, "[]"))
		if w.Code != step.status || k.asked["key-1"] != step.asked {
			t.Errorf("%s later: status %d and %d calls, want %d and %d: %s", step.after, w.Code, k.asked["key-1"], step.status, step.asked, w.Body)
		}
	}
}

func TestAKeyOnAnotherCurveIsAFailure(t *testing.T) {
	s := scannerOn(t, elliptic.P384())
	var reported error
	h := scanning(t, tokentest.New(t).Manager, adminapi.SecretScanningOptions{Keys: s.keys, OnError: func(_ *http.Request, err error) { reported = err }})
	wantProblem(t, http.StatusServiceUnavailable, "unavailable", respond(h, s.request(t, "[]")))
	if diff := cmp.Diff(`adminapi: secret scanning: the key: the key "key-1" is not on P-256`, fmt.Sprint(reported)); diff != "" {
		t.Errorf("OnError (-want +got):\n%s", diff)
	}
}

// Strangers send ten thousand ids. The function is asked about few of them, and the scanner that is known stays known.
func TestStrangersNeitherBurdenTheKeysNorKeepAScannerOut(t *testing.T) {
	tt, s := tokentest.New(t), newScanner(t)
	k := &askedKeys{answer: func(id string) (*ecdsa.PublicKey, error) { return s.keys(context.Background(), id) }}
	h := scanning(t, tt.Manager, adminapi.SecretScanningOptions{Keys: k.keys})
	wantStatus(t, http.StatusOK, respond(h, s.request(t, "[]")))
	for range 3 {
		tt.Clock.Add(time.Minute)
		wantProblem(t, http.StatusBadRequest, "signature_wrong", respond(h, scanRequest("key-1", "AA==", "[]")))
		tt.Clock.Add(time.Minute)
		before := len(k.asked)
		codes := map[int]int{}
		for i := range 10_000 {
			id := fmt.Sprintf("stranger-%d-%d", i, tt.Clock.Now().Unix())
			codes[respond(h, scanRequest(id, "AA==", "[]")).Code]++
		}
		if asked := len(k.asked) - before; asked > 64 || asked < 60 {
			t.Errorf("the function is asked for %d unknown ids in a minute, want at most 64; statuses %v", asked, codes)
		}
		wantStatus(t, http.StatusOK, respond(h, s.request(t, "[]")))
	}
}

// Two hundred requests with one unknown id arrive at the same time. They share one call.
func TestRequestsWithOneKeyShareOneCall(t *testing.T) {
	tt, s := tokentest.New(t), newScanner(t)
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		h := scanning(t, tt.Manager, adminapi.SecretScanningOptions{Keys: func(ctx context.Context, id string) (*ecdsa.PublicKey, error) {
			calls++
			time.Sleep(5 * time.Second)
			return s.keys(ctx, id)
		}})
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				if w := respond(h, s.request(t, "[]")); w.Code != http.StatusOK {
					t.Errorf("status %d, want 200: %s", w.Code, w.Body)
				}
			})
		}
		wg.Wait()
		if calls != 1 {
			t.Errorf("%d calls, want 1", calls)
		}
	})
}

// The function for keys does not return, and the requests wait no longer than it may take.
func TestAKeyThatTakesLongIsUnavailable(t *testing.T) {
	tt, s := tokentest.New(t), newScanner(t)
	synctest.Test(t, func(t *testing.T) {
		h := scanning(t, tt.Manager, adminapi.SecretScanningOptions{Keys: func(ctx context.Context, _ string) (*ecdsa.PublicKey, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		begun := time.Now()
		wantProblem(t, http.StatusServiceUnavailable, "unavailable", respond(h, s.request(t, "[]")))
		if took := time.Since(begun); took != 10*time.Second {
			t.Errorf("the response came after %s, want 10s", took)
		}
	})
}
