package sqlstore

import (
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// What the tests of the SQL look at.

// ListTokens is the query of a page of tokens and its parameters.
func (s *Store) ListTokens(q apitoken.TokenQuery, now time.Time) (string, []any) {
	a := s.dialect.listTokens(q, now)
	return a.text.String(), a.args
}

// ListEvents is the query of a page of events and its parameters.
func (s *Store) ListEvents(q apitoken.EventQuery) (string, []any) {
	a := s.dialect.listEvents(q)
	return a.text.String(), a.args
}

// CountQuery is the query of a number of tokens and its parameters.
func (s *Store) CountQuery(q apitoken.TokenQuery, now time.Time) (string, []any) {
	a := s.dialect.countTokens(q, now)
	return a.text.String(), a.args
}

// ScanQueries are the queries of a page within a window that ends with a token, and those that answer where it ends.
func (s *Store) ScanQueries(q apitoken.TokenQuery, now time.Time, end apitoken.TokenID) []ScanQuery {
	d := &s.dialect
	along, _ := d.conditions(q, now)
	parts := []ScanQuery{
		scanQuery("end of a window", d.listWindow(along, q.After, 10_000)),
		scanQuery("window", d.listUpTo(q, now, end)),
	}
	if from, to, ok := ends(q, now); ok {
		parts = append(parts, scanQuery("few", d.listEnds(q, now, from, to)))
	}
	return parts
}

func scanQuery(name string, a *assembly) ScanQuery { return ScanQuery{name, a.text.String(), a.args} }

// ScanQuery is a query with its parameters.
type ScanQuery struct {
	Name, Text string
	Args       []any
}

// TouchTokens is the query that records uses and its parameters.
func (s *Store) TouchTokens(touches []apitoken.Touch) (string, []any) {
	return s.dialect.touchTokens(touches)
}

// NumberRows is the query that numbers events and its parameters. It is empty where there is another.
func (s *Store) NumberRows(insertions []int64, last int64) (string, []any) {
	if s.dialect.has(numberEvents) || !s.dialect.has(findUnnumbered) {
		return "", nil
	}
	return s.dialect.numberRows(insertions, last)
}

// Latest is what is left of uses.
var Latest = latest

// NamedQuery is a query of the page. The text is empty where the dialect has none.
type NamedQuery struct {
	Name, Text string
	MayBeEmpty bool
}

// Queries are the page of the store, in its order.
func (s *Store) Queries() []NamedQuery {
	var all []NamedQuery
	for q, text := range s.dialect.queries {
		all = append(all, NamedQuery{queryNames[q], text, mayBeEmpty[query(q)]})
	}
	return all
}

// Placeholder is the n-th parameter of a query, from 1.
func (d Dialect) Placeholder(n int) string { return d.placeholder(n) }

// Statements are those of each step of the schema, as Migrate sends them.
func (s *Store) Statements() (all [][]string, err error) {
	steps, err := s.dialect.steps()
	for _, step := range steps {
		all = append(all, step.statements())
	}
	return all, err
}

// Busy reports whether an error means that the transaction may be tried again.
func (d Dialect) Busy(err error) bool { return d.busy(err) }

// Duplicate reports whether an error refuses a key that is there already.
func (d Dialect) Duplicate(err error) bool { return d.duplicate != nil && d.duplicate(err) }

// Made reports whether an error refuses a change of the schema that was made before.
func (d Dialect) Made(err error) bool { return d.made != nil && d.made(err) }

// Lost reports whether an error means that a prepared statement is to be prepared anew.
func (d Dialect) Lost(err error) bool { return d.loses(err) }

// Explained is an error with what there is to set behind a pooler, if it may have caused the error.
func (d Dialect) Explained(err error) error { return d.explained(err) }

var mayBeEmpty = map[query]bool{
	findFault: true, lockSchema: true, lockPolicy: true, confirm: true,
	findUnnumbered: true, lockFeed: true, numberEvents: true, listUnnumbered: true, moveFeed: true,
}

var queryNames = [numQueries]string{
	findVersions: "findVersions", lastVersion: "lastVersion", findFault: "findFault", lockSchema: "lockSchema",
	makeVersions: "makeVersions", claimVersion: "claimVersion",

	lookupToken: "lookupToken", readToken: "readToken", freeName: "freeName", findDead: "findDead", admitToken: "admitToken",
	insertToken: "insertToken", revokeToken: "revokeToken", findRevoked: "findRevoked",
	countEnds: "countEnds",

	readUser: "readUser", listUsers: "listUsers", insertUser: "insertUser", lockUser: "lockUser", updateUser: "updateUser",
	endEpoch: "endEpoch", endLeft: "endLeft",

	readPolicy: "readPolicy", lockPolicy: "lockPolicy", updatePolicy: "updatePolicy",

	insertEvent: "insertEvent", findUnnumbered: "findUnnumbered", lockFeed: "lockFeed", numberEvents: "numberEvents",
	listUnnumbered: "listUnnumbered", moveFeed: "moveFeed",

	confirm: "confirm",
}
