package adminui

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// limitRow is a limit of the policy as a table shows it.
type limitRow struct {
	apitoken.LifetimeLimit
	Text string // the maximum
}

// exemptionRow is an exemption of the policy as a table shows it.
type exemptionRow struct {
	apitoken.Exemption
	Text       string // the maximum
	Ends, Made moment
	Ended      bool
}

// layersForm is what was entered into the forms that add a limit and an exemption.
type layersForm struct {
	Role, Kind, Days                    string // of the limit
	User, UserKind, Max, MaxDays, Until string // of the exemption
	Reason                              string
	LastDate                            string // the last day that an exemption may have
	Zone                                string // the time zone of the days
}

// showLayers fills in the limits, and for those who may set the policy the exemptions: they name users.
func (v *visit) showLayers(page *policyPage, p apitoken.MaxLifetimePolicy) {
	page.Revision = p.Revision
	for _, l := range p.Limits {
		page.Limits = append(page.Limits, limitRow{l, v.lifetime(l.Max)})
	}
	if !page.MaySet {
		return
	}
	for _, e := range p.Exemptions {
		page.Exemptions = append(page.Exemptions, exemptionRow{e, v.lifetime(e.Max), v.moment(e.Until), v.moment(e.At), !v.now.Before(e.Until)})
	}
	page.Layers.Zone = v.zone.String()
	page.Layers.LastDate = v.now.AddDate(1, 0, 0).In(v.zone).AddDate(0, 0, -1).Format(time.DateOnly)
	if page.Layers.Max == "" {
		page.Layers.Max = "90"
	}
}

// setLimit adds or replaces a limit, or removes it.
func (v *visit) setLimit() error {
	form := v.r.PostForm
	page := policyPage{Refused: "limit", Layers: layersForm{Role: form.Get("role"), Kind: form.Get("kind"), Days: form.Get("days")}}
	limit := apitoken.LifetimeLimit{Role: apitoken.Role(page.Layers.Role), Kind: apitoken.Kind(page.Layers.Kind)}
	remove := form.Get("remove") != ""
	if !remove {
		days, problem := v.readMaximum(policyPage{Chosen: customDays, Days: page.Layers.Days})
		if problem != "" {
			page.Problem, page.Refused = problem, "limit maximum"
			return v.showPolicy(http.StatusUnprocessableEntity, page)
		}
		limit.Max = days.Max
	}
	return v.editLayers(page, func(p *apitoken.MaxLifetimePolicy) {
		at := slices.IndexFunc(p.Limits, func(l apitoken.LifetimeLimit) bool { return l.Role == limit.Role && l.Kind == limit.Kind })
		p.Limits = replaceAt(p.Limits, at, limit, remove)
	})
}

// setExemption adds or replaces an exemption, or removes it.
func (v *visit) setExemption() error {
	form := v.r.PostForm
	entered := layersForm{
		User: form.Get("user"), UserKind: form.Get("user-kind"), Max: form.Get("max"), MaxDays: form.Get("max-days"),
		Until: form.Get("until"), Reason: form.Get("reason"),
	}
	page := policyPage{Refused: "exemption", Layers: entered}
	e := apitoken.Exemption{User: apitoken.UserID(entered.User), Kind: apitoken.Kind(entered.UserKind), Reason: entered.Reason}
	remove := form.Get("remove") != ""
	if !remove {
		most, problem := v.readMaximum(policyPage{Chosen: entered.Max, Days: entered.MaxDays})
		day, err := time.ParseInLocation(time.DateOnly, entered.Until, v.zone)
		refused := "exemption days"
		if problem == "" && err != nil {
			problem, refused = v.text("Enter the last day of the exemption, as year-month-day."), "exemption until"
		}
		if problem != "" {
			page.Problem, page.Refused = problem, refused
			return v.showPolicy(http.StatusUnprocessableEntity, page)
		}
		e.Max, e.Until = most.Max, day.AddDate(0, 0, 1)
	}
	return v.editLayers(page, func(p *apitoken.MaxLifetimePolicy) {
		at := slices.IndexFunc(p.Exemptions, func(o apitoken.Exemption) bool { return o.User == e.User && o.Kind == e.Kind })
		p.Exemptions = replaceAt(p.Exemptions, at, e, remove)
	})
}

// replaceAt puts an element in the place of another one, or at the end if at is negative, or removes what is there.
func replaceAt[T any](all []T, at int, by T, remove bool) []T {
	switch {
	case at >= 0 && remove:
		return slices.Delete(all, at, at+1)
	case at >= 0:
		all[at] = by
	case !remove:
		all = append(all, by)
	}
	return all
}

// editLayers edits the policy and saves it at the revision of the form.
func (v *visit) editLayers(page policyPage, edit func(*apitoken.MaxLifetimePolicy)) error {
	revision, err := strconv.ParseInt(v.r.PostForm.Get("revision"), 10, 64)
	if err != nil {
		return errForm
	}
	wanted, err := v.manager.Policy(v.r.Context())
	if err != nil {
		return err
	}
	present := fmt.Sprint(wanted.Limits, wanted.Exemptions)
	edit(&wanted)
	if v.may.Has(apitoken.SetPolicy) && fmt.Sprint(wanted.Limits, wanted.Exemptions) == present {
		return v.redirect("/policy") // removed before, for example with a double click
	}
	wanted.Revision = cmp.Or(revision, apitoken.NoPolicyYet)
	_, err = v.manager.SetPolicy(v.r.Context(), v.actor, wanted)
	switch {
	case errors.Is(err, apitoken.ErrInvalid):
		page.Problem = v.reasonText(err)
		if field := refusedField(err); strings.HasPrefix(field, page.Refused+" ") {
			page.Refused = field
		}
		return v.showPolicy(http.StatusUnprocessableEntity, page)
	case errors.Is(err, apitoken.ErrDenied) && v.may.Has(apitoken.SetPolicy):
		page.Problem, page.Refused = v.text("You cannot exempt yourself, or a user who may do more than you."), "exemption user"
		return v.showPolicy(http.StatusForbidden, page)
	case errors.Is(err, apitoken.ErrConflict):
		page.Problem = v.text("Somebody has changed the policy in the meantime. Check it, and send this again if you still want to.")
		return v.showPolicy(http.StatusConflict, page)
	case isUnknown(err):
		page.Problem = v.text("It is not known whether this was saved. Check it, and send it again if necessary.")
		v.reportUnavailable(problemOf(err), err)
		return v.showPolicy(http.StatusServiceUnavailable, page)
	case err != nil:
		return err
	}
	return v.redirect("/policy")
}
