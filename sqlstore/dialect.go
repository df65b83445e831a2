package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"math/bits"
	"strings"
)

// Dialect is the SQL of one kind of database and what else is particular to it: its page of queries, the form of its
// placeholders, the codes of its errors. Use the values of this package.
//
// The SQL is written with the default table prefix, so that it can be read and tried as it stands. New puts the host's
// prefix in its place.
type Dialect struct {
	name           string
	prefix         string // of the tables
	reservedPrefix string // no table may begin with it

	migrations string // the folder of its migrations
	queries    [numQueries]string
	list       listing
	feed       eventListing
	touch      perRow // sets times of last use where apitoken.Touch.Moves does: id, time, apitoken.Touch.Ahead
	number     perRow // numbers events, where numberEvents is empty: insertion number, number

	// placeholder is the n-th parameter, from 1, of a query that is put together from parts. The parts write "?". A query
	// of the page is sent as it is written, with the dialect's own placeholders.
	placeholder func(n int) string

	// begin opens a transaction. Nil: the database's default.
	begin *sql.TxOptions

	// busy recognises an error after which the transaction has written nothing, also where it answered the COMMIT, and
	// the whole transaction may be tried again.
	busy func(error) bool

	// refused recognises an answer to the COMMIT, other than busy, that says for certain that nothing was written. Nil: none
	// does.
	refused func(error) bool

	// duplicate recognises the refusal of a row whose key is there already. Nil: such an INSERT is no error and changes
	// no row.
	duplicate func(error) bool

	// lost recognises that a connection does not know a prepared statement any more, or that the tables have changed below
	// it. The statement is prepared anew, and the transaction tried again: the database has undone it, or is told to. Nil:
	// no statement is ever lost.
	lost func(error) bool

	// pooled recognises an error that a pooler causes which hands a connection to another client after each transaction,
	// and unpooled says what to set then.
	pooled   func(error) bool
	unpooled string

	// A change of the schema waits for the transactions that use the table, and keeps all others from it meanwhile.
	// limitWait keeps that wait short, to the end of the transaction or until unlimitWait is sent. Then the answer is
	// an error that waitedLong recognises, and the step is tried again later. openTransactions answers with a text that names
	// what it may have waited for. Empty: readers are never kept waiting.
	limitWait, unlimitWait string
	waitedLong             func(error) bool
	openTransactions       string

	// findIndex answers whether the index of a name is valid, if it is there. Empty: no index is made by anybody else.
	findIndex string

	// ddlCommits says that every statement of the schema commits by itself, so that a step may be cut short anywhere.
	ddlCommits bool

	// made recognises the refusal of a change of the schema that was made before. Nil: there is no such refusal.
	made func(error) bool

	// durability says what the database's settings lack for what is acknowledged to stay.
	durability func(context.Context, querier) (missing []string, err error)

	// oneWriter says that the database takes one writer at a time. The store's own writers then queue up here, first come,
	// first served: a database whose waiters ask over and over lets the unlucky ones wait for ever.
	oneWriter bool

	// insist is sent as a statement, again and again, in place of a COMMIT that was answered busy before. Empty: there is
	// nothing like it. SQLite without WAL cannot commit while somebody reads. A COMMIT that waits keeps new readers out,
	// but only as long as the transaction stays open, and when their Commit fails the drivers roll it back.
	insist string

	// local says that no network is between the host and its data. A COMMIT is then waited for, and a lookup that need not
	// wait goes on though its context ends (see lookupLocal).
	local bool
}

// query names one query of the page that every dialect has. Those that say so are empty in some.
type query int

