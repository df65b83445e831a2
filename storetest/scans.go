package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

const (
	pagesRule = "The pages of ScanTokens, each after the Next of the previous one, are together what Tokens returns: in order, with no token " +
		"twice and none left out, whatever the budget."
	nextRule = "Unless the budget ends it, a page has a Next exactly if the query selects a token after it."
)

// scanRules are about reading tokens within a budget, as an [apitoken.TokenPager] does.
func scanRules() []rule {
	var rules []rule
	for _, rows := range []int{1, 2, 3, 7, 24, 25, 26, 1000} {
		rules = append(rules, rule{fmt.Sprintf("tokens by %d rows", rows), pagesRule, func(f *fixture) { assortedByRows(f, rows) }})
	}
	return append(rules, []rule{{
		"the last page has no next",
		nextRule,
		lastPages,
	}, {
		"nothing is selected",
		nextRule,
		func(f *fixture) {
			for _, q := range []apitoken.TokenQuery{{AnyOwner: true}, {Owner: "nobody"}, {AnyOwner: true, NameContains: "a"}} {
				f.scans(q, allRows, nil, apitoken.TokenID{})
			}
			f.addUser("ada")
			n := f.addToken("ada", "a")
			for _, q := range []apitoken.TokenQuery{{Owner: "nobody"}, {AnyOwner: true, NameContains: "b"}, {AnyOwner: true, After: n.ID}} {
				f.scans(q, allRows, nil, apitoken.TokenID{})
			}
		},
	}, {
		"tokens are inserted and revoked between pages",
		"A page begins after the given Next: tokens inserted before it are not read, tokens inserted after it are, and a token that is " +
			"stored all the time is read once.",
		scannedWhileInserting,
	}, {
		"tokens are inserted and revoked during a scan",
		"A token that is selected from the first page to the last is in one of the pages, while others are inserted and revoked.",
		scannedBesideWrites,
	}, {
		"a page of a scan is never modified",
		"A Store never modifies a value that it has returned.",
		func(f *fixture) {
			pager := f.pager()
			n := f.somethingToKeep()
			keepPage(f, n, func() ([]apitoken.Token, error) {
				page, err := pager.ScanTokens(f.Context(), apitoken.TokenQuery{AnyOwner: true, Limit: 2}.At(base), allRows)
				return page.Tokens, err
			})
		},
	}}...)
}

// pager returns the store as an optional TokenPager. If the store is none, the test is skipped.
func (f *fixture) pager() apitoken.TokenPager {
	f.Helper()
	pager, ok := f.store.(apitoken.TokenPager)
	if !ok {
		f.Skip("NOT TESTED: the store does not implement apitoken.TokenPager")
	}
	return pager
}

// scanned reads all pages of a query at base, within a budget for each.
func (f *fixture) scanned(q apitoken.TokenQuery, rows int) []apitoken.Token {
	f.Helper()
	return f.scannedAt(base, q, rows)
}

// scannedAt is scanned at another time.
func (f *fixture) scannedAt(now time.Time, q apitoken.TokenQuery, rows int) []apitoken.Token {
	f.Helper()
	if q.Limit == 0 {
		q.Limit = wholePage
	}
	var all []apitoken.Token
	for range allRows {
		page := f.scanAt(now, q, rows)
		all = append(all, page.Tokens...)
		if page.Next.IsZero() {
			return all
		}
		q = following(q, page.Next, page.NextExpiry)
	}
	f.Fatalf("%s\nthe pages of ScanTokens do not end", f.promise)
	return nil
}

// scan reads one page, and checks that it has no more tokens than the limit, after After and not after Next.
func (f *fixture) scan(q apitoken.TokenQuery, rows int) apitoken.TokenPage {
	f.Helper()
	return f.scanAt(base, q, rows)
}

// scanAt is scan at another time.
func (f *fixture) scanAt(now time.Time, q apitoken.TokenQuery, rows int) apitoken.TokenPage {
	f.Helper()
	page, err := f.pager().ScanTokens(f.Context(), q.At(now), rows)
	f.must("ScanTokens", err)
	if len(page.Tokens) > q.Limit {
		f.Fatalf("%s\nScanTokens returns a page of %d tokens, the limit is %d", f.promise, len(page.Tokens), q.Limit)
	}
	last := q
	for _, t := range page.Tokens {
		if !last.IsAfter(t) {
			f.Fatalf("%s\nScanTokens returns the token %s after %s", f.promise, t.ID, last.After)
		}
		last = following(q, t.ID, t.ExpiresAt)
	}
	next := apitoken.Token{ID: page.Next, ExpiresAt: page.NextExpiry}
	if !page.Next.IsZero() && (page.Next == q.After || page.Next != last.After && !last.IsAfter(next)) {
		f.Fatalf("%s\nScanTokens returns the Next %s for a page after %s that ends with %s", f.promise, page.Next, q.After, last.After)
	}
	if page.Examined < len(page.Tokens) || page.Examined == 0 && !page.Next.IsZero() {
		f.Fatalf("%s\nScanTokens examines %d tokens within a budget of %d for a page of %d", f.promise, page.Examined, rows, len(page.Tokens))
	}
	return page
}

