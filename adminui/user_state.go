package adminui

import (
	"context"
	"fmt"
	"html/template"
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// userSwitch is what changes the state of a user. Sent twice it does the same as sent once.
type userSwitch struct {
	path    string // after the path of the user
	verb    string // on the button
	done    string // what the user is afterwards
	changes func(*apitoken.Manager, context.Context, apitoken.Actor, apitoken.UserID) error
	asks    string // what the change does, with the tokens at %s; empty: it does not ask first
}

var (
	disabling = userSwitch{"/disable", "Disable", "disabled", (*apitoken.Manager).DisableUser,
		"This revokes %s for good, and no token can be generated for the user. Enabling the user again revives no token."}
	enabling   = userSwitch{"/enable", "Enable", "enabled", (*apitoken.Manager).EnableUser, ""}
	suspending = userSwitch{"/suspend", "Suspend", "suspended", (*apitoken.Manager).SuspendUser,
		"This refuses %s until the user is resumed. Then the tokens work as before."}
	resuming = userSwitch{"/resume", "Resume", "resumed", (*apitoken.Manager).ResumeUser, ""}
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
		buttons = append(buttons, switchButton{URL: v.base + v.pathOfUser(u.ID) + s.path, Verb: s.verb, Asks: s.asks != ""})
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
		return v.render(http.StatusOK, "ask.html", s.verb+" a user", page)
	}
}

// switchQuestion returns the page with the button of a change.
func (v *visit) switchQuestion(s userSwitch) askPage {
	path := v.base + v.pathOfUser(v.owner)
	return askPage{Action: path + s.path, Button: sentence(s.verb+" %s", string(v.owner)), Back: path}
}

// consequencesOf says what a change does.
func (v *visit) consequencesOf(s userSwitch) (template.HTML, error) {
	tokens := "all of their tokens"
	if v.offersCounting(v.owner) {
		n, err := v.manager.CountTokens(v.r.Context(), v.actor, apitoken.TokenQuery{Owner: v.owner, Status: apitoken.StatusActive})
		if err != nil {
			return "", err
		}
		tokens = activeTokensText(n)
	}
	text := sentence(s.verb+" %s? "+fmt.Sprintf(s.asks, tokens), string(v.owner))
	if v.isOwn(v.owner) {
		text += " This is you: you can do nothing here afterwards."
	}
	if s.path != disabling.path {
		return text, nil
	}
	services, more, err := v.servicesOf(v.owner)
	if err != nil || len(services) == 0 {
		return text, err
	}
	text += " The user answers for "
	for i, id := range services {
		if i > 0 {
			text += ", "
		}
		text += sentence("%s", string(id))
	}
	if more {
		text += " and more"
	}
	return text + ": name somebody else for these service accounts.", nil
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
			page.Question = sentence("It is not known whether %s was "+s.done+". Try again.", string(v.owner))
			return v.showUnknown(err, page)
		}
		if err != nil {
			return err
		}
		return v.redirect(v.pathOfUser(v.owner))
	}
}
