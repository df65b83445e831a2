package storetest

import (
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// textRules write a text into every field that has one and read it back.
func textRules() []rule {
	const promise = "A text comes back byte for byte, with any characters and up to the maximum length."
	var rules []rule
	for _, c := range []struct{ name, text string }{
		{"plain", "ada"},
		{"capitals", "ADA Lovelace"},
		{"leading and trailing spaces", " a "},
		{"quotes", `'"` + "`''\"\""},
		{"a statement", `'; DROP TABLE tokens; --`},
		{"percent and underscore", `%_%%__%d%s`},
		{"backslashes", `\ \\ \' \n \x00 \u0000`},
		{"placeholders", `? $1 :a @a {0} #{a} ${a}`},
		{"markup", `<a href="/?a&amp;b">&lt;</a>`},
		{"JSON", `{"a":["b\\",null]}`},
		{"accents", "\u00e9\u00c9 \u00df \u0131"},
		{"combining accents", "e\u0301 A\u030a n\u0303"},
		{"from right to left", "\u05e9\u05dc\u05d5\u05dd \u0639"},
		{"Chinese and Japanese", "\u5f8c\u85e4 \u30c8\u30fc\u30af\u30f3"},
		{"four bytes", "\U0001F418 \U00020000"},
		{"NULL", "NULL"},
		{"like a number", "0012.50"},
		{"like a time", "1970-01-01T00:00:00Z"},
		{"like bytes", `\xdeadbeef`},
		{"128 bytes", strings.Repeat("0123456789abcdef", 8)},
		{"128 bytes in characters of four", strings.Repeat("\U0001F418", 32)},
		{"255 bytes", strings.Repeat("0123456789abcde", 17)},
		{"100 characters of four bytes", strings.Repeat("\U0001F418", 99) + "\U0001F419"},
		{"one character", "a"},
	} {
		rules = append(rules, rule{c.name, promise, func(f *fixture) { textInAllFields(f, c.text) }})
	}
	return rules
}

// textInAllFields uses the text as names, kinds and roles, as resources, descriptions and IDs, each up to its maximum length.
func textInAllFields(f *fixture, text string) {
	resource := text
	if len(resource) > 255 { // in characters of four bytes
		resource = resource[:252]
	}
	id := apitoken.UserID(resource)
	if characters := []rune(text); len(characters) > 100 {
		text = string(characters[:100])
	}
	u := apitoken.User{ID: id, Name: text, Role: apitoken.Role(text), CreatedAt: base, Service: true, Responsible: id, Revision: 1}
	f.createUser(u)
	wantEqual(f, "User", u, f.user(id))
	wantEqual(f, "Users", []apitoken.User{u}, f.users())

	n := draft(id, text)
	n.Kind, n.Resource, n.Description, n.CreatedBy = apitoken.Kind(text), resource, resource, id
	f.create(n)
	f.refuses(apitoken.ErrExists, draft(id, text))
	m := draft(id, "other")
	f.create(m)
	wantEqual(f, "the tokens that have the name", []apitoken.Token{n.Token}, f.tokens(apitoken.TokenQuery{Owner: id, NameContains: text}))
	wantEqual(f, "the tokens of the resource", []apitoken.Token{n.Token}, f.tokens(apitoken.TokenQuery{AnyOwner: true, Resource: resource}))
	m = f.changeToken(m, "another", resource)
	f.wantToken(m, u)
	m = f.changeToken(m, "other", "")
	n = f.revoke(n, later(microsecond, id))
	f.wantToken(n, u)
	u = f.endEpoch(u, later(2*microsecond, id))
	f.wantToken(n, u)
	f.wantTokenRevoked(m, u, later(2*microsecond, id))

	p := newPolicy(apitoken.MaxLifetimePolicy{})
	p.UpdatedBy = id
	p.Limits[0].Role, p.Limits[0].Kind = apitoken.Role(text), apitoken.Kind(text)
	p.Exemptions[0] = apitoken.Exemption{User: id, Kind: apitoken.Kind(text), Max: microsecond, Until: far, Reason: text, By: id, At: base}
	f.must("PutPolicy", f.store.PutPolicy(f.Context(), p, 0, policyPut(apitoken.MaxLifetimePolicy{}, p)))
	wantEqual(f, "Policy", p, f.policy())

	e := denied(id)
	e.Actor = apitoken.As(id)
	e.Before = apitoken.State{Name: text, Description: resource, Kind: apitoken.Kind(text), Resource: resource, Role: apitoken.Role(text), Service: true, Responsible: id, Policy: text}
	e.After = e.Before
	f.wantEvent(e, func() error { return f.store.AppendEvents(f.Context(), []apitoken.Event{e}) })
	for _, e := range f.events(apitoken.EventQuery{Owner: id, Limit: wholePage}) {
		if e.Owner != id {
			f.broken("Events about %q returns an event about %q", id, e.Owner)
		}
	}
}
