package storetest

import (
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// spelled is a text as part of the name of a rule, which a newStore may use for a file: no character in it means anything.
func spelled(text string) string {
	return strings.NewReplacer("%", "percent", "_", "underscore", "'", "quote", `\`, "backslash").Replace(text)
}

// kindFilters are about Kind.
func kindFilters() []rule {
	const says = "Kind selects the tokens of that kind, byte for byte."
	all := []apitoken.Kind{
		apitoken.KindUser, "User", "user ", "use", "users", "machine", "Machine", "m\u00e4chine", "ma\u0308chine", "m%", "m_chine", "'", `\`,
	}
	var rules []rule
	for _, kind := range append(all, "none", "USER", "machine ") {
		rules = append(rules, rule{"kind " + spelled(string(kind)), says, func(f *fixture) {
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
	const says = "Resource selects the tokens that are bound to that, byte for byte and to its end; empty it selects all, bound or not."
	long := strings.Repeat("r", 254)
	all := []struct{ name, resource string }{
		{"nothing", ""}, {"a resource", "project:web"}, {"another", "project:api"}, {"a capital", "Project:web"}, {"a space behind", "project:web "},
		{"the beginning", "project:we"}, {"what goes on", "project:webs"}, {"an accent", "projet:\u00e9"}, {"a combining accent", "projet:e\u0301"},
		{"a percent sign", "project:%"}, {"an underscore", "project_web"}, {"a quote", "'"}, {"a backslash", `\`}, {"the name of a kind", "user"},
		{"255 bytes", long + "a"}, {"255 other bytes", long + "b"}, {"nothing again", ""}, {"a resource again", "project:web"},
	}
	var rules []rule
	for _, c := range append(all, []struct{ name, resource string }{{"all capitals", "PROJECT:WEB"}, {"the end", "web"}, {"254 bytes", long}}...) {
		rules = append(rules, rule{"resource of " + c.name, says, func(f *fixture) {
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
	const says = "CreatedBy selects the tokens that the user of that ID generated, byte for byte, for whomever; those of the host itself are no one's."
	all := []apitoken.UserID{"ada", "Ada", "ada ", "ad", "adam", "%", "_da", "\u00e9va", "e\u0301va", "bob", ""}
	var rules []rule
	for _, by := range []apitoken.UserID{"ada", "Ada", "ada ", "ADA", "%", "_da", "\u00e9va", "bob", "carol"} {
		rules = append(rules, rule{"created by " + spelled(string(by)), says, func(f *fixture) {
			f.addUser("bob")
			f.addUser("carol") // who owns tokens and generates none
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
