package adminui

import (
	"context"
	"html/template"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// userSwitch is what changes the state of a user. Sent twice it does the same as sent once. Its texts are in English.
type userSwitch struct {
	path    string // after the path of the user
	verb    string // on the button of the user's page
	changes func(*apitoken.Manager, context.Context, apitoken.Actor, apitoken.UserID) error
	heading string // of the question
	button  string // of the question, with the user at %s
	asks    string // what the change does, with the user and the tokens at %s; empty: it does not ask first
	unknown string // that the outcome is unknown, with the user at %s
}

var (
	disabling = userSwitch{
		path: "/disable", verb: english("Disable"), changes: (*apitoken.Manager).DisableUser,
		heading: english("Disable a user"), button: english("Disable %s"),
		asks:    english("Disable %s? This revokes %s for good, and no token can be generated for the user. Enabling the user again revives no token."),
		unknown: english("It is not known whether %s was disabled. Try again."),
	}
	enabling = userSwitch{
		path: "/enable", verb: english("Enable"), changes: (*apitoken.Manager).EnableUser, button: english("Enable %s"),
		unknown: english("It is not known whether %s was enabled. Try again."),
	}
	suspending = userSwitch{
		path: "/suspend", verb: english("Suspend"), changes: (*apitoken.Manager).SuspendUser,
		heading: english("Suspend a user"), button: english("Suspend %s"),
		asks:    english("Suspend %s? This refuses %s until the user is resumed. Then the tokens work as before."),
		unknown: english("It is not known whether %s was suspended. Try again."),
	}
	resuming = userSwitch{
		path: "/resume", verb: english("Resume"), changes: (*apitoken.Manager).ResumeUser, button: english("Resume %s"),
		unknown: english("It is not known whether %s was resumed. Try again."),
	}
)

// switchButton is the button of a userSwitch. If it asks, it is a link to the question.
type switchButton struct {
	URL, Verb string
	Asks      bool
}

// switchButtons returns what would change the state of the user, if the visitor may do it.
func (v *visit) switchButtons(u apitoken.User) (buttons []switchButton) {
	if !v.offersDisabling(u) {
		return nil
	}
	suspend, disable := suspending, disabling
	if u.Suspended() {
		suspend = resuming
	}
	if u.Disabled() {
		disable = enabling
	}
	for _, s := range []userSwitch{suspend, disable} {
		buttons = append(buttons, switchButton{URL: v.base + v.pathOfUser(u.ID) + s.path, Verb: v.text(s.verb), Asks: s.asks != ""})
	}
	return buttons
}

// asking returns the page that asks before a change: it says how many tokens are no longer accepted.
func asking(s userSwitch) func(*visit) error {
	return func(v *visit) error {
		if !v.opts.DisableUsers {
			return apitoken.ErrNotFound
		}
		if !v.may.Has(apitoken.ManageUsers) { // whether or not there is such a user
			return apitoken.ErrDenied
		}
		u, err := v.manager.User(v.r.Context(), v.actor, v.owner)
		switch {
		case err != nil:
			return err
		case !v.offersDisabling(u):
			return apitoken.ErrDenied
		}
		page := v.switchQuestion(s)
		if page.Question, err = v.consequencesOf(s); err != nil {
			return err
		}
		return v.render(http.StatusOK, "ask.html", v.text(s.heading), page)
	}
}

// switchQuestion returns the page with the button of a change.
func (v *visit) switchQuestion(s userSwitch) askPage {
	path := v.base + v.pathOfUser(v.owner)
	return askPage{Action: path + s.path, Button: v.sentence(s.button, v.owner), Back: path}
}

// consequencesOf says what a change does.
func (v *visit) consequencesOf(s userSwitch) (template.HTML, error) {
	tokens := v.text("all of their tokens")
	if v.offersCounting(v.owner) {
		n, err := v.manager.CountTokens(v.r.Context(), v.actor, apitoken.TokenQuery{Owner: v.owner, Status: apitoken.StatusActive})
		if err != nil {
			return "", err
		}
		tokens = v.activeTokens(n)
	}
	text := v.sentence(s.asks, v.owner, template.HTML(template.HTMLEscapeString(tokens)))
	if v.isOwn(v.owner) {
		text += " " + v.sentence("This is you: you can do nothing here afterwards.")
	}
	if s.path != disabling.path {
		return text, nil
	}
	services, more, err := v.servicesOf(v.owner)
	if err != nil || len(services) == 0 {
		return text, err
	}
	var named template.HTML
	for i, id := range services {
		if i > 0 {
			named += ", "
		}
		named += template.HTML("<bdi>" + template.HTMLEscapeString(string(id)) + "</bdi>")
	}
	if more {
		named += " " + v.sentence("and more")
	}
	return text + " " + v.sentence("The user answers for %s: name somebody else for these service accounts.", named), nil
}

// switching returns what changes the state of the user.
func switching(s userSwitch) func(*visit) error {
	return func(v *visit) error {
		if !v.opts.DisableUsers {
			return apitoken.ErrNotFound
		}
		err := s.changes(v.manager, v.r.Context(), v.actor, v.owner)
		if isUnknown(err) {
			page := v.switchQuestion(s)
			page.Question = v.sentence(s.unknown, v.owner)
			return v.showUnknown(err, page)
		}
		if err != nil {
			return err
		}
		return v.redirect(v.pathOfUser(v.owner))
	}
}
