package apitoken

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// NoticeQuery says how long before the expiry of a token people are told.
type NoticeQuery struct {
	Steps []time.Duration // 1 to 10 different ones of a minute or more, in any order, such as 30 days, 7 days and 1 day
	Limit int             // notices that one call returns, 1 to 1,000; 0: 100
}

// Notice is one notice to send about a token that is about to expire.
type Notice struct {
	Token       Token
	Step        time.Duration // the step that is due
	To          []UserID      // the owner, who answers for the owner, and the creator; nobody twice
	LeasedUntil time.Time     // until then no call returns the notice again
}

const (
	noticeLease    = 10 * time.Minute
	noticeDeadline = 7 * 24 * time.Hour // for how long after the expiry a notice is still sent
	minNoticeStep  = time.Minute
	maxNoticeSteps = 10
)

// LeaseNotices returns notices that are due, the most urgent first, and leases each for ten minutes. Send each, then call
// [Manager.NoticeSent]. A notice whose lease has run out is returned again, so each is sent at least once, also if a process
// ends between the two; it is sent twice only then, or if sending takes longer than the lease. Call it every few minutes, on
// any number of replicas. While another replica leases, a call may return fewer notices than are due, even none.
//
// A step is due from ExpiresAt minus the step on. After an outage only the shortest due step of a token is sent. A token that
// is generated within a step is due at once: compare its lifetime with the step to leave it out. No notice is due for a token
// that expired a week ago or more, was replaced, or was revoked, alone or with all tokens of its owner, or whose owner is disabled or
// suspended.
//
// Only [System] leases notices, because a leased notice is not sent by others; every other actor is [ErrDenied]. The errors are
// [ErrInvalid], which is [errors.ErrUnsupported] too if the store is no [NoticeStore]; [ErrUnavailable]; and [ErrUncertain],
// after which what may have been leased is due again in ten minutes.
func (m *Manager) LeaseNotices(ctx context.Context, actor Actor, q NoticeQuery) ([]Notice, error) {
	op := &operation{action: ActionLeaseNotices, actor: actor}
	return decide(ctx, m, op, func(ctx context.Context, op *operation) ([]Notice, error) { return m.leaseNotices(ctx, op, q) })
}

func (m *Manager) leaseNotices(ctx context.Context, op *operation, q NoticeQuery) (notices []Notice, err error) {
	steps, err := q.steps()
	if err != nil {
		return nil, err
	}
	limit, err := page(q.Limit)
	if err != nil {
		return nil, err
	}
	if why := op.hostOnly(); why != permitted {
		return nil, m.deny(ctx, op, ErrDenied, why)
	}
	store, err := m.noticeStore()
	if err != nil {
		return nil, err
	}
	// The shortest due step of a token is the first one whose range its expiry is in, so no token is in two ranges.
	expiresAfter := op.at.Add(-noticeDeadline)
	for _, step := range steps {
		l := NoticeLease{
			ID: newID(), Step: step, ExpiresAfter: expiresAfter, ExpiresUpTo: op.at.Add(step),
			At: op.at, Until: op.at.Add(noticeLease), Limit: limit - len(notices),
		}
		records, err := store.LeaseNotices(ctx, l)
		if err != nil {
			return nil, noticeError(err)
		}
		for _, r := range records {
			notices = append(notices, Notice{Token: r.Token, Step: step, To: r.toTell(), LeasedUntil: l.Until})
		}
		if len(notices) == limit {
			return notices, nil
		}
		expiresAfter = l.ExpiresUpTo
	}
	return notices, nil
}

// NoticeSent records that a notice was sent: no call of [Manager.LeaseNotices] returns it any more. It may be called again, and
// for a token that was removed since; then it changes nothing. Permissions and errors are those of LeaseNotices.
func (m *Manager) NoticeSent(ctx context.Context, actor Actor, n Notice) error {
	op := &operation{action: ActionNoticeSent, actor: actor, token: n.Token.ID}
	_, err := decide(ctx, m, op, func(ctx context.Context, op *operation) (Notice, error) { return n, m.noticeSent(ctx, op, n) })
	return err
}

