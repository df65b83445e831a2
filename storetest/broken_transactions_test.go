package storetest_test

import (
	"context"
	"math"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/seed-d6cf0a46/apitoken"
)

// brokenTransactions write a change and its event in two transactions.
func brokenTransactions() []broken {
	var cancelled, read []string
	for _, method := range []string{"CreateToken", "RevokeToken", "RevokeTokens", "CreateUser", "ChangeUser", "PutPolicy", "Remove", "Forget"} {
		cancelled = append(cancelled, "cancellation/"+method+" cancelled at each step")
		read = append(read, underReader(method))
	}
	return []broken{{
		"two transactions", "writes the event of a change in a transaction of its own, which may be cancelled",
		cancelled,
		func(s apitoken.Store) apitoken.Store {
			return newTwoTransactions(s, func(ctx context.Context) context.Context { return ctx })
		},
	}, {
		"two transactions to the end", "writes the event of a change in a transaction of its own, so that a reader finds the change alone",
		read,
		func(s apitoken.Store) apitoken.Store { return newTwoTransactions(s, context.WithoutCancel) },
	}}
}

// underReader is the rule that reads while the method writes.
func underReader(method string) string {
	return "concurrency/" + method + " shows its change with its event"
}

// twoTransactions stores the change with an event of another ID that it does not show. Then it stores the event.
type twoTransactions struct {
	shown
	later func(context.Context) context.Context // for the second transaction

	writing  sync.Mutex // one write at a time, so that a retry finds the first one's event
	hidden   sync.Map   // the IDs of the events that are not shown
	recorded sync.Map   // the IDs of those that were stored second
	gap      gap
}

func newTwoTransactions(s apitoken.Store, later func(context.Context) context.Context) *twoTransactions {
	a := &twoTransactions{later: later}
	a.shown = shown{Store: s, event: func(e *apitoken.Event) bool {
		_, hidden := a.hidden.Load(e.ID)
		return !hidden
	}}
	return a
}

func (a *twoTransactions) write(ctx context.Context, method string, e apitoken.Event, change func(apitoken.Event) error) error {
	a.writing.Lock()
	defer a.writing.Unlock()
	if _, again := a.recorded.Load(e.ID); again {
		return change(e)
	}
	first := e
	first.ID = apitoken.EventID(uuid.New())
	a.hidden.Store(first.ID, true)
	if err := change(first); err != nil {
		return err
	}
	second, changed := a.stored(first.ID) // as the change has filled it in
	if !changed {
		return nil
	}
	second.ID, second.Seq = e.ID, 0
	a.gap.wait(underReader(method))
	err := a.shown.Store.AppendEvents(a.later(ctx), []apitoken.Event{second})
	if err == nil {
		a.recorded.Store(e.ID, true)
	}
	return err
}

// stored returns an event that was stored just now. Only denials can have been stored since.
func (a *twoTransactions) stored(id apitoken.EventID) (apitoken.Event, bool) {
	latest, _ := a.shown.Store.Events(background, apitoken.EventQuery{NewestFirst: true, Limit: 100})
	for _, e := range latest {
		if e.ID == id {
			return e, true
		}
	}
	return apitoken.Event{}, false
}

func (a *twoTransactions) CreateToken(ctx context.Context, n apitoken.NewToken, rev int64, e apitoken.Event) error {
	return a.write(ctx, "CreateToken", e, func(e apitoken.Event) error { return a.shown.CreateToken(ctx, n, rev, e) })
}

func (a *twoTransactions) RevokeToken(ctx context.Context, id apitoken.TokenID, by apitoken.Revocation, e apitoken.Event) (changed bool, err error) {
	err = a.write(ctx, "RevokeToken", e, func(e apitoken.Event) error {
		changed, err = a.shown.RevokeToken(ctx, id, by, e)
		return err
	})
	return changed && err == nil, err
}

// RevokeTokens stores the last event second.
func (a *twoTransactions) RevokeTokens(ctx context.Context, by apitoken.Revocation, events []apitoken.Event) (revoked int, err error) {
	if len(events) == 0 {
		return 0, nil
	}
	last := len(events) - 1
	err = a.write(ctx, "RevokeTokens", events[last], func(e apitoken.Event) error {
		revoked, err = a.shown.RevokeTokens(ctx, by, append(slices.Clone(events[:last]), e))
		return err
	})
	if err != nil {
		return 0, err
	}
	return revoked, nil
}

func (a *twoTransactions) CreateUser(ctx context.Context, u apitoken.User, e apitoken.Event) (is apitoken.User, err error) {
	err = a.write(ctx, "CreateUser", e, func(e apitoken.Event) error {
		is, err = a.shown.CreateUser(ctx, u, e)
		return err
	})
	return is, err
}

func (a *twoTransactions) ChangeUser(
	ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event,
) (is apitoken.User, err error) {
	err = a.write(ctx, "ChangeUser", e, func(e apitoken.Event) error {
		is, err = a.shown.ChangeUser(ctx, id, c, e)
		return err
	})
	return is, err
}

func (a *twoTransactions) PutPolicy(ctx context.Context, p apitoken.MaxLifetimePolicy, ifRevision int64, e apitoken.Event) error {
	return a.write(ctx, "PutPolicy", e, func(e apitoken.Event) error { return a.shown.PutPolicy(ctx, p, ifRevision, e) })
}

func (a *twoTransactions) Remove(ctx context.Context, r apitoken.Removal, e apitoken.Event) (removed apitoken.Removed, err error) {
	err = a.write(ctx, "Remove", e, func(e apitoken.Event) error {
		removed, err = a.shown.Remove(ctx, r, e)
		return err
	})
	return removed, err
}

func (a *twoTransactions) Forget(ctx context.Context, f apitoken.Forgetting, e apitoken.Event) (rows int, err error) {
	err = a.write(ctx, "Forget", e, func(e apitoken.Event) error {
		rows, err = a.shown.Forget(ctx, f, e)
		return err
	})
	return rows, err
}

func (a *twoTransactions) Events(ctx context.Context, q apitoken.EventQuery) ([]apitoken.Event, error) {
	defer a.gap.read()
	if !q.NewestFirst {
		return a.shown.Events(ctx, q)
	}
	q.NewestFirst = false
	after, limit := q.After, q.Limit
	q.After, q.Limit = 0, math.MaxInt
	page, err := a.shown.Events(ctx, q)
	if after > 0 {
		page = slices.DeleteFunc(page, func(e apitoken.Event) bool { return e.Seq >= after })
	}
	slices.Reverse(page)
	return page[:min(limit, len(page))], err
}

// gap holds a write between its transactions until the events have been read twice. A reader who reads the change and then
// the events may have read the change before the gap; the second time they have not.
type gap struct {
	mu    sync.Mutex
	held  chan struct{} // nil: no write is held
	reads int
}

func (g *gap) wait(under string) {
	if underTest != under {
		return
	}
	g.mu.Lock()
	held := make(chan struct{})
	g.held, g.reads = held, 0
	g.mu.Unlock()
	<-held
}

func (g *gap) read() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held == nil {
		return
	}
	if g.reads++; g.reads == 2 {
		close(g.held)
		g.held = nil
	}
}
