package apitoken

import (
	"context"
	"fmt"
	"time"
)

// operation is one call of a Manager method: who does what to whom, when, and what the actor may do at this moment.
type operation struct {
	action Action
	actor  Actor
	owner  UserID
	token  TokenID

	begun time.Time // what the clock read
	at    time.Time // the time of the operation: begun, or firstInstant if that cannot be stored
	id    EventID   // of its event; the same in every attempt to write

	authority              // what the actor holds; zero until authorize has returned nil
	known        bool      // whether the actor exists
	revision     int64     // of the actor's row when authority was read; 0 for the host itself
	tokenExpires time.Time // when the token that the actor uses expires; zero: never

	facts *Facts // what the decision depends on; nil until it is read

	denied refusal // why the operation was denied; permitted if it was not
}

// decide runs one operation: it reads what the actor holds, calls do, which decides and acts, and reports the outcome. Every
// exported method that takes an Actor is one call of decide.
func decide[T any](
	ctx context.Context, m *Manager, op *operation, do func(context.Context, *operation) (T, error),
) (result T, err error) {
	err = m.begin(ctx, op)
	if err == nil {
		result, err = do(ctx, op)
	}
	return result, m.end(ctx, op, err)
}

// begin fills in the time, the event's ID and what the actor holds. It denies the zero Actor, unknown and disabled users, and
// tokens that no longer authenticate.
func (m *Manager) begin(ctx context.Context, op *operation) error {
	now := m.clock.Now()
	op.begun, op.at, op.id = now, instant(now), EventID(newID())
	op.actor.User, op.owner = m.canonical(op.actor.User), m.canonical(op.owner)
	op.actor.Origin = op.actor.Origin.clean()
	if !storable(now) {
		if !op.revokes() {
			return brokenClock(now)
		}
		op.at = firstInstant // a time after a token's expiry would show the token as active until then
	}
	leave, err := m.denials.turn(ctx, op.actor, op.at)
	if err != nil {
		return unavailable(err)
	}
	defer leave()
	return m.authorize(ctx, op)
}

// revokes reports whether the operation only revokes, withdraws, disables or suspends. A broken clock does not stop it.
func (op *operation) revokes() bool {
	switch op.action {
	case ActionRevoke, ActionLeaked, ActionRevokeAll, ActionRevokeMany, ActionWithdraw, ActionDisableUser, ActionSuspendUser:
		return true
	}
	return false
}

// authorize reads what the actor holds now. An operation whose write conflicts calls it again.
func (m *Manager) authorize(ctx context.Context, op *operation) error {
	op.facts = nil
	if op.actor.withoutOrigin() == System() {
		op.known = true
		op.authority = authority{actor: op.actor, may: everything, carried: everything, limit: everything}
		return nil
	}
	if !op.actor.wellFormed() {
		return m.deny(ctx, op, ErrDenied, actorUnknown)
	}
	if err := m.read(ctx, op); err != nil {
		return err
	}
	rec := op.facts.Actor
	if rec == nil {
		return m.deny(ctx, op, ErrDenied, actorUnknown)
	}
	op.known = true
	if !storable(op.begun) && !rec.Token.ExpiresAt.IsZero() {
		return brokenClock(op.begun) // whether the token has expired is unknown
	}
	if err := rec.refusal(op.at); err != nil {
		return m.deny(ctx, op, ErrDenied, actorRefused(err))
	}
	op.revision, op.tokenExpires = rec.User.Revision, rec.Token.ExpiresAt
	op.authority = authority{actor: op.actor, carried: everything, limit: everything, resource: rec.Token.Resource}
	if op.actor.Kind == ActorToken {
		op.carried, op.limit = m.kinds.carries(rec.Token), rec.Token.Permissions
	}
	op.may = m.roles.grants(rec.User.Role) & op.carried
	return nil
}

// deny records the denial and returns it: the sentinel is ErrDenied, or ErrNotFound if the actor must not learn whether the
// object exists. If the denial has to be recorded at once and cannot be, the error is ErrUnavailable too.
func (m *Manager) deny(ctx context.Context, op *operation, sentinel error, why refusal) error {
	op.denied = why
	denied := denial(sentinel, why)
	event := op.event(OutcomeDenied)
	event.Reason = string(why)
	if err := m.recordDenial(ctx, event, op.known); err != nil {
		return fmt.Errorf("%w, and it could not be recorded: %w", denied, storeError(err))
	}
	return denied
}

// changed returns the event of the operation's change.
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

// recordable returns the user id for events and observations. An invalid one becomes empty: it could have any length and need
// not be text.
func recordable(id UserID) UserID {
	if id.check("") != nil {
		return ""
	}
	return id
}

// end passes the outcome to the Observer, and returns the error with the action that was attempted.
func (m *Manager) end(ctx context.Context, op *operation, err error) error {
	if m.observer != nil {
		o := Observation{
			Action: op.action, Outcome: outcome(err, op.denied != permitted), Err: err, Duration: m.since(op.begun),
			Denial: string(op.denied), Actor: op.actor, Owner: recordable(op.owner), Token: op.token,
		}
		o.Actor.User = recordable(o.Actor.User)
		m.observer.Observe(ctx, o)
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("apitoken: %s: %w", op.action, err)
}
