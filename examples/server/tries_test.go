package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

var noon = time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC)

func TestTriesBeyondTheBurstComeOneEachInterval(t *testing.T) {
	p, now := newPace(10, 3*time.Second), noon
	for range 10 {
		if turn, ok := p.take("admin", now, 0); !ok || turn.wait != 0 {
			t.Fatal("a try within the burst has to wait")
		}
	}
	for range 100 {
		if turn, ok := p.take("admin", now, 2*time.Second); ok || turn.wait != 3*time.Second {
			t.Fatalf("a try beyond the burst is let through after %s", turn.wait)
		}
	}
	if _, ok := p.take(elsewhere(p, "admin"), now, 0); !ok {
		t.Error("another key has to wait")
	}
	turn, ok := p.take("admin", now, 3*time.Second)
	if !ok || turn.wait != 3*time.Second {
		t.Errorf("a patient try: %t after %s, want true after 3s: refused tries postpone nothing", ok, turn.wait)
	}
	n := 0
	for end := now.Add(time.Hour); now.Before(end); now = now.Add(100 * time.Millisecond) {
		if _, ok := p.take("admin", now, 0); ok {
			n++
		}
	}
	if want := 3600/3 - 1; n < want-1 || n > want+1 { // one was taken above
		t.Errorf("%d tries in an hour, want %d", n, want)
	}
}

// elsewhere returns a key that does not share the counter of another one.
func elsewhere(p *pace, than string) string {
	for i := 0; ; i++ {
		if key := fmt.Sprint("bob", i); p.counter(key) != p.counter(than) {
			return key
		}
	}
}

func TestTriesWithTheRightPasswordDoNotCount(t *testing.T) {
	p := newPace(10, 3*time.Second)
	for i := range 30 {
		turn, ok := p.take("admin", noon, 0)
		if !ok {
			t.Fatalf("sign-in %d is refused", i)
		}
		turn.giveBack()
	}
}

// A flood of names fills counters at random. It cannot aim at those of given names.
func TestTriesUnderManyNamesLeaveOthersAlone(t *testing.T) {
	p := newPace(10, 3*time.Second)
	for i := range 10 * len(p.next) {
		p.take(strconv.Itoa(i), noon, 0)
	}
	refused := 0
	for i := range 1000 {
		name := fmt.Sprint("real user ", i)
		turn, ok := p.take(name, noon, 0)
		if !ok {
			refused++
			continue
		}
		turn.giveBack()
		if again, ok := p.take(name, noon, 0); !ok || again.counter != turn.counter {
			t.Fatalf("%s: what was given back is not there", name)
		}
	}
	// Each counter was hit 10 times on average, so about half of them are full. That takes ten times as many tries as there
	// are counters within 30 seconds, each of which costs the server a hash of a password.
	if refused == 0 || refused > 700 {
		t.Errorf("%d of 1000 names are refused", refused)
	}
	flood := newPace(10, 3*time.Second)
	for i := range 10_000 { // fewer names than counters
		flood.take(strconv.Itoa(i), noon, 0)
	}
	for i := range 1000 {
		if _, ok := flood.take(fmt.Sprint("real user ", i), noon, 0); !ok {
			t.Fatal("a name is refused because others were tried")
		}
	}
}

// limitsApart returns limits that have a counter for each key of the tests below.
func limitsApart() *limits {
	for {
		l := newLimits()
		a := l.byAddress
		if l.byName.counter("admin") != l.byName.counter("bob") && a.counter("admin\x00203.0.113.1") != a.counter("admin\x00192.0.2.7") {
			return l
		}
	}
}

// try tries one wrong password.
func (l *limits) try(t *testing.T, name, address string, maxWait time.Duration) (admission, error) {
	t.Helper()
	return l.admit(t.Context(), name, "the proof", client{address: address, maxWait: maxWait})
}

