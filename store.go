package apitoken

import (
	"context"
	"time"
)

// Store keeps rows and does conditional writes. It decides nothing: the [Manager] knows the rules, reads what they need,
// and hands the Store a write together with the condition under which it still holds.
//
// The contract of all methods, which package storetest checks:
//
//   - A method is safe for concurrent use. What it has written when it returns, every later call sees, on every replica
//     of the host.
//   - A changing method does all of its writes in one transaction or none of them. The [Event] that it is given is one of
//     these writes. A method that changes nothing writes no event.
//   - A write may arrive twice, because an answer was lost. An event of an ID that is already stored is the same write:
//     the method answers as it did the first time, and changes nothing.
//   - Time arrives as an argument, in UTC and whole microseconds, and comes back equal. A Store never asks a clock. The
//     zero time is "none" and differs from 1970-01-01T00:00:00Z, which is a time.
//   - Texts are compared and returned byte by byte: "A", "a" and "a " are three names.
//   - Nothing that a Store returns is modified afterwards, by either side.
//   - A missing row is [ErrNotFound], where the method does not say otherwise. Trouble is any other error, and promises
//     that nothing was written. Where a write may have been done after all, the error is [ErrUncertain]; a cancelled
//     context is trouble if it ended the method before the commit was sent, and uncertain afterwards.
type Store interface {
	// Lookup reads the token of a digest with its owner, as they are at one moment. It is called on every request of the
	// host. RevokedAt and RevokedBy tell only of a revocation of this one token; a token of an earlier epoch than its
	// owner's is for the caller to recognise.
	Lookup(ctx context.Context, digest Digest) (*Record, error)

	// CreateToken inserts a token, if the policy is still at policyRevision, in a transaction that no change of the policy
	// can overtake: once PutPolicy has returned, no token that was judged by an earlier revision is inserted any more.
	//
	// First it frees the name where its holder, of the same owner, has expired by the new token's CreatedAt or is of an
	// earlier epoch than the new token.
	//
	// A token of the same id and digest that is already there is the same write: nil. ErrConflict: the policy is at another
	// revision, or the row of token.CreatedBy is not at token.CreatorRevision, where that is not zero. ErrNotFound: there is
	// no such owner. ErrExists: another token of the owner holds the name, or the id or the digest is in use. Where several
	// apply, the answer is the first of these.
	//
	// The creator's row need not be locked: a change of it that commits while the token is being inserted may be missed.
	//
	// The owner's present epoch is not compared with the token's: a token of an earlier epoch is inserted, and is dead.
	CreateToken(ctx context.Context, token NewToken, policyRevision int64, event Event) error

	// RevokeToken writes the revocation, if there is none yet, and frees the name. It reports whether it did. A token that
	// was revoked before, itself or with its epoch, keeps the revocation that it has.
	RevokeToken(ctx context.Context, id TokenID, revocation Revocation, event Event) (changed bool, err error)

	// CreateUser inserts a user and returns the row as inserted: at Revision 1, and at an Epoch above that of every token and
	// every ended epoch which the store still has of that id, otherwise 0. So a row that somebody deleted and that comes back
	// revives no token. The event's After is the State of that row. ErrExists: the id is in use.
	CreateUser(ctx context.Context, user User, event Event) (User, error)

	// ChangeUser changes a user under the lock of their row: it reads the row, takes the new row and the event from
	// [UserChange.Apply], and writes both. It returns the row as it is afterwards. If the change leaves the row as it is,
	// nothing is written. A crowd on the same row delays it and never makes it fail.
	//
	// An epoch above the stored one ends every token of the earlier epochs, whatever their number, without touching them.
	// The event's At and Actor.User are the RevokedAt and RevokedBy of the tokens of the epoch that it ended.
	//
	// ErrNotFound: there is no such user. ErrConflict: a condition of the change does not hold.
	ChangeUser(ctx context.Context, id UserID, change UserChange, event Event) (User, error)

	// PutPolicy replaces the policy, if it is at ifRevision; zero is the revision before the first. Otherwise it is
	// ErrConflict. It may wait for a running CreateToken, but a stream of them does not hold it up for ever.
	PutPolicy(ctx context.Context, policy MaxLifetimePolicy, ifRevision int64, event Event) error

	// Touch moves LastUsedAt of each token to the given time if [Touch.Moves] says so, and changes nothing else. A token that
	// does not exist is left out.
	Touch(ctx context.Context, touches []Touch) error

	// AppendEvents stores events that go with no change: denials. An event that is stored already stays as it is, and the
	// others are stored.
	AppendEvents(ctx context.Context, events []Event) error

	// Policy reads the policy. Before the first PutPolicy it is the zero MaxLifetimePolicy.
	Policy(ctx context.Context) (MaxLifetimePolicy, error)

	// User reads one user.
	User(ctx context.Context, id UserID) (User, error)

	// Token reads the token with its owner, as they are at one moment. RevokedAt and RevokedBy also tell of a revocation with
	// its epoch, unless the token had expired when the epoch ended: such a token stays expired.
	Token(ctx context.Context, id TokenID) (*Record, error)

	// Tokens reads one page: the first q.Limit tokens behind q.After that the query selects, by id. RevokedAt and RevokedBy
	// are those of Token, and Status goes by them. The Limit is set; Now is the time of the Status. A
	// token is selected if it meets every condition of the query; one that was never used is as if used before all times.
	Tokens(ctx context.Context, q TokenQuery) ([]Token, error)

	// Users reads one page: the first q.Limit users behind q.After, by the bytes of their ids. The Limit is set.
	Users(ctx context.Context, q UserQuery) ([]User, error)

	// Events reads one page: the first q.Limit events behind q.After that the query selects, by Seq. The Limit is set. An
	// event that a reader has not been given never takes a Seq below one that he has.
	Events(ctx context.Context, q EventQuery) ([]Event, error)
}

