package storetest

import (
	"fmt"
	"slices"

	"github.com/seed-d6cf0a46/apitoken"
)

const pageByPage = "The pages of a query, each after the last row of the previous one, are together the whole in order, " +
	"with no row twice and none left out."

// pagingRules are about reading many rows a page at a time.
func pagingRules() []rule {
	var rules []rule
	for _, limit := range []int{1, 2, 3, 4, 5, 6, 7, 8, 1000} {
		rules = append(rules, rule{fmt.Sprintf("seven tokens by pages of %d", limit), pageByPage, func(f *fixture) { sevenTokens(f, limit) }})
	}
	for _, limit := range []int{1, 2, 3, 7, 16, 1000} {
		rules = append(rules, rule{fmt.Sprintf("users by pages of %d", limit), pageByPage, func(f *fixture) { usersByBytes(f, limit) }})
	}
	return append(rules, []rule{{
		"tokens by pages while a filter drops rows",
		pageByPage,
		filteredPages,
	}, {
		"tokens by pages while others are inserted",
		"A page begins after the given ID: rows inserted before it are not read, rows inserted after it are, and no row is read twice.",
		insertedWhilePaging,
	}, {
		"users by pages while others are inserted",
		"A page begins after the given ID: a user inserted before it is not read, a user inserted after it is.",
		usersWhilePaging,
	}, {
		"a page of tokens may begin after an unknown ID",
		"The first token of a page is the first with a greater ID, whether or not After is the ID of a token.",
		func(f *fixture) {
			f.addUser("ada")
			ids := newTokenIDs(5)
			stored := f.addTokens("ada", ids[1], ids[3])
			for i, want := range [][]string{{stored[0], stored[1]}, {stored[1]}, {stored[1]}, nil, nil} {
				q := apitoken.TokenQuery{Owner: "ada", After: ids[i]}
				wantEqual(f, fmt.Sprint("the page after ID ", i), want, names(f.tokens(q)))
			}
		},
	}, {
		"a page of tokens may begin after another owner's token",
		"After need not be the ID of a token that the query selects.",
		func(f *fixture) {
			f.addUser("ada")
			f.addUser("bob")
			ids := newTokenIDs(3)
			f.addTokens("ada", ids[0], ids[2])
			f.addTokens("bob", ids[1])
			q := apitoken.TokenQuery{Owner: "ada", After: ids[1]}
			wantEqual(f, "the page", []string{ids[2].String()}, names(f.tokens(q)))
		},
	}, {
		"a page of users may begin after an unknown ID",
		"The first user of a page is the first with a greater ID, by bytes, whether or not After is the ID of a user.",
		func(f *fixture) {
			f.addUser("bob")
			f.addUser("dan")
			for after, want := range map[apitoken.UserID][]apitoken.UserID{
				"ada": {"bob", "dan"}, "Zoe": {"bob", "dan"}, "bobby": {"dan"}, "carol": {"dan"}, "eve": nil, "\u00e9ve": nil,
			} {
				wantEqual(f, fmt.Sprintf("the page after %q", after), want, userIDs(f.usersBy(apitoken.UserQuery{After: after, Limit: wholePage})))
			}
		},
	}, {
		"the tokens of all owners are ordered by ID",
		"With AnyOwner, the tokens of all owners are in the order of their IDs, not by owner.",
		func(f *fixture) {
			f.addUser("ada")
			f.addUser("bob")
			ids := newTokenIDs(6)
			f.addTokens("bob", ids[0], ids[3], ids[4])
			f.addTokens("ada", ids[1], ids[2], ids[5])
			want := idTexts(ids)
			for _, limit := range []int{1, 2, 5, 6} {
				wantEqual(f, fmt.Sprint("pages of ", limit), want, names(f.tokens(apitoken.TokenQuery{AnyOwner: true, Limit: limit})))
			}
		},
	}, {
		"a query of one owner returns no other tokens",
		"With an Owner, Tokens returns the tokens of that user and no others.",
		func(f *fixture) {
			f.addUser("ada")
			f.addUser("bob")
			ids := newTokenIDs(6)
			bobs := f.addTokens("bob", ids[0], ids[3], ids[4])
			adas := f.addTokens("ada", ids[1], ids[2], ids[5])
			for _, limit := range []int{1, 2, 3} {
				wantEqual(f, "the tokens of bob", bobs, names(f.tokens(apitoken.TokenQuery{Owner: "bob", Limit: limit})))
				wantEqual(f, "the tokens of ada", adas, names(f.tokens(apitoken.TokenQuery{Owner: "ada", Limit: limit})))
			}
		},
	}, {
		"a user who does not exist has no tokens",
		"Tokens of an unknown owner is an empty page without an error.",
		func(f *fixture) {
			f.addUser("ada")
			f.addToken("ada", "a")
			wantEqual(f, "Tokens", nil, f.tokens(apitoken.TokenQuery{Owner: "bob"}))
		},
	}}...)
}