func TestLimits(t *testing.T) {
	tooMany := func(err error) bool {
		var e *tooManyError
		return errors.As(err, &e)
	}
	tests := map[string]func(t *testing.T, l *limits){
		"a stranger elsewhere does not hold up the real user": func(t *testing.T, l *limits) {
			for range 50 {
				_, _ = l.try(t, "admin", "203.0.113.1", 0)
			}
			if _, err := l.try(t, "admin", "203.0.113.1", 0); !tooMany(err) {
				t.Errorf("the stranger's next try: %v", err)
			}
			if _, err := l.try(t, "admin", "192.0.2.7", 0); err != nil {
				t.Errorf("the real user: %v", err)
			}
		},
		"a client that waits gets through from the address of the stranger": func(t *testing.T, l *limits) {
			for range 50 {
				_, _ = l.try(t, "admin", "203.0.113.1", 0)
			}
			begun := time.Now()
			a, err := l.try(t, "admin", "203.0.113.1", basicMaxWait)
			if waited := time.Since(begun); err != nil || waited > 3*time.Second {
				t.Errorf("after %s: %v", waited, err)
			}
			l.succeeded(a, "admin", client{address: "203.0.113.1"})
		},
		"many addresses together are bounded, and do not delay a known address": func(t *testing.T, l *limits) {
			real := client{address: "192.0.2.7"}
			a, err := l.admit(t.Context(), "admin", "the proof", real)
			if err != nil {
				t.Fatal(err)
			}
			l.succeeded(a, "admin", real)
			let := 0
			for i := range 1000 {
				if _, err := l.try(t, "admin", "2001:db8:0:"+strconv.FormatInt(int64(i), 16)+"::/64", 0); err == nil {
					let++
				}
			}
			if let != 100 {
				t.Errorf("%d tries from 1000 addresses are let through, want 100", let)
			}
			if _, err := l.admit(t.Context(), "admin", "the proof", real); err != nil {
				t.Errorf("from where the real user has signed in before: %v", err)
			}
			if _, err := l.try(t, "bob", "198.51.100.9", 0); err != nil {
				t.Errorf("another name: %v", err)
			}
			time.Sleep(time.Minute)
			let = 0
			for i := range 1000 {
				if _, err := l.try(t, "admin", fmt.Sprint("later ", i), 0); err == nil {
					let++
				}
			}
			if let < 90 || let > 101 {
				t.Errorf("%d are let through a minute later, want about 100", let)
			}
		},
		"a known browser counts apart": func(t *testing.T, l *limits) {
			for range 50 {
				_, _ = l.try(t, "admin", "203.0.113.1", 0)
			}
			known := client{address: "203.0.113.1", proof: "the proof"}
			for i := range 10 {
				if _, err := l.admit(t.Context(), "admin", "the proof", known); err != nil {
					t.Fatalf("try %d: %v", i, err)
				}
			}
			if _, err := l.admit(t.Context(), "admin", "the proof", known); !tooMany(err) {
				t.Errorf("a known browser guesses on: %v", err)
			}
		},
		"a cookie that is not the proof makes no browser known": func(t *testing.T, l *limits) {
			for range 50 {
				_, _ = l.try(t, "admin", "203.0.113.1", 0)
			}
			for _, proof := range []string{"", "another", "the proo", "the proof ", "THE PROOF"} {
				stranger := client{address: "203.0.113.1", proof: proof}
				if _, err := l.admit(t.Context(), "admin", "the proof", stranger); !tooMany(err) {
					t.Errorf("%q: %v, want a refusal", proof, err)
				}
			}
			if _, err := l.admit(t.Context(), "admin", "", client{address: "203.0.113.1"}); !tooMany(err) {
				t.Errorf("an account without a proof: %v, want a refusal", err)
			}
		},
		"a try refused by one limit counts in none": func(t *testing.T, l *limits) {
			for i := range 100 {
				_, _ = l.try(t, "admin", strconv.Itoa(i), 0)
			}
			for range 20 {
				if _, err := l.try(t, "admin", "192.0.2.7", 0); !tooMany(err) {
					t.Fatalf("%v", err)
				}
			}
			time.Sleep(time.Minute)
			for i := range 10 {
				if _, err := l.try(t, "admin", "192.0.2.7", 0); err != nil {
					t.Errorf("try %d: %v", i, err)
				}
			}
		},
		"a client that is gone does not wait": func(t *testing.T, l *limits) {
			for range 50 {
				_, _ = l.try(t, "admin", "203.0.113.1", 0)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := l.admit(ctx, "admin", "the proof", client{address: "203.0.113.1", maxWait: time.Hour}); !errors.Is(err, context.Canceled) {
				t.Errorf("err = %v", err)
			}
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, limitsApart()) })
		})
	}
}
