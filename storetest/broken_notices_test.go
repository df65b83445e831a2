package storetest_test

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// noticing is a sound store with another LeaseNotices or MarkNotice.
type noticing struct {
	apitoken.Store
	lease func(s apitoken.NoticeStore, l apitoken.NoticeLease) ([]apitoken.Record, error)
	mark  func(s apitoken.NoticeStore, token apitoken.TokenID, step time.Duration, at time.Time) error
}

func (s noticing) LeaseNotices(ctx context.Context, l apitoken.NoticeLease) ([]apitoken.Record, error) {
	if s.lease == nil {
		return s.Store.(apitoken.NoticeStore).LeaseNotices(ctx, l)
	}
	return s.lease(s.Store.(apitoken.NoticeStore), l)
}

func (s noticing) MarkNotice(ctx context.Context, token apitoken.TokenID, step time.Duration, at time.Time) error {
	if s.mark == nil {
		return s.Store.(apitoken.NoticeStore).MarkNotice(ctx, token, step, at)
	}
	return s.mark(s.Store.(apitoken.NoticeStore), token, step, at)
}

// brokenNotices returns stores that lose notices or lease them twice.
func brokenNotices() []broken {
	leasing := func(name, bug string, found []string, lease func(s apitoken.NoticeStore, l apitoken.NoticeLease) ([]apitoken.Record, error)) broken {
		return broken{name, bug, found, func(s apitoken.Store) apitoken.Store { return noticing{Store: s, lease: lease} }}
	}
	const again, ranges = "notices/a leased notice is not leased again", "notices/notices of a range of expiry"
	editing := func(edit func(l *apitoken.NoticeLease)) func(apitoken.NoticeStore, apitoken.NoticeLease) ([]apitoken.Record, error) {
		return func(s apitoken.NoticeStore, l apitoken.NoticeLease) ([]apitoken.Record, error) {
			edit(&l)
			return s.LeaseNotices(background, l)
		}
	}
	return []broken{
		leasing("leases nothing", "returns notices and does not lease them", []string{again, "notices/concurrent calls lease each notice once"},
			editing(func(l *apitoken.NoticeLease) { l.Until = time.Unix(0, 0).UTC() })),
		leasing("leases forever", "never leases a notice again", []string{again},
			editing(func(l *apitoken.NoticeLease) { l.Until = far })),
		leasing("a lease of an hour", "takes an hour for ten minutes", []string{again},
			editing(func(l *apitoken.NoticeLease) { l.Until = l.Until.Add(time.Hour) })),
		leasing("one notice a token", "has one notice for all steps of a token", []string{"notices/each step has its own notice"},
			editing(func(l *apitoken.NoticeLease) { l.Step = time.Hour })),
		leasing("from the beginning", "ignores ExpiresAfter", []string{ranges}, editing(func(l *apitoken.NoticeLease) { l.ExpiresAfter = time.Unix(0, 0).UTC() })),
		leasing("to the end", "ignores ExpiresUpTo", []string{ranges}, editing(func(l *apitoken.NoticeLease) { l.ExpiresUpTo = far })),
		leasing("before the end", "leaves out what expires at ExpiresUpTo", []string{ranges},
			editing(func(l *apitoken.NoticeLease) { l.ExpiresUpTo = l.ExpiresUpTo.Add(-time.Microsecond) })),
		leasing("the last first", "returns the last to expire first", []string{ranges},
			func(s apitoken.NoticeStore, l apitoken.NoticeLease) ([]apitoken.Record, error) {
				all, err := s.LeaseNotices(background, l)
				slices.Reverse(all)
				return all, err
			}),
		leasing("all at once", "ignores Limit", []string{"notices/notices by the limit", "notices/many notices at once"},
			editing(func(l *apitoken.NoticeLease) { l.Limit = 1000 })),
		leasing("no owners", "returns tokens without their owners", []string{ranges},
			func(s apitoken.NoticeStore, l apitoken.NoticeLease) ([]apitoken.Record, error) {
				all, err := s.LeaseNotices(background, l)
				for i := range all {
					all[i].User = apitoken.User{ID: all[i].User.ID}
				}
				return all, err
			}),
		{
			"forgets what was sent", "does not record that a notice was sent", []string{"notices/a notice that was sent is not leased again"},
			func(s apitoken.Store) apitoken.Store {
				return noticing{Store: s, mark: func(apitoken.NoticeStore, apitoken.TokenID, time.Duration, time.Time) error { return nil }}
			},
		}, {
			"sends all steps", "takes one sent notice for all steps", []string{"notices/each step has its own notice"},
			func(s apitoken.Store) apitoken.Store {
				return noticing{Store: s, mark: func(s apitoken.NoticeStore, token apitoken.TokenID, step time.Duration, at time.Time) error {
					for _, step := range []time.Duration{step, step + time.Microsecond} {
						l := apitoken.NoticeLease{Step: step, ExpiresAfter: time.Unix(0, 0).UTC(), ExpiresUpTo: far, At: at, Until: at, Limit: 1000}
						if _, err := s.LeaseNotices(background, l); err != nil {
							return err
						}
						if err := s.MarkNotice(background, token, step, at); err != nil {
							return err
						}
					}
					return nil
				}}
			},
		}, {
			"reads and then leases", "reads which notices are due in one step and leases them in another", []string{"notices/concurrent calls lease each notice once"},
			func(s apitoken.Store) apitoken.Store {
				var mu sync.Mutex
				var last []apitoken.Record
				return noticing{Store: s, lease: func(s apitoken.NoticeStore, l apitoken.NoticeLease) ([]apitoken.Record, error) {
					all, err := s.LeaseNotices(background, l)
					mu.Lock()
					defer mu.Unlock()
					if len(all) == 7 { // every second page of a crowd is given to two
						all, last = append(all[:3:3], last...), all[3:]
						last = append(slices.Clone(last), all[:1]...)
					}
					return all, err
				}}
			},
		}, {
			"notices of the revoked", "leases notices of tokens that cannot be used", []string{"notices/no notice of a token that cannot be used"},
			func(s apitoken.Store) apitoken.Store {
				return noticing{Store: s, lease: func(n apitoken.NoticeStore, l apitoken.NoticeLease) ([]apitoken.Record, error) {
					all, err := n.LeaseNotices(background, l)
					tokens, _ := s.Tokens(background, apitoken.TokenQuery{AnyOwner: true, Status: apitoken.StatusRevoked, Limit: 1000}.At(l.At))
					for _, t := range tokens {
						if rec, err := s.Token(background, t.ID); err == nil {
							all = append(all, *rec)
						}
					}
					return all, err
				}}
			},
		},
	}
}

var far = time.Date(2198, time.November, 30, 23, 59, 59, 999999000, time.UTC)
