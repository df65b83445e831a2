package adminui

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// matchingPage asks before all tokens are revoked that the filters select, and between the pages of that.
type matchingPage struct {
	Question template.HTML
	Typed    string // the number that the user has to type; empty: they have done so
	Mistyped bool
	Action   string
	Fields   []field // the hidden fields of the form
	Button   string
	Back     string // the active tokens that are left
	Done     int    // of Total, for the progress bar; Total 0: nothing is revoked yet
	Total    int
}

// revokeMatching asks first, with the number of tokens that match, which the user has to type. Then it revokes a page of them at a
// time. Between two pages it shows how many are revoked, and a button that continues.
func (v *visit) revokeMatching() error {
	if err := v.r.ParseForm(); err != nil {
		return errForm
	}
	form := v.r.PostForm
	filters, err := url.ParseQuery(filterQuery(form.Get("filters")))
	if err != nil {
		return errForm
	}
	filters = withoutPosition(filters)
	_, q, err := v.readFilters(filters)
	switch {
	case err != nil:
		return err
	case q.Order == apitoken.OrderExpiry:
		return errForm // that order leaves out tokens without expiration, and a revocation has none
	}
	filters.Del("order")
	q.Order = apitoken.OrderOldest
	if form.Get("typed") == "" && form.Get("left") == "" {
		return v.askMatching(filters, q, "")
	}
	total, left, ok := v.readCounts(form)
	if !ok {
		return v.askMatching(filters, q, form.Get("typed"))
	}
	p := apitoken.RevokeManyParams{AtMost: left, Reason: strings.TrimSpace(form.Get("reason"))}
	r, err := v.manager.RevokeMany(v.r.Context(), v.actor, q, p)
	switch {
	case err != nil:
		return v.showPartOfMatching(err, filters, total, left, p.Reason)
	case r.Remaining > 0:
		page := v.matching(filters, total, r.Remaining, p.Reason)
		page.Question = v.stillActive(r.Remaining)
		page.Button = v.text("Continue")
		return v.render(http.StatusOK, "matching.html", v.revokedText(total-r.Remaining, total), page)
	}
	return v.renderWith(http.StatusOK, "done.html", view{
		Heading: v.text("Revoke tokens"), Happened: v.text("Done"), Notice: v.text(plural(total,
			"%s token revoked. No active token matches any more.", "%s tokens revoked. No active token matches any more."), total),
		Page: v.activeURL(filters),
	})
}

// readCounts returns how many tokens were to be revoked in all, and how many of them are left. ok is false if the user did not type the
// number that they were shown.
func (l *language) readCounts(form url.Values) (total, left int, ok bool) {
	total, err := strconv.Atoi(form.Get("total"))
	if err != nil || total < 1 {
		return 0, 0, false
	}
	if typed := form.Get("typed"); typed != "" {
		return total, total, strings.NewReplacer(l.translated(","), "", " ", "").Replace(typed) == strconv.Itoa(total)
	}
	left, err = strconv.Atoi(form.Get("left"))
	return total, left, err == nil && 0 < left && left <= total
}

// askMatching shows how many tokens match and asks for that number. typed is what the user has typed before, which was wrong.
func (v *visit) askMatching(filters url.Values, q apitoken.TokenQuery, typed string) error {
	seen, err := v.manager.RevokeMany(v.r.Context(), v.actor, q, apitoken.RevokeManyParams{DryRun: true})
	if err != nil {
		return err
	}
	total := seen.Remaining
	if total == 0 {
		return v.renderWith(http.StatusOK, "done.html", view{
			Heading: v.text("Revoke tokens"), Happened: v.text(nothingToDo), Notice: v.text("No active token matches, so there is nothing to revoke."), Page: v.inventoryURLOf(filters),
		})
	}
	page := v.matching(filters, total, total, v.r.PostForm.Get("reason"))
	page.Typed, page.Mistyped, page.Total = strconv.Itoa(total), typed != "", 0
	page.Question = v.revokeQuestion(total)
	page.Button = v.text(plural(total, "Revoke %s token", "Revoke %s tokens"), total)
	status := http.StatusOK
	if page.Mistyped {
		status = http.StatusUnprocessableEntity
	}
	return v.render(status, "matching.html", v.text("Revoke tokens"), page)
}

// matching returns the page with the form that revokes the tokens that are left.
func (v *visit) matching(filters url.Values, total, left int, reason string) matchingPage {
	page := matchingPage{
		Action: v.base + "/tokens/revoke-matching", Back: v.activeURL(filters), Done: total - left, Total: total,
		Fields: []field{{"total", strconv.Itoa(total)}},
	}
	if query := filters.Encode(); query != "" {
		page.Fields = append(page.Fields, field{"filters", query})
	}
	if left < total || v.r.PostForm.Get("left") != "" || v.r.PostForm.Get("typed") != "" {
		page.Fields = append(page.Fields, field{"left", strconv.Itoa(left)}, field{"reason", reason})
	}
	return page
}

// showPartOfMatching shows a bulk revocation that failed: how many tokens are revoked, how many are still active, and the button that
// tries again.
func (v *visit) showPartOfMatching(err error, filters url.Values, total, left int, reason string) error {
	p := problemOf(err)
	page := v.matching(filters, total, left, reason)
	page.Button = v.text("Try again")
	heading := v.revokedText(total-left, total)
	switch {
	case errors.Is(err, apitoken.ErrConflict):
		v.reportUnavailable(p, err)
		return v.renderWith(p.status, "done.html", view{
			Heading: heading, Problem: v.text("More tokens match than the %s that were left. They were generated, or came to match, since. "+
				"No more tokens were revoked. Go back, look at them, and begin again.", left), Page: v.activeURL(filters),
		})
	case p.status != http.StatusServiceUnavailable:
		return err
	case isUnknown(err):
		most := min(left, 500)
		page.Question = v.sentence(plural(most,
			"It is not known whether the next %s was revoked. To try again revokes nothing twice.",
			"It is not known whether the next %s were revoked. To try again revokes nothing twice."), most)
	default:
		page.Question = v.stillActive(left)
	}
	v.reportUnavailable(p, err)
	return v.renderWith(p.status, "matching.html", view{Heading: heading, Problem: v.text(p.heading) + ".", Page: page})
}

// activeURL returns the address of the list of the active tokens that the filters select.
func (v *visit) activeURL(filters url.Values) string {
	active, _ := url.ParseQuery(filters.Encode())
	active.Set("status", string(apitoken.StatusActive))
	return v.inventoryURLOf(active)
}

func (v *visit) inventoryURLOf(filters url.Values) string {
	if query := filters.Encode(); query != "" {
		return v.base + "/tokens?" + query
	}
	return v.base + "/tokens"
}

func (l *language) revokedText(done, total int) string {
	return l.text(plural(total, "%s of %s token revoked", "%s of %s tokens revoked"), done, total)
}

func (l *language) stillActive(n int) template.HTML {
	return l.sentence(plural(n, "%s token is still active.", "%s tokens are still active."), n)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// revokeQuestion asks whether a number of active tokens should be revoked.
func (l *language) revokeQuestion(n int) template.HTML {
	return l.sentence(plural(n,
		"Revoke %s active token? Everything that uses it will be refused. This cannot be undone.",
		"Revoke %s active tokens? Everything that uses them will be refused. This cannot be undone."), n)
}