func (m *Manager) noticeSent(ctx context.Context, op *operation, n Notice) error {
	if _, err := (NoticeQuery{Steps: []time.Duration{n.Step}}).steps(); err != nil {
		return err
	}
	if why := op.hostOnly(); why != permitted {
		return m.deny(ctx, op, ErrDenied, why)
	}
	store, err := m.noticeStore()
	if err != nil {
		return err
	}
	return noticeError(store.MarkNotice(ctx, n.Token.ID, n.Step.Truncate(time.Microsecond), op.at))
}

// noticeStore returns the store with its optional methods.
func (m *Manager) noticeStore() (NoticeStore, error) {
	store, ok := m.store.(NoticeStore)
	if !ok {
		return nil, errNoNotices
	}
	return store, nil
}

var errNoNotices = fmt.Errorf("%w: the store keeps no notices: %w", ErrInvalid, errors.ErrUnsupported)

// noticeError is storeError for a store that may wrap one without notices.
func noticeError(err error) error {
	if errors.Is(err, errors.ErrUnsupported) {
		return errNoNotices
	}
	return storeError(err)
}

// steps returns the steps in whole microseconds, the shortest first.
func (q NoticeQuery) steps() ([]time.Duration, error) {
	const field = "steps"
	if n := len(q.Steps); n < 1 || n > maxNoticeSteps {
		return nil, invalid(field, "are %d, 1 to %d are needed", n, maxNoticeSteps)
	}
	var steps []time.Duration
	for _, step := range q.Steps {
		if step < minNoticeStep {
			return nil, invalid(field, "contain %s, at least %s is needed", step, minNoticeStep)
		}
		steps = append(steps, step.Truncate(time.Microsecond))
	}
	slices.Sort(steps)
	for i, step := range steps[1:] {
		if step == steps[i] {
			return nil, invalid(field, "contain %s twice", step)
		}
	}
	return steps, nil
}

// toTell returns who is told about the token. The host itself is no user.
func (r Record) toTell() (to []UserID) {
	for _, id := range []UserID{r.Token.Owner, r.User.Responsible, r.Token.CreatedBy} {
		if id != "" && !slices.Contains(to, id) {
			to = append(to, id)
		}
	}
	return to
}

// NoticeStore is an optional interface of a [Store] that keeps which notices are being sent, and which were. Without it
// [Manager.LeaseNotices] is [ErrInvalid]. A Store that wraps another one without it returns [errors.ErrUnsupported].
//
// Notices are no part of the record: no event is stored with them. Remove removes those of a token with the token.
type NoticeStore interface {
	// LeaseNotices leases notices of one step, and returns their tokens with the owners, the first to expire first, at most
	// l.Limit. It selects the tokens that
	//
	//   - expire after l.ExpiresAfter, and at l.ExpiresUpTo at the latest
	//   - were neither replaced nor revoked, themselves or with their epoch, and whose owner is neither disabled nor suspended
	//   - have no notice of l.Step that was sent, or that is leased until after l.At
	//
	// Calls at the same time never lease one notice twice, so they may return fewer. After [ErrUncertain], what may have been
	// leased is free again at l.Until.
	LeaseNotices(ctx context.Context, l NoticeLease) ([]Record, error)

	// MarkNotice records when a notice was sent. If it was sent before, or never leased, MarkNotice changes nothing.
	MarkNotice(ctx context.Context, token TokenID, step time.Duration, at time.Time) error
}

// NoticeLease says which notices [NoticeStore] leases, and for how long.
type NoticeLease struct {
	ID           uuid.UUID     // of the call
	Step         time.Duration // in whole microseconds
	ExpiresAfter time.Time
	ExpiresUpTo  time.Time
	At           time.Time // now
	Until        time.Time
	Limit        int
}
