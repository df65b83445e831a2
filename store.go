package apitoken

import (
	"context"
	"time"
)

// Store persists users, tokens, the policy and events. It contains no rules: the [Manager] decides, then passes the Store a
// write together with the condition under which the decision still holds.
//
// Every method has to satisfy the following; package storetest verifies it.
//
//   - Methods are safe for concurrent use. A write that has returned is visible to every later call on every replica.
//   - A write is atomic and includes its [Event]. A call that changes nothing records no event.
//   - A write may be retried. If an event with the same ID is already stored, the call returns what it returned the first
//     time and changes nothing. The row of a user that it returns is the row as it is now.
//   - Times are passed in, never read from a clock. They are UTC in whole microseconds and round-trip exactly. The zero time
//     means "none" and differs from 1970-01-01T00:00:00Z, which is a time.
//   - Texts are compared and returned byte by byte: "A", "a" and "a " are three names.
//   - Returned values are never modified afterwards, by either side.
//   - A missing row is [ErrNotFound] unless the method says otherwise. If a write may have been committed, the error is
//     [ErrUncertain]. Every other error means that nothing was written.
//   - If a cancelled context ends a call before the commit is sent, nothing was written; afterwards the outcome is uncertain.
//     A store that cannot interrupt a call completes it instead and reports what it did.
type Store interface {
	// Lookup reads the token of a digest with its owner, as they are at one moment. It is called for every request of the
	// host. RevokedAt and RevokedBy report a revocation of this token only; the caller compares the epochs.
	Lookup(ctx context.Context, digest Digest) (*Record, error)

	// CreateToken inserts a token if the policy is still at policyRevision. No change of the policy may commit between that
	// check and the insert: once PutPolicy has returned, no token that was judged by an earlier revision may appear.
	//
	// CreateToken returns, in this order of precedence:
	//
	//   - nil if a token with the same ID and digest exists, which is a retry whatever its event is
	//   - ErrConflict if the policy is at another revision; if CreatorRevision is not zero and the row of CreatedBy is missing
	//     or at another revision; or if OwnerRole is not empty and the owner has another role
	//   - ErrNotFound if the owner does not exist
	//   - ErrExists if another token of the owner holds the name, or if the ID or the digest is in use
	//   - ErrTooMany if MaxActive is not zero and the owner has that many active tokens
	//
	// A holder of the name that has expired at the new token's CreatedAt, or that belongs to an earlier epoch than the new
	// token, is no obstacle: the new token takes the name. It does so in the insert, so an error leaves the name where it was.
	//
	// A token counts as active if it holds its name, is not revoked, not expired at the new token's CreatedAt, and not of an earlier epoch than the
	// new token. A token that was replaced holds no name. Tokens that are being inserted at the same time need not be counted, so the number may be exceeded by less than
	// theirs.
	//
	// The rows of the creator and the owner need not be locked: a change of them that commits during the insert may be missed. The token's epoch is
	// not compared with the owner's. A token of an earlier epoch is inserted and never authenticates.
	CreateToken(ctx context.Context, token NewToken, policyRevision int64, event Event) error

	// RevokeToken writes the revocation and releases the name. changed is false if the token was revoked before, or if its
	// epoch has ended, even if it had expired by then; the token then stays as it is.
	RevokeToken(ctx context.Context, id TokenID, revocation Revocation, event Event) (changed bool, err error)

	// RevokeTokens is RevokeToken for the token of each event: at most 500 tokens, each with its event, all or none of them in
	// one write. It revokes those that RevokeToken would, and skips the others and tokens that do not exist. Only the events
	// of tokens that it has revoked are stored. Each event has the owner of its token.
	//
	// It returns how many tokens it has revoked. For a retry that is the number of the events that are stored.
	RevokeTokens(ctx context.Context, revocation Revocation, events []Event) (revoked int, err error)

	// ChangeToken replaces the Name and the Description of a token by those of is. was is the record that the caller has decided
	// by. It returns, in this order of precedence:
	//
	//   - nil if the event is stored, which is a retry
	//   - ErrNotFound if the token does not exist
	//   - ErrConflict if it has another name or description than was, or is no longer active: it was revoked, itself or with its
	//     epoch, or has expired at the event's At
	//   - ErrExists if the name changes and another token of the owner holds the new one
	//
	// A changed name is taken as by CreateToken at the event's At, and the old one is free. If only the description changes, the
	// token goes on holding its name, or not, as before.
	ChangeToken(ctx context.Context, was Record, is Token, event Event) error

	// NarrowToken narrows a token under the lock of its row: it reads the row, obtains the new Permissions, ExpiresAt and the event
	// from [TokenNarrowing.Apply], writes them, and returns the token as Token reads it. If the narrowing leaves the row as it is,
	// nothing is written. A store may first try the narrowing without the lock, on the condition that the Permissions and the
	// ExpiresAt are still those that Apply was given.
	//
	// However many calls narrow a token at the same time, it ends with what all of them keep, and Before and After of their events
	// follow one another. For a retry the result is the token as it is now.
	//
	// ErrNotFound: the token does not exist. ErrConflict: it is no longer active: it was revoked, itself or with its epoch, or has
	// expired at the event's At.
	NarrowToken(ctx context.Context, id TokenID, narrowing TokenNarrowing, event Event) (Token, error)

	// RotateToken replaces r.Was by r.Successor in one write:
	//
	//   - The token of r.Was expires at r.ExpiresAt, unless it expires before. It holds no name any more. Its ReplacedBy is the
	//     successor, and it is no longer [Record.Unused].
	//   - If that token has an unused successor already, its former ReplacedBy, that one is revoked by r.Successor.CreatedBy at the
	//     event's At, holds no name, and has the new successor as its ReplacedBy.
	//   - The successor is inserted as by CreateToken, with the token of r.Was as its Replaces, and is Unused.
	//
	// It returns, in this order of precedence:
	//
	//   - nil if the event is stored, which is a retry
	//   - ErrNotFound if the token of r.Was does not exist
	//   - ErrConflict if it has another Name, Description, Permissions or ReplacedBy than r.Was, or is no longer active, as for ChangeToken
	//   - the error of CreateToken for the successor
	RotateToken(ctx context.Context, r Rotation, policyRevision int64, event Event) error

	// UseSuccessor records the first use of a token that has replaced another one: the token is no longer [Record.Unused], and the
	// token that it replaces is revoked, as by RevokeToken but with no event of its own. That one may have been revoked or removed
	// before, and then stays as it is. The event's Owner is the owner of both.
	//
	// first is false if the token was used before; then nothing is written. ErrConflict: the token was revoked unused, itself or with
	// its epoch. ErrNotFound: it does not exist.
	UseSuccessor(ctx context.Context, id, replaces TokenID, revocation Revocation, event Event) (first bool, err error)

	// CreateOffer inserts an offer. It returns, in this order of precedence:
	//
	//   - nil if the event is stored, which is a retry
	//   - ErrConflict if CreatorRevision is not zero and the row of OfferedBy is missing or at another revision
	//   - ErrNotFound if the owner does not exist
	//   - ErrExists if the ID is in use by an offer
	//   - ErrTooMany if the owner has MaxOpen open offers
	//
	// An offer counts as open if it is not claimed, its ClaimBy is after the new offer's OfferedAt, and it is not of an earlier epoch
	// than the new offer. Offers that are being inserted at the same time need not be counted. The rows of the creator and the
	// owner need not be locked.
	CreateOffer(ctx context.Context, offer NewOffer, event Event) error

	// ClaimOffer inserts the token of an offer and writes ClaimedAt and ClaimedBy of the offer: the token's CreatedAt, and claim.By.
	// Both are one write: of a ClaimOffer and a DeleteOffer, or of two ClaimOffers, one succeeds. It returns, in this order of
	// precedence:
	//
	//   - nil if the event is stored, which is a retry
	//   - ErrNotFound if there is no offer of the ID
	//   - ErrConflict if the offer was claimed, or the row of the owner or of By is missing or at another revision
	//   - what CreateToken returns for the token
	//
	// If claim.Replaces is not zero, the offer was claimed before. The digest and the hint of its token are then replaced by those of
	// claim, and nothing else. ErrConflict, after ErrNotFound as above: the token has another digest than Replaces, or does not
	// exist, or it was revoked or has a LastUsedAt, or one of the two users is missing or at another revision. The digest before is no
	// longer found. The policy is of no concern then.
	ClaimOffer(ctx context.Context, claim OfferClaim, policyRevision int64, event Event) error

	// DeleteOffer deletes an offer that was not claimed. If the event is stored, it returns nil, which is a retry. ErrNotFound: there
	// is no such offer. ErrConflict: it was claimed.
	DeleteOffer(ctx context.Context, id TokenID, event Event) error

	// Offers reads one page: the first q.Limit offers after q.After that meet every condition of q, by ID. The Limit is set.
	Offers(ctx context.Context, q OfferQuery) ([]Offer, error)

	// CreateUser inserts a user and returns the row as inserted. The store sets Revision and Epoch, whatever the argument has.
	// Revision is 1. Epoch is 0, unless the store still has tokens or ended epochs of that ID: then it is above all of those
	// epochs, and the event ends the ones that no change has ended. So a row that was deleted from the database and is created
	// again revives no token. The event's After is the State of the row. ErrExists: the ID is in use.
	CreateUser(ctx context.Context, user User, event Event) (User, error)

	// ChangeUser changes a user under the lock of their row: it reads the row, obtains the new row and the event from
	// [UserChange.Apply], writes both, and returns the new row. If the change leaves the row as it is, nothing is written.
	// Contention for the row may delay the change; it does not make it fail. A store may first try the change without the lock,
	// on the condition that the row is still the one that Apply was given.
	//
	// A change raises the epoch by one or not at all. Raising it revokes every token of the epoch that it ends, whatever their
	// number, without touching their rows. The event's At and Actor.User become the RevokedAt and RevokedBy of these tokens.
	//
	// ErrNotFound: the user does not exist. ErrConflict: a condition of the change does not hold.
	ChangeUser(ctx context.Context, id UserID, change UserChange, event Event) (User, error)

	// PutPolicy replaces the policy if it is at ifRevision, which is zero before the first policy; otherwise it returns
	// ErrConflict. The policy is stored as given, with its limits and exemptions in their order, and with its Revision, which the
	// caller has set to ifRevision + 1. PutPolicy may wait for a running CreateToken, but a stream of them does not starve it.
	//
	// A store that programs share which know of no limits and exemptions shows them [MaxLifetimePolicy.Strictest] as the maximum.
	// A policy that such a program has set is read without limits and exemptions.
	PutPolicy(ctx context.Context, policy MaxLifetimePolicy, ifRevision int64, event Event) error

	// Touch sets LastUsedAt of each token to the given time if [Touch.Moves] reports so, and changes nothing else. Tokens
	// that do not exist are skipped.
	Touch(ctx context.Context, touches []Touch) error

	// AppendEvents stores events that belong to no change: denials. An event whose ID is already stored stays as it is, and
	// the others are stored.
	AppendEvents(ctx context.Context, events []Event) error

	// Remove deletes tokens, offers and events for good, and records the event of [Removed.On] with what it has deleted. It does not
	// judge them: the caller passes no active token, no open offer, nothing that is younger than 24 hours, and only events that it has read.
	//
	// What does not exist is skipped. A removed token holds no name and is not found any more. The Seq of the remaining events
	// stay, and none is ever given again. Users and their ended epochs stay: a row that is created again must not revive a
	// token, and a remaining token needs the end of its epoch. If nothing is deleted, no event is recorded; the same goes for
	// a retry, which returns the zero Removed.
	Remove(ctx context.Context, removal Removal, event Event) (Removed, error)

	// Forget replaces a user by a pseudonym, and returns the number of rows that it has changed:
	//
	//   - If there is no row of the pseudonym, it is inserted: a copy of the user's row with the pseudonym as ID and Name, and with
	//     a copy of their ended epochs. Without a row of the user there is none of the pseudonym.
	//   - Each of f.Tokens becomes what f.Token makes of it. A token of the user then belongs to the pseudonym and holds no name.
	//   - Each of f.Events replaces the stored event of its Seq.
	//   - With f.Rest, f.ID is applied to those who ended an epoch and to those who offered or claimed a token, f.Policy to the
	//     policy, f.Answered to all other users, and the user's row, their ended epochs and the offers to them are deleted.
	//
	// ErrConflict: the user is not at f.Revision. What does not exist is skipped. The event is stored as f.On returns it. If no row
	// is changed, none is recorded; the same goes for a retry, which returns 0. An empty f does nothing.
	Forget(ctx context.Context, f Forgetting, event Event) (rows int, err error)

	// Facts reads what a decision depends on, as it is at one moment. Every operation of a Manager begins with it. A row that
	// does not exist is no error. Before the first PutPolicy the policy is the zero MaxLifetimePolicy.
	Facts(ctx context.Context, q FactsQuery) (Facts, error)

	// Policy reads the policy. Before the first PutPolicy it is the zero MaxLifetimePolicy.
	Policy(ctx context.Context) (MaxLifetimePolicy, error)

	// User reads one user.
	User(ctx context.Context, id UserID) (User, error)

	// Token reads the token with its owner, as they are at one moment. RevokedAt and RevokedBy also report a revocation with
	// the token's epoch, unless the token had expired when the epoch ended: such a token stays expired.
	Token(ctx context.Context, id TokenID) (*Record, error)

	// Tokens reads one page: the first q.Limit tokens after q.After, in the order of q.Order, that meet every condition of q. With
	// [OrderExpiry] only tokens that expire are in that order: see [TokenQuery.IsAfter]. RevokedAt and
	// RevokedBy are those of Token, and Status is judged by them at q.Now(). The Limit is set. A token that was never used counts
	// as used before all times.
	Tokens(ctx context.Context, q TokenQuery) ([]Token, error)

	// Users reads one page: the first q.Limit users after q.After that meet every condition of q, by the bytes of their IDs. The
	// Limit is set.
	Users(ctx context.Context, q UserQuery) ([]User, error)

	// Events reads one page: the first q.Limit events after q.After that meet every condition of q, by Seq. The Limit is set.
	// An event that becomes visible later never has a Seq below that of an event that a reader has been given. Events after
	// q.After that were removed are left out, without an error.
	Events(ctx context.Context, q EventQuery) ([]Event, error)
}

