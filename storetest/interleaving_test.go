package storetest_test

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/seed-d6cf0a46/apitoken"
)

// A race in a store is found only if another call comes between two of its steps. These tests do not leave that to the scheduler:
// under the rule that has to find the bug, a call is held between the steps until the other call has come. Under all other rules
// no call is held, because the other call may never come.

// underTest is the area and the rule for which the child process makes stores. The rules run one after the other.
var underTest string

// rule returns the area and the rule of a subtest of the suite.
func rule(t *testing.T) string {
	_, name, _ := strings.Cut(t.Name(), "/")
	return strings.ReplaceAll(name, "_", " ") // package testing replaces spaces by underscores
}

// meeting holds the first call for each key until a second one has come, so that both continue from the state before either of
// them wrote.
type meeting struct {
	under string // the rule
	mu    sync.Mutex
	first map[string]chan struct{}
}

func (m *meeting) attend(key string) {
	if underTest != m.under {
		return
	}
	m.mu.Lock()
	first, met := m.first[key]
	if !met {
		if m.first == nil {
			m.first = map[string]chan struct{}{}
		}
		first = make(chan struct{})
		m.first[key] = first
		m.mu.Unlock()
		<-first
		return
	}
	defer m.mu.Unlock()
	select {
	case <-first: // a third call, or a later one
	default:
		close(first)
	}
}

// hold holds the first call for each key until the key is released. Later calls for a released key are not held.
type hold struct {
	under string // the rule
	mu    sync.Mutex
	held  map[string]chan struct{}
}

// wait holds the call and reports whether it was held.
func (h *hold) wait(key string) bool {
	released, isFirst := h.begin(key)
	if isFirst {
		<-released
	}
	return isFirst
}

// begin holds the call without waiting: from now on a releaser releases it.
func (h *hold) begin(key string) (released <-chan struct{}, isFirst bool) {
	if underTest != h.under {
		return nil, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.held == nil {
		h.held = map[string]chan struct{}{}
	}
	if _, known := h.held[key]; known {
		return nil, false
	}
	c := make(chan struct{})
	h.held[key] = c
	return c, true
}

// releaser returns a function that releases the call that is held now. Taken when another call begins, it releases no call that
// is held only later: what the other call did may have come before all that the held one has read.
func (h *hold) releaser(key string) (release func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	released, known := h.held[key]
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if !known {
			return
		}
		select {
		case <-released:
		default:
			close(released)
		}
	}
}

// order lets calls for a key wait until another call for it is done.
type order struct {
	under string // the rule
	calls sync.Map
}

// signal is sent once to all who wait.
type signal struct {
	once sync.Once
	sent chan struct{}
}

func (o *order) call(key string) *signal {
	c, _ := o.calls.LoadOrStore(key, &signal{sent: make(chan struct{})})
	return c.(*signal)
}

func (o *order) done(key string) {
	c := o.call(key)
	c.once.Do(func() { close(c.sent) })
}

func (o *order) await(key string) {
	if underTest == o.under {
		<-o.call(key).sent
	}
}

// overtaking reads the revision of the policy and then inserts. The first insertion at each revision is held until the next
// policy was put and the tokens were read after that.
type overtaking struct {
	apitoken.Store
	inserting hold
	mu        sync.Mutex
	put       string // the revision before the last policy
}

func overtakePolicy(s apitoken.Store) apitoken.Store {
	return &overtaking{Store: s, inserting: hold{under: "concurrency/no token overtakes a policy"}}
}

func (o *overtaking) CreateToken(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
	if p, err := o.Policy(ctx); err != nil || p.Revision != rev {
		return o.Store.CreateToken(ctx, n, rev, e)
	}
	o.inserting.wait(revision(rev))
	return createAtAnyRevision(ctx, o.Store, n, e)
}

func (o *overtaking) PutPolicy(ctx context.Context, p apitoken.MaxLifetimePolicy, ifRevision int64, e apitoken.Event) error {
	err := o.Store.PutPolicy(ctx, p, ifRevision, e)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.put = revision(ifRevision)
	return err
}

func (o *overtaking) Tokens(ctx context.Context, q apitoken.TokenQuery) ([]apitoken.Token, error) {
	o.mu.Lock()
	defer o.inserting.releaser(o.put)()
	o.mu.Unlock()
	return o.Store.Tokens(ctx, q)
}

func revision(n int64) string { return strconv.FormatInt(n, 10) }
