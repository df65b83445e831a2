package adminui

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/seed-d6cf0a46/apitoken"
)

// CSVColumns are columns of the host in the CSV file of tokens, such as the e-mail addresses of the owners. They follow the others.
type CSVColumns struct {
	// Names are the names in the first line. Each is not empty, and different from every other name of the file.
	Names []string

	// Values returns the values for up to 1,000 tokens: for each token, in the same order, one value for each of Names. It is called
	// for one piece of the file after the other, with the context of the request, and may be called concurrently for several files.
	// Formulas are disarmed as in the other cells. An error, or another number of values, ends the file like a failure of the
	// store: Options.OnError gets it, and the response is 503, or an incomplete file whose connection is cut.
	Values func(ctx context.Context, tokens []apitoken.Token) ([][]string, error)
}

// check refuses columns that the file cannot have.
func (c *CSVColumns) check() error {
	switch {
	case c == nil:
		return nil
	case c.Values == nil:
		return invalid("Options.CSVColumns.Values is nil")
	case len(c.Names) == 0:
		return invalid("Options.CSVColumns.Names is empty")
	}
	for i, name := range c.Names {
		if !isLine(name) || slices.Contains(csvHeader, name) || slices.Contains(c.Names[:i], name) {
			return invalid("Options.CSVColumns.Names: %q is empty, has a line break, or is the name of another column", name)
		}
	}
	return nil
}

// header returns the first line of the file.
func (c *CSVColumns) header() []string {
	if c == nil {
		return csvHeader
	}
	return slices.Concat(csvHeader, safeCells(slices.Clone(c.Names)))
}

// valuesOf returns the values for a piece of the file; nil: the host has no columns.
func (c *CSVColumns) valuesOf(ctx context.Context, tokens []apitoken.Token) ([][]string, error) {
	if c == nil {
		return nil, nil
	}
	values, err := c.Values(ctx, tokens)
	if err != nil {
		return nil, fmt.Errorf("%w: Options.CSVColumns.Values: %w", apitoken.ErrUnavailable, err)
	}
	if len(values) != len(tokens) {
		return nil, fmt.Errorf("%w: Options.CSVColumns.Values returned %d rows for %d tokens", apitoken.ErrUnavailable, len(values), len(tokens))
	}
	for _, row := range values {
		if len(row) != len(c.Names) {
			return nil, fmt.Errorf("%w: Options.CSVColumns.Values returned %d values for %d columns", apitoken.ErrUnavailable, len(row), len(c.Names))
		}
	}
	return values, nil
}

// csvRecords returns the lines of the file, in pieces of as many tokens as the Manager reads at a time.
func (v *visit) csvRecords(q apitoken.TokenQuery) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for tokens, err := range pieces(v.manager.Tokens(v.r.Context(), v.actor, q), q.Limit) {
			var values [][]string
			if err == nil {
				values, err = v.opts.CSVColumns.valuesOf(v.r.Context(), tokens)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for i, t := range tokens {
				record := csvRecord(t, v.now)
				if values != nil {
					record = append(record, safeCells(slices.Clone(values[i]))...)
				}
				if !yield(record, nil) {
					return
				}
			}
		}
	}
}

// pieces gathers tokens into slices of a size. The last one is shorter. An error comes after the piece before it, and ends them.
func pieces(tokens iter.Seq2[apitoken.Token, error], size int) iter.Seq2[[]apitoken.Token, error] {
	return func(yield func([]apitoken.Token, error) bool) {
		var piece []apitoken.Token
		for t, err := range tokens {
			if err != nil {
				yield(nil, err)
				return
			}
			piece = append(piece, t)
			if len(piece) == size {
				if !yield(piece, nil) {
					return
				}
				piece = nil
			}
		}
		if len(piece) > 0 {
			yield(piece, nil)
		}
	}
}
