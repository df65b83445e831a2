package storetest_test

import (
	"context"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

// A store may depend on the promises of the contract and the Manager about arguments. A suite that broke them would fail for
// correct stores, and memstore, which accepts all arguments, would not show it.
func TestSuiteItselfObservesTheContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) apitoken.Store { return guard{Store: memstore.New(), t: t} })
}

// guard checks the arguments of all calls.
type guard struct {
	apitoken.Store
	t *testing.T
}

func (g guard) times(times ...time.Time) {
	g.t.Helper()
	for _, at := range times {
		if at.IsZero() && at == (time.Time{}) {
			continue
		}
		if at != at.UTC().Truncate(time.Microsecond) || at.Year() < 1970 || at.Year() > 2199 {
			g.t.Errorf("the suite passes the time %v, want UTC in whole microseconds from 1970 to 2199", at)
		}
	}
}

func (g guard) users(ids ...apitoken.UserID) {
	g.t.Helper()
	for _, id := range ids {
		if len(id) > 255 || !utf8.ValidString(string(id)) {
			g.t.Errorf("the suite passes the invalid user ID %q", id)
		}
	}
}

func (g guard) names(names ...string) {
	g.t.Helper()
	for _, name := range names {
		if utf8.RuneCountInString(name) > 100 || !utf8.ValidString(name) {
			g.t.Errorf("the suite passes the invalid name %q", name)
		}
	}
}

// resources checks resources, and other texts of at most 255 bytes.
func (g guard) resources(resources ...string) {
	g.t.Helper()
	for _, resource := range resources {
		if len(resource) > 255 || !utf8.ValidString(resource) {
			g.t.Errorf("the suite passes the invalid resource %q", resource)
		}
	}
}

func (g guard) limit(n int) {
	g.t.Helper()
	if n < 1 || n > 1000 {
		g.t.Errorf("the suite asks for pages of %d, want 1 to 1000", n)
	}
}

func (g guard) events(events ...apitoken.Event) {
	g.t.Helper()
	for _, e := range events {
		if e.Seq != 0 || e.ID == (apitoken.EventID{}) || e.At.IsZero() {
			g.t.Errorf("the suite passes the event %+v, with a Seq, or without an ID or a time", e)
		}
		g.users(e.Actor.User, e.Owner)
		g.times(e.At, e.FirstAt)
		g.resources(e.Reason, e.Actor.Origin.Address, e.Actor.Origin.UserAgent, e.Actor.Origin.RequestID)
		for _, s := range []apitoken.State{e.Before, e.After} {
			g.times(s.ExpiresAt, s.RevokedAt, s.DisabledAt)
			g.names(s.Name, string(s.Kind), string(s.Role))
			g.resources(s.Resource, s.Description)
		}
	}
}

func (g guard) CreateToken(ctx context.Context, n apitoken.NewToken, revision int64, e apitoken.Event) error {
	g.users(n.Owner, n.CreatedBy)
	g.names(n.Name, string(n.Kind), n.Hint)
	g.resources(n.Resource, n.Description)
	g.times(n.CreatedAt, n.ExpiresAt)
	g.events(e)
	if n.ID.IsZero() || n.CreatedAt.IsZero() || !n.LastUsedAt.IsZero() || !n.RevokedAt.IsZero() || n.RevokedBy != "" {
		g.t.Errorf("the suite creates the token %+v, without an ID or a time, or used or revoked", n.Token)
	}
	return g.Store.CreateToken(ctx, n, revision, e)
}

func (g guard) RevokeToken(ctx context.Context, id apitoken.TokenID, by apitoken.Revocation, e apitoken.Event) (bool, error) {
	g.users(by.By)
	g.times(by.At)
	g.events(e)
	if by.At.IsZero() {
		g.t.Error("the suite revokes a token without a time")
	}
	return g.Store.RevokeToken(ctx, id, by, e)
}

func (g guard) RevokeTokens(ctx context.Context, by apitoken.Revocation, events []apitoken.Event) (int, error) {
	g.users(by.By)
	g.times(by.At)
	g.events(events...)
	if by.At.IsZero() || len(events) > 500 {
		g.t.Errorf("the suite revokes %d tokens at once, at %v", len(events), by.At)
	}
	seen := map[apitoken.TokenID]bool{}
	for _, e := range events {
		if seen[e.Token] {
			g.t.Errorf("the suite revokes the token %s twice in one call", e.Token)
		}
		seen[e.Token] = true
	}
	return g.Store.RevokeTokens(ctx, by, events)
}

