package adminui

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// filters are what narrows the list of everybody's tokens, as they stand in the address.
type filters struct {
	Owner, Name, Status string
	Within              string // expires within so many days
	Unused              string // not used for so many days
	NoEnd               bool   // without expiration
	Beyond              bool   // beyond the present maximum
}

type inventoryPage struct {
	Filters  filters
	Rows     []tokenRow
	Next     string
	Download string
	Query    string // the filters and the place in the list, as they stand in the address
	Revocable,
	HasMaximum bool
}

// readFilters gives what stands in the address, and the query that it means.
func (v *visit) readFilters() (filters, apitoken.TokenQuery, error) {
	query := v.r.URL.Query()
	f := filters{
		Owner: query.Get("owner"), Name: query.Get("name"), Status: query.Get("status"),
		Within: query.Get("within"), Unused: query.Get("unused"),
		NoEnd: query.Get("no-end") != "", Beyond: query.Get("beyond") != "",
	}
	q := apitoken.TokenQuery{
		Owner: apitoken.UserID(f.Owner), AnyOwner: f.Owner == "",
		NameContains: f.Name, Status: apitoken.Status(f.Status), WithoutExpiration: f.NoEnd,
	}
	if n := days(f.Within); n > 0 {
		q.ExpiresBefore = v.now.AddDate(0, 0, n)
		if q.Status == "" {
			q.Status = apitoken.StatusActive // what has ended does not end any more
		}
	}
	if n := days(f.Unused); n > 0 {
		q.UnusedSince = v.now.AddDate(0, 0, -n)
	}
	if f.Beyond {
		policy, err := v.manager.Policy(v.r.Context())
		if err != nil {
			return f, q, err
		}
		if policy.Max != apitoken.NoExpiration {
			q.LivesLongerThan = policy.Max
		}
	}
	return f, q, nil
}

// days is a number of days up to ten years, or 0.
func days(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n > 3650 {
		return 0
	}
	return n
}

func (v *visit) inventory() error {
	f, q, err := v.readFilters()
	if err != nil {
		return err
	}
	q.Limit = tokensOnPage
	q.After, err = tokenID(v.r.URL.Query().Get("after"))
	if err != nil {
		return err
	}
	list, err := v.manager.TokenPage(v.r.Context(), v.actor, q)
	if err != nil {
		return err
	}
	policy, err := v.manager.Policy(v.r.Context())
	if err != nil {
		return err
	}
	page := inventoryPage{
		Filters: f, Revocable: v.may.Has(apitoken.RevokeAny), HasMaximum: policy.Max != apitoken.NoExpiration,
		Download: v.base + "/tokens.csv?" + withoutPage(v.r.URL.Query()),
		Query:    filtersOf(v.r.URL.RawQuery),
	}
	for _, t := range list.Tokens {
		page.Rows = append(page.Rows, v.row(t))
	}
	if !list.Next.IsZero() {
		page.Next = v.with("after", list.Next.String())
	}
	return v.render(http.StatusOK, "inventory.html", "All tokens", page)
}

// filtersOf are the filters and the place in the list that stand in a query, and nothing else of it.
func filtersOf(query string) string {
	values, _ := url.ParseQuery(query) // what cannot be read is no filter
	known := url.Values{}
	for _, name := range []string{"owner", "name", "status", "within", "unused", "no-end", "beyond", "after"} {
		if values.Get(name) != "" {
			known.Set(name, values.Get(name))
		}
	}
	return known.Encode()
}

func withoutPage(query url.Values) string {
	query.Del("after")
	return query.Encode()
}

// week is a column of the picture.
type week struct {
	From, To moment
	Tokens   int
}

type expiringPage struct {
	Weeks []week
	Chart chart
	Total int
}

// expiring shows how many live tokens end in each of the next thirteen weeks. Each number is a difference of two counts
// along the index of ends.
func (v *visit) expiring() error {
	const weeks = 13
	var page expiringPage
	before := 0
	for i := range weeks {
		from, to := v.now.AddDate(0, 0, 7*i), v.now.AddDate(0, 0, 7*(i+1))
		ended, err := v.manager.CountTokens(v.r.Context(), v.actor, apitoken.TokenQuery{
			AnyOwner: true, Status: apitoken.StatusActive, ExpiresBefore: to,
		})
		if err != nil {
			return err
		}
		page.Weeks = append(page.Weeks, week{v.day(from), v.day(to), ended - before})
		before = ended
	}
	page.Total = before
	page.Chart = newChart(page.Weeks)
	return v.render(http.StatusOK, "expiring.html", "Expiring", page)
}

// day is the day of a time as a page shows it.
func (v *visit) day(t time.Time) moment {
	m := v.moment(t)
	m.Text, m.ZoneUnknown = t.In(v.zone).Format("2 Jan"), false
	return m
}
