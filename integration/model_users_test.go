package integration_test

import (
	"slices"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// The rest of the [reference]: users, the policy and the events.

func (r *reference) putUser(actor apitoken.Actor, u apitoken.User) (apitoken.User, error) {
	c, err := r.begin(apitoken.ActionPutUser, actor, u.ID, apitoken.TokenID{})
	if err != nil {
		return apitoken.User{}, err
	}
	_, declared := r.roles[u.Role]
	if !validID(u.ID) || u.Role != "" && !declared || u.Responsible != "" && (u.Responsible == u.ID || !validID(u.Responsible)) {
		return apitoken.User{}, apitoken.ErrInvalid
	}
	was, known := r.users[u.ID]
	is := was
	if !known {
		is = apitoken.User{ID: u.ID, Role: apitoken.RoleUser, CreatedAt: c.event.At}
	}
	if u.Name != "" {
		is.Name = strings.ReplaceAll(u.Name, invisible, shown)
	}
	if u.Role != "" {
		is.Role = u.Role
	}
	if u.Service || u.Revision != 0 {
		is.Service = u.Service
	}
	if u.Responsible != "" || u.Revision != 0 {
		is.Responsible = u.Responsible
	}
	by, knownBy := r.users[is.Responsible]
	switch {
	case !c.managesUser(was, is):
		return c.manage(was, is) // which denies it
	case u.Revision != 0 && u.Revision != was.Revision:
		return apitoken.User{}, apitoken.ErrConflict
	case is.Responsible != "" && !is.Service, is.Responsible != was.Responsible && is.Responsible != "" && (!knownBy || by.Service):
		return apitoken.User{}, apitoken.ErrInvalid
	}
	return c.manage(was, is)
}

// managesUser reports whether the actor may turn one user into the other.
func (c referenceCall) managesUser(was, is apitoken.User) bool {
	return c.may.Has(apitoken.ManageUsers) && c.may.Has(c.roles[was.Role]) && c.may.Has(c.roles[is.Role])
}

// switchUser disables, enables, suspends or resumes.
func (r *reference) switchUser(action apitoken.Action, actor apitoken.Actor, id apitoken.UserID) error {
	c, err := r.begin(action, actor, id, apitoken.TokenID{})
	was, known := r.users[id]
	switch {
	case err != nil:
		return err
	case !validID(id):
		return apitoken.ErrInvalid
	case !c.may.Has(apitoken.ManageUsers):
		return c.deny(apitoken.ErrDenied)
	case !known:
		return c.absent(id)
	}
	is := was
	switch {
	case action == apitoken.ActionEnableUser:
		is.DisabledAt = time.Time{}
	case action == apitoken.ActionResumeUser:
		is.SuspendedAt = time.Time{}
	case action == apitoken.ActionSuspendUser && !was.Suspended():
		is.SuspendedAt = c.event.At
	case action == apitoken.ActionDisableUser && !was.Disabled():
		is.DisabledAt = c.event.At
		is.Epoch++
	}
	_, err = c.manage(was, is)
	return err
}

// absent is the error for a missing user whose tokens are to be revoked. It is ErrInvalid if another ID differs only in case.
func (c referenceCall) absent(id apitoken.UserID) error {
	for known := range c.users {
		if strings.EqualFold(string(known), string(id)) && c.may.Has(apitoken.ManageUsers) {
			return apitoken.ErrInvalid
		}
	}
	return apitoken.ErrNotFound
}

// manage writes a user if the actor may manage them.
func (c referenceCall) manage(was, is apitoken.User) (apitoken.User, error) {
	if !c.managesUser(was, is) {
		return apitoken.User{}, c.deny(apitoken.ErrDenied)
	}
	return c.write(was, is), nil
}

// write writes a user if they changed, and revokes their tokens if the epoch changed.
func (c referenceCall) write(was, is apitoken.User) apitoken.User {
	if is == was {
		return was
	}
	is.Revision++
	c.users[is.ID] = is
	for _, t := range c.tokens {
		if t.Owner == is.ID && t.epoch == was.Epoch && is.Epoch > was.Epoch && t.Status(c.event.At) == apitoken.StatusActive {
			t.RevokedAt, t.RevokedBy = c.event.At, c.event.Actor.User
		}
	}
	state := func(u apitoken.User) apitoken.State {
		return apitoken.State{Name: u.Name, Role: u.Role, DisabledAt: u.DisabledAt, SuspendedAt: u.SuspendedAt, Service: u.Service, Responsible: u.Responsible, Epoch: u.Epoch}
	}
	c.record(state(was), state(is))
	return is
}

func (r *reference) revokeAll(actor apitoken.Actor, owner apitoken.UserID) error {
	c, err := r.begin(apitoken.ActionRevokeAll, actor, owner, apitoken.TokenID{})
	was, known := r.users[owner]
	switch {
	case err != nil:
		return err
	case !validID(owner):
		return apitoken.ErrInvalid
	case !c.manages(owner) && !c.may.Has(apitoken.RevokeAny):
		return c.deny(apitoken.ErrDenied)
	case !known:
		return c.absent(owner)
	}
	is := was
	is.Epoch++
	c.write(was, is)
	return nil
}

func (r *reference) user(actor apitoken.Actor, id apitoken.UserID) (apitoken.User, error) {
	c, err := r.begin(apitoken.ActionReadUser, actor, id, apitoken.TokenID{})
	user, known := r.users[id]
	switch {
	case err != nil:
		return apitoken.User{}, err
	case !validID(id):
		return apitoken.User{}, apitoken.ErrInvalid
	case !c.manages(id) && !c.may.Has(apitoken.ManageUsers):
		return apitoken.User{}, c.deny(apitoken.ErrNotFound)
	case !known:
		return apitoken.User{}, apitoken.ErrNotFound
	}
	return user, nil
}

func (r *reference) listUsers(actor apitoken.Actor, q apitoken.UserQuery) ([]apitoken.User, error) {
	c, err := r.begin(apitoken.ActionListUsers, actor, "", apitoken.TokenID{})
	switch {
	case err != nil:
		return nil, err
	case q.Limit < 0, q.Limit > 1000, q.After != "" && !validID(q.After):
		return nil, apitoken.ErrInvalid
	case !c.may.Has(apitoken.ManageUsers):
		return nil, c.deny(apitoken.ErrDenied)
	}
	var page []apitoken.User
	for _, u := range r.users {
		if u.ID > q.After {
			page = append(page, u)
		}
	}
	slices.SortFunc(page, func(a, b apitoken.User) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return page[:min(len(page), limitOr100(q.Limit))], nil
}

func (r *reference) setPolicy(actor apitoken.Actor, p apitoken.MaxLifetimePolicy) (apitoken.MaxLifetimePolicy, error) {
	c, err := r.begin(apitoken.ActionSetPolicy, actor, "", apitoken.TokenID{})
	switch {
	case err != nil:
		return apitoken.MaxLifetimePolicy{}, err
	case !validMaximum(p.Max), !r.validLayers(p):
		return apitoken.MaxLifetimePolicy{}, apitoken.ErrInvalid
	case !c.may.Has(apitoken.SetPolicy):
		return apitoken.MaxLifetimePolicy{}, c.deny(apitoken.ErrDenied)
	case !r.mayReplacePolicy(p.Revision):
		return apitoken.MaxLifetimePolicy{}, apitoken.ErrConflict
	}
	p, err = c.granted(p)
	if err != nil {
		return apitoken.MaxLifetimePolicy{}, err
	}
	before := r.policy
	if p.Max != apitoken.NoExpiration {
		p.Max = p.Max.Truncate(time.Microsecond)
	}
	p.UpdatedAt, p.UpdatedBy, p.Revision = c.event.At, actor.User, before.Revision+1
	r.policy = p
	c.record(apitoken.State{MaxLifetime: before.Max}, apitoken.State{MaxLifetime: p.Max, Policy: changedInWords(before, p)})
	return p, nil
}

// feed returns the events for a reader. A denial is an event itself.
func (r *reference) feed(actor apitoken.Actor, q apitoken.EventQuery) ([]apitoken.Event, error) {
	c, err := r.begin(apitoken.ActionReadEvents, actor, q.Owner, apitoken.TokenID{})
	switch {
	case err != nil:
		return nil, err
	case q.Limit < 0, q.Limit > 1000, q.Owner != "" && !validID(q.Owner), q.Actor != "" && !validID(q.Actor):
		return nil, apitoken.ErrInvalid
	case !c.may.Has(apitoken.ReadEvents):
		return nil, c.deny(apitoken.ErrDenied)
	case q.After > 0 && int(q.After) < r.removed:
		return nil, apitoken.ErrTruncated
	}
	var events []apitoken.Event
	for _, e := range r.events {
		if e.Seq > q.After && (q.Owner == "" || e.Owner == q.Owner) && (q.Actor == "" || e.Actor.User == q.Actor) &&
			(q.Action == "" || e.Action == q.Action) && (q.Outcome == "" || e.Outcome == q.Outcome) {
			events = append(events, e)
		}
	}
	return events, nil
}
