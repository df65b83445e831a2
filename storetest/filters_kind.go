package storetest

import (
	"fmt"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// spelled returns a text as part of the name of a rule. A newStore may use the name for a file, so it has no special characters.
func spelled(text string) string {
	return strings.NewReplacer("%", "percent", "_", "underscore", "'", "quote", `\`, "backslash").Replace(text)
}

// kindFilters are about Kind.
func kindFilters() []rule {
	const promise = "Kind selects the tokens of that kind, byte for byte."
	all := []apitoken.Kind{
		apitoken.KindUser, "User", "user ", "use", "users", "machine", "Machine", "m\u00e4chine", "ma\u0308chine", "m%", "m_chine", "'", `\`,
	}
	var rules []rule
	for _, kind := range append(all, "none", "USER", "machine ") {
		rules = append(rules, rule{"kind " + spelled(string(kind)), promise, func(f *fixture) {
			f.addUser("ada")
			var want []string
			for _, of := range all {
				n := draft("ada", string(of))
				n.Kind = of
				f.create(n)
				if of == kind {
					want = append(want, n.Name)
				}
			}
			f.selects("the tokens of any owner", want, apitoken.TokenQuery{AnyOwner: true, Kind: kind})
			f.selects("the tokens of one owner", want, apitoken.TokenQuery{Owner: "ada", Kind: kind, Limit: 1})
			f.selects("the tokens of another", nil, apitoken.TokenQuery{Owner: "bob", Kind: kind})
		}})
	}
	return rules
}

// resourceFilters are about Resource.
func resourceFilters() []rule {
	const promise = "Resource selects the tokens that are bound to that resource, byte for byte; an empty Resource selects all, bound or not."
	long := strings.Repeat("r", 254)
	all := []struct{ name, resource string }{
		{"nothing", ""}, {"a resource", "project:web"}, {"another", "project:api"}, {"a capital", "Project:web"}, {"a trailing space", "project:web "},
		{"the beginning", "project:we"}, {"a longer text", "project:webs"}, {"an accent", "projet:\u00e9"}, {"a combining accent", "projet:e\u0301"},
		{"a percent sign", "project:%"}, {"an underscore", "project_web"}, {"a quote", "'"}, {"a backslash", `\`}, {"the name of a kind", "user"},
		{"255 bytes", long + "a"}, {"255 other bytes", long + "b"}, {"nothing again", ""}, {"a resource again", "project:web"},
	}
	var rules []rule
	for _, c := range append(all, []struct{ name, resource string }{{"all capitals", "PROJECT:WEB"}, {"the end", "web"}, {"254 bytes", long}}...) {
		rules = append(rules, rule{"resource of " + c.name, promise, func(f *fixture) {
			f.addUser("ada")
			f.addUser("bob")
			var want, adas []string
			for i, of := range all {
				owner := []apitoken.UserID{"ada", "bob"}[i%2]
				n := draft(owner, of.name)
				n.Resource = of.resource
				f.create(n)
				if c.resource == "" || of.resource == c.resource {
					want = append(want, n.Name)
					if owner == "ada" {
						adas = append(adas, n.Name)
					}
				}
			}
			f.selects("the tokens of any owner", want, apitoken.TokenQuery{AnyOwner: true, Resource: c.resource})
			f.selects("the tokens of any owner, one a page", want, apitoken.TokenQuery{AnyOwner: true, Resource: c.resource, Limit: 1})
			f.selects("the tokens of one owner", adas, apitoken.TokenQuery{Owner: "ada", Resource: c.resource})
			f.selects("the tokens of another", nil, apitoken.TokenQuery{Owner: "carol", Resource: c.resource})
			f.selects("those that ada generated", adas, apitoken.TokenQuery{AnyOwner: true, CreatedBy: "ada", Resource: c.resource})
			f.selects("those of the usual kind", want, apitoken.TokenQuery{AnyOwner: true, Kind: apitoken.KindUser, Resource: c.resource})
			f.selects("those of another kind", nil, apitoken.TokenQuery{AnyOwner: true, Kind: "machine", Resource: c.resource})
		}})
	}
	return rules
}

// creatorFilters are about CreatedBy.
func creatorFilters() []rule {
	const promise = "CreatedBy selects the tokens that the user of that ID generated, byte for byte, for any owner; those of the host itself match no user."
	all := []apitoken.UserID{"ada", "Ada", "ada ", "ad", "adam", "%", "_da", "\u00e9va", "e\u0301va", "bob", ""}
	var rules []rule
	for _, by := range []apitoken.UserID{"ada", "Ada", "ada ", "ADA", "%", "_da", "\u00e9va", "bob", "carol"} {
		rules = append(rules, rule{"created by " + spelled(string(by)), promise, func(f *fixture) {
			f.addUser("bob")
			f.addUser("carol") // owns tokens and generates none
			var want, carols []string
			for _, creator := range all {
				for _, owner := range []apitoken.UserID{"bob", "carol"} {
					n := draft(owner, string(owner)+" by "+string(creator))
					n.CreatedBy = creator
					f.create(n)
					if creator == by {
						want = append(want, n.Name)
						if owner == "carol" {
							carols = append(carols, n.Name)
						}
					}
				}
			}
			f.selects("the tokens of any owner", want, apitoken.TokenQuery{AnyOwner: true, CreatedBy: by, Limit: 1})
			f.selects("the tokens of carol", carols, apitoken.TokenQuery{Owner: "carol", CreatedBy: by})
			f.selects("the tokens of dan", nil, apitoken.TokenQuery{Owner: "dan", CreatedBy: by})
		}})
	}
	return rules
}

// parentFilters are about CreatedWith and OnBehalf.
func parentFilters() []rule {
	return []rule{{
		"created with",
		"CreatedWith selects the tokens that were generated with the token of that ID, byte for byte, and no token of a signed-in user or the host.",
		func(f *fixture) {
			f.addUser("ada")
			f.addUser("bob")
			ids := []apitoken.TokenID{{}, {1}, {2}, {1, 15: 1}, {1}, {}, {0xff, 15: 0xff}, {1}}
			for i, id := range ids {
				n := draft([]apitoken.UserID{"ada", "bob"}[i%2], fmt.Sprint(i))
				n.CreatedWith, n.CreatedBy = id, "ada"
				f.create(n)
			}
			for _, limit := range []int{1, wholePage} {
				f.selects("those of a token", []string{"1", "4", "7"}, apitoken.TokenQuery{AnyOwner: true, CreatedWith: ids[1], Limit: limit})
			}
			f.selects("those of another token", []string{"3"}, apitoken.TokenQuery{AnyOwner: true, CreatedWith: ids[3]})
			f.selects("those of the last token", []string{"6"}, apitoken.TokenQuery{AnyOwner: true, CreatedWith: ids[6]})
			f.selects("those of an unknown token", nil, apitoken.TokenQuery{AnyOwner: true, CreatedWith: apitoken.TokenID{3}})
			f.selects("those of one owner", []string{"4"}, apitoken.TokenQuery{Owner: "ada", CreatedWith: ids[1]})
			f.selects("those of a creator", []string{"1", "4", "7"}, apitoken.TokenQuery{AnyOwner: true, CreatedBy: "ada", CreatedWith: ids[1]})
			f.selects("those of another creator", nil, apitoken.TokenQuery{AnyOwner: true, CreatedBy: "bob", CreatedWith: ids[1]})
		},
	}, {
		"on behalf",
		"OnBehalf selects the tokens that another user than the owner, or the host itself, generated; IDs compare byte by byte.",
		func(f *fixture) {
			f.addUser("ada")
			f.addUser("bob")
			for i, by := range []apitoken.UserID{"ada", "bob", "", "Ada", "ada ", "ada"} {
				n := draft("ada", fmt.Sprint(i))
				n.CreatedBy = by
				f.create(n)
			}
			n := draft("bob", "of bob")
			f.create(n)
			n = draft("bob", "of bob by ada")
			n.CreatedBy = "ada"
			f.create(n)
			want := []string{"1", "2", "3", "4", "of bob by ada"}
			for _, limit := range []int{1, 2, wholePage} {
				f.selects("those of any owner", want, apitoken.TokenQuery{AnyOwner: true, OnBehalf: true, Limit: limit})
			}
			f.selects("those of one owner", want[:4], apitoken.TokenQuery{Owner: "ada", OnBehalf: true})
			f.selects("those of a creator", want[4:], apitoken.TokenQuery{AnyOwner: true, CreatedBy: "ada", OnBehalf: true})
		},
	}}
}
