package sqlstore

import (
	"context"
	"slices"

	"github.com/seed-d6cf0a46/apitoken"
)

// The queries of offers are sent as text: they are too rare to be kept prepared on every connection.
var offerQueries = map[query]string{
	checkOffer: `
SELECT
	EXISTS (SELECT 1 FROM apitoken_events WHERE id = ?),
	EXISTS (SELECT 1 FROM apitoken_users WHERE id = ?),
	coalesce((SELECT revision FROM apitoken_users WHERE id = ?), 0),
	(SELECT count(*) FROM apitoken_offers WHERE owner = ? AND claimed_at IS NULL AND claim_by > ? AND epoch >= ?)
FROM apitoken_policy`,

	claimOffer: `
UPDATE apitoken_offers AS f SET claimed_at = ?, claimed_by = ?
WHERE f.id = ? AND f.claimed_at IS NULL
	AND EXISTS (SELECT 1 FROM apitoken_users AS o WHERE o.id = f.owner AND o.revision = ?)
	AND EXISTS (SELECT 1 FROM apitoken_users AS b WHERE b.id = ? AND b.revision = ?)`,

	replaceDigest: `
UPDATE apitoken_tokens AS t SET digest = ?, hint = ?
WHERE t.id = ? AND t.digest = ? AND t.revoked_at IS NULL AND t.last_used_at IS NULL
	AND EXISTS (SELECT 1 FROM apitoken_offers AS f WHERE f.id = t.id AND f.claimed_at IS NOT NULL)
	AND EXISTS (SELECT 1 FROM apitoken_users AS o WHERE o.id = t.owner AND o.revision = ?)
	AND EXISTS (SELECT 1 FROM apitoken_users AS b WHERE b.id = ? AND b.revision = ?)`,

	deleteOffer: `
DELETE FROM apitoken_offers WHERE id = ? AND claimed_at IS NULL`,

	findOfferAndEvent: `
SELECT
	EXISTS (SELECT 1 FROM apitoken_offers WHERE id = ?),
	EXISTS (SELECT 1 FROM apitoken_events WHERE id = ?)`,

	readOffer: selectOffer + ` WHERE id = ?`,

	listOffers: selectOffer + ` WHERE id > ? ORDER BY id LIMIT ?`,

	listOffersTo: selectOffer + ` WHERE owner = ? AND id > ? ORDER BY id LIMIT ?`,

	deleteOffersTo: `
DELETE FROM apitoken_offers WHERE owner = ?`,

	replaceInOffers: `
UPDATE apitoken_offers SET
	offered_by = CASE WHEN offered_by = ? THEN ? ELSE offered_by END,
	claimed_by = CASE WHEN claimed_by = ? THEN ? ELSE claimed_by END
WHERE offered_by = ? OR claimed_by = ?`,
}

func (s syntax) insertOffer() string {
	return `
INSERT INTO apitoken_offers (
	` + offerColumns + `
) VALUES (` + parameters(offerColumns) + `)` + s.ifAbsent
}

const selectOffer = `
SELECT ` + offerColumns + ` FROM apitoken_offers`

// removeOfferRows removes offers by ID.
var removeOfferRows = batchQuery{
	before: `
DELETE FROM apitoken_offers WHERE id IN (`,
	row:       `?`,
	separator: `, `,
	after:     `)`,
}

// CreateOffer implements [apitoken.Store].
func (o operations) CreateOffer(ctx context.Context, n apitoken.NewOffer, e apitoken.Event) error {
	return o.change(ctx, "create an offer", func(ctx context.Context, tx session) error { return tx.createOffer(ctx, n, e) })
}

// createOffer inserts before it checks, because the transaction has to begin with a write. If a check fails, the rollback undoes it.
func (s session) createOffer(ctx context.Context, n apitoken.NewOffer, e apitoken.Event) error {
	inserted, err := s.insert(ctx, insertOffer, offerArgs(n.Offer)...)
	if err != nil {
		return err
	}
	var recorded, hasOwner bool
	var creatorRevision int64
	var open int
	err = s.row(ctx, checkOffer, e.ID[:], string(n.Owner), string(n.OfferedBy), string(n.Owner), timeArg(n.OfferedAt), n.Epoch).
		Scan(&recorded, &hasOwner, &creatorRevision, &open)
	switch {
	case err != nil:
		return err
	case recorded:
		return errAlreadyStored
	case n.CreatorRevision != 0 && creatorRevision != n.CreatorRevision:
		return apitoken.ErrConflict
	case !hasOwner:
		return apitoken.ErrNotFound
	case !inserted:
		return apitoken.ErrExists
	case open > n.MaxOpen:
		return apitoken.ErrTooMany
	}
	return s.record(ctx, e)
}

// ClaimOffer implements [apitoken.Store].
func (o operations) ClaimOffer(ctx context.Context, c apitoken.OfferClaim, policyRevision int64, e apitoken.Event) error {
	return o.change(ctx, "claim an offer", func(ctx context.Context, tx session) error {
		if c.Again() {
			return tx.claimAgain(ctx, c, e)
		}
		return tx.claim(ctx, c, policyRevision, e)
	})
}

