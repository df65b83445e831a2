package storetest_test

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// shown is a sound store with functions that edit the tokens, users, policy and events that it returns. A nil function changes
// nothing. Queries select by the edited values.
type shown struct {
	apitoken.Store
	token   func(t *apitoken.Token)
	user    func(u *apitoken.User)
	policy  func(p *apitoken.MaxLifetimePolicy)
	event   func(e *apitoken.Event) (keep bool)
	selects func(q apitoken.TokenQuery, t apitoken.Token) bool
	lookup  func(rec *apitoken.Record) // instead of token, if Lookup differs from Token
}

func (s *shown) Lookup(ctx context.Context, d apitoken.Digest) (*apitoken.Record, error) {
	rec, err := s.Store.Lookup(ctx, d)
	if err != nil || s.lookup == nil {
		return s.record(rec, err)
	}
	copied := *rec
	s.lookup(&copied)
	return &copied, nil
}

func (s *shown) Token(ctx context.Context, id apitoken.TokenID) (*apitoken.Record, error) {
	return s.record(s.Store.Token(ctx, id))
}

func (s *shown) record(rec *apitoken.Record, err error) (*apitoken.Record, error) {
	if err != nil {
		return nil, err
	}
	copied := *rec
	if !copied.Token.ID.IsZero() { // an actor may use none
		edit(s.token, &copied.Token)
	}
	edit(s.user, &copied.User)
	return &copied, nil
}

func (s *shown) Tokens(ctx context.Context, q apitoken.TokenQuery) ([]apitoken.Token, error) {
	all, err := s.Store.Tokens(ctx, apitoken.TokenQuery{Owner: q.Owner, AnyOwner: q.AnyOwner, Limit: math.MaxInt}.At(q.Now()))
	if err != nil {
		return nil, err
	}
	var page []apitoken.Token
	for _, t := range all {
		edit(s.token, &t)
		if q.IsAfter(t) && s.selected(q, t) {
			page = append(page, t)
		}
	}
	slices.SortFunc(page, q.Order.Compare)
	return page[:min(len(page), q.Limit)], nil
}

func (s *shown) selected(q apitoken.TokenQuery, t apitoken.Token) bool {
	if s.selects != nil {
		return s.selects(q, t)
	}
	return soundly(q, t)
}

// soundly reports whether a query selects a token. A bug removes a condition from the query and adds its own.
func soundly(q apitoken.TokenQuery, t apitoken.Token) bool {
	noExpiration := t.ExpiresAt.IsZero()
	return (q.Status == "" || t.Status(q.Now()) == q.Status) &&
		(q.ExpiresBefore.IsZero() || !noExpiration && t.ExpiresAt.Before(q.ExpiresBefore)) &&
		strings.Contains(t.Name, q.NameContains) &&
		(q.Kind == "" || t.Kind == q.Kind) &&
		(q.Resource == "" || t.Resource == q.Resource) &&
		(q.CreatedBy == "" || t.CreatedBy == q.CreatedBy) &&
		(q.CreatedWith.IsZero() || t.CreatedWith == q.CreatedWith) &&
		(!q.OnBehalf || t.CreatedBy != t.Owner) &&
		(q.Hint == "" || t.Hint == q.Hint) &&
		(!q.WithoutExpiration || noExpiration) &&
		(q.UnusedSince.IsZero() || t.CreatedAt.Before(q.UnusedSince) && t.LastUsedAt.Before(q.UnusedSince)) &&
		(q.LivesLongerThan == 0 || noExpiration || t.ExpiresAt.Sub(t.CreatedAt) > q.LivesLongerThan)
}

func (s *shown) CreateUser(ctx context.Context, u apitoken.User, e apitoken.Event) (apitoken.User, error) {
	u, err := s.Store.CreateUser(ctx, u, e)
	edit(s.user, &u)
	return u, err
}

func (s *shown) ChangeUser(
	ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event,
) (apitoken.User, error) {
	u, err := s.Store.ChangeUser(ctx, id, c, e)
	edit(s.user, &u)
	return u, err
}

func (s *shown) User(ctx context.Context, id apitoken.UserID) (apitoken.User, error) {
	u, err := s.Store.User(ctx, id)
	edit(s.user, &u)
	return u, err
}

func (s *shown) Users(ctx context.Context, q apitoken.UserQuery) ([]apitoken.User, error) {
	page, err := s.Store.Users(ctx, q)
	for i := range page {
		edit(s.user, &page[i])
	}
	return page, err
}

func (s *shown) Facts(ctx context.Context, q apitoken.FactsQuery) (apitoken.Facts, error) {
	f, err := s.Store.Facts(ctx, q)
	edit(s.policy, &f.Policy)
	if f.Owner != nil {
		owner := *f.Owner
		edit(s.user, &owner)
		f.Owner = &owner
	}
	for _, rec := range []**apitoken.Record{&f.Actor, &f.Token} {
		if *rec != nil {
			*rec, _ = s.record(*rec, nil)
		}
	}
	return f, err
}

func (s *shown) Policy(ctx context.Context) (apitoken.MaxLifetimePolicy, error) {
	p, err := s.Store.Policy(ctx)
	edit(s.policy, &p)
	return p, err
}

// Events numbers the kept events as if there were no others.
func (s *shown) Events(ctx context.Context, q apitoken.EventQuery) ([]apitoken.Event, error) {
	all, err := s.Store.Events(ctx, apitoken.EventQuery{Limit: math.MaxInt})
	if err != nil {
		return nil, err
	}
	var seq apitoken.EventSeq
	var page []apitoken.Event
	for _, e := range all {
		if s.event != nil && !s.event(&e) {
			continue
		}
		seq++
		e.Seq = seq
		if seq > q.After && len(page) < q.Limit && soundlyOf(q, e) {
			page = append(page, e)
		}
	}
	return page, nil
}