// addTokens stores tokens with the given IDs as their names, and returns the names.
func (f *fixture) addTokens(owner apitoken.UserID, ids ...apitoken.TokenID) []string {
	f.Helper()
	for _, id := range ids {
		n := draft(owner, id.String())
		n.ID = id
		f.create(n)
	}
	return idTexts(ids)
}

func idTexts(ids []apitoken.TokenID) []string {
	var texts []string
	for _, id := range ids {
		texts = append(texts, id.String())
	}
	return texts
}

func sevenTokens(f *fixture, limit int) {
	f.addUser("ada")
	ids := newTokenIDs(7)
	f.addTokens("ada", ids[6], ids[0], ids[2], ids[1], ids[5], ids[3], ids[4])
	want := idTexts(ids)
	wantEqual(f, "pages of one owner", want, names(f.tokens(apitoken.TokenQuery{Owner: "ada", Limit: limit})))
	wantEqual(f, "pages of any owner", want, names(f.tokens(apitoken.TokenQuery{AnyOwner: true, Limit: limit})))
}

func usersByBytes(f *fixture, limit int) {
	want := []apitoken.UserID{
		"!", "0", "1", "10", "2", "A", "B", "Z", "_", "a", "a ", "a!", "aA", "aa", "b", "z", "\u00c5", "\u00e9", "\u0451", "\uff41", "\U0001F418",
	}
	if !slices.IsSorted(want) {
		f.Fatal("the IDs have to be in the order of their bytes")
	}
	for i := range want {
		f.addUser(want[i*8%len(want)]) // 8 and 21 have no common divisor: each once, in another order
	}
	wantEqual(f, "Users", want, userIDs(f.usersBy(apitoken.UserQuery{Limit: limit})))
}

func filteredPages(f *fixture) {
	f.addUser("ada")
	ids := newTokenIDs(24)
	f.addTokens("ada", ids...)
	var active []apitoken.TokenID
	for i, id := range ids {
		if i%5 == 0 || i > 8 && i < 15 { // single ones, and more in sequence than fit a page
			active = append(active, id)
			continue
		}
		_, err := f.store.RevokeToken(f.Context(), id, later(microsecond, "ada"), revoked(draft("ada", id.String()), later(microsecond, "ada")))
		f.must("RevokeToken", err)
	}
	want := idTexts(active)
	for limit := 1; limit <= len(want)+1; limit++ {
		q := apitoken.TokenQuery{Owner: "ada", Status: apitoken.StatusActive, Limit: limit}
		wantEqual(f, fmt.Sprint("active tokens by pages of ", limit), want, names(f.tokens(q)))
	}
}

func insertedWhilePaging(f *fixture) {
	f.addUser("ada")
	ids := newTokenIDs(12)
	at := func(from ...int) (some []apitoken.TokenID) {
		for _, i := range from {
			some = append(some, ids[i])
		}
		return some
	}
	f.addTokens("ada", at(1, 2, 4, 6, 8, 9)...)
	q := apitoken.TokenQuery{AnyOwner: true, Limit: 3}
	first, err := f.store.Tokens(f.Context(), q.At(base))
	f.must("Tokens", err)
	wantEqual(f, "the first page", idTexts(at(1, 2, 4)), names(first))
	f.addTokens("ada", at(0, 3, 5, 11)...) // two before the end of the page, two after it
	q.After = ids[4]
	wantEqual(f, "what follows", idTexts(at(5, 6, 8, 9, 11)), names(f.tokens(q)))
}

func usersWhilePaging(f *fixture) {
	for _, id := range []apitoken.UserID{"b", "d", "f", "h"} {
		f.addUser(id)
	}
	q := apitoken.UserQuery{Limit: 2}
	first, err := f.store.Users(f.Context(), q)
	f.must("Users", err)
	wantEqual(f, "the first page", []apitoken.UserID{"b", "d"}, userIDs(first))
	f.addUser("a")
	f.addUser("e")
	f.addUser("i")
	q.After = "d"
	wantEqual(f, "what follows", []apitoken.UserID{"e", "f", "h", "i"}, userIDs(f.usersBy(q)))
}
