package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// Faulty is a Store whose calls fail when a test says so. It is for tests of the code that uses a Store, such as the handlers of
// a host: it simulates a database that is down, and a write whose result is lost.
//
// Both functions receive the name of the method, such as "Lookup". They are called from the goroutine of the call, so a store
// that is used concurrently needs functions that are safe for concurrent use. Set the fields before the store is used, or while
// no call is in flight.
//
// Faulty implements [apitoken.TokenPager] and [apitoken.TokenCounter] with those of Store, or with Tokens if Store has none.
type Faulty struct {
	apitoken.Store

	// Before is called before each call. If it returns an error, the call returns that error and does not reach Store. Nil: all
	// calls reach Store.
	Before func(ctx context.Context, method string) error

	// After is called after each call that succeeded. If it returns an error, the call returns that error although it was made,
	// as if its result had been lost. Nil: the result of Store is returned.
	After func(ctx context.Context, method string) error
}

var (
	_ apitoken.Store        = Faulty{}
	_ apitoken.TokenPager   = Faulty{}
	_ apitoken.TokenCounter = Faulty{}
	_ apitoken.NoticeStore  = Faulty{}
)

func (f Faulty) call(ctx context.Context, method string, do func() error) error {
	if f.Before != nil {
		if err := f.Before(ctx, method); err != nil {
			return err
		}
	}
	if err := do(); err != nil || f.After == nil {
		return err
	}
	return f.After(ctx, method)
}

// result is call for a method that returns a value besides the error. On an error of f the value is zero.
func result[T any](ctx context.Context, f Faulty, method string, do func() (T, error)) (value T, err error) {
	err = f.call(ctx, method, func() (err error) {
		value, err = do()
		return err
	})
	if err != nil {
		var zero T
		return zero, err
	}
	return value, nil
}

// Lookup implements [apitoken.Store].
func (f Faulty) Lookup(ctx context.Context, digest apitoken.Digest) (*apitoken.Record, error) {
	return result(ctx, f, "Lookup", func() (*apitoken.Record, error) { return f.Store.Lookup(ctx, digest) })
}

// CreateToken implements [apitoken.Store].
func (f Faulty) CreateToken(ctx context.Context, token apitoken.NewToken, policyRevision int64, event apitoken.Event) error {
	return f.call(ctx, "CreateToken", func() error { return f.Store.CreateToken(ctx, token, policyRevision, event) })
}

// RevokeToken implements [apitoken.Store].
func (f Faulty) RevokeToken(
	ctx context.Context, id apitoken.TokenID, revocation apitoken.Revocation, event apitoken.Event,
) (changed bool, err error) {
	return result(ctx, f, "RevokeToken", func() (bool, error) { return f.Store.RevokeToken(ctx, id, revocation, event) })
}

// RevokeTokens implements [apitoken.Store].
func (f Faulty) RevokeTokens(ctx context.Context, revocation apitoken.Revocation, events []apitoken.Event) (int, error) {
	return result(ctx, f, "RevokeTokens", func() (int, error) { return f.Store.RevokeTokens(ctx, revocation, events) })
}

// RotateToken implements [apitoken.Store].
func (f Faulty) RotateToken(ctx context.Context, r apitoken.Rotation, policyRevision int64, event apitoken.Event) error {
	return f.call(ctx, "RotateToken", func() error { return f.Store.RotateToken(ctx, r, policyRevision, event) })
}

// UseSuccessor implements [apitoken.Store].
func (f Faulty) UseSuccessor(
	ctx context.Context, id, replaces apitoken.TokenID, revocation apitoken.Revocation, event apitoken.Event,
) (first bool, err error) {
	return result(ctx, f, "UseSuccessor", func() (bool, error) {
		return f.Store.UseSuccessor(ctx, id, replaces, revocation, event)
	})
}

// ChangeToken implements [apitoken.Store].
func (f Faulty) ChangeToken(ctx context.Context, was apitoken.Record, is apitoken.Token, event apitoken.Event) error {
	return f.call(ctx, "ChangeToken", func() error { return f.Store.ChangeToken(ctx, was, is, event) })
}

// NarrowToken implements [apitoken.Store].
func (f Faulty) NarrowToken(
	ctx context.Context, id apitoken.TokenID, narrowing apitoken.TokenNarrowing, event apitoken.Event,
) (apitoken.Token, error) {
	return result(ctx, f, "NarrowToken", func() (apitoken.Token, error) { return f.Store.NarrowToken(ctx, id, narrowing, event) })
}

