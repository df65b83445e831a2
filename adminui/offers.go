package adminui

import "github.com/seed-d6cf0a46/apitoken"

// This file decides what the pages offer, and nothing else: a page leaves out what the Manager would refuse. Every action is
// decided by the Manager. The holder of a token may do less than its owner, so the Manager may refuse what a page offers.

// isOwn reports whether a user is the signed-in one.
func (v *visit) isOwn(id apitoken.UserID) bool {
	return v.actor.Kind != apitoken.ActorSystem && v.actor.User == id
}

// offersReading reports whether a page shows the user's name and state.
func (v *visit) offersReading(id apitoken.UserID) bool {
	return v.isOwn(id) || v.may.Has(apitoken.ManageUsers)
}

// offersNewServices reports whether a page has the form that makes service accounts.
func (v *visit) offersNewServices() bool {
	return v.opts.ServiceAccounts && v.may.Has(apitoken.ManageUsers)
}

// offersNewPersons reports whether a page has the form that makes users.
func (v *visit) offersNewPersons() bool {
	return v.opts.EditUsers && v.may.Has(apitoken.ManageUsers)
}

// offersActing reports whether a page changes a user with this role, or gives it to a user: the role grants nothing that the visitor
// lacks. A role that is not declared counts as everything.
func (v *visit) offersActing(role apitoken.Role) bool {
	granted, declared := v.manager.Roles()[role]
	if !declared {
		granted = ^apitoken.Permission(0)
	}
	return v.may.Has(apitoken.ManageUsers | granted)
}

// offersEditing reports whether a page has the form that changes the user.
func (v *visit) offersEditing(u apitoken.User) bool {
	return v.opts.EditUsers && v.offersActing(u.Role)
}

// offersDisabling reports whether a page has what disables, enables, suspends and resumes the user.
func (v *visit) offersDisabling(u apitoken.User) bool {
	return v.opts.DisableUsers && v.offersActing(u.Role)
}

// offersCounting reports whether a page shows how many tokens the user has.
func (v *visit) offersCounting(owner apitoken.UserID) bool {
	return v.isOwn(owner) || v.may.Has(apitoken.ListAny)
}

// offersRevoking reports whether a page has buttons that revoke tokens of the user.
func (v *visit) offersRevoking(owner apitoken.UserID) bool {
	return v.isOwn(owner) || v.may.Has(apitoken.RevokeAny)
}

// offersClaiming reports whether a page has buttons that claim tokens for the owner: it is for the owner in person, or who answers
// for a service account.
func (v *visit) offersClaiming(page *tokensPage) bool {
	return v.actor.Kind == apitoken.ActorPerson && (v.isOwn(page.Owner) || page.Service && v.isOwn(page.Responsible))
}

// offersDescribing reports whether a page has the form that changes the names and descriptions of the user's tokens.
func (v *visit) offersDescribing(owner apitoken.UserID) bool {
	return v.isOwn(owner) || v.may.Has(apitoken.ListAny|apitoken.GenerateForOthers)
}

// offersGenerating reports whether a page has a form that generates tokens for the user.
func (v *visit) offersGenerating(owner apitoken.UserID) bool {
	if v.isOwn(owner) {
		return v.may.Has(apitoken.GenerateOwn)
	}
	return v.may.Has(apitoken.GenerateForOthers)
}