func (g guard) ChangeToken(ctx context.Context, was apitoken.Record, is apitoken.Token, e apitoken.Event) error {
	g.names(is.Name)
	g.resources(is.Description)
	g.events(e)
	if was.Token.ID != is.ID || was.Token.Name == is.Name && was.Token.Description == is.Description {
		g.t.Errorf("the suite changes the token %+v into %+v", was.Token, is)
	}
	return g.Store.ChangeToken(ctx, was, is, e)
}

func (g guard) NarrowToken(
	ctx context.Context, id apitoken.TokenID, n apitoken.TokenNarrowing, e apitoken.Event,
) (apitoken.Token, error) {
	g.times(n.ExpiresAt)
	g.events(e)
	return g.Store.NarrowToken(ctx, id, n, e)
}

func (g guard) RotateToken(ctx context.Context, r apitoken.Rotation, revision int64, e apitoken.Event) error {
	n := r.Successor
	g.users(n.Owner, n.CreatedBy)
	g.names(n.Name, string(n.Kind), n.Hint)
	g.resources(n.Resource, n.Description)
	g.times(n.CreatedAt, n.ExpiresAt, r.ExpiresAt)
	g.events(e)
	if r.ExpiresAt.IsZero() || r.Was.Token.Owner != n.Owner || !n.Replaces.IsZero() || !n.ReplacedBy.IsZero() || n.ID == r.Was.Token.ID {
		g.t.Errorf("the suite makes the rotation %+v, without an end, or to another owner or the same token", r)
	}
	return g.Store.RotateToken(ctx, r, revision, e)
}

func (g guard) UseSuccessor(ctx context.Context, id, replaces apitoken.TokenID, by apitoken.Revocation, e apitoken.Event) (bool, error) {
	g.users(by.By)
	g.times(by.At)
	g.events(e)
	if by.At.IsZero() || id.IsZero() || id == replaces {
		g.t.Errorf("the suite uses the successor %s of %s at %v", id, replaces, by.At)
	}
	return g.Store.UseSuccessor(ctx, id, replaces, by, e)
}

func (g guard) CreateOffer(ctx context.Context, n apitoken.NewOffer, e apitoken.Event) error {
	g.users(n.Owner, n.OfferedBy)
	g.names(n.Name, string(n.Kind))
	g.resources(n.Resource, n.Description)
	g.times(n.ExpiresAt, n.NotAfter, n.OfferedAt, n.ClaimBy, n.OwnerCreatedAt)
	g.events(e)
	if n.ID.IsZero() || n.OfferedAt.IsZero() || n.ClaimBy.IsZero() || n.OwnerCreatedAt.IsZero() || n.Claimed() || n.MaxOpen < 1 {
		g.t.Errorf("the suite creates the offer %+v, without an ID, a time or a MaxOpen, or claimed", n)
	}
	return g.Store.CreateOffer(ctx, n, e)
}

func (g guard) ClaimOffer(ctx context.Context, c apitoken.OfferClaim, revision int64, e apitoken.Event) error {
	g.users(c.Owner, c.By)
	g.names(c.Name, string(c.Kind), c.Hint)
	g.resources(c.Resource, c.Description)
	g.times(c.CreatedAt, c.ExpiresAt)
	g.events(e)
	if c.ID.IsZero() || c.CreatedAt.IsZero() || !c.LastUsedAt.IsZero() || !c.RevokedAt.IsZero() || c.Digest == c.Replaces {
		g.t.Errorf("the suite claims the token %+v, without an ID or a time, or used or revoked", c.Token)
	}
	return g.Store.ClaimOffer(ctx, c, revision, e)
}

func (g guard) Offers(ctx context.Context, q apitoken.OfferQuery) ([]apitoken.Offer, error) {
	g.limit(q.Limit)
	return g.Store.Offers(ctx, q)
}

func (g guard) CreateUser(ctx context.Context, u apitoken.User, e apitoken.Event) (apitoken.User, error) {
	g.users(u.ID, u.Responsible)
	g.names(u.Name, string(u.Role))
	g.times(u.CreatedAt, u.DisabledAt)
	g.events(e)
	if u.ID == "" || u.CreatedAt.IsZero() {
		g.t.Errorf("the suite creates the user %+v, without an ID or a time", u)
	}
	return g.Store.CreateUser(ctx, u, e)
}

