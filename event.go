package apitoken

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
)

// Event is the record of one change, stored in the same transaction as the change, or of one denial or several. It never
// holds a secret or a digest.
type Event struct {
	Seq     EventSeq // its place in the feed, assigned by the store
	ID      EventID  // made before the first attempt, so that a retry is recognised
	At      time.Time
	Action  Action
	Outcome Outcome
	Actor   Actor
	Owner   UserID  // the user it is about: the owner of the token, or the user who was changed
	Token   TokenID // the token it is about
	Before  State   // the state before the change
	After   State   // the state after the change
	Reason  string  // why the action was denied or done, how much was removed, or where a text was found, in words; at most 255 bytes

	// Count is the number of denials that this event stands for, if there were so many that they were gathered: the first
	// at FirstAt, the last at At. What they do not have in common is empty. Every other event has 0 and the zero time.
	Count   int64
	FirstAt time.Time
}

// LogValue returns a group of seq, id, at, action, outcome, actor, owner, token_id, before, after, reason, count and
// first_at, without the empty ones.
func (e Event) LogValue() slog.Value {
	var g logGroup
	g.value("seq", slog.Int64Value(int64(e.Seq)))
	g.text("id", e.ID.String())
	g.time("at", e.At)
	g.text("action", string(e.Action))
	g.text("outcome", string(e.Outcome))
	g.value("actor", e.Actor.LogValue())
	g.text("owner", string(e.Owner))
	g.text("token_id", e.Token.text())
	g.value("before", e.Before.LogValue())
	g.value("after", e.After.LogValue())
	g.text("reason", e.Reason)
	if e.Count != 0 {
		g.value("count", slog.Int64Value(e.Count))
	}
	g.time("first_at", e.FirstAt)
	return slog.GroupValue(g...)
}

// State is what an event records about the token, user or policy. Fields that the action does not concern are zero.
type State struct {
	Name        string        `json:"name,omitzero"`         // of the token or the user
	Description string        `json:"description,omitzero"`  // of the token
	Kind        Kind          `json:"kind,omitzero"`         // of the token
	Resource    string        `json:"resource,omitzero"`     // of the token; empty: not bound
	Permissions string        `json:"permissions,omitzero"`  // of the token, by their names of then: "GenerateOwn|deploy"; "none": no permission; empty: not limited
	ExpiresAt   time.Time     `json:"expires_at,omitzero"`   // of the token; zero: no expiration
	RevokedAt   time.Time     `json:"revoked_at,omitzero"`   // of the token
	Replaces    TokenID       `json:"replaces,omitzero"`     // of the token: the one that it has replaced
	ReplacedBy  TokenID       `json:"replaced_by,omitzero"`  // of the token: the one that has replaced it
	Role        Role          `json:"role,omitzero"`         // of the user
	DisabledAt  time.Time     `json:"disabled_at,omitzero"`  // of the user
	SuspendedAt time.Time     `json:"suspended_at,omitzero"` // of the user
	Service     bool          `json:"service,omitzero"`      // of the user
	Responsible UserID        `json:"responsible,omitzero"`  // of the user: who answers for the service account
	Epoch       int64         `json:"epoch,omitzero"`        // of the user
	MaxLifetime time.Duration `json:"max_lifetime,omitzero"` // of the policy; for a generated token, the maximum in force

	// ReplacedExpiresAt is when the token expires that this one replaces, if this one is not used before.
	ReplacedExpiresAt time.Time `json:"replaced_expires_at,omitzero"`

	// Policy says in one line how the limits and exemptions of the policy have changed, at most about 8 KiB. For a generated
	// token it is the layer that MaxLifetime comes from, in words; empty: Max of the policy.
	Policy string `json:"policy,omitzero"`
}

// LogValue returns a group of name, description, kind, resource, permissions, expires_at, revoked_at, replaces, replaced_by,
// replaced_expires_at, role, disabled_at, suspended_at, service, responsible, epoch, max_lifetime and policy, without the empty ones. No maximum is "no expiration".
func (s State) LogValue() slog.Value {
	var g logGroup
	g.text("name", s.Name)
	g.text("description", s.Description)
	g.text("kind", string(s.Kind))
	g.text("resource", s.Resource)
	g.text("permissions", s.Permissions)
	g.time("expires_at", s.ExpiresAt)
	g.time("revoked_at", s.RevokedAt)
	g.text("replaces", s.Replaces.text())
	g.text("replaced_by", s.ReplacedBy.text())
	g.time("replaced_expires_at", s.ReplacedExpiresAt)
	g.text("role", string(s.Role))
	g.time("disabled_at", s.DisabledAt)
	g.time("suspended_at", s.SuspendedAt)
	if s.Service {
		g.value("service", slog.BoolValue(true))
	}
	g.text("responsible", string(s.Responsible))
	if s.Epoch != 0 {
		g.value("epoch", slog.Int64Value(s.Epoch))
	}
	if s.MaxLifetime != 0 {
		g.text("max_lifetime", lifetimeText(s.MaxLifetime))
	}
	g.text("policy", s.Policy)
	return slog.GroupValue(g...)
}

