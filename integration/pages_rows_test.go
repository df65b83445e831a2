package integration_test

import (
	"database/sql"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
	"github.com/seed-d6cf0a46/apitoken/integration/population"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// envPagesRows is the variable with the number of tokens in the test of the pages.
const envPagesRows = "APITOKEN_PAGES_ROWS"

// pagesOfMany returns the pages that are measured: all tokens in each tab, order and quick filter, and every other page that
// reads tokens, users or events. {newest} is the id of the newest token.
func pagesOfMany() []string {
	all := []string{
		"/users", "/users/user%2040", "/tokens/{newest}", "/users/user%2040/tokens", "/users/user%2040/tokens?status=all", "/users/user%2040/tokens?order=expiry",
		"/tokens?name=token+30", "/expiring", "/policy",
		"/activity", "/activity?owner=user%2040", "/activity?actor=root", "/activity?action=token.revoke", "/activity?outcome=denied",
	}
	for _, status := range []string{"", "expired", "revoked", "all"} {
		for _, order := range []string{"", "oldest", "expiry"} {
			for _, filter := range []string{"", "within=7", "unused=90", "no-end=yes", "on-behalf=yes", "beyond=yes"} {
				query, _ := url.ParseQuery(filter)
				for name, value := range map[string]string{"status": status, "order": order} {
					if value != "" {
						query.Set(name, value)
					}
				}
				all = append(all, "/tokens?"+query.Encode())
			}
		}
	}
	return all
}

// searches are pages that read up to 5,000 users, so their time depends on how many there are.
var searches = []string{"/users?q=user+10", "/tokens?q=" + population.LastFour(300) + "&status=all", "/tokens?q=token+30"}

// A page does not read all of 40,000 tokens or 50,000 events. On SQLite, which does not tell what it reads, a page takes at most ten
// times as long as with 400 tokens, where a scan would take a hundred times as long. With a number of tokens in the environment, a
// page takes at most three times as long, and a search a second.
func TestPagesWithManyTokens(t *testing.T) {
	long(t)
	many, timed := fromEnvironment(t, envPagesRows, 40_000), os.Getenv(envPagesRows) != ""
	for _, b := range everywhere {
		t.Run(b.name, func(t *testing.T) {
			counted := !timed && b.driver != "sqlite"
			now := time.Now().UTC().Truncate(time.Microsecond)
			most := b.pagesOver(t, population.Population{Users: many / 8, Tokens: many, Events: many / 4 * 5, Now: now}, counted)
			if counted {
				for _, path := range pagesOfMany() {
					holdReads(t, most, path)
				}
				return
			}
			few, limit := b.pagesOver(t, population.Small(now), false), 10.0
			if timed {
				limit = 3
			}
			for _, path := range pagesOfMany() {
				holdRatio(t, few, most, path, limit)
			}
			for _, path := range searches {
				if _, took := timesOfPage(t, few, most, path); timed && took > time.Second {
					t.Errorf("%s takes %v, want a second at most", path, took)
				}
			}
		})
	}
}

// holdRatio compares the times of a page of two hosts. A page that is almost empty with few tokens may take as long with many as
// three plain lists of few. Other programs of the machine may delay one of the hosts, so a ratio that is too high is measured again.
func holdRatio(t *testing.T, few, most loadedPages, path string, limit float64) {
	t.Helper()
	const attempts = 3
	for attempt := 1; ; attempt++ {
		short, long := timesOfPage(t, few, most, path)
		plain, _ := timesOfPage(t, few, few, "/tokens")
		ratio := float64(long) / float64(max(short, plain))
		t.Logf("%-56s %8v with few tokens, %8v with many; the list with few %8v: %.1f times", path, short.Round(10*time.Microsecond), long.Round(10*time.Microsecond), plain.Round(10*time.Microsecond), ratio)
		switch {
		case ratio <= limit:
			return
		case attempt == attempts:
			t.Errorf("%s takes %.1f times as long with many tokens, want %v at most", path, ratio, limit)
			return
		}
	}
}

// loadedPages are the pages of a host with a population.
type loadedPages struct {
	http.Handler
	newest string              // the id of a token
	reads  func(do func()) int // see openCounting; nil if it is not counted
}

// pagesOver returns the pages of a host with a population and a maximum of 90 days, as the administrator sees them.
func (b backend) pagesOver(t *testing.T, p population.Population, counted bool) loadedPages {
	t.Helper()
	d := b.database(t).withoutDisk()
	opts := &apitoken.Options{Clock: newMovable(p.Now), LastUsedInterval: -1}
	d.connect(t, func(db *sql.DB) {
		store := d.newMigrated(t, db, nil)
		start := time.Now()
		must(t, population.Load(t.Context(), db, d.driver, p))
		t.Logf("%d users, %d tokens and %d events are loaded in %v", p.Users, p.Tokens, p.Events, time.Since(start).Round(time.Millisecond))
		_, err := managerOf(t, store, opts).SetPolicy(t.Context(), apitoken.System(), apitoken.MaxLifetimePolicy{Max: apitoken.Days(90)})
		must(t, err)
	})
	var pages loadedPages
	var m *apitoken.Manager
	if counted {
		var db *sql.DB
		db, pages.reads = d.openCounting(t)
		m = managerOf(t, d.newStore(t, db, &sqlstore.Options{Unprepared: true}), opts)
	} else {
		m = managerOf(t, d.newStore(t, d.open(t, 0), nil), opts)
	}
	var err error
	pages.Handler, err = adminui.New(m, &adminui.Options{Actor: func(*http.Request) (apitoken.Actor, error) { return apitoken.As(population.Admin), nil }})
	must(t, err)
	newest, err := m.ListTokens(t.Context(), apitoken.System(), apitoken.TokenQuery{AnyOwner: true, Order: apitoken.OrderNewest, Limit: 1})
	must(t, err)
	pages.newest = newest[0].ID.String()
	return pages
}

// get requests a page.
func (p loadedPages) get(t *testing.T, path string) {
	t.Helper()
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, strings.Replace(path, "{newest}", p.newest, 1), nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d", path, w.Code)
	}
}

// timesOfPage returns the median time of several requests for a page of two hosts, which take turns.
func timesOfPage(t *testing.T, a, b loadedPages, path string) (ofA, ofB time.Duration) {
	t.Helper()
	const requests = 9
	var times [2][]time.Duration
	for i := range requests {
		for host, pages := range []loadedPages{a, b} {
			start := time.Now()
			pages.get(t, path)
			took := time.Since(start)
			if i > 0 { // the first one may prepare statements
				times[host] = append(times[host], took)
			}
		}
	}
	median := func(all []time.Duration) time.Duration { return slices.Sorted(slices.Values(all))[len(all)/2] }
	return median(times[0]), median(times[1])
}
