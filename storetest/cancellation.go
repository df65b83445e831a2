package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// cancellationRules are about a context that ends before or during a call.
func cancellationRules() []rule {
	var rules []rule
	for _, w := range writes() {
		rules = append(rules, rule{
			w.name + " with a cancelled context is atomic",
			"With a cancelled context a write either succeeds completely, or changes nothing and returns an error that is neither a " +
				"refusal nor ErrUncertain. The store works afterwards.",
			func(f *fixture) { cancelledWrite(f, w.prepare(f)) },
		})
	}
	for _, r := range reads() {
		rules = append(rules, rule{
			r.name + " with a cancelled context does not report a missing row",
			"With a cancelled context a read returns the rows, or an error that does not say that they are missing.",
			func(f *fixture) { cancelledRead(f, r.read) },
		})
	}
	for _, w := range rowWrites() {
		rules = append(rules, rule{
			w.name + " cancelled while it runs",
			"A write whose context is cancelled while it runs is stored with its event if it returns nil, and has changed nothing if it " +
				"returns an error; if that is ErrUncertain, it is one or the other.",
			func(f *fixture) { f.cancelMany(w.prepare) },
		})
	}
	return rules
}

// isRefusal reports whether an error says something about the rows, which the error of a failing store must not.
func isRefusal(err error) bool {
	return errors.Is(err, apitoken.ErrNotFound) || errors.Is(err, apitoken.ErrExists) || errors.Is(err, apitoken.ErrConflict)
}

// preparedWrite is a write of one method, on rows that prepare has stored.
type preparedWrite struct {
	name    string
	prepare func(f *fixture) func(context.Context) error
}

// writes returns a write of each method.
func writes() []preparedWrite {
	var all []preparedWrite
	for _, w := range recordedWrites() {
		if w.name != "Remove" { // which also removes events here
			all = append(all, preparedWrite{w.name, func(f *fixture) func(context.Context) error { return w.prepare(f, 0).write }})
		}
	}
	return append(all, preparedWrite{"Touch", func(f *fixture) func(context.Context) error {
		f.addUser("ada")
		touches := []apitoken.Touch{{Token: f.addToken("ada", "a").ID, At: base}, {Token: f.addToken("ada", "b").ID, At: base}}
		return func(ctx context.Context) error { return f.store.Touch(ctx, touches) }
	}}, preparedWrite{"Remove", func(f *fixture) func(context.Context) error {
		f.addUser("ada")
		r, e := apitoken.Removal{Tokens: []apitoken.TokenID{f.addToken("ada", "a").ID}, EventsTo: 1}, removing()
		f.feed() // so that the events have their numbers
		return func(ctx context.Context) error {
			_, err := f.store.Remove(ctx, r, e)
			return err
		}
	}}, preparedWrite{"AppendEvents", func(f *fixture) func(context.Context) error {
		events := []apitoken.Event{denied("ada"), denied("bob")}
		return func(ctx context.Context) error { return f.store.AppendEvents(ctx, events) }
	}})
}

func cancelledWrite(f *fixture, write func(context.Context) error) {
	ctx, cancel := context.WithCancel(f.Context())
	cancel()
	before := f.everything()
	if err := write(ctx); err != nil {
		if isRefusal(err) || errors.Is(err, apitoken.ErrUncertain) {
			f.broken("error %v, want one that is neither a refusal nor ErrUncertain", err)
		}
		wantEqual(f, "the store after a write that failed", before, f.everything())
		f.must("the write with an active context", write(f.Context()))
	}
	if cmp.Equal(before, f.everything(), exactly) {
		f.broken("a write that returned nil has changed nothing")
	}
	f.wantRefused("the write again after it succeeded", nil, func() error { return write(f.Context()) })
}

// preparedRead is a read of each method on one user and one token. It reports whether it found the row.
type preparedRead struct {
	name string
	read func(f *fixture, ctx context.Context, n apitoken.NewToken) (found bool, err error)
}

