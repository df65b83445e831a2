package sqlstore

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// Tokens implements [apitoken.Store].
func (s *Store) Tokens(ctx context.Context, q apitoken.TokenQuery, now time.Time) (page []apitoken.Token, err error) {
	err = s.read(ctx, "list tokens", func(ctx context.Context, db session) (err error) {
		page, err = db.tokens(ctx, db.dialect.listTokens(q, now))
		return err
	})
	return page, err
}

func (s session) tokens(ctx context.Context, a *assembly) ([]apitoken.Token, error) {
	rows, err := s.QueryContext(ctx, a.text.String(), a.args...)
	if err != nil {
		return nil, err
	}
	return scanAll(rows, tokenInto)
}

// listTokens is the query of a page of tokens. It is put together from the fixed parts of the dialect; everything that the
// caller says is a parameter.
func (d *Dialect) listTokens(q apitoken.TokenQuery, now time.Time) *assembly {
	return d.listUpTo(q, now, lastID)
}

// firstID and lastID are no tokens. The one is before all of them, the other behind.
var (
	firstID apitoken.TokenID
	lastID  = apitoken.TokenID(bytes.Repeat([]byte{0xff}, 16))
)

// listUpTo is listTokens up to a token, which is included.
func (d *Dialect) listUpTo(q apitoken.TokenQuery, now time.Time, end apitoken.TokenID) *assembly {
	along, filters := d.conditions(q, now)
	a := d.assembly(d.list.from)
	a.along(along, q.After[:], end[:])
	a.where(filters)
	a.add("\n" + along.order + " ")
	a.add(d.list.limit, q.Limit)
	return a
}

// along appends the part of an index behind a row and up to another.
func (a *assembly) along(w route, after, end any) {
	a.add("\nWHERE ")
	a.add(w.after, append(slices.Clip(w.value), after)...)
	a.add(" AND ")
	a.add(w.upTo, append(slices.Clip(w.value), end)...)
}

// where appends conditions that have to hold as well.
func (a *assembly) where(conditions []condition) {
	for _, c := range conditions {
		a.add("\n\tAND ")
		a.add(c.text, c.args...)
	}
}

// route is a walk with the value of its column, if it is one of a column.
type route struct {
	walk
	value []any
}

// condition is a part of a WHERE with the values of its placeholders.
type condition struct {
	text string
	args []any
}

// conditions are those of a query but its place: the one that an index answers in the order of the ids, and the others,
// which are looked at row by row.
func (d *Dialect) conditions(q apitoken.TokenQuery, now time.Time) (along route, filters []condition) {
	l := &d.list
	switch {
	case !q.AnyOwner:
		along = route{l.owner, []any{string(q.Owner)}}
	case !q.CreatedWith.IsZero():
		along = route{l.parent, []any{slices.Clone(q.CreatedWith[:])}}
		q.CreatedWith = apitoken.TokenID{}
	case q.Resource != "":
		along = route{l.resource, []any{q.Resource}}
		q.Resource = ""
	case q.CreatedBy != "":
		along = route{l.createdBy, []any{string(q.CreatedBy)}}
		q.CreatedBy = ""
	case q.Kind != "" && q.Kind != apitoken.KindUser: // which nearly all are of
		along = route{l.rareKind, []any{string(q.Kind)}}
		q.Kind = ""
	case q.WithoutExpiration:
		along = route{l.endless, nil}
		q.WithoutExpiration = false
	default:
		along = route{l.all, nil}
	}
	return along, d.filters(q, now)
}

func (d *Dialect) filters(q apitoken.TokenQuery, now time.Time) (all []condition) {
	f := &d.list.filter
	add := func(text string, args ...any) { all = append(all, condition{text, args}) }
	switch at := now.UnixMicro(); q.Status {
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
		add(f.parent, q.CreatedWith[:])
	}
	if q.OnBehalf {
		add(f.onBehalf)
	}
	if q.Kind != "" {
		add(f.kind, string(q.Kind))
	}
	if q.WithoutExpiration {
		add(f.endless)
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
