package adminui

import (
	"net/http"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// week is a bar of the chart.
type week struct {
	From, To moment
	Tokens   int
	Number   string // Tokens, with a plus sign if there are more
}

type expiringPage struct {
	Weeks []week
	Chart chart
	Total int
	More  bool // there are more than Total
}

// weekly is how many tokens are counted at most for one week.
const weekly = 100

// expiring shows how many active tokens expire in each of the next thirteen weeks. Each number is a bounded count along the index
// of the expiry.
func (v *visit) expiring() error {
	const weeks = 13
	var page expiringPage
	for i := range weeks {
		from, to := v.now.AddDate(0, 0, 7*i), v.now.AddDate(0, 0, 7*(i+1))
		tally, err := v.manager.TallyTokens(v.r.Context(), v.actor, apitoken.TokenQuery{
			AnyOwner: true, Status: apitoken.StatusActive, ExpiresBefore: to, Order: apitoken.OrderExpiry, AfterExpiry: from,
		}, weekly)
		if err != nil {
			return err
		}
		number := v.number(tally.Active)
		if tally.More {
			number += "+"
		}
		page.Weeks = append(page.Weeks, week{v.day(from), v.day(to), tally.Active, number})
		page.Total += tally.Active
		page.More = page.More || tally.More
	}
	page.Chart = newChart(page.Weeks)
	return v.render(http.StatusOK, "expiring.html", v.text("Expiring"), page)
}

// day returns the day of a time as a page shows it.
func (v *visit) day(t time.Time) moment {
	m := v.moment(t)
	m.Text, m.ZoneUnknown = v.date(t.In(v.zone), shortDayLayout), false
	return m
}
