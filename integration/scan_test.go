package integration_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// A page of a list reads one index of the tokens within the budget, for all conditions, even if they select few tokens. The pages
// together are the list.
func TestScansLookAtNoMoreThanTheirBudget(t *testing.T) {
	long(t)
	const rows, budget = 20_000, 200
	for _, b := range everywhere {
		t.Run(b.name, func(t *testing.T) {
			s := b.scanStage(t, rows)
			for _, l := range lists() {
				s.holdBudget(t, l, budget)
				s.holdPages(t, l, 10*budget)
			}
		})
	}
}

// scanStage is a store with tokens to list.
type scanStage struct {
	database
	rows     int
	asked    *asked
	store    *sqlstore.Store // whose statements are recorded
	prepared *sqlstore.Store
}

func (b backend) scanStage(t *testing.T, rows int) *scanStage {
	t.Helper()
	s := &scanStage{database: b.database(t).withoutDisk(), rows: rows}
	s.loadForScans(t, s.open(t, 0), rows)
	db, asked := openAsked(t, s.database)
	s.asked = asked
	s.store = s.newStore(t, db, &sqlstore.Options{Unprepared: true})
	s.prepared = s.newStore(t, s.open(t, 0), nil)
	must(t, use(s.store))
	return s
}

const rowsOfPage = 100

// holdBudget reads the first page of a list. Each statement for it has to use the expected index, and to look at no more tokens
// than the budget and one more, which tells whether there is a next page.
func (s *scanStage) holdBudget(t *testing.T, l scanned, budget int) {
	t.Helper()
	q := l.query
	q.Limit = rowsOfPage
	s.asked.taken()
	if _, err := s.store.ScanTokens(context.Background(), q.At(l.now), budget); err != nil {
		t.Fatalf("%s: %v", l.name, err)
	}
	db := s.open(t, 0)
	defer func() { _ = db.Close() }()
	for _, sent := range s.asked.taken() {
		index := s.indexOf(l, sent)
		var seen []string
		for _, line := range s.plan(t, db, sent) {
			if strings.Contains(line, "epochs") || strings.HasPrefix(line, "e ") || strings.HasPrefix(line, "SEARCH e ") {
				continue // looked up by key
			}
			seen = append(seen, line)
			if !strings.Contains(line, index) {
				t.Errorf("%s: %s, want the index %s: %s", l.name, line, index, sent.text)
			}
			if s.driver == "sqlite" && strings.Contains(sent.text, "t.id >") && !strings.Contains(sent.text, "+t.id >") &&
				!strings.Contains(line, "id>? AND id<?") {
				t.Errorf("%s: %s, want a part of it between two tokens: %s", l.name, line, sent.text)
			}
		}
		if len(seen) != 1 {
			t.Errorf("%s: the tokens are read by %q: %s", l.name, seen, sent.text)
		}
		most := budget + 1
		if s.driver == "mysql" && strings.Contains(sent.text, "count(*)") {
			most *= 2 // it reads its result again to count it
		}
		if n := s.lookedAt(t, db, sent); n > most+10 { // MariaDB counts a few more
			t.Errorf("%s: %d tokens are looked at, want no more than %d: %s", l.name, n, most, sent.text)
		}
	}
}

// indexOf returns the expected index of a statement. Expiring tokens are counted by expiry first, to find out whether they
// are few. In the order of expiry, the tokens of a condition are counted by its index.
func (s *scanStage) indexOf(l scanned, sent askedQuery) string {
	along := l.along
	if strings.Contains(sent.text, "count(*)") && l.query.Order != apitoken.OrderExpiry {
		along = "by_end"
	}
	if s.driver == "mysql" {
		along = strings.NewReplacer("rare_kind", "kind", "endless", "by_end").Replace(along)
	}
	return along
}

// holdPages compares the pages of a list with those of Tokens, and their number with the loaded data.
func (s *scanStage) holdPages(t *testing.T, l scanned, budget int) {
	t.Helper()
	ctx := context.Background()
	q := l.query
	q.Limit = 1000
	var want []apitoken.TokenID
	for {
		page, err := s.prepared.Tokens(ctx, q.At(l.now))
		must(t, err)
		want = append(want, tokenIDs(page)...)
		if len(page) < q.Limit {
			break
		}
		last := page[len(page)-1]
		q = following(q, last.ID, last.ExpiresAt)
	}
	var got []apitoken.TokenID
	pages := 0
	for q.After, q.AfterExpiry = (apitoken.TokenID{}), (time.Time{}); ; pages++ {
		page, err := s.prepared.ScanTokens(ctx, q.At(l.now), budget)
		must(t, err)
		got = append(got, tokenIDs(page.Tokens)...)
		if page.Next.IsZero() {
			break
		}
		onward := bytes.Compare(page.Next[:], q.After[:])
		if q.Order == apitoken.OrderNewest && !q.After.IsZero() {
			onward = -onward
		}
		if onward <= 0 && q.Order != apitoken.OrderExpiry {
			t.Fatalf("%s: a page after %s continues after %s", l.name, q.After, page.Next)
		}
		q = following(q, page.Next, page.NextExpiry)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %d pages (-of Tokens +of TokenPage):\n%s", l.name, pages, diff)
	}
	if share := float64(len(want)) * 100 / float64(s.rows); share < l.share*.7-.2 || share > l.share*1.3+.2 {
		t.Errorf("%s: selects %.2f %% of the tokens, want about %.2f %%", l.name, share, l.share)
	}
}

func tokenIDs(tokens []apitoken.Token) (ids []apitoken.TokenID) {
	for _, t := range tokens {
		ids = append(ids, t.ID)
	}
	return ids
}
