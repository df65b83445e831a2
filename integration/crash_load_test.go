package integration_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// load is a number of clients that work on the replicas of a host concurrently, while servers fail.
type load struct {
	books    books
	clients  []*client
	replicas []*apitoken.Manager
	outages  []*outage     // one of each replica's server
	limit    time.Duration // for a condition

	mu            sync.Mutex
	changed       *sync.Cond // signals changes of the following fields
	acknowledged  int        // changes
	authenticated int        // tokens that were presented
	uncertain     int        // changes whose outcome is unknown
	unavailable   int        // calls without effect
	wrong         []string   // answers that no failure explains
}

const (
	boss           = apitoken.UserID("boss") // an administrator
	usersOfClient  = 2
	longestOutcome = 30 * time.Second // of a call
	longestWait    = time.Minute      // for a condition
)

// newLoad provisions the users of the clients. Each client works on one of the replicas, and presents tokens to all of them.
func newLoad(t *testing.T, clients int, stores []apitoken.Store) *load {
	t.Helper()
	l := &load{limit: longestWait}
	l.changed = sync.NewCond(&l.mu)
	for _, store := range stores {
		l.outages = append(l.outages, new(outage))
		l.replicas = append(l.replicas, newReplica(t, store))
	}
	putUser(t, l.replicas[0], apitoken.User{ID: boss, Role: apitoken.RoleAdmin})
	for i := range clients {
		var users []apitoken.UserID
		for j := range usersOfClient {
			users = append(users, apitoken.UserID(fmt.Sprintf("user-%d-%d", i, j)))
			putUser(t, l.replicas[0], apitoken.User{ID: users[j]})
		}
		c := &client{load: l, number: i, replica: i % len(stores), ledger: newLedger(users...)}
		l.clients = append(l.clients, c)
		l.books.ledgers = append(l.books.ledgers, c.ledger)
	}
	return l
}

// newReplica makes a Manager that writes uses very often, as one more kind of change that a crash can interrupt.
func newReplica(t *testing.T, store apitoken.Store) *apitoken.Manager {
	t.Helper()
	m, err := apitoken.New(store, &apitoken.Options{LastUsedInterval: 20 * time.Millisecond})
	must(t, err)
	t.Cleanup(func() { _ = m.Close(context.Background()) }) // it fails after a crash
	return m
}

// useStores replaces the stores of the replicas.
func (l *load) useStores(t *testing.T, stores []apitoken.Store) {
	t.Helper()
	for i, store := range stores {
		_ = l.replicas[i].Close(t.Context())
		l.replicas[i] = newReplica(t, store)
	}
}

// start runs the clients until stop is called or the test ends.
func (l *load) start(t *testing.T) (stop func()) {
	stopped := make(chan struct{})
	var working sync.WaitGroup
	for _, c := range l.clients {
		working.Go(func() {
			for {
				select {
				case <-stopped:
					return
				default:
				}
				if failed := c.act(); failed {
					l.count(func() { c.failures++ })
					l.outages[c.replica].wait(stopped)
				}
			}
		})
	}
	stop = sync.OnceFunc(func() {
		close(stopped)
		working.Wait()
	})
	t.Cleanup(stop)
	return stop
}

// count updates the fields that mu guards.
func (l *load) count(enter func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	enter()
	l.changed.Broadcast()
}

// await waits for a condition. A wrong answer ends the test.
func (l *load) await(t *testing.T, what string, met func() bool) {
	t.Helper()
	late := false
	alarm := time.AfterFunc(l.limit, func() { l.count(func() { late = true }) })
	defer alarm.Stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	for !met() {
		if len(l.wrong) > 0 {
			t.Fatalf("%s\n%s", l.figures(), strings.Join(l.wrong, "\n"))
		}
		if late {
			t.Fatalf("not within %v: %s; %s", l.limit, what, l.figures())
		}
		l.changed.Wait()
	}
}

// awaitAcknowledged waits for that many more acknowledged changes.
func (l *load) awaitAcknowledged(t *testing.T, more int) {
	t.Helper()
	l.mu.Lock()
	enough := l.acknowledged + more
	l.mu.Unlock()
	l.await(t, fmt.Sprintf("%d more changes", more), func() bool { return l.acknowledged >= enough })
}

// since reads a counter of each of the clients. higher returns the number of clients whose counter has grown since; await
// may call it.
func (l *load) since(clients []*client, figure func(*client) int) (higher func() int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	then := make([]int, len(clients))
	for i, c := range clients {
		then[i] = figure(c)
	}
	return func() (n int) {
		for i, c := range clients {
			if figure(c) > then[i] {
				n++
			}
		}
		return n
	}
}

// awaitEach waits for a further acknowledged change of each of the clients.
func (l *load) awaitEach(t *testing.T, clients []*client) {
	t.Helper()
	acknowledged := l.since(clients, (*client).changes)
	l.await(t, "a change of each client", func() bool { return acknowledged() == len(clients) })
}

// awaitFailures waits until that many of the clients have failed once more.
func (l *load) awaitFailures(t *testing.T, clients []*client, n int) {
	t.Helper()
	failed := l.since(clients, (*client).failed)
	l.await(t, fmt.Sprintf("a failure of %d clients", n), func() bool { return failed() >= n })
}

// goWithout stops the server of all replicas, and starts it or another one once that many clients have failed.
func (l *load) goWithout(t *testing.T, noticed int, takeAway, bringBack func() error) {
	t.Helper()
	for _, o := range l.outages {
		o.begin()
		defer o.end()
	}
	failed := l.since(l.clients, (*client).failed)
	must(t, takeAway())
	l.await(t, fmt.Sprintf("a failure of %d clients", noticed), func() bool { return failed() >= noticed })
	must(t, bringBack())
}

// settle reports wrong answers and audits the books, while no client works.
func (l *load) settle(t *testing.T, d database, last bool) {
	t.Helper()
	for _, wrong := range l.wrong {
		t.Error(wrong)
	}
	l.wrong = nil
	// A server of PostgreSQL goes on with a statement whose client has gone, and so does a node of a cluster that another one outlives.
	// No lock keeps a reader from missing it. On one server of MySQL the row of such a COMMIT is locked.
	l.books.late = d.driver == "pgx" || len(d.dsns) > 1
	d.visit(t, func(m *apitoken.Manager) { l.books.settle(t, m, last) })
}

func (l *load) figures() string {
	return fmt.Sprintf("%d changes acknowledged, %d of unknown outcome, %d calls without effect, %d tokens presented",
		l.acknowledged, l.uncertain, l.unavailable, l.authenticated)
}

// outage is the time in which a server is down. A client that failed waits for its end.
type outage struct {
	mu   sync.Mutex
	over chan struct{} // nil: there is none
}

func (o *outage) begin() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over = make(chan struct{})
}

func (o *outage) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.over)
	o.over = nil
}

// now reports whether the server is down, and returns the channel that is closed when it is up again.
func (o *outage) now() (over chan struct{}, away bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.over, o.over != nil
}

func (o *outage) wait(stopped <-chan struct{}) {
	over, away := o.now()
	if !away {
		return
	}
	select {
	case <-over:
	case <-stopped:
	}
}
