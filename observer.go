package apitoken

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Observer receives the outcome of every authentication, every change and every other decision of a [Manager], for the host's
// log, metrics and traces. It is called exactly once for each call of Authenticate and of every method that takes an [Actor].
// The iterators decide anew for each page that they read, and call it once for each. The first use of a token that has replaced
// another one is one more call, before that of Authenticate, with [ActionReplaced] and the replaced token: it tells whether that
// one was revoked.
//
// It is called last, when the outcome no longer changes, on the goroutine of the caller, who waits: it should be fast and not
// block. Calls come from many goroutines at once. The context is the caller's and may be cancelled. A panic propagates to the
// caller, whose change may have been written.
//
// Policy, Flush and Close decide nothing and are not observed. Calls that an Observer itself makes to the Manager are.
type Observer interface {
	Observe(ctx context.Context, o Observation)
}

// Observation is the outcome of one call. It contains no secret, no digest and no presented text. Fields may be added.
//
// Action, Outcome and the [Reason] of Err take few values, which suits labels of metrics. The other fields do not.
type Observation struct {
	Action  Action
	Outcome Outcome
	Err     error  // the error that the caller receives, without the name of the action; nil if it was done
	Denial  string // why it was denied, in words, such as "needs ListAny"; empty: it was not denied

	// Duration is how long the call took by the [Clock]. With a clock that a test moves it is zero unless the test moves it
	// during the call. It is never negative.
	Duration time.Duration

	Actor Actor   // zero for Authenticate, which has none
	Owner UserID  // the user it is about: the owner of the token, or the user; empty: none, or not known
	Token TokenID // the token it is about, if known; for Generate, the new one
}

// LogValue returns a group of action, outcome, reason, denial, actor, owner, token_id and duration, without the empty ones,
// and error, the text of Err, if the store failed. LogValue().Group() returns the attributes without the group.
func (o Observation) LogValue() slog.Value {
	var g logGroup
	g.text("action", string(o.Action))
	g.text("outcome", string(o.Outcome))
	g.text("reason", Reason(o.Err))
	g.text("denial", o.Denial)
	if o.Outcome == OutcomeFailed && o.Err != nil {
		g.text("error", o.Err.Error())
	}
	g.value("actor", o.Actor.LogValue())
	g.text("owner", string(o.Owner))
	g.text("token_id", o.Token.text())
	g.value("duration", slog.DurationValue(o.Duration))
	return slog.GroupValue(g...)
}

// outcome returns the Outcome for an error. The error does not show whether it was a denial, because an actor gets ErrNotFound
// for what they may not know of.
func outcome(err error, denied bool) Outcome {
	switch {
	case err == nil:
		return OutcomeDone
	case errors.Is(err, ErrUnavailable):
		return OutcomeFailed
	case denied:
		return OutcomeDenied
	case errors.Is(err, ErrUncertain):
		return OutcomeFailed
	default:
		return OutcomeRefused
	}
}
