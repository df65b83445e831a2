package sqlstore

import (
	"bytes"
	"context"
	"slices"

	"github.com/seed-d6cf0a46/apitoken"
)

// Tokens implements [apitoken.Store].
func (o operations) Tokens(ctx context.Context, q apitoken.TokenQuery) (page []apitoken.Token, err error) {
	err = o.read(ctx, "list tokens", func(ctx context.Context, db session) (err error) {
		page, err = db.tokens(ctx, db.dialect.pageQuery(q, lastID))
		return err
	})
	return page, err
}

func (s session) tokens(ctx context.Context, b *queryBuilder) ([]apitoken.Token, error) {
	return readAll(ctx, s, b, tokenFields)
}

// firstID and lastID are the IDs of no token: one before all tokens, one after them.
var (
	firstID apitoken.TokenID
	lastID  = apitoken.TokenID(bytes.Repeat([]byte{0xff}, 16))
)

// pageQuery returns the query of a page of tokens no further than upTo. It consists of fixed parts of the dialect; every value
// of q is a parameter.
func (d *Dialect) pageQuery(q apitoken.TokenQuery, upTo apitoken.TokenID) *queryBuilder {
	r, filters := d.conditions(q)
	b := d.build(d.tokens.selectPage)
	b.whereInRange(r, q.After[:], upTo[:])
	b.and(filters)
	b.orderAndLimit(r.order, q.Limit)
	return b
}

// conditions returns the index range of a query, in the order of the IDs, and the other conditions, which are evaluated for
// each row.
func (d *Dialect) conditions(q apitoken.TokenQuery) (r boundRange, filters []condition) {
	l := &d.tokens
	switch {
	case !q.AnyOwner:
		r = boundRange{l.owner, []any{string(q.Owner)}}
	case !q.CreatedWith.IsZero():
		r = boundRange{l.createdWith, []any{slices.Clone(q.CreatedWith[:])}}
		q.CreatedWith = apitoken.TokenID{}
	case q.Resource != "":
		r = boundRange{l.resource, []any{q.Resource}}
		q.Resource = ""
	case q.CreatedBy != "":
		r = boundRange{l.createdBy, []any{string(q.CreatedBy)}}
		q.CreatedBy = ""
	case q.Kind != "" && q.Kind != apitoken.KindUser: // almost all tokens are of that kind
		r = boundRange{l.rareKind, []any{string(q.Kind)}}
		q.Kind = ""
	case q.WithoutExpiration:
		r = boundRange{l.withoutExpiration, nil}
		q.WithoutExpiration = false
	default:
		r = boundRange{l.all, nil}
	}
	return r, d.filters(q)
}

func (d *Dialect) filters(q apitoken.TokenQuery) (all []condition) {
	f := &d.tokens.filter
	add := func(text string, args ...any) { all = append(all, condition{text, args}) }
	switch at := q.Now().UnixMicro(); q.Status {
	case apitoken.StatusRevoked:
		add(f.revoked)
	case apitoken.StatusActive:
		add(f.active, at)
	case apitoken.StatusExpired:
		add(f.expired, at)
	}
	if q.Resource != "" {
		add(f.resource, q.Resource)
	}
	if q.CreatedBy != "" {
		add(f.createdBy, string(q.CreatedBy))
	}
	if !q.CreatedWith.IsZero() {
		add(f.createdWith, q.CreatedWith[:])
	}
	if q.OnBehalf {
		add(f.onBehalf)
	}
	if q.Kind != "" {
		add(f.kind, string(q.Kind))
	}
	if q.WithoutExpiration {
		add(f.withoutExpiration)
	}
	if !q.ExpiresBefore.IsZero() {
		add(f.expiresBefore, q.ExpiresBefore.UnixMicro())
	}
	if since := q.UnusedSince.UnixMicro(); !q.UnusedSince.IsZero() {
		add(f.unusedSince, since, since)
	}
	if q.LivesLongerThan != 0 {
		add(f.livesLongerThan, q.LivesLongerThan.Microseconds())
	}
	if q.NameContains != "" {
		add(f.nameContains, q.NameContains)
	}
	return all
}