// The queries, with their parameters in order and what they answer.
const (
	// The schema.
	findVersions query = iota // -> whether there is the table of versions
	lastVersion               // -> the highest version
	findFault                 // -> why the connections of the pool will not do; an empty text: they will; may be empty
	lockSchema                // lets one at a time change the schema, to the end of the transaction; may be empty
	makeVersions              // makes the table of versions if it is not there
	claimVersion              // version; changes nothing if it is there

	// Tokens. A record is what recordInto reads.
	lookupToken // digest -> record, with a revocation of the token itself
	readToken   // id -> record, with a revocation also of its epoch
	freeName    // owner, name, now, epoch; frees the name if its holder has expired or is of an earlier epoch
	findDead    // owner, name, now, epoch -> is there something for freeName to free?
	admitToken  // digest, id, owner, creator -> token is there?, policy revision, owner is there?, creator's revision or 0. No change of the policy overtakes it.
	insertToken // as insertTokenArgs; changes nothing if a key is there
	revokeToken // at, by, id; changes nothing if the token is revoked, itself or with its epoch
	findRevoked // id, event id -> token is there?, event is there?
	countEnds   // from, to, limit -> how many tokens end from the one time on and before the other, up to the limit

	// Users. A user is what userInto reads.
	readUser   // id -> user
	listUsers  // after, text that the id or the name contains, again, limit -> users
	insertUser // id, name, role, created, disabled, id, id; at an epoch above all that are left of the id; changes nothing if it is there
	lockUser   // id -> user, whom no other transaction changes before this one ends
	updateUser // name, role, disabled, epoch, revision, id
	endEpoch   // owner, epoch that begins, at, by; changes nothing if it has begun before
	endLeft    // at, by, owner; ends the epochs of all tokens that are left of the owner, if they have not ended before

	// The policy. There is always one row.
	readPolicy   // -> maximum, updated at, updated by, revision
	lockPolicy   // keeps new transactions from the policy, so that a stream of them does not hold up a change; may be empty
	updatePolicy // maximum, updated at, updated by, revision, revision before

	// Events. Those of the feed are empty where an event is numbered when it is inserted.
	insertEvent    // as insertEvent; changes nothing if the id is there
	findUnnumbered // -> whether there are committed events without a number
	lockFeed       // -> the last number that was given; one at a time, to the end of the transaction
	numberEvents   // how many at most, last number; numbers events from the one behind it on; or empty, and
	listUnnumbered // how many at most -> the insertion numbers of committed events without a number; may be empty
	moveFeed       // how many were numbered

	// confirm writes something without changing anything. The COMMIT then is acknowledged only when everything before it
	// is as safe as the server is set to make it. Empty: what can be read is safe.
	confirm

	numQueries
)

// listing is the query of a page of tokens in parts.
type listing struct {
	from  string // everything up to the first condition
	ids   string // the same for the ids alone
	count string // the same for their number

	// A page is read along one index, which gives the tokens in the order of their ids, from one on and no further than to
	// another. So that the planner takes that index whatever it believes of the rows, filters are written such that no index
	// serves them.
	all       walk
	owner     walk
	resource  walk // of tokens that are bound to something
	createdBy walk
	parent    walk // tokens that were generated with a token
	rareKind  walk // a kind other than the usual one
	endless   walk
	filter    filters

	limit  string // the rows of a page
	lastOf string // how many rows to pass over, and two rows

	few few
}

// walk is the part of an index behind a row and up to another, which is included. One of a column has the value of the
// column before each of the two.
type walk struct {
	after string
	upTo  string
	order string
}

// filters are the conditions that each row is looked at for.
type filters struct {
	revoked         string
	active          string // at a time
	expired         string // at a time
	resource        string
	createdBy       string
	parent          string
	onBehalf        string
	kind            string
	endless         string
	expiresBefore   string
	unusedSince     string // a time, twice
	livesLongerThan string // microseconds
	nameContains    string
}

// few is how few tokens are read: all of one index, whatever their ids, and then sorted.
type few struct {
	ends  string // from a time, before a time
	after string // a token
	order string
}

// texts are all parts.
func (l *listing) texts() []*string {
	all := []*string{&l.from, &l.ids, &l.count, &l.limit, &l.lastOf, &l.few.ends, &l.few.after, &l.few.order}
	for _, w := range []*walk{&l.all, &l.owner, &l.resource, &l.createdBy, &l.parent, &l.rareKind, &l.endless} {
		all = append(all, &w.after, &w.upTo, &w.order)
	}
	f := &l.filter
	return append(all, &f.revoked, &f.active, &f.expired, &f.resource, &f.createdBy, &f.parent, &f.onBehalf, &f.kind, &f.endless, &f.expiresBefore,
		&f.unusedSince, &f.livesLongerThan, &f.nameContains)
}

