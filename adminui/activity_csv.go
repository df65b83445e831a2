package adminui

import (
	"strconv"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

var activityHeader = []string{
	"seq", "id", "at", "action", "outcome", "actor_kind", "actor", "actor_token", "owner", "token_id", "name", "changes", "reason", "count", "first_at",
	"address", "user_agent", "request_id",
}

// downloadActivity streams the events that the filters select as CSV (RFC 4180), the newest first.
func (v *visit) downloadActivity() error {
	_, q, err := v.readEventFilters(v.r.URL.Query())
	if err != nil {
		return err
	}
	q.Limit = 1000
	records := func(yield func([]string, error) bool) {
		for e, err := range v.manager.Events(v.r.Context(), v.actor, q) {
			if !yield(activityRecord(e), err) {
				return
			}
		}
	}
	return newFile(v, "activity.csv", activityHeader).stream(records)
}

// activityRecord returns the cells of an event. They are in English whatever the language of the pages is, for programs.
func activityRecord(e apitoken.Event) []string {
	var changes []string
	for _, c := range inEnglish.stateChanges(e) {
		changes = append(changes, c.What+": "+c.Before+" → "+c.After)
	}
	if e.Action == apitoken.ActionSetPolicy && e.After.Policy != "" {
		changes = append(changes, e.After.Policy)
	}
	id := func(t apitoken.TokenID) string {
		if t.IsZero() {
			return ""
		}
		return t.String()
	}
	count := ""
	if e.Count > 0 {
		count = strconv.FormatInt(e.Count, 10)
	}
	return safeCells([]string{
		strconv.FormatInt(int64(e.Seq), 10), e.ID.String(), csvTime(e.At), string(e.Action), string(e.Outcome),
		string(e.Actor.Kind), string(e.Actor.User), id(e.Actor.Token), string(e.Owner), id(e.Token), e.After.Name, strings.Join(changes, ", "),
		e.Reason, count, csvTime(e.FirstAt), e.Actor.Origin.Address, e.Actor.Origin.UserAgent, e.Actor.Origin.RequestID,
	})
}