// CreateOffer implements [apitoken.Store].
func (f Faulty) CreateOffer(ctx context.Context, offer apitoken.NewOffer, event apitoken.Event) error {
	return f.call(ctx, "CreateOffer", func() error { return f.Store.CreateOffer(ctx, offer, event) })
}

// ClaimOffer implements [apitoken.Store].
func (f Faulty) ClaimOffer(ctx context.Context, claim apitoken.OfferClaim, policyRevision int64, event apitoken.Event) error {
	return f.call(ctx, "ClaimOffer", func() error { return f.Store.ClaimOffer(ctx, claim, policyRevision, event) })
}

// DeleteOffer implements [apitoken.Store].
func (f Faulty) DeleteOffer(ctx context.Context, id apitoken.TokenID, event apitoken.Event) error {
	return f.call(ctx, "DeleteOffer", func() error { return f.Store.DeleteOffer(ctx, id, event) })
}

// Offers implements [apitoken.Store].
func (f Faulty) Offers(ctx context.Context, q apitoken.OfferQuery) ([]apitoken.Offer, error) {
	return result(ctx, f, "Offers", func() ([]apitoken.Offer, error) { return f.Store.Offers(ctx, q) })
}

// CreateUser implements [apitoken.Store].
func (f Faulty) CreateUser(ctx context.Context, user apitoken.User, event apitoken.Event) (apitoken.User, error) {
	return result(ctx, f, "CreateUser", func() (apitoken.User, error) { return f.Store.CreateUser(ctx, user, event) })
}

// ChangeUser implements [apitoken.Store].
func (f Faulty) ChangeUser(
	ctx context.Context, id apitoken.UserID, change apitoken.UserChange, event apitoken.Event,
) (apitoken.User, error) {
	return result(ctx, f, "ChangeUser", func() (apitoken.User, error) { return f.Store.ChangeUser(ctx, id, change, event) })
}

// PutPolicy implements [apitoken.Store].
func (f Faulty) PutPolicy(
	ctx context.Context, policy apitoken.MaxLifetimePolicy, ifRevision int64, event apitoken.Event,
) error {
	return f.call(ctx, "PutPolicy", func() error { return f.Store.PutPolicy(ctx, policy, ifRevision, event) })
}

// Touch implements [apitoken.Store].
func (f Faulty) Touch(ctx context.Context, touches []apitoken.Touch) error {
	return f.call(ctx, "Touch", func() error { return f.Store.Touch(ctx, touches) })
}

// AppendEvents implements [apitoken.Store].
func (f Faulty) AppendEvents(ctx context.Context, events []apitoken.Event) error {
	return f.call(ctx, "AppendEvents", func() error { return f.Store.AppendEvents(ctx, events) })
}

// Remove implements [apitoken.Store].
func (f Faulty) Remove(ctx context.Context, removal apitoken.Removal, event apitoken.Event) (apitoken.Removed, error) {
	return result(ctx, f, "Remove", func() (apitoken.Removed, error) { return f.Store.Remove(ctx, removal, event) })
}

// Forget implements [apitoken.Store].
func (f Faulty) Forget(ctx context.Context, forgetting apitoken.Forgetting, event apitoken.Event) (int, error) {
	return result(ctx, f, "Forget", func() (int, error) { return f.Store.Forget(ctx, forgetting, event) })
}

// Facts implements [apitoken.Store].
func (f Faulty) Facts(ctx context.Context, q apitoken.FactsQuery) (apitoken.Facts, error) {
	return result(ctx, f, "Facts", func() (apitoken.Facts, error) { return f.Store.Facts(ctx, q) })
}

// Policy implements [apitoken.Store].
func (f Faulty) Policy(ctx context.Context) (apitoken.MaxLifetimePolicy, error) {
	return result(ctx, f, "Policy", func() (apitoken.MaxLifetimePolicy, error) { return f.Store.Policy(ctx) })
}

// User implements [apitoken.Store].
func (f Faulty) User(ctx context.Context, id apitoken.UserID) (apitoken.User, error) {
	return result(ctx, f, "User", func() (apitoken.User, error) { return f.Store.User(ctx, id) })
}

