package apitoken

import (
	"log/slog"
	"time"

	"github.com/google/uuid"
)

// Event is the record of one change, stored in the same transaction as the change, or of one denial or several. It never
// holds a secret or a digest.
type Event struct {
	Seq     EventSeq // its place in the feed; the store assigns it
	ID      EventID  // made before the first try, so that a repeated write is recognised
	At      time.Time
	Action  Action
	Outcome Outcome
	Actor   Actor
	Owner   UserID  // the user it is about: owner of the token, or the user himself
	Token   TokenID // the token it is about
	Before  State   // what was, as far as the action changes it
	After   State   // what is
	Reason  string  // why the action was denied, in words; at most 255 bytes

	// Count is the number of denials that this event stands for, if there were so many that they were gathered: the first
	// at FirstAt, the last at At. What they do not have in common is empty. Every other event has 0 and the zero time.
	Count   int64
	FirstAt time.Time
}

// LogValue is a group of seq, id, at, action, outcome, actor, owner, token_id, before, after, reason, count and first_at, as far as they are there.
func (e Event) LogValue() slog.Value {
	var g logGroup
	g.value("seq", slog.Int64Value(int64(e.Seq)))
	g.text("id", e.ID.String())
	g.time("at", e.At)
	g.text("action", string(e.Action))
	g.text("outcome", string(e.Outcome))
	g.value("actor", e.Actor.LogValue())
	g.text("owner", string(e.Owner))
	g.token("token_id", e.Token)
	g.value("before", e.Before.LogValue())
	g.value("after", e.After.LogValue())
	g.text("reason", e.Reason)
	if e.Count != 0 {
		g.value("count", slog.Int64Value(e.Count))
	}
	g.time("first_at", e.FirstAt)
	return slog.GroupValue(g...)
}

// State is what an event remembers of the token, user or policy that it is about. Fields that the action does not
// concern are zero.
type State struct {
	Name        string        `json:"name,omitzero"`         // of the token or the user
	Kind        Kind          `json:"kind,omitzero"`         // of the token
	Resource    string        `json:"resource,omitzero"`     // of the token; empty: it is bound to nothing
	ExpiresAt   time.Time     `json:"expires_at,omitzero"`   // of the token; zero: no expiration
	RevokedAt   time.Time     `json:"revoked_at,omitzero"`   // of the token
	Role        Role          `json:"role,omitzero"`         // of the user
	DisabledAt  time.Time     `json:"disabled_at,omitzero"`  // of the user
	Epoch       int64         `json:"epoch,omitzero"`        // of the user
	MaxLifetime time.Duration `json:"max_lifetime,omitzero"` // of the policy; in force, where a token was generated
}

// LogValue is a group of name, kind, resource, expires_at, revoked_at, role, disabled_at, epoch and max_lifetime, as far as
// they are there; no maximum is "no expiration".
func (s State) LogValue() slog.Value {
	var g logGroup
	g.text("name", s.Name)
	g.text("kind", string(s.Kind))
	g.text("resource", s.Resource)
	g.time("expires_at", s.ExpiresAt)
	g.time("revoked_at", s.RevokedAt)
	g.text("role", string(s.Role))
	g.time("disabled_at", s.DisabledAt)
	if s.Epoch != 0 {
		g.value("epoch", slog.Int64Value(s.Epoch))
	}
	if s.MaxLifetime != 0 {
		g.text("max_lifetime", lifetimeText(s.MaxLifetime))
	}
	return slog.GroupValue(g...)
}

// EventSeq is the place of an event in the feed: 1, 2, 3 and so on, in an order in which no event ever appears before
// one that was already read. A reader keeps the last one that he has handled and continues behind it.
type EventSeq int64

// EventID is the identifier of an event, a UUIDv7.
type EventID uuid.UUID

// String is the canonical form of the UUID.
func (id EventID) String() string { return uuid.UUID(id).String() }

// Action names what was done or attempted.
type Action string

// The actions. Reading appears in the events only where it was denied, authenticating never: that is for the [Observer].
const (
	ActionAuthenticate Action = "token.authenticate"
	ActionGenerate     Action = "token.generate"
	ActionReadToken    Action = "token.read"
	ActionListTokens   Action = "token.list"
	ActionRevoke       Action = "token.revoke"
	ActionRevokeAll    Action = "token.revoke_all"
	ActionSetPolicy    Action = "policy.set"
	ActionPutUser      Action = "user.put"
	ActionReadUser     Action = "user.read"
	ActionListUsers    Action = "user.list"
	ActionDisableUser  Action = "user.disable"
	ActionEnableUser   Action = "user.enable"
	ActionReadEvents   Action = "event.read"
)

// Outcome says how an action ended.
type Outcome string

// The outcomes. An [Event] has one of the first two, an [Observation] any.
const (
	OutcomeDone    Outcome = "done"    // it is as was asked for, if only because it was so before
	OutcomeDenied  Outcome = "denied"  // the actor may not do this; the denial is on record
	OutcomeRefused Outcome = "refused" // it cannot be done: the text is no valid token, the request is wrong, there is no such thing
	OutcomeFailed  Outcome = "failed"  // trouble, and no verdict: ErrUnavailable or ErrUncertain
)

// EventQuery selects events in the order of the feed. The zero value selects all. Every condition has an index; of several
// conditions a store uses one index and goes through what it finds there.
type EventQuery struct {
	Owner       UserID   // only events about this user; empty: about anybody
	Actor       UserID   // only events of what this user did, in person or with a token; empty: of anybody
	Action      Action   // only this action; empty: all
	Outcome     Outcome  // OutcomeDone or OutcomeDenied; empty: both
	NewestFirst bool     // against the order of the feed: to look back, not to follow
	After       EventSeq // only events behind this one, in the order that is asked for; 0: from the first
	Limit       int      // events that are read at a time, 1 to 1,000; 0: 100
}

func (q EventQuery) check() error {
	if q.Owner != "" {
		if err := q.Owner.check("owner"); err != nil {
			return err
		}
	}
	if q.Actor != "" {
		if err := q.Actor.check("actor"); err != nil {
			return err
		}
	}
	if n := len(q.Action); n > maxActionBytes {
		return invalid("action", "is %d bytes long, at most %d are allowed", n, maxActionBytes)
	}
	if err := checkVisible("action", string(q.Action)); err != nil {
		return err
	}
	switch q.Outcome {
	case "", OutcomeDone, OutcomeDenied:
		return nil
	}
	return invalid("outcome", "%.40q is neither %s nor %s", q.Outcome, OutcomeDone, OutcomeDenied)
}

const maxActionBytes = 64
