package adminui

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

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
	Refused string          // the field that the problem is about, such as "maximum lifetime" and "limit role"; its first word names the form
	Confirm *policyQuestion // the question before a new maximum is saved; nil: none
	MaySet  bool
	Beyond  *beyond // the active tokens that are beyond the policy in force; nil: it permits every lifetime, or the user may not see them

	Limits     []limitRow
	Exemptions []exemptionRow
	Layers     layersForm
	Revision   int64
}

// beyond is the active tokens with a longer lifetime than the policy in force permits.
type beyond struct {
	List    string // the address of their list
	Number  int
	AtLeast bool // there may be more
}

// policyQuestion asks before a new maximum is saved, and says how many existing tokens exceed it. They do not change.
type policyQuestion struct {
	Text             string
	Counted          bool
	Beyond           int // active tokens that exceed the new maximum
	Owners           int // to whom they belong
	NoEnd            int // those that never expire
	Exempt           int // active tokens that only an exemption permits
	Sample           []tokenRow
	List             string // the address of the list of exactly these tokens; empty: there is none before the maximum is saved
	Revision         int64
	Maximum, Entered string
}

// ProblemOf returns the problem of a form of the page: "limit", "exemption", or empty for the one of the maximum.
func (p policyPage) ProblemOf(form string) string {
	in, _, _ := strings.Cut(p.Refused, " ")
	if in != "limit" && in != "exemption" {
		in = ""
	}
	if in != form {
		return ""
	}
	return p.Problem
}

// customDays is the choice of the number in the field for days.
const customDays = "days"

func (v *visit) policy() error { return v.showPolicy(http.StatusOK, policyPage{}) }

// showPolicy shows the maximum in force, and the form with the entered values.
func (v *visit) showPolicy(status int, page policyPage) error {
	p, err := v.manager.Policy(v.r.Context())
	if err != nil {
		return err
	}
	page.Now, page.By, page.At = v.lifetime(p.Max), string(p.UpdatedBy), v.moment(p.UpdatedAt)
	page.MaySet = v.may.Has(apitoken.SetPolicy)
	if v.may.Has(apitoken.ListAny) && p.Strictest() != apitoken.NoExpiration {
		page.Beyond, err = v.beyond()
		if err != nil && page.Problem == "" { // otherwise the page says what became of a change, which matters more
			return err
		}
	}
	for _, max := range []int{30, 90, 365} {
		page.Choices = append(page.Choices, choice{strconv.Itoa(max), v.lifetime(apitoken.Days(max))})
	}
	page.Choices = append(page.Choices, choice{"none", v.text("No expiration")}, choice{customDays, v.text("Another number of days")})
	if page.Chosen == "" {
		page.Chosen, page.Days = chosenMaximum(p)
	}
	v.showLayers(&page, p)
	return v.render(status, "policy.html", v.text("Maximum lifetime"), page)
}

// beyond counts the active tokens that are beyond the policy in force, among as many as a list counts for its tabs.
func (v *visit) beyond() (*beyond, error) {
	q := apitoken.TokenQuery{AnyOwner: true, BeyondPolicy: true, Status: apitoken.StatusActive}
	tally, err := v.manager.TallyTokens(v.r.Context(), v.actor, q, tallied)
	if err != nil {
		return nil, err
	}
	return &beyond{List: v.base + "/tokens?beyond=yes&status=active", Number: tally.Active, AtLeast: tally.More}, nil
}

// chosenMaximum returns the choice for a policy, and the number of days for customDays.
func chosenMaximum(p apitoken.MaxLifetimePolicy) (string, string) {
	day := apitoken.Days(1)
	switch {
	case p.Max == apitoken.NoExpiration:
		return "none", ""
	case p.Max == apitoken.Days(30), p.Max == apitoken.Days(90), p.Max == apitoken.Days(365):
		return strconv.Itoa(int(p.Max / day)), ""
	}
	return customDays, strconv.Itoa(int(p.Max / day))
}

