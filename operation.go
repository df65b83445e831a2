package apitoken

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// operation is one call of a Manager method: who does what to whom, when, and what he may at this moment.
type operation struct {
	action Action
	actor  Actor
	owner  UserID
	token  TokenID

	begun   time.Time  // the clock, as it was read
	at      time.Time  // the time of the operation, which is the same
	id      EventID    // of its event, the same however often the write is tried
	may     Permission // what the actor may
	carried Permission // what the token that the actor uses lets him do of what its owner may; everything without one
	until   time.Time  // the end of the token that the actor uses; zero: none
	bound   string     // what of the host's that token is bound to; empty: nothing

	denied bool // whatever the error says
}

// begin finds out who the actor is. It denies everybody who is nobody: the zero Actor, an unknown or disabled user, a
// token that no longer authenticates.
func (m *Manager) begin(ctx context.Context, action Action, actor Actor, owner UserID, token TokenID) (*operation, error) {
	now := m.clock.Now()
	op := &operation{
		action: action, actor: actor, owner: owner, token: token,
		begun: now, at: instant(now), id: EventID(newID()),
	}
	if op.at.Before(firstInstant) || !op.at.Before(ceiling) {
		return op, unavailable(fmt.Errorf("the clock reads %s, 1970 to 2199 is allowed", op.at))
	}
	if actor == System() {
		op.may, op.carried = everything, everything
		return op, nil
	}
	rec, err := m.identify(ctx, actor)
	switch {
	case errors.Is(err, ErrNotFound):
		return op, m.deny(ctx, op, ErrDenied)
	case err != nil:
		return op, unavailable(err)
	case rec.refusal(op.at) != nil:
		return op, m.deny(ctx, op, ErrDenied)
	}
	op.carried, op.until, op.bound = everything, rec.Token.ExpiresAt, rec.Token.Resource
	if actor.Kind == ActorToken {
		op.carried = m.kinds[rec.Token.Kind].Permissions
	}
	op.may = m.permissions(rec.User.Role) & op.carried
	return op, nil
}

// identify reads who the actor is and the token that he uses; a person is as one who holds a token without end.
func (m *Manager) identify(ctx context.Context, actor Actor) (*Record, error) {
	switch {
	case actor.User.check("actor") != nil:
		return nil, ErrNotFound
	case actor == As(actor.User):
		user, err := m.store.User(ctx, actor.User)
		return &Record{Identity: Identity{User: user}, Epoch: user.Epoch}, err
	case actor.Kind == ActorToken:
		rec, err := m.store.Token(ctx, actor.Token)
		if err == nil && rec.Token.Owner != actor.User {
			return nil, ErrNotFound
		}
		return rec, err
	}
	return nil, ErrNotFound
}

// own reports whether the actor acts on what is his, and not with a token that leaves that out.
func (op *operation) own() bool {
	return op.actor.Kind != ActorSystem && op.actor.User == op.owner && op.carried.Has(GenerateOwn)
}

// reaches reports whether the actor may hand out what is bound to the resource: with a token that is bound itself, only
// what is bound to the very same.
func (op *operation) reaches(resource string) bool { return op.bound == "" || op.bound == resource }

// deny records the denial and gives the answer: ErrDenied, or ErrNotFound where the actor must not learn that there is
// something. A denial that cannot be recorded is ErrUnavailable as well.
func (m *Manager) deny(ctx context.Context, op *operation, answer error) error {
	op.denied = true
	if err := m.store.AppendEvents(ctx, []Event{op.event(OutcomeDenied)}); err != nil {
		answer = fmt.Errorf("%w, and it could not be recorded: %w", answer, storeError(err))
	}
	return answer
}

// changed is the event of the operation's change.
func (op *operation) changed(before, after State) Event {
	e := op.event(OutcomeDone)
	e.Before, e.After = before, after
	return e
}

func (op *operation) event(outcome Outcome) Event {
	e := Event{ID: op.id, At: op.at, Action: op.action, Outcome: outcome, Actor: op.actor, Owner: op.owner, Token: op.token}
	e.Actor.User, e.Owner = recordable(e.Actor.User), recordable(e.Owner)
	return e
}

// recordable leaves out of an event and of an observation what is no user id at all: it could be of any length and is not even text.
func recordable(id UserID) UserID {
	if id.check("") != nil {
		return ""
	}
	return id
}

// end tells the Observer how the operation ended, and makes the error say what was attempted. Every exported method comes
// here once, last.
func (m *Manager) end(ctx context.Context, op *operation, err error) error {
	if m.observer != nil {
		o := Observation{
			Action: op.action, Outcome: outcome(err, op.denied), Err: err, Duration: m.since(op.begun),
			Actor: op.actor, Owner: recordable(op.owner), Token: op.token,
		}
		o.Actor.User = recordable(o.Actor.User)
		m.observer.Observe(ctx, o)
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("apitoken: %s: %w", op.action, err)
}
