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