// soundlyOf reports whether a query selects an event, by its conditions.
func soundlyOf(q apitoken.EventQuery, e apitoken.Event) bool {
	return (q.Owner == "" || e.Owner == q.Owner) &&
		(q.Actor == "" || e.Actor.User == q.Actor) &&
		(q.Action == "" || e.Action == q.Action) &&
		(q.Outcome == "" || e.Outcome == q.Outcome) &&
		(q.Token.IsZero() || e.Token == q.Token) &&
		(q.Since.IsZero() || !e.At.Before(q.Since)) &&
		(q.Before.IsZero() || e.At.Before(q.Before))
}

func edit[T any](by func(*T), it *T) {
	if by != nil {
		by(it)
	}
}

// otherwise is a sound store with other implementations of some methods.
type otherwise struct {
	apitoken.Store
	lookup func(context.Context, apitoken.Digest) (*apitoken.Record, error)
	create func(context.Context, apitoken.NewToken, int64, apitoken.Event) error
	revoke func(context.Context, apitoken.TokenID, apitoken.Revocation, apitoken.Event) (bool, error)
	rename func(context.Context, apitoken.Record, apitoken.Token, apitoken.Event) error // ChangeToken
	narrow func(context.Context, apitoken.TokenID, apitoken.TokenNarrowing, apitoken.Event) (apitoken.Token, error)
	insert func(context.Context, apitoken.User, apitoken.Event) (apitoken.User, error) // CreateUser
	change func(context.Context, apitoken.UserID, apitoken.UserChange, apitoken.Event) (apitoken.User, error)
	touch  func(context.Context, []apitoken.Touch) error
	append func(context.Context, []apitoken.Event) error
	tokens func(context.Context, apitoken.TokenQuery) ([]apitoken.Token, error)
	facts  func(context.Context, apitoken.FactsQuery) (apitoken.Facts, error)
	users  func(context.Context, apitoken.UserQuery) ([]apitoken.User, error)
	events func(context.Context, apitoken.EventQuery) ([]apitoken.Event, error)
}

func (o *otherwise) Lookup(ctx context.Context, d apitoken.Digest) (*apitoken.Record, error) {
	if o.lookup == nil {
		return o.Store.Lookup(ctx, d)
	}
	return o.lookup(ctx, d)
}

func (o *otherwise) Facts(ctx context.Context, q apitoken.FactsQuery) (apitoken.Facts, error) {
	if o.facts == nil {
		return o.Store.Facts(ctx, q)
	}
	return o.facts(ctx, q)
}

func (o *otherwise) CreateToken(ctx context.Context, n apitoken.NewToken, revision int64, e apitoken.Event) error {
	if o.create == nil {
		return o.Store.CreateToken(ctx, n, revision, e)
	}
	return o.create(ctx, n, revision, e)
}

func (o *otherwise) RevokeToken(ctx context.Context, id apitoken.TokenID, by apitoken.Revocation, e apitoken.Event) (bool, error) {
	if o.revoke == nil {
		return o.Store.RevokeToken(ctx, id, by, e)
	}
	return o.revoke(ctx, id, by, e)
}

func (o *otherwise) ChangeToken(ctx context.Context, was apitoken.Record, is apitoken.Token, e apitoken.Event) error {
	if o.rename == nil {
		return o.Store.ChangeToken(ctx, was, is, e)
	}
	return o.rename(ctx, was, is, e)
}

func (o *otherwise) NarrowToken(
	ctx context.Context, id apitoken.TokenID, n apitoken.TokenNarrowing, e apitoken.Event,
) (apitoken.Token, error) {
	if o.narrow == nil {
		return o.Store.NarrowToken(ctx, id, n, e)
	}
	return o.narrow(ctx, id, n, e)
}

func (o *otherwise) CreateUser(ctx context.Context, u apitoken.User, e apitoken.Event) (apitoken.User, error) {
	if o.insert == nil {
		return o.Store.CreateUser(ctx, u, e)
	}
	return o.insert(ctx, u, e)
}

func (o *otherwise) ChangeUser(
	ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event,
) (apitoken.User, error) {
	if o.change == nil {
		return o.Store.ChangeUser(ctx, id, c, e)
	}
	return o.change(ctx, id, c, e)
}

func (o *otherwise) Touch(ctx context.Context, touches []apitoken.Touch) error {
	if o.touch == nil {
		return o.Store.Touch(ctx, touches)
	}
	return o.touch(ctx, touches)
}

func (o *otherwise) AppendEvents(ctx context.Context, events []apitoken.Event) error {
	if o.append == nil {
		return o.Store.AppendEvents(ctx, events)
	}
	return o.append(ctx, events)
}

func (o *otherwise) Tokens(ctx context.Context, q apitoken.TokenQuery) ([]apitoken.Token, error) {
	if o.tokens == nil {
		return o.Store.Tokens(ctx, q)
	}
	return o.tokens(ctx, q)
}

func (o *otherwise) Users(ctx context.Context, q apitoken.UserQuery) ([]apitoken.User, error) {
	if o.users == nil {
		return o.Store.Users(ctx, q)
	}
	return o.users(ctx, q)
}

func (o *otherwise) Events(ctx context.Context, q apitoken.EventQuery) ([]apitoken.Event, error) {
	if o.events == nil {
		return o.Store.Events(ctx, q)
	}
	return o.events(ctx, q)
}