// setPolicy saves a limit or an exemption, or asks first, and saves the new maximum once it is confirmed.
func (v *visit) setPolicy() error {
	if err := v.r.ParseForm(); err != nil {
		return errForm
	}
	form := v.r.PostForm
	switch form.Get("layer") {
	case "limit":
		return v.setLimit()
	case "exemption":
		return v.setExemption()
	}
	page := policyPage{Chosen: form.Get("max"), Days: form.Get("days")}
	wanted, problem := v.readMaximum(page)
	if problem != "" {
		page.Problem, page.Refused = problem, "maximum lifetime"
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
	present, err := v.manager.Policy(v.r.Context())
	if err != nil {
		return err
	}
	wanted.Limits, wanted.Exemptions, wanted.Revision = present.Limits, present.Exemptions, cmp.Or(revision, apitoken.NoPolicyYet)
	_, err = v.manager.SetPolicy(v.r.Context(), v.actor, wanted)
	switch {
	case errors.Is(err, apitoken.ErrInvalid):
		page.Problem, page.Refused = v.reasonText(err), refusedField(err)
		return v.showPolicy(http.StatusUnprocessableEntity, page)
	case errors.Is(err, apitoken.ErrConflict) && v.isAlreadySet(wanted):
	case errors.Is(err, apitoken.ErrConflict):
		page.Problem = v.text("Somebody else has set the maximum in the meantime. Check it, and set it again if you still want to.")
		return v.showPolicy(http.StatusConflict, page)
	case isUnknown(err):
		page.Problem = v.text("It is not known whether the maximum was set to %s. Check it, and set it again if necessary.", v.lifetimeInSentence(wanted.Max))
		v.reportUnavailable(problemOf(err), err)
		return v.showPolicy(http.StatusServiceUnavailable, page)
	case err != nil:
		return err
	}
	return v.redirect("/policy")
}

// isAlreadySet reports whether this user set the wanted policy at the confirmed revision before, for example with a double click.
func (v *visit) isAlreadySet(wanted apitoken.MaxLifetimePolicy) bool {
	p, err := v.manager.Policy(v.r.Context())
	return err == nil && p.Max == wanted.Max && p.UpdatedBy == v.actor.User && p.Revision == max(0, wanted.Revision)+1
}

// mostDays is the longest maximum in days.
const mostDays = 36500

// readMaximum parses what was entered. problem tells the user what is wrong with it; empty: nothing.
func (v *visit) readMaximum(page policyPage) (p apitoken.MaxLifetimePolicy, problem string) {
	text := page.Chosen
	switch text {
	case "none":
		p.Max = apitoken.NoExpiration
		return p, ""
	case customDays:
		text = page.Days
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > mostDays {
		return p, v.text("Enter a whole number of days, 1 to %s.", strconv.Itoa(mostDays))
	}
	p.Max = apitoken.Days(n)
	return p, ""
}

// policyQuestion plans the wanted maximum with the limits and exemptions in force. The link to the tokens that are beyond it is
// exact without these only, because the lists know the policy in force.
func (v *visit) policyQuestion(wanted apitoken.MaxLifetimePolicy) (*policyQuestion, error) {
	present, err := v.manager.Policy(v.r.Context())
	if err != nil {
		return nil, err
	}
	q := &policyQuestion{Text: v.lifetimeInSentence(wanted.Max), Revision: present.Revision}
	if !v.may.Has(apitoken.SetPolicy | apitoken.ListAny) {
		return q, nil
	}
	wanted.Limits, wanted.Exemptions = present.Limits, present.Exemptions
	plan, err := v.manager.PlanPolicy(v.r.Context(), v.actor, wanted)
	if err != nil {
		return nil, err
	}
	q.Counted, q.Beyond, q.Owners, q.NoEnd, q.Exempt = true, plan.Beyond, plan.Owners, plan.WithoutExpiration, plan.Exempt
	for _, t := range plan.Sample {
		q.Sample = append(q.Sample, v.row(t))
	}
	if len(present.Limits)+len(present.Exemptions) == 0 && wanted.Max != apitoken.NoExpiration {
		q.List = fmt.Sprintf("%s/tokens?longer=%d&status=active", v.base, wanted.Max/apitoken.Days(1))
	}
	return q, nil
}