// scans checks the tokens and the Next of one page.
func (f *fixture) scans(q apitoken.TokenQuery, rows int, want []string, next apitoken.TokenID) {
	f.Helper()
	if q.Limit == 0 {
		q.Limit = wholePage
	}
	page := f.scan(q, rows)
	wantEqual(f, fmt.Sprintf("the page of %d after %s", q.Limit, q.After), want, names(page.Tokens))
	wantEqual(f, fmt.Sprintf("the Next of the page of %d after %s", q.Limit, q.After), next, page.Next)
}

func assortedByRows(f *fixture, rows int) {
	f.pager()
	f.addAssorted()
	for _, c := range assortedConditions() {
		for _, of := range []apitoken.TokenQuery{{AnyOwner: true}, {Owner: "ada"}, {AnyOwner: true, CreatedBy: "ada"}} {
			q := of
			c.narrow(&q)
			want := f.tokens(q)
			for _, limit := range []int{2, wholePage} {
				q.Limit = limit
				wantEqual(f, fmt.Sprintf("%s, by pages of %d", c.name, limit), want, f.scanned(q, rows))
			}
		}
	}
}

func lastPages(f *fixture) {
	f.pager()
	f.addUser("ada")
	ids := newTokenIDs(8)
	texts := f.addTokens("ada", ids[:6]...)
	for _, id := range ids[6:] { // not selected by the query
		n := draft("ada", "other "+id.String())
		n.ID, n.Kind = id, "other"
		f.create(n)
	}
	var none apitoken.TokenID
	for _, q := range []apitoken.TokenQuery{{AnyOwner: true, Kind: apitoken.KindUser}, {Owner: "ada", Kind: apitoken.KindUser}} {
		q.Limit = 7
		f.scans(q, allRows, texts, none)
		q.Limit = 6
		f.scans(q, allRows, texts, none)
		q.Limit = 5
		f.scans(q, allRows, texts[:5], ids[4])
		q.Limit, q.After = 3, ids[2]
		f.scans(q, allRows, texts[3:], none)
		q.Limit = 2
		f.scans(q, allRows, texts[3:5], ids[4])
		q.After = ids[5]
		f.scans(q, allRows, nil, none)
	}
	f.scans(apitoken.TokenQuery{AnyOwner: true, Kind: "other", Limit: 2}, allRows, []string{"other " + ids[6].String(), "other " + ids[7].String()}, none)
	f.scans(apitoken.TokenQuery{AnyOwner: true, Kind: "other", Limit: 1}, allRows, []string{"other " + ids[6].String()}, ids[6])
}

func scannedWhileInserting(f *fixture) {
	f.pager()
	for i, rows := range []int{1, 2, 3, allRows} {
		owner := apitoken.UserID(fmt.Sprint("user ", i))
		f.addUser(owner)
		ids := newTokenIDs(20)
		steady := f.addTokens(owner, ids[2], ids[6], ids[10], ids[14])
		q := apitoken.TokenQuery{Owner: owner, Status: apitoken.StatusActive, Limit: 1}
		page := f.scan(q, rows)
		read := names(page.Tokens)
		f.addTokens(owner, ids[0], ids[18])
		gone := draft(owner, "revoked")
		gone.ID = ids[16]
		f.create(gone)
		f.revoke(gone, later(0, owner))
		if !slices.Contains(read, steady[0]) && bytes.Compare(page.Next[:], ids[2][:]) >= 0 {
			f.broken("%d rows at a time: the first page has a Next after %s and does not contain it", rows, ids[2])
		}
		q.After = page.Next
		read = append(read, names(f.scanned(q, rows))...)
		wantEqual(f, fmt.Sprintf("the tokens read, %d rows at a time", rows), append(steady, ids[18].String()), read)
	}
}

func scannedBesideWrites(f *fixture) {
	f.pager()
	f.addUser("ada")
	ids := newTokenIDs(40)
	var steady []string
	for i := 0; i < len(ids); i += 4 {
		steady = append(steady, f.addTokens("ada", ids[i])...)
	}
	q := apitoken.TokenQuery{Owner: "ada", Status: apitoken.StatusActive, Limit: 2}
	written := make(chan struct{})
	defer func() { <-written }()
	go func() {
		defer close(written)
		for i, id := range ids {
			if i%4 == 0 {
				continue
			}
			n, by := draft("ada", id.String()), later(0, "ada")
			n.ID = id
			if err := f.store.CreateToken(f.Context(), n, 0, generated(n)); err != nil {
				f.broken("CreateToken: %v", err)
			}
			if i%2 == 0 {
				continue
			}
			if _, err := f.store.RevokeToken(f.Context(), n.ID, by, revoked(n, by)); err != nil {
				f.broken("RevokeToken: %v", err)
			}
		}
	}()
	const budgets = 3
	for round, last := 0, -1; round != last; round++ {
		select {
		case <-written:
			if last < 0 {
				last = round + budgets // once more with each budget, after the last write
			}
		default:
		}
		var read []string
		for q.After = (apitoken.TokenID{}); ; {
			page := f.scan(q, 1+round%budgets)
			for _, t := range page.Tokens {
				if slices.Contains(steady, t.Name) {
					read = append(read, t.Name)
				}
			}
			if q.After = page.Next; q.After.IsZero() {
				break
			}
		}
		wantEqual(f, "the tokens that are stored all the time", steady, read)
	}
}