// claim changes the offer first: of the transactions that claim it or delete it, one does so, and the others wait for it.
func (s session) claim(ctx context.Context, c apitoken.OfferClaim, policyRevision int64, e apitoken.Event) error {
	n, err := s.exec(ctx, claimOffer, timeArg(c.CreatedAt), string(c.By), c.ID[:], c.OwnerRevision, string(c.By), c.ByRevision)
	switch {
	case err != nil:
		return err
	case n == 0:
		return s.whyUnclaimed(ctx, c.ID, e)
	case s.dialect.has(createTokenAtOnce):
		return s.createTokenAtOnce(ctx, c.NewToken, policyRevision, e)
	}
	return s.createToken(ctx, c.NewToken, policyRevision, e)
}

func (s session) claimAgain(ctx context.Context, c apitoken.OfferClaim, e apitoken.Event) error {
	n, err := s.exec(ctx, replaceDigest,
		c.Digest[:], c.Hint, c.ID[:], c.Replaces[:], c.OwnerRevision, string(c.By), c.ByRevision)
	switch {
	case err != nil:
		return err
	case n == 0:
		return s.whyUnclaimed(ctx, c.ID, e)
	}
	return s.record(ctx, e)
}

// DeleteOffer implements [apitoken.Store].
func (o operations) DeleteOffer(ctx context.Context, id apitoken.TokenID, e apitoken.Event) error {
	return o.change(ctx, "delete an offer", func(ctx context.Context, tx session) error {
		n, err := tx.exec(ctx, deleteOffer, id[:])
		switch {
		case err != nil:
			return err
		case n == 0:
			return tx.whyUnclaimed(ctx, id, e)
		}
		return tx.record(ctx, e)
	})
}

// whyUnclaimed returns the result of a change of an offer that has found nothing to change.
func (s session) whyUnclaimed(ctx context.Context, id apitoken.TokenID, e apitoken.Event) error {
	var offer, recorded bool
	err := s.row(ctx, findOfferAndEvent, id[:], e.ID[:]).Scan(&offer, &recorded)
	switch {
	case err != nil:
		return err
	case recorded:
		return errAlreadyStored
	case !offer:
		return apitoken.ErrNotFound
	}
	return apitoken.ErrConflict
}

// Offers implements [apitoken.Store].
func (o operations) Offers(ctx context.Context, q apitoken.OfferQuery) (page []apitoken.Offer, err error) {
	list, args := listOffers, []any{q.After[:], q.Limit}
	switch {
	case !q.ID.IsZero():
		list, args = readOffer, []any{q.ID[:]}
	case q.Owner != "":
		list, args = listOffersTo, []any{string(q.Owner), q.After[:], q.Limit}
	}
	err = o.read(ctx, "list offers", func(ctx context.Context, db session) error {
		rows, err := db.rows(ctx, list, args...)
		if err != nil {
			return err
		}
		page, err = scanAll(rows, offerFields)
		return err
	})
	if !q.ID.IsZero() {
		page = slices.DeleteFunc(page, func(o apitoken.Offer) bool {
			return q.Owner != "" && o.Owner != q.Owner || o.ID.String() <= q.After.String()
		})
	}
	return page, err
}

func (s session) removeOffers(ctx context.Context, ids []apitoken.TokenID) (removed int, err error) {
	for chunk := range slices.Chunk(ids, maxBatchRows) {
		text, args := s.dialect.idsQuery(s.dialect.offerRows, chunk)
		result, err := s.ExecContext(ctx, text, args...)
		if err != nil {
			return removed, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return removed, err
		}
		removed += int(n)
	}
	return removed, nil
}

// offerColumns are the columns of an offer, in the order of offerFields and offerArgs.
const offerColumns = `id, owner, name, kind, resource, description, permissions, lifetime, expires_at, not_after, offered_at, offered_by,
	offered_with, claim_by, epoch, owner_created_at, claimed_at, claimed_by`

func offerFields(o *apitoken.Offer) []any {
	return []any{
		(*idColumn)(&o.ID),
		(*string)(&o.Owner),
		&o.Name,
		(*string)(&o.Kind),
		&o.Resource,
		&o.Description,
		(*permissionsColumn)(&o.Permissions),
		(*int64)(&o.Lifetime),
		(*timeColumn)(&o.ExpiresAt),
		(*timeColumn)(&o.NotAfter),
		(*timeColumn)(&o.OfferedAt),
		(*string)(&o.OfferedBy),
		(*idColumn)(&o.OfferedWith),
		(*timeColumn)(&o.ClaimBy),
		&o.Epoch,
		(*timeColumn)(&o.OwnerCreatedAt),
		(*timeColumn)(&o.ClaimedAt),
		(*string)(&o.ClaimedBy),
	}
}

func offerArgs(o apitoken.Offer) []any {
	return []any{
		o.ID[:],
		string(o.Owner),
		o.Name,
		string(o.Kind),
		o.Resource,
		o.Description,
		permissionsArg(o.Permissions),
		int64(o.Lifetime),
		timeArg(o.ExpiresAt),
		timeArg(o.NotAfter),
		timeArg(o.OfferedAt),
		string(o.OfferedBy),
		idArg(o.OfferedWith),
		timeArg(o.ClaimBy),
		o.Epoch,
		timeArg(o.OwnerCreatedAt),
		timeArg(o.ClaimedAt),
		string(o.ClaimedBy),
	}
}
