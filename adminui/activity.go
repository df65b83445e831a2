package adminui

import (
	"net/http"
	"strconv"

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
}

// stateChange is a value before and after an event. Empty: none.
type stateChange struct {
	What, Before, After string
}

// eventFilters are the filters of the events, as in the query of the address.
type eventFilters struct{ Owner, Actor, Action, Outcome string }

type activityPage struct {
	Filters  eventFilters
	Actions  []choice
	Outcomes []choice
	Rows     []eventRow
	Next     string
}

// eventActions are the recorded actions, in the order of the form.
var eventActions = []apitoken.Action{
	apitoken.ActionGenerate, apitoken.ActionImport, apitoken.ActionOffer, apitoken.ActionClaim, apitoken.ActionWithdraw, apitoken.ActionUpdateToken, apitoken.ActionRevoke, apitoken.ActionLeaked, apitoken.ActionRevokeAll,
	apitoken.ActionRevokeMany, apitoken.ActionSetPolicy, apitoken.ActionPlanPolicy, apitoken.ActionPutUser,
	apitoken.ActionDisableUser, apitoken.ActionEnableUser, apitoken.ActionSuspendUser, apitoken.ActionResumeUser, apitoken.ActionForgetUser,
	apitoken.ActionSweep, apitoken.ActionReadToken, apitoken.ActionListTokens, apitoken.ActionListOffers,
	apitoken.ActionReadUser, apitoken.ActionListUsers, apitoken.ActionReadLifetimes, apitoken.ActionReadEvents,
	apitoken.ActionLeaseNotices, apitoken.ActionNoticeSent,
}

func newActivityPage(f eventFilters) activityPage {
	page := activityPage{Filters: f, Outcomes: []choice{{string(apitoken.OutcomeDone), "Done"}, {string(apitoken.OutcomeDenied), "Denied"}}}
	for _, a := range eventActions {
		page.Actions = append(page.Actions, choice{string(a), capitalized(actionText(a))})
	}
	return page
}

func (v *visit) activity() error {
	query := v.r.URL.Query()
	f := eventFilters{Owner: query.Get("owner"), Actor: query.Get("actor"), Action: query.Get("action"), Outcome: query.Get("outcome")}
	page := newActivityPage(f)
	after, err := eventSeq(query.Get("after"))
	if err != nil {
		return err
	}
	events := v.manager.Events(v.r.Context(), v.actor, apitoken.EventQuery{
		Owner: apitoken.UserID(f.Owner), Actor: apitoken.UserID(f.Actor), Action: apitoken.Action(f.Action), Outcome: apitoken.Outcome(f.Outcome),
		NewestFirst: true, After: after, Limit: eventsOnPage + 1,
	})
	for e, err := range events {
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
		changes = append(changes, stateChange{"", lifetimeInSentence(e.Before.MaxLifetime), lifetimeInSentence(e.After.MaxLifetime)})
	case apitoken.ActionUpdateToken:
		add("name", e.Before.Name, e.After.Name)
		add("description", e.Before.Description, e.After.Description)
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
