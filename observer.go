package apitoken

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Observer is told how every authentication, every change and every other decision of a [Manager] ended, for the host's log,
// its metrics and its traces. It is told exactly once for each call of a method that takes an [Actor], and of Authenticate;
// the iterators of Tokens and Events decide anew, and tell, for each page that they read.
//
// It is told last: what was to be written is written by then, or is not, and the answer no longer changes. It is told on the
// goroutine of the caller, who waits for it: be quick, and do not block. Calls come from many goroutines at once. The context
// is the caller's, and may have been cancelled. A panic goes through to the caller, whose change may have been done.
//
// Policy, Flush and Close decide nothing and are not observed. What an Observer asks the Manager itself, is.
type Observer interface {
	Observe(ctx context.Context, o Observation)
}

// Observation is how one call ended. It holds no secret and no digest, also where what was presented is no token. More
// fields may be added.
//
// Action, Outcome and [Reason] of Err take few values, and are fit to be labels of metrics. Nothing else is.
type Observation struct {
	Action  Action
	Outcome Outcome
	Err     error  // nil if it was done; else what the caller was answered, without the words for the action
	Denial  string // why it was denied, in words: which permission the actor lacks, or that they are not known; empty: it was not

	// Duration is how long the call took by the [Clock], which is read for it when the call begins and when it ends: by a
	// clock that a test moves it is zero, unless the test moves it meanwhile. It is never negative.
	Duration time.Duration

	Actor Actor   // zero for Authenticate, which finds out who it is
	Owner UserID  // the user it is about: owner of the token, or the user himself; empty if it is about none, or none is known
	Token TokenID // the token it is about, if it is known; for Generate the new one
}

// LogValue is a group of the fields that are there: action, outcome, reason, denial, actor, owner, token_id and duration; and error,
// the text of Err, where the call failed. To log them without a group around them, use LogValue().Group().
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
	g.token("token_id", o.Token)
	g.value("duration", slog.DurationValue(o.Duration))
	return slog.GroupValue(g...)
}

// outcome tells trouble from a verdict. Whether a verdict was a denial the error does not show: what an actor may not know of
// is answered like what does not exist.
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

// since is how long it has been, and nothing by a clock that went backwards.
func (m *Manager) since(begun time.Time) time.Duration { return max(0, m.clock.Now().Sub(begun)) }
