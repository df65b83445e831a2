package adminui_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

func limitForm(more ...string) url.Values {
	return formWith(url.Values{"layer": {"limit"}, "revision": {"0"}, "role": {"user"}, "days": {"20"}}, more)
}

func exemptionForm(more ...string) url.Values {
	return formWith(url.Values{
		"layer": {"exemption"}, "revision": {"0"}, "user": {"bob"}, "max": {"90"}, "until": {"2026-03-01"}, "reason": {"migration"},
	}, more)
}

// formWith sets further values: a name and a value in turn.
func formWith(form url.Values, more []string) url.Values {
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

// An administrator adds a limit and an exemption, replaces both and removes both. The maximum stays throughout.
func TestLimitsAndExemptionsAreEdited(t *testing.T) {
	h := newHost(t)
	h.setMax(apitoken.Days(365))
	h.form("ada", "/admin/policy", http.StatusSeeOther, limitForm("revision", "1"))
	h.form("ada", "/admin/policy", http.StatusSeeOther, exemptionForm("revision", "2"))
	h.form("ada", "/admin/policy", http.StatusSeeOther, exemptionForm("revision", "3", "user-kind", "reader", "max", "none"))
	h.says(h.page("ada", "/admin/policy"), "In force 1 year", "user any 20 days Remove", "bob any 90 days 2 Mar 2026, 00:00 UTC migration 1 Jan 2026, 12:00 UTC by ada Remove",
		"bob reader No expiration")
	p, err := h.Manager.Policy(ctx)
	h.must(err)
	at, until := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC), time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	want := apitoken.MaxLifetimePolicy{
		Max: apitoken.Days(365), UpdatedAt: at, UpdatedBy: "ada", Revision: 4,
		Limits: []apitoken.LifetimeLimit{{Role: "user", Max: apitoken.Days(20)}},
		Exemptions: []apitoken.Exemption{
			{User: "bob", Max: apitoken.Days(90), Until: until, Reason: "migration", By: "ada", At: at},
			{User: "bob", Kind: "reader", Max: apitoken.NoExpiration, Until: until, Reason: "migration", By: "ada", At: at},
		},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("policy (-want +got):\n%s", diff)
	}
	h.form("ada", "/admin/policy", http.StatusSeeOther, url.Values{"max": {"30"}, "revision": {"4"}, "confirmed": {"yes"}})
	h.form("ada", "/admin/policy", http.StatusSeeOther, limitForm("revision", "5", "days", "10"))
	h.form("ada", "/admin/policy", http.StatusSeeOther, exemptionForm("revision", "6", "reason", "audit", "max", "days", "max-days", "45"))
	h.says(h.page("ada", "/admin/policy"), "In force 30 days", "user any 10 days", "bob any 45 days 2 Mar 2026, 00:00 UTC audit")
	h.says(h.page("ada", "/admin/activity"), "limit of role user: 10 days", `exemption of bob until 2026-03-02 changed: 45 days, "audit"`)
	remove := limitForm("revision", "7", "remove", "yes")
	h.form("ada", "/admin/policy", http.StatusSeeOther, remove)
	h.form("ada", "/admin/policy", http.StatusSeeOther, remove) // a double click
	h.form("ada", "/admin/policy", http.StatusSeeOther, exemptionForm("revision", "8", "remove", "yes"))
	h.form("ada", "/admin/policy", http.StatusSeeOther, exemptionForm("revision", "9", "remove", "yes", "user-kind", "reader"))
	h.says(h.page("ada", "/admin/policy"), "In force 30 days", "There are no limits.", "There are no exemptions.")
}

func TestTheFormsOfLayersTellWhatIsWrong(t *testing.T) {
	h := newHost(t)
	h.setMax(apitoken.Days(30))
	for _, c := range []struct {
		form   url.Values
		status int
		want   string
	}{
		{limitForm("revision", "1", "days", "0"), 422, "Enter a whole number of days, 1 to 36500."},
		{limitForm("revision", "1", "role", "king"), 422, `Refused: limit 1 role: "king" is not declared.`},
		{limitForm("revision", "1", "role", ""), 422, "Refused: limit 1: has neither a role nor a kind"},
		{limitForm("revision", "0"), 409, "Somebody has changed the policy in the meantime."}, // read before the first policy
		{limitForm("revision", "2"), 409, "Somebody has changed the policy in the meantime."},
		{limitForm("revision", "x"), 400, ""},
		{exemptionForm("revision", "1", "user", "erin"), 422, `Refused: exemption 1 user: "erin" is not known.`},
		{exemptionForm("revision", "1", "user", "ada"), 403, "You cannot exempt yourself, or a user who may do more than you."},
		{exemptionForm("revision", "1", "until", "soon"), 422, "Enter the last day of the exemption, as year-month-day."},
		{exemptionForm("revision", "1", "until", "2027-01-01"), 422, "Refused: exemption 1 until: is more than a year ahead"},
		{exemptionForm("revision", "1", "until", "2025-12-31"), 422, "Refused: exemption 1 until: is not in the future."},
		{exemptionForm("revision", "1", "reason", ""), 422, "Refused: exemption 1 reason: is empty."},
		{exemptionForm("revision", "1", "max", "days"), 422, "Enter a whole number of days, 1 to 36500."},
	} {
		page := h.form("ada", "/admin/policy", c.status, c.form)
		h.says(page, c.want)
		for _, name := range []string{"role", "user", "reason"} {
			if value := c.form.Get(name); c.status != 400 && value != "" && !strings.Contains(page, `value="`+value+`"`) {
				t.Errorf("%v: the entered %s is gone", c.form, name)
			}
		}
	}
	if p, err := h.Manager.Policy(ctx); err != nil || p.Revision != 1 {
		t.Errorf("the policy is %+v, %v, want the first one", p, err)
	}
}

// Exemptions name users, so only those who may set the policy see them.
func TestExemptionsAreShownToThoseWhoMaySetThePolicy(t *testing.T) {
	h := newHost(t)
	h.form("ada", "/admin/policy", http.StatusSeeOther, limitForm())
	h.form("ada", "/admin/policy", http.StatusSeeOther, exemptionForm("revision", "1"))
	page := h.page("carol", "/admin/policy")
	h.says(page, "user any 20 days")
	h.saysNothingOf(page, "bob", "migration", "Exemption", "Remove", "Save")
	h.form("carol", "/admin/policy", http.StatusForbidden, limitForm("revision", "2", "remove", "yes"))
	h.form("carol", "/admin/policy", http.StatusForbidden, exemptionForm("revision", "2", "user", "carol"))
}

// The form offers what the owner may have, and names the layer.
func TestTheGenerateFormNamesTheLayer(t *testing.T) {
	h := newHost(t)
	h.form("ada", "/admin/policy", http.StatusSeeOther, limitForm())
	h.form("ada", "/admin/policy", http.StatusSeeOther, exemptionForm("revision", "1"))
	h.says(h.page("bob", "/admin/users/bob/tokens"), "Expires in 30 days, until 31 January 2026 UTC 90 days, until 1 April 2026 UTC Until the end of a day At most 90 days: exemption until 2 March 2026: migration.")
	h.says(h.page("ada", "/admin/users/carol/tokens"), "Expires in 20 days, until 21 January 2026 UTC Until the end of a day At most 20 days: limit of role user.")
	h.saysNothingOf(h.page("ada", "/admin/users/ada/tokens"), "At most")
	h.says(h.form("carol", "/admin/users/carol/tokens", 422, url.Values{"name": {"x"}, "lifetime": {days30}}),
		"The lifetime is over the maximum: at most 20 days is allowed. It is the limit of role user.")
}
