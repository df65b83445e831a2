package storetest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

const (
	orderRule = "The pages of a query are together the tokens that it selects, in the order of Order, with no token twice and none left out. " +
		"OrderExpiry leaves out tokens that never expire."
	tallyRule = "TallyTokens counts the tokens that meet the conditions, by their state, among the first rows tokens after After in the order; " +
		"More is set exactly if others come after those that were examined."
)

// orderRules are about the Order of a TokenQuery.
func orderRules() []rule {
	var rules []rule
	for _, o := range []apitoken.TokenOrder{apitoken.OrderNewest, apitoken.OrderExpiry} {
		rules = append(rules, rule{fmt.Sprintf("the order %s under each condition", o), orderRule, func(f *fixture) { assortedInOrder(f, o) }},
			rule{fmt.Sprintf("the order %s after a token that is not selected", o), orderRule, func(f *fixture) { afterAnyToken(f, o) }})
	}
	return append(rules, []rule{{
		"the order expiry with several tokens at one time",
		orderRule,
		sameExpiries,
	}, {
		"the order expiry from a time on",
		"With AfterExpiry and without After, a page begins with the first token that expires at that time or later.",
		func(f *fixture) {
			want := f.addExpiries()
			q := apitoken.TokenQuery{AnyOwner: true, Order: apitoken.OrderExpiry, AfterExpiry: base.Add(time.Hour)}
			f.selects("the tokens from an hour on", want[3:], q)
		},
	}, {
		"tallies within a budget",
		tallyRule,
		tallies,
	}}...)
}

// sorted returns those of the tokens that are in an order, in that order.
func sorted(tokens []apitoken.Token, o apitoken.TokenOrder) []apitoken.Token {
	q := apitoken.TokenQuery{Order: o}
	tokens = slices.DeleteFunc(slices.Clone(tokens), func(t apitoken.Token) bool { return !q.IsAfter(t) })
	slices.SortFunc(tokens, o.Compare)
	return tokens
}

func assortedInOrder(f *fixture, o apitoken.TokenOrder) {
	all := f.addAssorted()
	for _, c := range assortedConditions() {
		for _, q := range []apitoken.TokenQuery{{AnyOwner: true}, {Owner: "ada"}} {
			c.narrow(&q)
			var want []apitoken.Token
			for _, t := range sorted(all, o) {
				if c.holds(t) && (q.AnyOwner || t.Owner == q.Owner) {
					want = append(want, t)
				}
			}
			q.Order, q.Limit = o, 5
			f.selects(c.name, names(want), q)
		}
	}
}

func afterAnyToken(f *fixture, o apitoken.TokenOrder) {
	all := f.addAssorted()
	for _, after := range []apitoken.Token{all[3], all[7], all[14], all[19]} {
		q := following(apitoken.TokenQuery{Owner: "bob", Kind: apitoken.KindUser, Order: o, Limit: 2}, after.ID, after.ExpiresAt)
		if o == apitoken.OrderExpiry && after.ExpiresAt.IsZero() {
			continue
		}
		var want []apitoken.Token
		for _, t := range sorted(all, o) {
			if t.Owner == "bob" && t.Kind == apitoken.KindUser && o.Compare(after, t) < 0 {
				want = append(want, t)
			}
		}
		wantEqual(f, fmt.Sprint("the tokens after ", after.ID), names(want), names(f.tokens(q)))
	}
}

// addExpiries stores tokens of which several expire at one time, and returns their names in the order of expiry.
func (f *fixture) addExpiries() []string {
	f.Helper()
	f.addUser("ada")
	hour := base.Add(time.Hour)
	for i, end := range []time.Time{hour, noTime, in1970, hour, far, hour, noTime, in1970, hour, hour.Add(microsecond), base} {
		n := draft("ada", fmt.Sprint("token ", i))
		n.ExpiresAt = end
		f.create(n)
	}
	return []string{"token 2", "token 7", "token 10", "token 0", "token 3", "token 5", "token 8", "token 9", "token 4"}
}

func sameExpiries(f *fixture) {
	want := f.addExpiries()
	for _, limit := range []int{1, 2, 3, wholePage} {
		q := apitoken.TokenQuery{AnyOwner: true, Order: apitoken.OrderExpiry, Limit: limit}
		f.selects(fmt.Sprint("pages of ", limit), want, q)
	}
}

func tallies(f *fixture) {
	counter, ok := f.store.(apitoken.TokenCounter)
	if !ok {
		f.Skip("NOT TESTED: the store does not implement apitoken.TokenCounter")
	}
	if _, err := counter.TallyTokens(f.Context(), apitoken.TokenQuery{AnyOwner: true, Limit: 1}.At(base), 1); errors.Is(err, errors.ErrUnsupported) {
		f.Skip("NOT TESTED: the store behind does not implement apitoken.TokenCounter")
	}
	all := f.addAssorted()
	for _, o := range []apitoken.TokenOrder{apitoken.OrderOldest, apitoken.OrderNewest, apitoken.OrderExpiry} {
		inOrder := sorted(all, o)
		for _, rows := range []int{1, 7, len(inOrder) - 1, len(inOrder), allRows} {
			for _, after := range []int{0, 5} {
				q := apitoken.TokenQuery{AnyOwner: true, NameContains: "uild", Order: o, Limit: 1}
				rest := inOrder[after:]
				if after > 0 {
					q = following(q, inOrder[after-1].ID, inOrder[after-1].ExpiresAt)
				}
				want := apitoken.TokenTally{Examined: min(rows, len(rest)), More: rows < len(rest)}
				for _, t := range rest[:want.Examined] {
					if t.Name[0] == 'b' || t.Name[0] == 'B' {
						want.Add(t, base)
					}
				}
				got, err := counter.TallyTokens(f.Context(), q.At(base), rows)
				f.must("TallyTokens", err)
				wantEqual(f, fmt.Sprintf("the tally of %d rows after %d, order %q,", rows, after, o), want, got)
			}
		}
	}
	for status, want := range map[apitoken.Status]apitoken.TokenTally{
		apitoken.StatusActive: {Active: 1, Examined: 13}, apitoken.StatusExpired: {Examined: 13}, apitoken.StatusRevoked: {Revoked: 12, Examined: 13},
	} {
		q := apitoken.TokenQuery{Owner: "ada", Status: status, Limit: 1}
		got, err := counter.TallyTokens(f.Context(), q.At(base), allRows)
		f.must("TallyTokens", err)
		wantEqual(f, fmt.Sprintf("the tally of ada's %s tokens", status), want, got)
	}
}
