package sqlstore

import (
	"slices"

	"github.com/seed-d6cf0a46/apitoken"
)

// What the tests of the SQL look at.

// ListTokens is the query of a page of tokens and its parameters.
func (s *Store) ListTokens(q apitoken.TokenQuery) (string, []any) { return s.dialect.listTokens(q) }

// TouchTokens is the query that records uses and its parameters.
func (s *Store) TouchTokens(touches []apitoken.Touch) (string, []any) {
	return s.dialect.touchTokens(touches)
}

// Latest is what is left of uses.
var Latest = latest

// Texts are all queries of the store but those that its dialect has no need of, and those of its migrations.
func (s *Store) Texts() (texts []string, err error) {
	steps, err := s.dialect.steps()
	for q, text := range s.dialect.queries {
		if text != "" || !slices.Contains(mayBeEmpty, query(q)) {
			texts = append(texts, text)
		}
	}
	for _, step := range steps {
		texts = append(texts, step.statements...)
	}
	return texts, err
}

// Busy reports whether an error means that the database is locked.
func (d Dialect) Busy(err error) bool { return d.busy(err) }

// Duplicate reports whether an error refuses a key that is there already.
func (d Dialect) Duplicate(err error) bool { return d.duplicate(err) }

// Numbered is the dialect with placeholders of the form $1.
func (d Dialect) Numbered(placeholder func(n int) string) Dialect {
	d.placeholder = placeholder
	return d
}

var mayBeEmpty = []query{lockSchema, lockPolicy, findUnnumbered, lockFeed, numberEvents, moveFeed, confirm}
