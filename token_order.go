package apitoken

import (
	"bytes"
	"cmp"
	"time"
)

// TokenOrder is the order of the pages of a [TokenQuery].
type TokenOrder string

// The orders of tokens. The identifiers sort by the time of creation: see [TokenID].
const (
	OrderOldest TokenOrder = ""       // by ID
	OrderNewest TokenOrder = "newest" // by ID, in reverse

	// OrderExpiry is by ExpiresAt, the soonest first, and then by ID. It selects only tokens that expire.
	OrderExpiry TokenOrder = "expiry"
)

// Compare returns a negative number if a token comes before another one in the order, a positive number if it comes after it, and
// zero for the same token.
func (o TokenOrder) Compare(a, b Token) int {
	byID := bytes.Compare(a.ID[:], b.ID[:])
	switch o {
	case OrderNewest:
		return -byID
	case OrderExpiry:
		return cmp.Or(a.ExpiresAt.Compare(b.ExpiresAt), byID)
	}
	return byID
}

// IsAfter reports whether a token comes after the cursor of the query in its order, and is in that order at all. It is for
// implementations of [Store].
func (q TokenQuery) IsAfter(t Token) bool {
	if q.Order == OrderExpiry && t.ExpiresAt.IsZero() {
		return false
	}
	return q.fromFirst() || q.Order.Compare(Token{ID: q.After, ExpiresAt: q.AfterExpiry}, t) < 0
}

// fromFirst reports whether the query has no cursor.
func (q TokenQuery) fromFirst() bool { return q.After.IsZero() && q.AfterExpiry.IsZero() }

// following returns the query of the page after a token.
func (q TokenQuery) following(id TokenID, expiry time.Time) TokenQuery {
	q.After = id
	if q.Order == OrderExpiry {
		q.AfterExpiry = expiry
	}
	return q
}

// isContradictory reports whether the query selects only tokens that never expire, and only tokens that do. A store would examine
// many tokens to find none.
func (q TokenQuery) isContradictory() bool {
	return q.WithoutExpiration && (q.Order == OrderExpiry || q.Status == StatusExpired || !q.ExpiresBefore.IsZero())
}

func (q TokenQuery) checkOrder() error {
	switch q.Order {
	case OrderOldest, OrderNewest:
		if !q.AfterExpiry.IsZero() {
			return invalid("after expiry", "is only for the order %s", OrderExpiry)
		}
	case OrderExpiry:
		if q.AfterExpiry.IsZero() && !q.After.IsZero() {
			return invalid("after expiry", "is missing beside the token of the cursor")
		}
	default:
		return invalid("order", "%s is neither empty nor one of %s and %s", quoted(string(q.Order)), OrderNewest, OrderExpiry)
	}
	return nil
}
