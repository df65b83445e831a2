package adminui

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// eventsOnPage is the number of events on a page.
const eventsOnPage = 50

type eventRow struct {
	apitoken.Event
	At      moment // of several denials: the first
	More    int64  // the number of further denials
	Until   moment // the time of the last one
	Who     string
	Denied  bool
	What    string // the name of the token or user
	Changes []stateChange
	Policy  string // how the limits and exemptions have changed

	ActorURL, OwnerURL, TokenURL string // what the event is about; empty: nothing, or the visitor may not see it
}

// stateChange is a value before and after an event. Empty: none.
type stateChange struct {
	What, Before, After string
}

// eventFilters are the filters of the events, as in the query of the address.
type eventFilters struct {
	Owner, Actor, Action, Outcome string
	Token                         string // about this token
	From, To                      string // the first and the last day
}

// InUse returns how many filters are set.
func (f eventFilters) InUse() (n int) {
	for _, text := range []string{f.Owner, f.Actor, f.Action, f.Outcome, f.Token, f.From, f.To} {
		if text != "" {
			n++
		}
	}
	return n
}

type activityPage struct {
	Filters  eventFilters
	Actions  []choice
	Outcomes []choice
	Rows     []eventRow
	Filtered bool
	Next     string
	Zone     string // the time zone of the days
	Download string
}

func newActivityPage(f eventFilters) activityPage {
	page := activityPage{Filters: f, Outcomes: []choice{{string(apitoken.OutcomeDone), "Done"}, {string(apitoken.OutcomeDenied), "Denied"}}}
	for _, a := range apitoken.RecordedActions() {
		page.Actions = append(page.Actions, choice{string(a), capitalized(actionText(a))})
	}
	return page
}

// readEventFilters returns the filters in a query, and the query of events that they mean. The days are in the visitor's zone.
func (v *visit) readEventFilters(query url.Values) (f eventFilters, q apitoken.EventQuery, err error) {
	f = eventFilters{
		Owner: query.Get("owner"), Actor: query.Get("actor"), Action: query.Get("action"), Outcome: query.Get("outcome"),
		Token: query.Get("token"), From: query.Get("from"), To: query.Get("to"),
	}
	q = apitoken.EventQuery{
		Owner: apitoken.UserID(f.Owner), Actor: apitoken.UserID(f.Actor), Action: apitoken.Action(f.Action), Outcome: apitoken.Outcome(f.Outcome),
		NewestFirst: true,
	}
	if q.Token, err = tokenID(f.Token); err != nil {
		return f, q, err
	}
	if day, err := time.ParseInLocation(time.DateOnly, f.From, v.zone); err == nil {
		q.Since = day
	}
	if day, err := time.ParseInLocation(time.DateOnly, f.To, v.zone); err == nil {
		q.Before = day.AddDate(0, 0, 1)
	}
	return f, q, nil
}

func (v *visit) activity() error {
	query := v.r.URL.Query()
	f, q, err := v.readEventFilters(query)
	if err != nil {
		return err
	}
	page := newActivityPage(f)
	page.Zone, page.Filtered = v.zone.String(), f != eventFilters{}
	q.Limit = eventsOnPage + 1
	if q.After, err = eventSeq(query.Get("after")); err != nil {
		return err
	}
	query.Del("after")
	page.Download = addressOf(v.base+"/activity.csv", query)
	for e, err := range v.manager.Events(v.r.Context(), v.actor, q) {
		if err != nil {
			return err
		}
		if len(page.Rows) == eventsOnPage {
			page.Next = v.pageURLWith("after", strconv.FormatInt(int64(page.Rows[eventsOnPage-1].Seq), 10))
			break
		}
		page.Rows = append(page.Rows, v.eventRow(e))
	}
	return v.render(http.StatusOK, "activity.html", "Activity", page)
}

// limitInWords returns what the token was limited to.
func limitInWords(s apitoken.State) string {
	names := s.PermissionNames()
	switch {
	case names == nil:
		return "all of its kind"
	case len(names) == 0:
		return "none"
	}
	return strings.Join(names, ", ")
}

// expiryInWords returns when the token expired.
func expiryInWords(s apitoken.State) string {
	if s.ExpiresAt.IsZero() {
		return "none"
	}
	return s.ExpiresAt.Format("2006-01-02 15:04 UTC")
}

func (v *visit) eventRow(e apitoken.Event) eventRow {
	row := eventRow{Event: e, At: v.moment(e.At), Who: string(e.Actor.User), Denied: e.Outcome == apitoken.OutcomeDenied, What: e.After.Name}
	if e.Count > 0 {
		row.At, row.More, row.Until = v.moment(e.FirstAt), e.Count-1, v.moment(e.At)
	}
	if e.Actor.Kind == apitoken.ActorSystem {
		row.Who = "the host"
	}
	if row.Who == "" {
		row.Who = "nobody"
	}
	row.Changes = stateChanges(e)
	if e.Actor.User != "" {
		row.ActorURL = addressOf(v.base+"/activity", url.Values{"actor": {string(e.Actor.User)}})
	}
	if e.Owner != "" && v.offersCounting(e.Owner) {
		row.OwnerURL = v.base + v.pathOfUser(e.Owner) + "/tokens"
	}
	if !e.Token.IsZero() && v.may.Has(apitoken.ListAny) {
		row.TokenURL = v.tokenURL(e.Token)
	}
	if e.Action == apitoken.ActionSetPolicy {
		row.Policy = e.After.Policy
	}
	return row
}

// stateChanges returns the names, descriptions, roles and maximum lifetimes that an event changed.
func stateChanges(e apitoken.Event) (changes []stateChange) {
	add := func(what, before, after string) {
		if before != after {
			changes = append(changes, stateChange{what, before, after})
		}
	}
	if e.Outcome == apitoken.OutcomeDenied {
		return nil
	}
	switch e.Action {
	case apitoken.ActionSetPolicy:
		if e.Before.MaxLifetime == e.After.MaxLifetime { // the limits or exemptions have changed
			return nil
		}
		changes = append(changes, stateChange{"maximum", lifetimeInSentence(e.Before.MaxLifetime), lifetimeInSentence(e.After.MaxLifetime)})
	case apitoken.ActionUpdateToken:
		add("name", e.Before.Name, e.After.Name)
		add("description", e.Before.Description, e.After.Description)
	case apitoken.ActionNarrow:
		add("permissions", limitInWords(e.Before), limitInWords(e.After))
		add("expiry", expiryInWords(e.Before), expiryInWords(e.After))
	case apitoken.ActionPutUser:
		if e.Before.Role != "" { // the user is not new
			add("name", e.Before.Name, e.After.Name)
		}
		add("role", string(e.Before.Role), string(e.After.Role))
		if e.Before.Service || e.After.Service {
			add("kind of account", accountText(e.Before), accountText(e.After))
		}
		add("answered for by", string(e.Before.Responsible), string(e.After.Responsible))
	}
	return changes
}

// accountText returns what kind of account a state is; empty: none yet.
func accountText(s apitoken.State) string {
	switch {
	case s.Role == "":
		return ""
	case s.Service:
		return "service"
	}
	return "person"
}

// eventSeq parses the number of an event. The empty text is 0.
func eventSeq(text string) (apitoken.EventSeq, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, apitoken.ErrNotFound
	}
	return apitoken.EventSeq(n), nil
}
