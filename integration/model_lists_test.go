package integration_test

import (
	"fmt"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// The operations of a [sequence] that read lists of tokens.

func (s *sequence) list(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor := s.actor(o)
	q := s.query(actor, o)
	what := fmt.Sprintf("%+v %+v", actor, q)
	if o.pick(2) == 1 && q.Limit >= 0 && q.Limit <= 1000 {
		got, err := collectRows(m.Tokens(s.ctx, actor, q))
		q.Limit = 1000
		want, wantErr := s.ref.list(actor, q)
		return what + " in pages", answer{got, err}, answer{want, wantErr}
	}
	q = s.ordered(q, o)
	got, err := m.ListTokens(s.ctx, actor, q)
	want, wantErr := s.ref.list(actor, q)
	if len(want) == 0 {
		want = nil
	}
	return what, answer{got, err}, answer{want, wantErr}
}

// query makes a query for one owner or for all, with up to three conditions.
func (s *sequence) query(actor apitoken.Actor, o *operands) apitoken.TokenQuery {
	q := apitoken.TokenQuery{
		Owner:    actor.User,
		AnyOwner: actor.User == "",
		Limit:    choose(o, []int{0, 1, 2, 3, 1000, 0, 1001, -1}),
	}
	switch o.pick(4) {
	case 1, 2:
		q.Owner, q.AnyOwner = "", true
	case 3:
		q.Owner = someUsers.choose(o)
	}
	for range o.pick(4) {
		switch o.pick(12) {
		case 0:
			q.Status = choose(o, []apitoken.Status{apitoken.StatusActive, apitoken.StatusExpired, apitoken.StatusRevoked})
		case 1:
			q.NameContains = choose(o, []string{"deploy", "%", "_", "Я", "\\"})
		case 2:
			q.ExpiresBefore = s.instant(o)
		case 3:
			q.Kind = choose(o, []apitoken.Kind{kindMachine, apitoken.KindUser, "Machine", invisible})
		case 4:
			q.CreatedBy = someUsers.choose(o)
		case 5:
			q.WithoutExpiration = true
		case 6:
			q.UnusedSince = s.instant(o)
			if t := s.recent(o); t != nil && o.pick(2) == 1 {
				q.UnusedSince = choose(o, []time.Time{t.CreatedAt, t.CreatedAt.Add(time.Microsecond), t.LastUsedAt, t.LastUsedAt.Add(time.Microsecond)})
			}
		case 7:
			q.LivesLongerThan = choose(o, []time.Duration{
				time.Hour, time.Hour - time.Microsecond, apitoken.Days(30), apitoken.Days(7), 999, 1999, apitoken.NoExpiration, -1,
			})
		case 8:
			q.Resource = someResources.choose(o)
		case 9:
			q.CreatedWith = s.tokenID(o)
		case 10:
			q.OnBehalf = true
		case 11:
			q.BeyondPolicy = true
		}
	}
	return q
}

// ordered adds an order and a cursor to a query.
func (s *sequence) ordered(q apitoken.TokenQuery, o *operands) apitoken.TokenQuery {
	q.Order = choose(o, []apitoken.TokenOrder{apitoken.OrderOldest, apitoken.OrderNewest, apitoken.OrderExpiry})
	if t := s.recent(o); t != nil && o.pick(2) == 1 && (q.Order != apitoken.OrderExpiry || !t.ExpiresAt.IsZero()) {
		q = following(q, t.ID, t.ExpiresAt)
	}
	return q
}

// following returns the query of the page after a token.
func following(q apitoken.TokenQuery, id apitoken.TokenID, expiry time.Time) apitoken.TokenQuery {
	q.After = id
	if q.Order == apitoken.OrderExpiry {
		q.AfterExpiry = expiry
	}
	return q
}

// page reads a page of the Manager, whose budget is larger than the number of tokens of a sequence.
func (s *sequence) page(m *apitoken.Manager, o *operands) (string, answer, answer) {
	actor := s.actor(o)
	q := s.query(actor, o)
	q = s.ordered(q, o)
	got, err := m.TokenPage(s.ctx, actor, q)
	got.Examined = 0
	want, wantErr := s.ref.page(actor, q)
	return fmt.Sprintf("%+v %+v", actor, q), answer{got, err}, answer{want, wantErr}
}

// scan reads all pages of a list from the store with a small budget, if the Manager permits the list.
func (s *sequence) scan(m *apitoken.Manager, o *operands) (string, answer, answer) {
	if s.pager == nil { // a store with a bug
		return s.policy(m, o)
	}
	host := apitoken.System()
	q := s.query(host, o)
	q.BeyondPolicy = false // the Manager judges it
	q = s.ordered(q, o)
	rows := choose(o, []int{1, 2, 3, 5, 1000})
	what := fmt.Sprintf("%d rows at a time, %+v", rows, q)
	if _, err := m.ListTokens(s.ctx, host, q); err != nil {
		_, wantErr := s.ref.list(host, q)
		return what, answer{err: err}, answer{err: wantErr}
	}
	now := s.ref.now.Truncate(time.Microsecond)
	q.ExpiresBefore, q.UnusedSince = q.ExpiresBefore.UTC().Truncate(time.Microsecond), q.UnusedSince.UTC().Truncate(time.Microsecond)
	if q.LivesLongerThan != apitoken.NoExpiration {
		q.LivesLongerThan = q.LivesLongerThan.Truncate(time.Microsecond)
	}
	want := s.ref.selected(q, now)
	q.Limit = limitOr100(q.Limit)
	var got []apitoken.Token
	for pages := 0; ; pages++ {
		page, err := s.pager.ScanTokens(s.ctx, q.At(now), rows)
		if err != nil || len(page.Tokens) > q.Limit || pages > len(s.ref.tokens) {
			return what, answer{value: pages, err: err}, answer{}
		}
		got = append(got, page.Tokens...)
		if page.Next.IsZero() {
			return what, answer{value: got}, answer{value: want}
		}
		q = following(q, page.Next, page.NextExpiry)
	}
}