// TokenScanner is what a [Store] may be besides: one that reads a page of tokens within a budget, however many it has.
// Without it, [Manager.TokenPage] reads with Tokens and takes as long as that takes.
type TokenScanner interface {
	// ScanTokens is Tokens with a limit to the work: it looks at no more than about rows tokens, 1 or more, and then returns
	// what it has found, with the place to go on from. A page that ends there has a Next, also where it has no tokens; it is
	// behind q.After, and not before the last token of the page. Any other page has a Next, the last token of it, exactly if
	// the query selects a token behind it.
	//
	// The pages, each with the Next of the one before as q.After, come to an end, and hold every token once that the query
	// selects from the first page to the last, whatever is inserted and revoked meanwhile.
	ScanTokens(ctx context.Context, q TokenQuery, rows int) (TokenPage, error)
}

// TokenCounter is what a [Store] may be besides: one that counts tokens without handing them out. Without it,
// [Manager.CountTokens] reads them all with Tokens.
type TokenCounter interface {
	// CountTokens is how many tokens Tokens gives from the first to the last; q.After and q.Limit do not matter.
	CountTokens(ctx context.Context, q TokenQuery) (int, error)
}

// Record is a token as stored, with its owner.
type Record struct {
	Identity
	Digest Digest
	Epoch  int64 // the owner's when the token was generated
}

// NewToken is a token to be stored.
type NewToken struct {
	Token
	Digest Digest
	Epoch  int64 // the owner's when the decision was made

	// CreatorRevision is that of the user CreatedBy when the decision was made, if the token is to be inserted only while
	// the creator is as they were then. Zero: no condition.
	CreatorRevision int64
}

// Revocation says who revoked a token and when.
type Revocation struct {
	At time.Time
	By UserID // empty: the host itself
}

// Touch says that a token was used.
type Touch struct {
	Token TokenID
	At    time.Time
}

// Moves reports whether the use replaces the stored last use. It does if it is later. It also does if the stored time is
// more than 24 hours later than the use: then a clock was ahead, and its time must not stay for as long as it was.
func (t Touch) Moves(stored time.Time) bool {
	return stored.Before(t.At) || stored.Sub(t.At) > clockAhead
}

const clockAhead = 24 * time.Hour
