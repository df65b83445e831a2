package adminui

import (
	"net/url"

	"github.com/seed-d6cf0a46/apitoken"
)

// allStates is the status in an address that selects tokens in every state. The empty one selects live tokens.
const allStates = "all"

// tallied is how many tokens a page examines for the numbers of its tabs.
const tallied = 500

// tab is a link to the tokens in one state, with their number.
type tab struct {
	link
	Count   string // empty: not known
	AtLeast bool   // there may be more
}

// listLinks are the links above a list of tokens.
type listLinks struct {
	Tabs   []tab
	Orders []link
}

// listStatus returns the state of the tokens that a list shows, as in the query of the address.
func listStatus(text string) apitoken.Status {
	switch text {
	case "":
		return apitoken.StatusActive
	case allStates:
		return ""
	}
	return apitoken.Status(text)
}

// The orders of a list, as in the query of the address. Any other text is the first one.
var listOrders = []struct {
	value, text string
	order       apitoken.TokenOrder
}{
	{"", english("Newest first"), apitoken.OrderNewest},
	{"oldest", english("Oldest first"), apitoken.OrderOldest},
	{"expiry", english("Soonest expiry first"), apitoken.OrderExpiry},
}

func listOrder(text string) apitoken.TokenOrder {
	for _, o := range listOrders {
		if o.value == text {
			return o.order
		}
	}
	return apitoken.OrderNewest
}

// listLinks returns the tabs with the numbers of the tokens that q selects, whatever its state and page are, and the tally.
func (v *visit) listLinks(q apitoken.TokenQuery) (listLinks, apitoken.TokenTally, error) {
	status := q.Status
	q = withoutCursor(q)
	q.Status = ""
	tally, err := v.manager.TallyTokens(v.r.Context(), v.actor, q, tallied)
	if err != nil {
		return listLinks{}, tally, err
	}
	var links listLinks
	for _, t := range []struct {
		value, text string
		status      apitoken.Status
	}{
		{"", english("Live"), apitoken.StatusActive}, {"expired", english("Expired"), apitoken.StatusExpired},
		{"revoked", english("Revoked"), apitoken.StatusRevoked}, {allStates, english("All"), ""},
	} {
		links.Tabs = append(links.Tabs, tab{
			link{Path: v.listURLWith("status", t.value), Text: v.text(t.text), Here: t.status == status}, v.number(tally.Of(t.status)), tally.More,
		})
	}
	for _, o := range listOrders {
		links.Orders = append(links.Orders, link{Path: v.listURLWith("order", o.value), Text: v.text(o.text), Here: o.order == q.Order})
	}
	return links, tally, nil
}

// emptyText returns what a list in a state shows in the place of tokens. searched says that it has filters.
func (l *language) emptyText(status apitoken.Status, tally apitoken.TokenTally, searched bool) string {
	texts := struct{ live, expired, revoked, all string }{
		english("No live tokens. The tabs lead to those that have expired or were revoked."),
		english("No expired tokens."), english("No revoked tokens."), english("No tokens."),
	}
	if searched {
		texts.live = english("No live tokens found. The tabs lead to those that have expired or were revoked.")
		texts.expired, texts.revoked, texts.all = english("No expired tokens found."), english("No revoked tokens found."), english("No tokens found.")
	}
	switch {
	case status == apitoken.StatusActive && tally.Expired+tally.Revoked > 0:
		return l.text(texts.live)
	case status == apitoken.StatusExpired:
		return l.text(texts.expired)
	case status == apitoken.StatusRevoked:
		return l.text(texts.revoked)
	}
	return l.text(texts.all)
}

// listURLWith returns the address of the first page of the current list with one parameter changed; empty: removed.
func (v *visit) listURLWith(name, value string) string {
	query := withoutPosition(v.r.URL.Query())
	query.Set(name, value)
	if value == "" {
		query.Del(name)
	}
	return addressOf(v.r.URL.EscapedPath(), query)
}

// addressOf returns a path with a query, which may be empty.
func addressOf(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}
