package main

import "time"

// sweeper is how somebody who runs the database removes the tokens that have expired: some at a time, oldest first, each time
// in a transaction of its own, until none is left. Behind each he rests for a multiple of the time that it took.
type sweeper struct {
	statement string // the end of the tokens to remove, in Unix microseconds, and how many at most
	atOnce    int
	rest      time.Duration // how many times as long as the statement took
}

// sweepers are one for each engine.
//
// SQLite has one writer at a time, and one that finds it busy looks again after 1, 2, 5, 10, 15, 20, 25 ms and so on. So that
// hardly anybody finds it busy each time, it is free for most of the time. On the servers nobody waits for these rows; there it
// is the disk that the others wait for.
var sweepers = map[string]sweeper{
	"SQLite": {
		statement: `
DELETE FROM apitoken_tokens WHERE digest IN (
	SELECT digest FROM apitoken_tokens WHERE expires_at < ? ORDER BY expires_at LIMIT ?
)`,
		atOnce: 100,
		rest:   2,
	},
	"PostgreSQL": {
		statement: `
DELETE FROM apitoken_tokens WHERE digest IN (
	SELECT digest FROM apitoken_tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT $2
)`,
		atOnce: 250,
		rest:   1,
	},
	"MariaDB": {
		statement: `
DELETE FROM apitoken_tokens WHERE expires_at < ? ORDER BY expires_at LIMIT ?`,
		atOnce: 250,
		rest:   1,
	},
}
