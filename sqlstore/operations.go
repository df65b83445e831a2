package sqlstore

import "context"

// operations are the methods of [apitoken.Store] that [Store] and [Tx] share: they do the same in a transaction of the store
// and in one of the host.
type operations struct{ runner }

// runner runs work in a session.
type runner interface {
	// change runs do so that all or nothing of it is written.
	change(ctx context.Context, what string, do work) error

	// changeLocked is change for work that decides by rows that it locks, one at a time, at whatever level of isolation.
	changeLocked(ctx context.Context, what string, do work) error

	// changeAtOnce is change for work whose last query does all of the writing.
	changeAtOnce(ctx context.Context, what string, do work) error

	// has reports whether the dialect has a query that may be empty.
	has(q query) bool

	// read runs do, which reads with one query or two.
	read(ctx context.Context, what string, do work) error
}

// work is what is done in a session. It may run again, so it sets all of its results in each run.
type work func(context.Context, session) error
