package sqlstore

import (
	"math/bits"
	"slices"
	"strings"
)

// queryBuilder puts a query together from fixed parts. Every value is a parameter, written "?" in a part.
type queryBuilder struct {
	text        strings.Builder
	args        []any
	placeholder func(n int) string
}

func (d *Dialect) build(part string) *queryBuilder {
	b := &queryBuilder{placeholder: d.placeholder}
	b.add(part)
	return b
}

// add appends a part and the values of its placeholders.
func (b *queryBuilder) add(part string, args ...any) {
	for _, arg := range args {
		before, after, _ := strings.Cut(part, "?")
		b.args = append(b.args, arg)
		b.text.WriteString(before)
		b.text.WriteString(b.placeholder(len(b.args)))
		part = after
	}
	b.text.WriteString(part)
}

// whereInRange begins the WHERE with the rows of a range after one key and up to another.
func (b *queryBuilder) whereInRange(r boundRange, after, upTo []any) {
	b.add("\nWHERE ")
	b.add(r.after, append(slices.Clip(r.value), after...)...)
	b.add(" AND ")
	b.add(r.upTo, append(slices.Clip(r.value), upTo...)...)
}

// and appends conditions to the WHERE.
func (b *queryBuilder) and(conditions []condition) {
	for _, c := range conditions {
		b.add("\n\tAND ")
		b.add(c.text, c.args...)
	}
}

// orderAndLimit ends the query of a page.
func (b *queryBuilder) orderAndLimit(order string, limit int) {
	b.add("\n" + order + " ")
	b.add("LIMIT ?", limit)
}

// boundRange is an index range with the value of its column, if it has one.
type boundRange struct {
	indexRange
	value []any
}

// condition is a part of a WHERE with the values of its placeholders.
type condition struct {
	text string
	args []any
}

// batchQuery is a query in parts: before, row for each of several rows with separator between them, and after.
type batchQuery struct {
	before, row, separator, after string
}

// maxBatchRows keeps the parameters of one query below the smallest limit of a database.
const maxBatchRows = 256

// batch puts a query for these rows together. It repeats the last row, which changes nothing, until their number is a power
// of two, so that there are nine texts and not 256: a driver that caches prepared statements has the server keep them as
// well, on every connection, and the plans of 256 take 50 MB there.
//
// leading are the values of the placeholders in the part before the rows.
func (d *Dialect) batch(q batchQuery, rows [][]any, leading ...any) (text string, args []any) {
	b := d.build("")
	b.add(q.before, leading...)
	b.add(" ")
	for i := range 1 << bits.Len(uint(len(rows)-1)) {
		if i > 0 {
			b.add(q.separator)
		}
		b.add(q.row, rows[min(i, len(rows)-1)]...)
	}
	b.add(q.after)
	return b.text.String(), b.args
}
