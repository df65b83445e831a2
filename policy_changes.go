package apitoken

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxChangesBytes keeps a text of changes, encoded as JSON, within what a column of 64 KiB holds.
const maxChangesBytes = 8 << 10

// changesFrom returns in one line how the limits and exemptions differ from those before:
//
//	limit of role user: 30 days; exemption of alice until 2027-03-01 added: 365 days, "migration"
//
// What does not fit is counted. [Forgetting.in] finds the users in it.
func (p MaxLifetimePolicy) changesFrom(before MaxLifetimePolicy) string {
	changes := append(limitChanges(before.Limits, p.Limits), exemptionChanges(before.Exemptions, p.Exemptions)...)
	text := ""
	for i, change := range changes {
		if i > 0 {
			change = "; " + change
		}
		if len(text)+len(change) > maxChangesBytes {
			return fmt.Sprintf("%s; and %d more changes", text, len(changes)-i)
		}
		text += change
	}
	return text
}

func limitChanges(before, after []LifetimeLimit) (changes []string) {
	for _, l := range after {
		if !slices.Contains(before, l) {
			changes = append(changes, l.text()+": "+lifetimeText(l.Max))
		}
	}
	for _, l := range before {
		if !slices.ContainsFunc(after, func(o LifetimeLimit) bool { return o.Role == l.Role && o.Kind == l.Kind }) {
			changes = append(changes, l.text()+" removed")
		}
	}
	return changes
}

func exemptionChanges(before, after []Exemption) (changes []string) {
	replaces := func(e Exemption) func(Exemption) bool {
		return func(o Exemption) bool { return o.User == e.User && o.Kind == e.Kind }
	}
	for _, e := range after {
		word := "added"
		switch i := slices.IndexFunc(before, replaces(e)); {
		case i >= 0 && before[i].same(e):
			continue
		case i >= 0:
			word = "changed"
		}
		changes = append(changes, fmt.Sprintf("%s %s: %s, %s", e.text(), word, lifetimeText(e.Max), strconv.Quote(e.Reason)))
	}
	for _, e := range before {
		if !slices.ContainsFunc(after, replaces(e)) {
			changes = append(changes, e.text()+" removed")
		}
	}
	return changes
}

// inChanges returns a text of changes with the pseudonym in place of the user, and without the reasons of their exemptions.
func (f Forgetting) inChanges(text string) string {
	changes := splitChanges(text)
	for i, change := range changes {
		rest, ok := strings.CutPrefix(change, exemptionOf(f.User))
		if !ok {
			continue
		}
		if reason := strings.Index(rest, `, "`); reason >= 0 {
			rest = rest[:reason]
		}
		changes[i] = exemptionOf(f.Pseudonym) + rest
	}
	return strings.Join(changes, "; ")
}

// splitChanges splits a text at the semicolons outside of quotes.
func splitChanges(text string) (changes []string) {
	begin, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++
		case c == ';' && !quoted:
			changes = append(changes, text[begin:i])
			begin = i + len("; ")
		}
	}
	return append(changes, text[min(begin, len(text)):])
}