// TokenPager is an optional interface of a [Store] that reads a page of tokens within a budget, however many tokens there
// are. Without it, [Manager.TokenPage] reads with Tokens and takes as long as that takes. A Store that wraps another one
// without it returns [errors.ErrUnsupported], and is then treated as a Store without it.
type TokenPager interface {
	// ScanTokens is like Tokens, but examines at most about rows tokens, 1 or more. If it stops at that budget, Next is set
	// even if the page is empty; it lies after q.After and not before the last token of the page. Otherwise Next is the last
	// token of the page if more tokens meet the conditions, and zero if not. With [OrderExpiry], NextExpiry is the expiry of Next.
	// Examined is at most about rows, at least the number of tokens of the page, and not zero if Next is set.
	//
	// Paging with Next as the following q.After comes to an end. It returns every token once that meets the conditions from
	// the first page to the last, whatever is inserted and revoked meanwhile.
	ScanTokens(ctx context.Context, q TokenQuery, rows int) (TokenPage, error)
}

// TokenCounter is an optional interface of a [Store] that counts tokens without returning them. Without it,
// [Manager.CountTokens] reads them all with Tokens, and [Manager.TallyTokens] as many as it may examine. A Store that returns [errors.ErrUnsupported] is
// treated as one without it.
type TokenCounter interface {
	// CountTokens returns how many tokens meet the conditions of q at q.Now(), whatever q.After and q.Limit are.
	CountTokens(ctx context.Context, q TokenQuery) (int, error)

	// TallyTokens counts, by their state at q.Now(), the tokens that meet the conditions of q among the first rows tokens after
	// q.After in the order of q. The store may leave out tokens that an index excludes; they do not count as examined. More is set
	// exactly if there is a token after those that were examined.
	TallyTokens(ctx context.Context, q TokenQuery, rows int) (TokenTally, error)
}

