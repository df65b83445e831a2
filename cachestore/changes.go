package cachestore

import (
	"context"
	"errors"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// This file forwards the changes that make a held record wrong. This replica corrects what it holds before the change
// returns, whatever the outcome: a failed call may have been committed.

// RevokeToken implements [apitoken.Store].
func (s *Store) RevokeToken(
	ctx context.Context, id apitoken.TokenID, revocation apitoken.Revocation, event apitoken.Event,
) (changed bool, err error) {
	defer s.changed(event.Owner)
	return s.Store.RevokeToken(ctx, id, revocation, event)
}

// RevokeTokens implements [apitoken.Store].
func (s *Store) RevokeTokens(ctx context.Context, revocation apitoken.Revocation, events []apitoken.Event) (int, error) {
	defer func() {
		for _, e := range events {
			s.changed(e.Owner)
		}
	}()
	return s.Store.RevokeTokens(ctx, revocation, events)
}

// ChangeToken implements [apitoken.Store].
func (s *Store) ChangeToken(ctx context.Context, was apitoken.Record, is apitoken.Token, event apitoken.Event) error {
	defer s.changed(is.Owner)
	return s.Store.ChangeToken(ctx, was, is, event)
}

// NarrowToken implements [apitoken.Store].
func (s *Store) NarrowToken(
	ctx context.Context, id apitoken.TokenID, narrowing apitoken.TokenNarrowing, event apitoken.Event,
) (apitoken.Token, error) {
	defer s.changed(event.Owner)
	return s.Store.NarrowToken(ctx, id, narrowing, event)
}

// RotateToken implements [apitoken.Store].
func (s *Store) RotateToken(ctx context.Context, r apitoken.Rotation, policyRevision int64, event apitoken.Event) error {
	defer s.changed(event.Owner)
	return s.Store.RotateToken(ctx, r, policyRevision, event)
}

// UseSuccessor implements [apitoken.Store].
func (s *Store) UseSuccessor(
	ctx context.Context, id, replaces apitoken.TokenID, revocation apitoken.Revocation, event apitoken.Event,
) (first bool, err error) {
	defer s.changed(event.Owner)
	return s.Store.UseSuccessor(ctx, id, replaces, revocation, event)
}

// ClaimOffer implements [apitoken.Store]. A claim that is repeated replaces the digest of the token.
func (s *Store) ClaimOffer(ctx context.Context, claim apitoken.OfferClaim, policyRevision int64, event apitoken.Event) error {
	defer s.changed(claim.Owner)
	return s.Store.ClaimOffer(ctx, claim, policyRevision, event)
}

// ChangeUser implements [apitoken.Store].
func (s *Store) ChangeUser(
	ctx context.Context, id apitoken.UserID, change apitoken.UserChange, event apitoken.Event,
) (apitoken.User, error) {
	defer s.changed(id)
	return s.Store.ChangeUser(ctx, id, change, event)
}

// Forget implements [apitoken.Store].
func (s *Store) Forget(ctx context.Context, f apitoken.Forgetting, event apitoken.Event) (int, error) {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.empty() // tokens of other owners may name the user
	}()
	return s.Store.Forget(ctx, f, event)
}

func (s *Store) changed(owner apitoken.UserID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(owner)
}

// Touch implements [apitoken.Store]. The last uses that other replicas write stay unknown here until a token is read again.
func (s *Store) Touch(ctx context.Context, touches []apitoken.Touch) error {
	err := s.Store.Touch(ctx, touches)
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.reads)
	for _, touch := range touches {
		digest, held := s.named[touch.Token]
		if !held || err != nil {
			continue
		}
		slot := s.table.slotFor(digest)
		rec := *slot.rec.Load() // callers may still read the old one
		if touch.Moves(rec.Token.LastUsedAt) {
			rec.Token.LastUsedAt = touch.At
			slot.put(&rec)
		}
	}
	return err
}

// ScanTokens implements [apitoken.TokenPager]. If the store behind does not, the error is [errors.ErrUnsupported].
func (s *Store) ScanTokens(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenPage, error) {
	pager, ok := s.Store.(apitoken.TokenPager)
	if !ok {
		return apitoken.TokenPage{}, errors.ErrUnsupported
	}
	return pager.ScanTokens(ctx, q, rows)
}

// LeaseNotices implements [apitoken.NoticeStore]. If the store behind does not, the error is [errors.ErrUnsupported].
func (s *Store) LeaseNotices(ctx context.Context, l apitoken.NoticeLease) ([]apitoken.Record, error) {
	notices, ok := s.Store.(apitoken.NoticeStore)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return notices.LeaseNotices(ctx, l)
}

// MarkNotice implements [apitoken.NoticeStore]. If the store behind does not, the error is [errors.ErrUnsupported].
func (s *Store) MarkNotice(ctx context.Context, token apitoken.TokenID, step time.Duration, at time.Time) error {
	notices, ok := s.Store.(apitoken.NoticeStore)
	if !ok {
		return errors.ErrUnsupported
	}
	return notices.MarkNotice(ctx, token, step, at)
}

// CountTokens implements [apitoken.TokenCounter]. If the store behind does not, the error is [errors.ErrUnsupported].
func (s *Store) CountTokens(ctx context.Context, q apitoken.TokenQuery) (int, error) {
	counter, ok := s.Store.(apitoken.TokenCounter)
	if !ok {
		return 0, errors.ErrUnsupported
	}
	return counter.CountTokens(ctx, q)
}

// TallyTokens implements [apitoken.TokenCounter]. If the store behind does not, the error is [errors.ErrUnsupported].
func (s *Store) TallyTokens(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenTally, error) {
	counter, ok := s.Store.(apitoken.TokenCounter)
	if !ok {
		return apitoken.TokenTally{}, errors.ErrUnsupported
	}
	return counter.TallyTokens(ctx, q, rows)
}
