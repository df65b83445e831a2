package adminui

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/seed-d6cf0a46/apitoken"
)

// policyPage is the maximum lifetime in force and the form that sets another one.
type policyPage struct {
	Now     string // the maximum in force
	By      string // who set it
	At      moment
	Choices []choice
	Chosen  string
	Days    string
	Problem string
	Confirm *policyQuestion // what is asked before the new one is saved
	MaySet  bool
}

// policyQuestion says what the new maximum means for the tokens that exist: nothing, and for how many.
type policyQuestion struct {
	Text             string
	Counted          bool
	Beyond           int // live tokens that live longer than the new maximum allows
	Revision         int64
	Maximum, Entered string
}

// ownDays is the choice that leaves the maximum to the field for a number of days.
const ownDays = "days"

func (v *visit) policy() error { return v.showPolicy(http.StatusOK, policyPage{}) }

// showPolicy shows the maximum in force, and the form with what was entered.
func (v *visit) showPolicy(status int, page policyPage) error {
	p, err := v.manager.Policy(v.r.Context())
	if err != nil {
		return err
	}
	page.Now, page.By, page.At = lifetimeText(p.Max), string(p.UpdatedBy), v.moment(p.UpdatedAt)
	page.MaySet = v.may.Has(apitoken.SetPolicy)
	for _, max := range []int{30, 90, 365} {
		page.Choices = append(page.Choices, choice{strconv.Itoa(max), lifetimeText(apitoken.Days(max))})
	}
	page.Choices = append(page.Choices, choice{"none", "No expiration"}, choice{ownDays, "Another number of days"})
	if page.Chosen == "" {
		page.Chosen, page.Days = chosen(p)
	}
	return v.render(status, "policy.html", "Maximum lifetime", page)
}

// chosen is the choice that a policy is, and the number of days where it is another one.
func chosen(p apitoken.MaxLifetimePolicy) (string, string) {
	day := apitoken.Days(1)
	switch {
	case p.Max == apitoken.NoExpiration:
		return "none", ""
	case p.Max == apitoken.Days(30), p.Max == apitoken.Days(90), p.Max == apitoken.Days(365):
		return strconv.Itoa(int(p.Max / day)), ""
	}
	return ownDays, strconv.Itoa(int(p.Max / day))
}

// setPolicy first says what the new maximum means, and saves it when that was confirmed.
func (v *visit) setPolicy() error {
	if err := v.r.ParseForm(); err != nil {
		return errForm
	}
	form := v.r.PostForm
	page := policyPage{Chosen: form.Get("max"), Days: form.Get("days")}
	wanted, problem := readMaximum(page)
	if problem != "" {
		page.Problem = problem
		return v.showPolicy(http.StatusUnprocessableEntity, page)
	}
	if form.Get("confirmed") == "" {
		question, err := v.policyQuestion(wanted)
		if err != nil {
			return err
		}
		question.Maximum, question.Entered = page.Chosen, page.Days
		page.Confirm = question
		return v.showPolicy(http.StatusOK, page)
	}
	revision, err := strconv.ParseInt(form.Get("revision"), 10, 64)
	if err != nil {
		return errForm
	}
	wanted.Revision = revision
	_, err = v.manager.SetPolicy(v.r.Context(), v.actor, wanted)
	switch {
	case errors.Is(err, apitoken.ErrInvalid):
		page.Problem = reasonText(err)
		return v.showPolicy(http.StatusUnprocessableEntity, page)
	case errors.Is(err, apitoken.ErrConflict) && v.isSet(wanted):
	case errors.Is(err, apitoken.ErrConflict):
		page.Problem = "Somebody else has set the maximum in the meantime. Look at what it is now, and set it again if you still want to."
		return v.showPolicy(http.StatusConflict, page)
	case isUnknown(err):
		page.Problem = "It is not known whether the maximum was set to " + asked(wanted.Max) + ". Look at what it is now, and set it again."
		v.tell(problemOf(err), err)
		return v.showPolicy(http.StatusServiceUnavailable, page)
	case err != nil:
		return err
	}
	return v.redirect("/policy")
}

// isSet reports whether the policy in force is what this person has set at the revision that was confirmed, by a second click
// say.
func (v *visit) isSet(wanted apitoken.MaxLifetimePolicy) bool {
	p, err := v.manager.Policy(v.r.Context())
	return err == nil && p.Max == wanted.Max && p.UpdatedBy == v.actor.User && p.Revision == wanted.Revision+1
}

// readMaximum reads what was entered, or says to the person what is wrong with it.
func readMaximum(page policyPage) (p apitoken.MaxLifetimePolicy, problem string) {
	text := page.Chosen
	switch text {
	case "none":
		p.Max = apitoken.NoExpiration
		return p, ""
	case ownDays:
		text = page.Days
	}
	const most = 36500
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return p, fmt.Sprintf("Enter a whole number of days, 1 to %d.", most)
	}
	p.Max = apitoken.Days(n)
	return p, ""
}

func (v *visit) policyQuestion(wanted apitoken.MaxLifetimePolicy) (*policyQuestion, error) {
	present, err := v.manager.Policy(v.r.Context())
	if err != nil {
		return nil, err
	}
	q := &policyQuestion{Text: asked(wanted.Max), Revision: present.Revision}
	if !v.may.Has(apitoken.ListAny) {
		return q, nil
	}
	q.Counted = true
	if wanted.Max != apitoken.NoExpiration {
		q.Beyond, err = v.manager.CountTokens(v.r.Context(), v.actor, apitoken.TokenQuery{
			AnyOwner: true, Status: apitoken.StatusActive, LivesLongerThan: wanted.Max,
		})
	}
	return q, err
}
