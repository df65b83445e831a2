package main

import (
	"maps"
	"sync"
	"time"
)

const (
	mostTries  = 10          // wrong passwords under one name
	triesRest  = time.Minute // after the first of them the count begins anew, whatever was tried meanwhile
	namesTried = 10_000      // names that are counted each by itself; all others together
)

// tries counts wrong passwords by name, also under names that nobody has. It keeps the count in memory: each replica of the
// host has its own.
type tries struct {
	mu     sync.Mutex
	counts map[string]count
	swept  time.Time // when counts that are over were last forgotten
}

type count struct {
	since time.Time
	n     int
}

func newTries() *tries { return &tries{counts: map[string]count{}} }

// take counts a try, or says that there were too many. Tries that are refused are not counted, so nobody keeps a name
// locked by going on.
func (t *tries) take(name string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	name = t.counted(name, now)
	c := t.present(name, now)
	if c.n >= mostTries {
		return false
	}
	c.n++
	t.counts[name] = c
	return true
}

// giveBack takes a try out of the count: it was none, for the password was right.
func (t *tries) giveBack(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.counts[name]; c.n > 1 {
		t.counts[name] = count{c.since, c.n - 1}
		return
	}
	delete(t.counts, name)
}

// full reports whether the next try will be refused.
func (t *tries) full(name string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.present(t.counted(name, now), now).n >= mostTries
}

func (t *tries) present(name string, now time.Time) count {
	c := t.counts[name]
	if now.Sub(c.since) >= triesRest {
		return count{since: now}
	}
	return c
}

// counted is under what a name is counted: itself, or where there is no room for more names, that of nobody.
func (t *tries) counted(name string, now time.Time) string {
	if _, ok := t.counts[name]; ok || len(t.counts) < namesTried {
		return name
	}
	if now.Sub(t.swept) >= time.Second { // not for each of the many names
		t.swept = now
		maps.DeleteFunc(t.counts, func(_ string, c count) bool { return now.Sub(c.since) >= triesRest })
	}
	if len(t.counts) < namesTried {
		return name
	}
	return ""
}
