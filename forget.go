package apitoken

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

const (
	pseudonymPrefix = "forgotten-"

	forgottenTokens = 500 // tokens that one read examines
	forgottenEvents = 100 // events that one write replaces
)

// ForgetUser removes what identifies a user from the store, for example because they ask for it. The user is disabled, which
// revokes their tokens for good. Then a pseudonym, "forgotten-" and a random UUID, takes the place of:
//
//   - their ID and their Name, in their own row, and their ID wherever another row or an event has it
//   - the Name of each of their tokens, in the token and in events
//   - the Responsible of each service account for which they answer or have answered, in its row and in events
//   - their ID in the offers of tokens that they made or claimed; the offers to them are removed
//   - their ID in the exemptions of the policy and in the events of its changes; the Reason of their exemptions becomes "forgotten"
//     in the policy and is removed from the events
//
// The Description of each of their tokens and the Origin of what they did become empty, and so does the place where the text of a
// token of theirs was found. Everything else stays: identifiers of tokens, times, roles, kinds, hints and resources. The library
// keeps no relation between the ID and the pseudonym.
//
// ForgetUser reads all tokens once, in pieces, and writes in pieces. It may be stopped at any time; called again, it continues
// with the same pseudonym. Each piece records an event that has only the pseudonym. For ten seconds, another replica may still
// write denials that name the user. A second call a minute later replaces them too, by another pseudonym. The ID is free
// afterwards: [Manager.PutUser] provisions a new user with it.
//
// Only [System] forgets; every other actor is [ErrDenied]. The errors are [ErrNotFound] if nothing in the store names the
// user; [ErrInvalid], also inside a transaction of the host; [ErrConflict] if the user was changed meanwhile, for example
// enabled; [ErrUnavailable] and [ErrUncertain]. After each of the last three, call it again.
func (m *Manager) ForgetUser(ctx context.Context, actor Actor, id UserID) error {
	op := &operation{action: ActionForgetUser, actor: actor, owner: id}
	_, err := decide(ctx, m, op, func(ctx context.Context, op *operation) (int, error) { return m.forgetUser(ctx, op) })
	return err
}

func (m *Manager) forgetUser(ctx context.Context, op *operation) (rows int, err error) {
	if err := op.owner.check("user id"); err != nil {
		return 0, err
	}
	if why := op.hostOnly(); why != permitted {
		return 0, m.deny(ctx, op, ErrDenied, why)
	}
	// A store that cannot forget, such as a view through a transaction of the host, refuses here, before anything is changed.
	if _, err := m.store.Forget(ctx, Forgetting{}, op.event(OutcomeDone)); err != nil {
		return 0, storeError(err)
	}
	f, err := m.beginForgetting(ctx, op)
	if err != nil {
		return 0, storeError(err)
	}
	if err := m.denials.flush(ctx); err != nil { // those that wait may name the user
		return 0, storeError(err)
	}
	for _, forget := range []func(context.Context, *operation, Forgetting) (int, error){
		m.forgetInTokens, m.forgetAsOwner, m.forgetAsActor, m.forgetAsResponsible, m.forgetInExemptions, m.forgetRow,
	} {
		n, err := forget(ctx, op, f)
		if err != nil {
			return 0, storeError(err)
		}
		rows += n
	}
	if rows == 0 {
		return 0, ErrNotFound
	}
	return rows, nil
}

// beginForgetting disables the user and chooses the pseudonym. Until their row is gone, the pseudonym is their Name, so that a
// call that was interrupted can be continued. A user who was enabled since gets a new one: the pseudonym has the epoch of the
// time when it was chosen, and would revive a token that was generated since.
func (m *Manager) beginForgetting(ctx context.Context, op *operation) (Forgetting, error) {
	f := Forgetting{User: op.owner, Pseudonym: newPseudonym()}
	u, err := m.store.User(ctx, op.owner)
	if errors.Is(err, ErrNotFound) {
		return f, nil // events may name them
	}
	if err != nil {
		return f, err
	}
	if u.Disabled() && isPseudonym(u.Name) {
		f.Pseudonym = UserID(u.Name)
	}
	event := op.event(OutcomeDone)
	event.ID, event.Action = EventID(newID()), ActionDisableUser
	u, err = m.store.ChangeUser(ctx, op.owner, UserChange{Disable: true, Name: string(f.Pseudonym)}, event)
	f.Revision = u.Revision
	return f, err
}

func newPseudonym() UserID { return UserID(pseudonymPrefix + uuid.Must(uuid.NewRandom()).String()) }

func isPseudonym(name string) bool {
	id, ok := strings.CutPrefix(name, pseudonymPrefix)
	return ok && uuid.Validate(id) == nil
}

// forgetInTokens reads all tokens, because no index finds those that the user has revoked.
func (m *Manager) forgetInTokens(ctx context.Context, op *operation, f Forgetting) (rows int, err error) {
	q := TokenQuery{AnyOwner: true, Limit: forgottenTokens}.At(op.at)
	for {
		tokens, err := m.store.Tokens(ctx, q)
		if err != nil {
			return rows, err
		}
		piece := f
		for _, t := range tokens {
			if t.Owner == f.User || t.CreatedBy == f.User || t.RevokedBy == f.User {
				piece.Tokens = append(piece.Tokens, t.ID)
			}
			q.After = t.ID
		}
		n, err := m.forget(ctx, op, piece)
		if rows += n; err != nil || len(tokens) < q.Limit {
			return rows, err
		}
	}
}

func (m *Manager) forgetAsOwner(ctx context.Context, op *operation, f Forgetting) (int, error) {
	return m.forgetInEvents(ctx, op, f, EventQuery{Owner: f.User, Limit: forgottenEvents})
}