// EventSeq is the place of an event in the feed: 1, 2, 3 and so on. An event never appears at a place before one that a
// reader has already read. A reader keeps the last EventSeq that it has handled as its cursor.
type EventSeq int64

// TruncatedError carries the first event that is kept. A reader that accepts the gap continues with First - 1 as its cursor. It is
// [ErrTruncated].
type TruncatedError struct{ First EventSeq }

// Error returns the number of the first event that is kept.
func (e *TruncatedError) Error() string {
	return fmt.Sprintf("%s: the first that is kept is %d", ErrTruncated, e.First)
}

// Unwrap returns [ErrTruncated].
func (e *TruncatedError) Unwrap() error { return ErrTruncated }

// EventID identifies an event. It is a UUIDv7.
type EventID uuid.UUID

// String returns the canonical form of the UUID.
func (id EventID) String() string { return uuid.UUID(id).String() }

// Action names what an actor did or attempted.
type Action string

// The actions. Reads appear in the events only if they were denied. Authentications never do; the [Observer] receives them.
const (
	ActionAuthenticate  Action = "token.authenticate"
	ActionGenerate      Action = "token.generate"
	ActionImport        Action = "token.import"
	ActionOffer         Action = "token.offer"
	ActionClaim         Action = "token.claim"
	ActionWithdraw      Action = "offer.withdraw"
	ActionListOffers    Action = "offer.list"
	ActionReadToken     Action = "token.read"
	ActionUpdateToken   Action = "token.update"
	ActionNarrow        Action = "token.narrow"
	ActionListTokens    Action = "token.list"
	ActionRotate        Action = "token.rotate"
	ActionReplaced      Action = "token.replaced" // of the first use of a successor, which revokes the token that it has replaced
	ActionRevoke        Action = "token.revoke"
	ActionLeaked        Action = "token.leaked" // of RevokeText
	ActionRevokeAll     Action = "token.revoke_all"
	ActionRevokeMany    Action = "token.revoke_many"
	ActionSetPolicy     Action = "policy.set"
	ActionPlanPolicy    Action = "policy.plan"
	ActionReadLifetimes Action = "policy.lifetimes"
	ActionPutUser       Action = "user.put"
	ActionReadUser      Action = "user.read"
	ActionListUsers     Action = "user.list"
	ActionDisableUser   Action = "user.disable"
	ActionEnableUser    Action = "user.enable"
	ActionSuspendUser   Action = "user.suspend"
	ActionResumeUser    Action = "user.resume"
	ActionReadEvents    Action = "event.read"
	ActionForgetUser    Action = "user.forget"
	ActionSweep         Action = "store.sweep"
	ActionLeaseNotices  Action = "notice.lease"
	ActionNoticeSent    Action = "notice.sent"
)

// Outcome is the result of an action.
type Outcome string

// The outcomes. An [Event] has one of the first two, an [Observation] any.
const (
	OutcomeDone    Outcome = "done"    // the requested state holds, perhaps because it already did
	OutcomeDenied  Outcome = "denied"  // the actor lacks a permission
	OutcomeRefused Outcome = "refused" // the token is not valid, the request is wrong, or its object does not exist
	OutcomeFailed  Outcome = "failed"  // the store failed: ErrUnavailable or ErrUncertain
)

// EventQuery selects events in the order of the feed. The zero value selects all. Every condition has an index; of several
// conditions a store uses one index and goes through what it finds there. With Since or Before and no other condition, a page goes
// through all events in that time. The order is that of the feed nevertheless: At may go back a little from one event to the next.
type EventQuery struct {
	Owner       UserID    // only events about this user; empty: about anybody
	Actor       UserID    // only events of what this user did, in person or with a token; empty: of anybody
	Action      Action    // only this action; empty: all
	Outcome     Outcome   // OutcomeDone or OutcomeDenied; empty: both
	Token       TokenID   // only events about this token; zero: about any
	Since       time.Time // only events at this time or later; zero: all
	Before      time.Time // only events before this time; zero: all
	NewestFirst bool      // in reverse order, to look back; to follow the feed, leave it false
	After       EventSeq  // the cursor: only events after this one in the order that is asked for; 0: from the first that is kept
	Limit       int       // events read at a time, 1 to 1,000; 0: 100
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
	return invalid("outcome", "%s is neither %s nor %s", quoted(string(q.Outcome)), OutcomeDone, OutcomeDenied)
}

const maxActionBytes = 64
