package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

type noticeKey struct {
	token apitoken.TokenID
	step  time.Duration
}

type notice struct {
	leasedUntil time.Time
	sent        bool
}

// LeaseNotices implements [apitoken.NoticeStore]. It reads all tokens.
func (s *Store) LeaseNotices(ctx context.Context, l apitoken.NoticeLease) ([]apitoken.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []apitoken.Record
	for _, t := range s.tokens {
		r := s.digests.lookup(t.digest)
		expires := r.Token.ExpiresAt
		if expires.After(l.ExpiresAfter) && !expires.After(l.ExpiresUpTo) && isUsable(r) && !s.noticeTaken(t.id, l) {
			due = append(due, r.Record)
		}
	}
	slices.SortStableFunc(due, func(a, b apitoken.Record) int { return a.Token.ExpiresAt.Compare(b.Token.ExpiresAt) })
	due = due[:min(len(due), l.Limit)]
	for _, r := range due {
		s.notices[noticeKey{r.Token.ID, l.Step}] = notice{leasedUntil: l.Until}
	}
	return due, nil
}

// isUsable reports whether the token was neither revoked nor replaced, and its owner is neither disabled nor suspended.
func isUsable(r *record) bool {
	return r.Token.RevokedAt.IsZero() && r.Token.ReplacedBy.IsZero() && r.Epoch >= r.User.Epoch && !r.User.Disabled() && !r.User.Suspended()
}

// noticeTaken reports whether the notice was sent or is leased. The caller holds the lock.
func (s *Store) noticeTaken(id apitoken.TokenID, l apitoken.NoticeLease) bool {
	n, ok := s.notices[noticeKey{id, l.Step}]
	return ok && (n.sent || n.leasedUntil.After(l.At))
}

// MarkNotice implements [apitoken.NoticeStore].
func (s *Store) MarkNotice(ctx context.Context, token apitoken.TokenID, step time.Duration, _ time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := noticeKey{token, step}
	if n, ok := s.notices[key]; ok {
		n.sent = true
		s.notices[key] = n
	}
	return nil
}