func (m *Manager) forgetAsActor(ctx context.Context, op *operation, f Forgetting) (int, error) {
	return m.forgetInEvents(ctx, op, f, EventQuery{Actor: f.User, Limit: forgottenEvents})
}

// forgetInExemptions reads all events of changes of the policy, because no index finds those that name the user.
func (m *Manager) forgetInExemptions(ctx context.Context, op *operation, f Forgetting) (int, error) {
	return m.forgetInEvents(ctx, op, f, EventQuery{Action: ActionSetPolicy, Limit: forgottenEvents})
}

// forgetAsResponsible reads all events of changes of users, because no index finds those that name who answers for one.
func (m *Manager) forgetAsResponsible(ctx context.Context, op *operation, f Forgetting) (rows int, err error) {
	for _, action := range []Action{
		ActionPutUser, ActionDisableUser, ActionEnableUser, ActionSuspendUser, ActionResumeUser, ActionRevokeAll,
	} {
		n, err := m.forgetInEvents(ctx, op, f, EventQuery{Action: action, Limit: forgottenEvents})
		if rows += n; err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// forgetInEvents replaces the events of a query until none is left.
func (m *Manager) forgetInEvents(ctx context.Context, op *operation, f Forgetting, q EventQuery) (rows int, err error) {
	for {
		events, err := m.store.Events(ctx, q)
		if err != nil || len(events) == 0 {
			return rows, err
		}
		piece := f
		for _, e := range events {
			if forgotten := f.in(e); forgotten != e {
				piece.Events = append(piece.Events, forgotten)
			}
			q.After = e.Seq
		}
		n, err := m.forget(ctx, op, piece)
		if rows += n; err != nil {
			return rows, err
		}
	}
}

func (m *Manager) forgetRow(ctx context.Context, op *operation, f Forgetting) (int, error) {
	f.Rest = true
	return m.forget(ctx, op, f)
}

// forget writes one piece.
func (m *Manager) forget(ctx context.Context, op *operation, f Forgetting) (rows int, err error) {
	if f.Empty() {
		return 0, nil
	}
	event := op.event(OutcomeDone)
	event.ID, event.Owner = EventID(newID()), f.Pseudonym
	return m.store.Forget(ctx, f, event)
}

// in returns an event without what identifies the user. This is the only place that decides what that is.
func (f Forgetting) in(e Event) Event {
	if e.Owner == f.User {
		e.Owner = f.Pseudonym
		for _, s := range []*State{&e.Before, &e.After} {
			if s.Name != "" {
				s.Name = string(f.Pseudonym)
			}
			s.Description = ""
		}
		if e.Action == ActionLeaked && e.Outcome == OutcomeDone {
			e.Reason = "" // a token is often found in an account of its owner
		}
	}
	for _, s := range []*State{&e.Before, &e.After} {
		s.Responsible = f.ID(s.Responsible)
	}
	if e.Actor.User == f.User {
		e.Actor.User, e.Actor.Origin = f.Pseudonym, Origin{}
	}
	if e.Action == ActionSetPolicy {
		e.After.Policy = f.inChanges(e.After.Policy)
	}
	return e
}

// Forgetting is a piece of [Manager.ForgetUser] for [Store.Forget].
type Forgetting struct {
	User      UserID
	Pseudonym UserID // takes the place of User, and of the names of the user and of their tokens
	Revision  int64  // the user is at this revision; 0: there is no such user

	Tokens []TokenID // tokens that name the user; at most 500
	Events []Event   // events as they are to be, with their Seq and ID; at most 100
	Rest   bool      // the user's own row, the ended epochs, the policy, offers, and the service accounts for which the user answers
}

// Empty reports whether there is nothing to replace.
func (f Forgetting) Empty() bool { return len(f.Tokens) == 0 && len(f.Events) == 0 && !f.Rest }

// Token returns a token without what identifies the user.
func (f Forgetting) Token(t Token) Token {
	if t.Owner == f.User {
		t.Owner, t.Name, t.Description = f.Pseudonym, string(f.Pseudonym), ""
	}
	t.CreatedBy, t.RevokedBy = f.ID(t.CreatedBy), f.ID(t.RevokedBy)
	return t
}

// Offer returns an offer to another user without what identifies the user.
func (f Forgetting) Offer(o Offer) Offer {
	o.OfferedBy, o.ClaimedBy = f.ID(o.OfferedBy), f.ID(o.ClaimedBy)
	return o
}

// Policy returns a policy without what identifies the user, and whether that is another one.
func (f Forgetting) Policy(p MaxLifetimePolicy) (forgotten MaxLifetimePolicy, changed bool) {
	forgotten = p.clone()
	forgotten.UpdatedBy = f.ID(p.UpdatedBy)
	for i, e := range p.Exemptions {
		is := &forgotten.Exemptions[i]
		is.User, is.By = f.ID(e.User), f.ID(e.By)
		if e.User == f.User {
			is.Reason = "forgotten"
		}
	}
	return forgotten, forgotten.UpdatedBy != p.UpdatedBy || !slices.Equal(forgotten.Exemptions, p.Exemptions)
}

// Answered returns a service account for which the user answers, at the next Revision, with the pseudonym. Every other user
// stays as they are.
func (f Forgetting) Answered(u User) User {
	if u.Responsible == f.User {
		u.Responsible = f.Pseudonym
		u.Revision++
	}
	return u
}

// ID returns the pseudonym for the user, and every other ID as it is.
func (f Forgetting) ID(id UserID) UserID {
	if id == f.User {
		return f.Pseudonym
	}
	return id
}

// On returns the event of a piece with the number of rows in its Reason. Every [Store] calls it for the event that it stores.
func (f Forgetting) On(e Event, rows int) Event {
	e.Reason = fmt.Sprintf("replaced rows: %d", rows)
	return e
}
