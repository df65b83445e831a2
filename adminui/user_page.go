package adminui

import (
	"net/http"
	"net/url"

	"github.com/seed-d6cf0a46/apitoken"
)

// userPage is everything about one user, and what changes them.
type userPage struct {
	apitoken.User
	Created, Disabled, Suspended moment
	Own                          bool
	ResponsibleURL               string // empty: nobody answers for it, or the visitor may not see them
	Services                     []link // the service accounts for which the user answers; at most servicesOnPage
	MoreServices                 bool
	TokensURL                    string // empty: the visitor may not list their tokens
	Active                       string // the number of active tokens
	MoreActive                   bool   // there are more than Active
	EventsURL                    string // the events about the user; empty: the visitor may not read them
	Form                         *userForm
	Switches                     []switchButton
}

func (v *visit) aboutUser() error { return v.showUser(http.StatusOK, nil) }

// showUser shows a user, and the form with what was entered; nil: with what is.
func (v *visit) showUser(status int, entered *userForm) error {
	u, err := v.manager.User(v.r.Context(), v.actor, v.owner)
	if err != nil {
		return err
	}
	page := userPage{
		User: u, Created: v.moment(u.CreatedAt), Disabled: v.moment(u.DisabledAt), Suspended: v.moment(u.SuspendedAt),
		Own: v.isOwn(u.ID), ResponsibleURL: v.userURL(u.Responsible),
		Form: v.userForm(u, entered), Switches: v.switchButtons(u),
	}
	services, more, err := v.servicesOf(u.ID)
	if err != nil {
		return err
	}
	page.MoreServices = more
	for _, id := range services {
		page.Services = append(page.Services, link{Path: v.userURL(id), Text: string(id)})
	}
	if v.offersCounting(u.ID) {
		if err := v.fillActive(&page); err != nil {
			return err
		}
	}
	if v.may.Has(apitoken.ReadEvents) {
		page.EventsURL = addressOf(v.base+"/activity", url.Values{"owner": {string(u.ID)}})
	}
	heading := "User"
	if u.Service {
		heading = "Service account"
	}
	return v.renderWith(status, "user.html", view{Heading: heading, About: string(u.ID), Page: page})
}

// fillActive counts the active tokens of the user, up to a bound.
func (v *visit) fillActive(page *userPage) error {
	tally, err := v.manager.TallyTokens(v.r.Context(), v.actor, apitoken.TokenQuery{Owner: page.ID, Status: apitoken.StatusActive}, tallied)
	if err != nil && problemOf(err).err == apitoken.ErrDenied { // the holder of a token that may not list
		return nil
	}
	page.TokensURL = v.base + v.pathOfUser(page.ID) + "/tokens"
	page.Active, page.MoreActive = grouped(tally.Active), tally.More
	return err
}