// Record is a stored token with its owner.
type Record struct {
	Identity
	Digest Digest
	Epoch  int64 // the owner's epoch when the token was generated

	// Unused says that the token has replaced Token.Replaces, and was neither used nor replaced itself since.
	Unused bool
}

// NewToken is a token to insert.
type NewToken struct {
	Token  // its Replaces and ReplacedBy are zero: a Rotation says what it replaces
	Digest Digest
	Epoch  int64 // the owner's epoch when the decision was made

	// CreatorRevision is the revision of the user CreatedBy when the decision was made. The token is inserted only if the user
	// is still at that revision. Zero: no condition.
	CreatorRevision int64

	// OwnerRole is the owner's role when the decision was made, which the maximum lifetime depends on. The token is inserted
	// only if it is still the owner's role. Empty: no condition.
	OwnerRole Role

	// MaxActive is how many active tokens the owner may have, with this one. Zero: no limit.
	MaxActive int
}

// Rotation says which token a new one replaces.
type Rotation struct {
	Was       Record    // the token to replace, as the decision was made
	ExpiresAt time.Time // its new expiry, unless it expires before
	Successor NewToken  // of the same owner
}

// Revocation says who revoked a token and when.
type Revocation struct {
	At time.Time
	By UserID // empty: the host itself
}

// Touch says that a token was used.
type Touch struct {
	Token TokenID
	At    time.Time // of the use
	Now   time.Time // when the use is written, by the same clock; zero: At
}

// Moves reports whether the use replaces the stored last use: if it is later, or if the stored time is after Ahead.
func (t Touch) Moves(stored time.Time) bool { return stored.Before(t.At) || stored.After(t.Ahead()) }

// Ahead returns the latest time that a stored last use can have, 24 hours after the use is written. A later one was stored by
// a clock that was ahead, and should not stay until the other clocks have caught up.
func (t Touch) Ahead() time.Time {
	if t.Now.After(t.At) {
		return t.Now.Add(clockAhead)
	}
	return t.At.Add(clockAhead)
}

const clockAhead = 24 * time.Hour
