package apitoken

import (
	"context"
	"strings"
	"unicode"
)

// keeping returns a reader that also keeps only what keep returns of the tokens.
func (r tokenReader) keeping(keep func(context.Context, []Token) ([]Token, error)) tokenReader {
	if before := r.keep; before != nil {
		r.keep = func(ctx context.Context, tokens []Token) ([]Token, error) {
			tokens, err := before(ctx, tokens)
			if err != nil {
				return nil, err
			}
			return keep(ctx, tokens)
		}
		return r
	}
	r.keep = keep
	return r
}

// searching returns a reader of the tokens that a Search selects. The owners are read only of tokens whose name and owner do not
// decide it.
func (m *Manager) searching(r tokenReader, search string) tokenReader {
	search = foldCase(search)
	contains := func(text string) bool { return strings.Contains(foldCase(text), search) }
	owners := m.newOwners()
	return r.keeping(func(ctx context.Context, tokens []Token) (kept []Token, err error) {
		var undecided []Token
		for _, t := range tokens {
			if !contains(t.Name) && !contains(string(t.Owner)) {
				undecided = append(undecided, t)
			}
		}
		if err := owners.read(ctx, undecided); err != nil {
			return nil, err
		}
		for _, t := range tokens {
			if contains(t.Name) || contains(string(t.Owner)) || contains(owners.known[t.Owner].Name) {
				kept = append(kept, t)
			}
		}
		return kept, nil
	})
}

// foldCase maps letters that differ only in case to the same letter.
func foldCase(text string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		return least
	}, text)
}