func (g guard) ChangeUser(ctx context.Context, id apitoken.UserID, c apitoken.UserChange, e apitoken.Event) (apitoken.User, error) {
	g.users(id)
	g.users(c.Responsible)
	g.names(c.Name, string(c.Role))
	g.events(e)
	if id == "" || c.Disable && c.Enable {
		g.t.Errorf("the suite makes the change %+v of %q, without an ID, or both disabling and enabling", c, id)
	}
	return g.Store.ChangeUser(ctx, id, c, e)
}

func (g guard) PutPolicy(ctx context.Context, p apitoken.MaxLifetimePolicy, ifRevision int64, e apitoken.Event) error {
	g.users(p.UpdatedBy)
	g.times(p.UpdatedAt)
	for _, e := range p.Exemptions {
		g.users(e.User, e.By)
		g.times(e.Until, e.At)
	}
	g.events(e)
	if p.Max <= 0 || p.UpdatedAt.IsZero() || p.Revision != ifRevision+1 {
		g.t.Errorf("the suite puts the policy %+v at revision %d, without a maximum or a time, or at another revision than the next", p, ifRevision)
	}
	return g.Store.PutPolicy(ctx, p, ifRevision, e)
}

func (g guard) Touch(ctx context.Context, touches []apitoken.Touch) error {
	if len(touches) > 4096 {
		g.t.Errorf("the suite touches %d tokens at once", len(touches))
	}
	for _, touch := range touches {
		g.times(touch.At)
		if touch.At.IsZero() {
			g.t.Error("the suite touches a token without a time")
		}
	}
	return g.Store.Touch(ctx, touches)
}

func (g guard) AppendEvents(ctx context.Context, events []apitoken.Event) error {
	g.events(events...)
	return g.Store.AppendEvents(ctx, events)
}

func (g guard) Remove(ctx context.Context, r apitoken.Removal, e apitoken.Event) (apitoken.Removed, error) {
	g.events(e)
	if len(r.Tokens) > 500 || r.EventsTo < 0 {
		g.t.Errorf("the suite removes %d tokens at once, and the events to %d", len(r.Tokens), r.EventsTo)
	}
	return g.Store.Remove(ctx, r, e)
}

func (g guard) Forget(ctx context.Context, f apitoken.Forgetting, e apitoken.Event) (int, error) {
	g.users(f.User, f.Pseudonym)
	g.events(e)
	for _, e := range f.Events {
		if e.Seq < 1 || e.ID == (apitoken.EventID{}) {
			g.t.Errorf("the suite replaces the event %+v, without its Seq or its ID", e)
		}
	}
	if len(f.Tokens) > 500 || len(f.Events) > 100 || f.Revision < 0 {
		g.t.Errorf("the suite forgets a user in %d tokens and %d events at once, at revision %d", len(f.Tokens), len(f.Events), f.Revision)
	}
	return g.Store.Forget(ctx, f, e)
}

func (g guard) Tokens(ctx context.Context, q apitoken.TokenQuery) ([]apitoken.Token, error) {
	g.query(q)
	return g.Store.Tokens(ctx, q)
}

func (g guard) ScanTokens(ctx context.Context, q apitoken.TokenQuery, rows int) (apitoken.TokenPage, error) {
	g.query(q)
	if rows < 1 {
		g.t.Errorf("the suite pages by %d rows, want at least 1", rows)
	}
	return g.Store.(apitoken.TokenPager).ScanTokens(ctx, q, rows)
}

func (g guard) query(q apitoken.TokenQuery) {
	g.t.Helper()
	g.limit(q.Limit)
	g.users(q.Owner, q.CreatedBy)
	g.names(string(q.Kind))
	g.resources(q.Resource)
	g.times(q.ExpiresBefore, q.UnusedSince, q.AfterExpiry, q.Now())
	if d := q.LivesLongerThan; d < 0 || d%time.Microsecond != 0 && d != apitoken.NoExpiration {
		g.t.Errorf("the suite asks for the lifetime %v", d)
	}
	if q.AnyOwner == (q.Owner != "") || q.Now().IsZero() {
		g.t.Errorf("the suite asks %+v, with both or neither of Owner and AnyOwner, or without a time", q)
	}
}

func (g guard) Users(ctx context.Context, q apitoken.UserQuery) ([]apitoken.User, error) {
	g.limit(q.Limit)
	g.users(q.After, q.Responsible)
	return g.Store.Users(ctx, q)
}

func (g guard) Events(ctx context.Context, q apitoken.EventQuery) ([]apitoken.Event, error) {
	g.limit(q.Limit)
	g.users(q.Owner, q.Actor)
	g.times(q.Since, q.Before)
	return g.Store.Events(ctx, q)
}