// eventListing is the query of a page of events in parts. An event is what eventInto reads. A page is read along one index, in
// the order of the feed or against it; the filters are written such that no index serves them.
type eventListing struct {
	from string // everything up to the first condition

	all    bothWays
	owner  bothWays
	actor  bothWays
	action bothWays
	rare   bothWays // an outcome other than the usual one
	filter eventFilters

	limit string // the rows of a page
}

// bothWays is a walk in the order of the feed, and one against it.
type bothWays struct{ forth, back walk }

// eventFilters are the conditions that each row is looked at for.
type eventFilters struct{ actor, action, outcome string }

// texts are all parts.
func (l *eventListing) texts() []*string {
	all := []*string{&l.from, &l.limit, &l.filter.actor, &l.filter.action, &l.filter.outcome}
	for _, b := range []*bothWays{&l.all, &l.owner, &l.actor, &l.action, &l.rare} {
		for _, w := range []*walk{&b.forth, &b.back} {
			all = append(all, &w.after, &w.upTo, &w.order)
		}
	}
	return all
}

// perRow is a query in parts: from, a row for each of several tokens or events, joined by between, and to.
type perRow struct {
	from, row, between, to string
}

// refuses reports whether an answer to the COMMIT says for certain that nothing was written.
func (d *Dialect) refuses(err error) bool { return d.refused != nil && d.refused(err) }

// loses reports whether an error says that a prepared statement is lost.
func (d *Dialect) loses(err error) bool { return err != nil && d.lost != nil && d.lost(err) }

// waits reports whether a step of the schema has waited for another transaction for too long.
func (d *Dialect) waits(err error) bool {
	return err != nil && d.waitedLong != nil && d.waitedLong(err)
}

// explained adds to an error that a pooler may have caused what there is to set.
func (d *Dialect) explained(err error) error {
	if d.pooled == nil || !d.pooled(err) {
		return err
	}
	return fmt.Errorf("%w (is there a pooler that hands a connection on after each transaction? Then set Options.Unprepared, and %s in the data source name)",
		err, d.unpooled)
}

// has reports whether the dialect has a query that may be empty.
func (d *Dialect) has(q query) bool { return d.queries[q] != "" }

// withPrefix is the dialect for tables that begin with prefix. It also takes the space off both ends of the queries: a
// driver may take a line break behind a statement for one more statement, and then prepare nothing.
func (d Dialect) withPrefix(prefix string) Dialect {
	texts := append(append(d.list.texts(), d.feed.texts()...), &d.limitWait, &d.unlimitWait, &d.openTransactions,
		&d.touch.from, &d.touch.to, &d.number.from, &d.number.to)
	for i := range d.queries {
		texts = append(texts, &d.queries[i])
	}
	for _, text := range texts {
		*text = strings.TrimSpace(named(*text, prefix))
	}
	d.prefix = prefix
	return d
}

// named puts a table prefix in the place of the default one.
func named(text, prefix string) string { return strings.ReplaceAll(text, defaultPrefix, prefix) }

// assembly puts a query together from parts. Every value is a parameter.
type assembly struct {
	text        strings.Builder
	args        []any
	placeholder func(n int) string
}

func (d *Dialect) assembly(from string) *assembly {
	a := &assembly{placeholder: d.placeholder}
	a.add(from)
	return a
}

// add appends a part and the values of its placeholders.
func (a *assembly) add(part string, args ...any) {
	for _, arg := range args {
		before, after, _ := strings.Cut(part, "?")
		a.args = append(a.args, arg)
		a.text.WriteString(before)
		a.text.WriteString(a.placeholder(len(a.args)))
		part = after
	}
	a.text.WriteString(part)
}

// rowsAtOnce keeps the parameters of one query below the fewest that a database allows.
const rowsAtOnce = 256

// perRow puts a query for these rows together. It repeats the last row, which changes nothing, until their number is a power
// of two, so that there are nine texts and not 256: a driver that keeps what it has prepared has the server keep it as well,
// on every connection, and the plans of 256 take 50 MB there.
func (d *Dialect) perRow(q perRow, rows [][]any) (text string, args []any) {
	a := d.assembly(q.from)
	a.add(" ")
	for i := range 1 << bits.Len(uint(len(rows)-1)) {
		if i > 0 {
			a.add(q.between)
		}
		a.add(q.row, rows[min(i, len(rows)-1)]...)
	}
	a.add(q.to)
	return a.text.String(), a.args
}