// Token implements [apitoken.Store].
func (f Faulty) Token(ctx context.Context, id apitoken.TokenID) (*apitoken.Record, error) {
	return result(ctx, f, "Token", func() (*apitoken.Record, error) { return f.Store.Token(ctx, id) })
}

// Tokens implements [apitoken.Store].
func (f Faulty) Tokens(ctx context.Context, q apitoken.TokenQuery) ([]apitoken.Token, error) {
	return result(ctx, f, "Tokens", func() ([]apitoken.Token, error) { return f.Store.Tokens(ctx, q) })
}

// Users implements [apitoken.Store].
func (f Faulty) Users(ctx context.Context, q apitoken.UserQuery) ([]apitoken.User, error) {
	return result(ctx, f, "Users", func() ([]apitoken.User, error) { return f.Store.Users(ctx, q) })
}

// Events implements [apitoken.Store].
func (f Faulty) Events(ctx context.Context, q apitoken.EventQuery) ([]apitoken.Event, error) {
	return result(ctx, f, "Events", func() ([]apitoken.Event, error) { return f.Store.Events(ctx, q) })
}

// ScanTokens implements [apitoken.TokenPager].
func (f Faulty) ScanTokens(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenPage, error) {
	return result(ctx, f, "ScanTokens", func() (apitoken.TokenPage, error) {
		if pager, ok := f.Store.(apitoken.TokenPager); ok {
			return pager.ScanTokens(ctx, q, rows)
		}
		limit := q.Limit
		q.Limit++ // one more tells whether there is another page
		tokens, err := f.Store.Tokens(ctx, q)
		if err != nil || len(tokens) <= limit {
			return apitoken.TokenPage{Tokens: tokens, Examined: len(tokens)}, err
		}
		page := apitoken.TokenPage{Tokens: tokens[:limit], Next: tokens[limit-1].ID, Examined: limit}
		if q.Order == apitoken.OrderExpiry {
			page.NextExpiry = tokens[limit-1].ExpiresAt
		}
		return page, nil
	})
}

// LeaseNotices implements [apitoken.NoticeStore]. If Store does not, the error is [errors.ErrUnsupported].
func (f Faulty) LeaseNotices(ctx context.Context, l apitoken.NoticeLease) ([]apitoken.Record, error) {
	return result(ctx, f, "LeaseNotices", func() ([]apitoken.Record, error) {
		if notices, ok := f.Store.(apitoken.NoticeStore); ok {
			return notices.LeaseNotices(ctx, l)
		}
		return nil, errors.ErrUnsupported
	})
}

// MarkNotice implements [apitoken.NoticeStore]. If Store does not, the error is [errors.ErrUnsupported].
func (f Faulty) MarkNotice(ctx context.Context, token apitoken.TokenID, step time.Duration, at time.Time) error {
	return f.call(ctx, "MarkNotice", func() error {
		if notices, ok := f.Store.(apitoken.NoticeStore); ok {
			return notices.MarkNotice(ctx, token, step, at)
		}
		return errors.ErrUnsupported
	})
}

// CountTokens implements [apitoken.TokenCounter].
func (f Faulty) CountTokens(ctx context.Context, q apitoken.TokenQuery) (int, error) {
	return result(ctx, f, "CountTokens", func() (n int, err error) {
		if counter, ok := f.Store.(apitoken.TokenCounter); ok {
			return counter.CountTokens(ctx, q)
		}
		q.After, q.AfterExpiry, q.Limit = apitoken.TokenID{}, time.Time{}, wholePage
		for {
			tokens, err := f.Store.Tokens(ctx, q)
			n += len(tokens)
			if err != nil || len(tokens) < q.Limit {
				return n, err
			}
			q.After, q.AfterExpiry = tokens[len(tokens)-1].ID, time.Time{}
			if q.Order == apitoken.OrderExpiry {
				q.AfterExpiry = tokens[len(tokens)-1].ExpiresAt
			}
		}
	})
}

// TallyTokens implements [apitoken.TokenCounter]. If Store does not, the error is [errors.ErrUnsupported].
func (f Faulty) TallyTokens(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenTally, error) {
	return result(ctx, f, "TallyTokens", func() (apitoken.TokenTally, error) {
		if counter, ok := f.Store.(apitoken.TokenCounter); ok {
			return counter.TallyTokens(ctx, q, rows)
		}
		return apitoken.TokenTally{}, errors.ErrUnsupported
	})
}
