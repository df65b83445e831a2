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
		page, err = db.tokens(ctx, db.dialect.pageQuery(q, place{}))
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

// place is a place in the order of a query: a token, and with [apitoken.OrderExpiry] its expiry in microseconds. The zero place is
// none.
type place struct {
	expiry int64
	id     apitoken.TokenID
}

// key returns a place as the values of an index range of the order.
func (l *tokenListing) key(p place, o apitoken.TokenOrder) []any {
	switch {
	case o != apitoken.OrderExpiry:
		return []any{p.id[:]}
	case l.repeatsEnd:
		return []any{p.expiry, p.expiry, p.id[:]}
	}
	return []any{p.expiry, p.id[:]}
}

// bounds returns the place after which a query begins, and the last one. With [apitoken.OrderExpiry] they also leave out what
// expires too early or too late for the query.
func bounds(q apitoken.TokenQuery) (after, upTo place) {
	switch q.Order {
	case apitoken.OrderNewest:
		after, upTo = place{id: lastID}, place{id: firstID}
		if !q.After.IsZero() {
			after.id = q.After
		}
	case apitoken.OrderExpiry:
		from, before, _ := expiryTimes(q)
		after, upTo = place{from, firstID}, place{before, firstID}
		if cursor := q.AfterExpiry; !cursor.IsZero() && cursor.UnixMicro() >= from {
			after = place{cursor.UnixMicro(), q.After}
		}
	default:
		after, upTo = place{id: q.After}, place{id: lastID}
	}
	return after, upTo
}

// pageQuery returns the query of a page of tokens no further than upTo; zero: to the end. It consists of fixed parts of the
// dialect; every value of q is a parameter.
func (d *Dialect) pageQuery(q apitoken.TokenQuery, upTo place) *queryBuilder {
	r, filters := d.conditions(q)
	b := d.build(d.tokens.selectPage)
	d.whereInOrder(b, r, q, upTo)
	b.and(filters)
	b.orderAndLimit(r.order, q.Limit)
	return b
}

// whereInOrder begins the WHERE with the rows of a range after the cursor of a query, up to a place or to the end.
func (d *Dialect) whereInOrder(b *queryBuilder, r boundRange, q apitoken.TokenQuery, upTo place) {
	after, end := bounds(q)
	if upTo != (place{}) {
		end = upTo
	}
	b.whereInRange(r, d.tokens.key(after, q.Order), d.tokens.key(end, q.Order))
}

// conditions returns the index range of a query, in its order, and the other conditions, which are evaluated for each row.
func (d *Dialect) conditions(q apitoken.TokenQuery) (r boundRange, filters []condition) {
	l := &d.tokens
	if q.Order == apitoken.OrderExpiry {
		filters = d.filters(q)
		if !q.AnyOwner {
			filters = append(filters, condition{l.filter.owner, []any{string(q.Owner)}})
		}
		return boundRange{l.byEnd, nil}, filters
	}
	use := func(tokens orderedRange, value ...any) {
		r = boundRange{tokens.forward, value}
		if q.Order == apitoken.OrderNewest {
			r.indexRange = tokens.backward
		}
	}
	switch {
	case !q.AnyOwner:
		use(l.owner, string(q.Owner))
	case q.Hint != "":
		use(l.hint, q.Hint)
		q.Hint = ""
	case !q.CreatedWith.IsZero():
		use(l.createdWith, slices.Clone(q.CreatedWith[:]))
		q.CreatedWith = apitoken.TokenID{}
	case q.Resource != "":
		use(l.resource, q.Resource)
		q.Resource = ""
	case q.CreatedBy != "":
		use(l.createdBy, string(q.CreatedBy))
		q.CreatedBy = ""
	case q.Kind != "" && q.Kind != apitoken.KindUser: // almost all tokens are of that kind
		use(l.rareKind, string(q.Kind))
		q.Kind = ""
	case q.WithoutExpiration:
		use(l.withoutExpiration)
		q.WithoutExpiration = false
	default:
		use(l.all)
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
	if q.Hint != "" {
		add(f.hint, q.Hint)
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
