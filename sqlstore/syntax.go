package sqlstore

import (
	"fmt"
	"strings"
)

// syntax is what the dialects spell differently in the SQL that they share.
type syntax struct {
	lockOwner string // ends a subquery that reads the owner of a token to change; empty: nobody else writes
	ifAbsent  string // ends an INSERT that changes nothing if a key is in use; empty: see Dialect.duplicateKey
	lockRow   string // ends a SELECT of a user or the policy that locks the row for a change
	greatest  string // the function that returns the greatest of its arguments
	contains  string // whether the column %s contains a text

	// joinEpochs adds to the tokens t the end e of each token's epoch, if it revoked the token.
	joinEpochs string

	// partialIndexes says that indexes leave rows out. A query repeats the condition of such an index.
	partialIndexes bool

	// compareRows says that an index range is a comparison of rows, which is answered by the index of these columns and no
	// other.
	compareRows bool

	// unindexedText and unindexedNumber are the column %s as an expression that no index serves.
	unindexedText, unindexedNumber string
}

// leftJoinEpochs is joinEpochs for planners that look up an epoch for each token.
func leftJoinEpochs(token, epoch string) string {
	return strings.NewReplacer("t.", token+".", "e.", epoch+".", " e ", " "+epoch+" ").Replace(`
LEFT JOIN apitoken_epochs AS e ON e.owner = t.owner AND e.epoch = t.epoch + 1
	AND (t.expires_at IS NULL OR t.expires_at > e.ended_at)`)
}

// indexRange is the part of an index after one row and up to another, which is included. A range of a column has the value
// of the column before each of the two keys.
type indexRange struct {
	after string
	upTo  string
	order string
}

// direction is the order in which a range is read.
type direction struct{ after, upTo, order string }

var (
	ascending  = direction{">", "<=", ""}
	descending = direction{"<", ">=", " DESC"}
)

// keyRange is the range of an index of the key alone.
func (s syntax) keyRange(key string, d direction) indexRange {
	return indexRange{
		after: key + " " + d.after + " ?",
		upTo:  key + " " + d.upTo + " ?",
		order: "ORDER BY " + key + d.order,
	}
}

// columnRange is the range of an index of a column and the key. The conditions are those of the index, if it is partial.
func (s syntax) columnRange(column, key string, d direction, conditions ...string) indexRange {
	r := indexRange{
		after: fmt.Sprintf("%s = ? AND %s %s ?", column, key, d.after),
		upTo:  fmt.Sprintf("%s = ? AND %s %s ?", column, key, d.upTo),
		order: "ORDER BY " + key + d.order,
	}
	if s.compareRows {
		r = indexRange{
			after: fmt.Sprintf("(%s, %s) %s (?, ?)", column, key, d.after),
			upTo:  fmt.Sprintf("(%s, %s) %s (?, ?)", column, key, d.upTo),
			order: "ORDER BY " + column + d.order + ", " + key + d.order,
		}
	}
	if s.partialIndexes {
		r.after = strings.Join(append([]string{r.after}, conditions...), " AND ")
	}
	return r
}

// unestimated returns a range whose value PostgreSQL does not know when it plans. For the first or the last value of a column it would
// expect next to no rows, and sort all rows of the value for each page, instead of stopping at the limit. Only a query with a limit
// may use it.
func (r indexRange) unestimated(isBytes bool) indexRange {
	value := "((SELECT ?::text), ?)"
	if isBytes {
		value = "((SELECT ?::bytea), ?)"
	}
	r.after = strings.Replace(r.after, "(?, ?)", value, 1)
	r.upTo = strings.Replace(r.upTo, "(?, ?)", value, 1)
	return r
}

// pairRange is the range of an index of two columns, of the rows in which the first one is not NULL. A key is both columns; if it
// repeats, the first column, the same again, and the second. Planners differ in the form that they read as one range.
func (s syntax) pairRange(first, second string) (r indexRange, repeats bool) {
	r = indexRange{
		after: fmt.Sprintf("(%[1]s > ? OR %[1]s = ? AND %[2]s > ?)", first, second),
		upTo:  fmt.Sprintf("(%[1]s < ? OR %[1]s = ? AND %[2]s <= ?)", first, second),
		order: fmt.Sprintf("ORDER BY %s, %s", first, second),
	}
	if s.partialIndexes {
		r.after = fmt.Sprintf("(%s, %s) > (?, ?)", first, second)
		r.upTo = fmt.Sprintf("(%s, %s) <= (?, ?)", first, second)
	}
	return r, !s.partialIndexes
}

// plainText and plainNumber return the column as an expression that no index serves.
func (s syntax) plainText(column string) string   { return fmt.Sprintf(s.unindexedText, column) }
func (s syntax) plainNumber(column string) string { return fmt.Sprintf(s.unindexedNumber, column) }

// containing is the condition that a column contains the text of a parameter.
func (s syntax) containing(column string) string { return fmt.Sprintf(s.contains, column) }

// userRows reads the users of some IDs: after, text that the id or the name contains, again, and the ids.
func (s syntax) userRows() batchQuery {
	return batchQuery{
		before: selectUser + `
WHERE id > ? AND (` + s.containing("id") + ` OR ` + s.containing("name") + `) AND id IN (`,
		row:       `?`,
		separator: `, `,
		after:     `)`,
	}
}

// qualified returns a list of columns with the name of their table before each.
func qualified(table, columns string) string {
	return table + "." + strings.ReplaceAll(columns, ", ", ", "+table+".")
}

// parameters returns a "?" for each column of a list.
func parameters(columns string) string {
	return strings.TrimSuffix(strings.Repeat("?, ", strings.Count(columns, ",")+1), ", ")
}