func reads() []preparedRead {
	return []preparedRead{
		{"Lookup", func(f *fixture, ctx context.Context, n apitoken.NewToken) (bool, error) {
			rec, err := f.store.Lookup(ctx, n.Digest)
			return err != nil || rec.Token.ID == n.ID, err
		}},
		{"Token", func(f *fixture, ctx context.Context, n apitoken.NewToken) (bool, error) {
			rec, err := f.store.Token(ctx, n.ID)
			return err != nil || rec.Token.ID == n.ID, err
		}},
		{"User", func(f *fixture, ctx context.Context, n apitoken.NewToken) (bool, error) {
			u, err := f.store.User(ctx, n.Owner)
			return u.ID == n.Owner, err
		}},
		{"Policy", func(f *fixture, ctx context.Context, _ apitoken.NewToken) (bool, error) {
			p, err := f.store.Policy(ctx)
			return p.Revision == 1, err
		}},
		{"Tokens", func(f *fixture, ctx context.Context, _ apitoken.NewToken) (bool, error) {
			page, err := f.store.Tokens(ctx, apitoken.TokenQuery{AnyOwner: true, Limit: wholePage}.At(base))
			return len(page) == 1, err
		}},
		{"ScanTokens", func(f *fixture, ctx context.Context, _ apitoken.NewToken) (bool, error) {
			page, err := f.pager().ScanTokens(ctx, apitoken.TokenQuery{AnyOwner: true, Limit: wholePage}.At(base), allRows)
			return len(page.Tokens) == 1 && page.Next.IsZero(), err
		}},
		{"Users", func(f *fixture, ctx context.Context, _ apitoken.NewToken) (bool, error) {
			page, err := f.store.Users(ctx, apitoken.UserQuery{Limit: wholePage})
			return len(page) == 1, err
		}},
		{"Events", func(f *fixture, ctx context.Context, _ apitoken.NewToken) (bool, error) {
			page, err := f.store.Events(ctx, apitoken.EventQuery{Limit: wholePage})
			return len(page) == 3, err
		}},
	}
}

func cancelledRead(f *fixture, read func(*fixture, context.Context, apitoken.NewToken) (bool, error)) {
	f.addUser("ada")
	f.setPolicy()
	n := f.addToken("ada", "a")
	ctx, cancel := context.WithCancel(f.Context())
	cancel()
	found, err := read(f, ctx, n)
	switch {
	case err == nil && !found:
		f.broken("the read returns no error and no row")
	case isRefusal(err):
		f.broken("error %v, want one that is neither a refusal nor ErrUncertain", err)
	}
	found, err = read(f, f.Context(), n)
	if err != nil || !found {
		f.broken("with an active context the read finds the row: %v, error %v", found, err)
	}
}

// cancelMany cancels writes at different moments and then checks what they have written. The moments come by chance, also while a
// server works; stepRules goes through those of the store itself.
func (f *fixture) cancelMany(prepare func(f *fixture, i int) attempt) {
	f.Helper()
	const tries = 4
	attempts, errs := make([]attempt, tries), make([]error, tries)
	for i := range tries {
		attempts[i] = prepare(f, i)
		ctx, cancel := context.WithCancel(f.Context())
		cancelled := make(chan struct{})
		go func() {
			cancel()
			close(cancelled)
		}()
		errs[i] = attempts[i].write(ctx)
		<-cancelled
	}
	feed := eventIDs(f.feed())
	for i, a := range attempts {
		done, recorded := a.done(), slices.Contains(feed, a.event.ID)
		switch err := errs[i]; {
		case isRefusal(err):
			f.broken("error %v, want one that is no refusal, or ErrUncertain", err)
		case done != recorded:
			f.broken("row written: %v, event written: %v, error %v", done, recorded, err)
		case err == nil && !done:
			f.broken("the write returned nil and was not stored")
		case err != nil && !errors.Is(err, apitoken.ErrUncertain) && done:
			f.broken("the write returned %v and was stored", err)
		}
	}
	for i, a := range attempts {
		f.must(fmt.Sprintf("write %d again", i), a.write(f.Context()))
		if !a.done() {
			f.broken("write %d was not stored with an active context", i)
		}
	}
}
