package apitoken

import (
	"log/slog"
	"time"

	"github.com/google/uuid"
)

// Token is everything that is known of a token except the token itself: it holds neither the secret nor its digest, and
// is safe to log, list and encode.
type Token struct {
	ID          TokenID
	Owner       UserID
	Name        string // unique among the owner's tokens that are neither expired nor revoked
	Kind        Kind
	CreatedAt   time.Time
	ExpiresAt   time.Time // the first instant at which it is no longer valid; zero: no expiration
	CreatedBy   UserID    // differs from Owner when an administrator generated it; empty: the host itself
	CreatedWith TokenID   // the token that the creator used, if he used one
	LastUsedAt  time.Time // zero: never, as far as is known
	RevokedAt   time.Time // zero: not revoked
	RevokedBy   UserID    // empty: the host itself, or not revoked
	Hint        string    // prefix and last four characters, to recognise it by

	// Resource is what of the host's the token is bound to, in the host's own words, as [GenerateParams] said it; empty:
	// nothing. The library keeps it, finds by it, and lets who acts with a bound token generate only tokens that are bound
	// to the same. Whether a request may touch the resource, and what else of it the token opens, is for the host to
	// decide: it reads Identity.Token.Resource after [Manager.Authenticate].
	Resource string
}

// Status tells what the token is at a given time. Revoked is final and comes before expired.
func (t Token) Status(now time.Time) Status {
	switch {
	case !t.RevokedAt.IsZero():
		return StatusRevoked
	case hasEnded(t.ExpiresAt, now):
		return StatusExpired
	default:
		return StatusActive
	}
}

// hasEnded reports whether now is at or after the end. The zero end never comes.
func hasEnded(end, now time.Time) bool { return !end.IsZero() && !now.Before(end) }

// LogValue is a group of id, owner, name, kind, resource, expires_at and revoked_at, as far as they are there.
func (t Token) LogValue() slog.Value {
	var g logGroup
	g.token("id", t.ID)
	g.text("owner", string(t.Owner))
	g.text("name", t.Name)
	g.text("kind", string(t.Kind))
	g.text("resource", t.Resource)
	g.time("expires_at", t.ExpiresAt)
	g.time("revoked_at", t.RevokedAt)
	return slog.GroupValue(g...)
}

// Status is what a token is at a given time.
type Status string

// The states of a token.
const (
	StatusActive  Status = "active"
	StatusExpired Status = "expired"
	StatusRevoked Status = "revoked"
)

// TokenID is the public identifier of a token, a UUIDv7 (RFC 9562 section 5.7). It grants nothing. Identifiers sort in
// the order in which one process made them.
type TokenID uuid.UUID

// ParseTokenID reads the form that [TokenID.String] writes, and no other spelling of a UUID. Anything else is [ErrInvalid].
func ParseTokenID(s string) (TokenID, error) {
	u, err := uuid.Parse(s)
	if err != nil || u.String() != s {
		return TokenID{}, invalid("token id", "is not a UUID in lower case with hyphens")
	}
	return TokenID(u), nil
}

// String is the canonical form, RFC 9562 section 4: 01890a5d-ac96-774b-bcce-b302099a8057.
func (id TokenID) String() string { return uuid.UUID(id).String() }

// IsZero reports whether this is no identifier at all.
func (id TokenID) IsZero() bool { return id == TokenID{} }

// MarshalText writes the canonical form, and nothing for the zero TokenID.
func (id TokenID) MarshalText() ([]byte, error) {
	if id.IsZero() {
		return nil, nil
	}
	return []byte(id.String()), nil
}

// UnmarshalText reads what MarshalText writes.
func (id *TokenID) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*id = TokenID{}
		return nil
	}
	*id, err = ParseTokenID(string(text))
	return err
}

// TokenQuery selects a page of tokens. One of Owner and AnyOwner is required; all other conditions narrow the selection.
// Times and durations count in whole microseconds, like those of tokens.
type TokenQuery struct {
	Owner         UserID    // the tokens of this user
	AnyOwner      bool      // the tokens of everybody; needs ListAny
	Status        Status    // only tokens that are this now; empty: all
	ExpiresBefore time.Time // only tokens that end, and before this time; zero: all
	NameContains  string    // only tokens whose name contains this text, byte for byte
	Kind          Kind      // only tokens of this kind, byte for byte; empty: all
	Resource      string    // only tokens that are bound to this, byte for byte; empty: all, bound or not
	CreatedBy     UserID    // only tokens that this user generated, for any owner; those of the host itself match no user; empty: all
	CreatedWith   TokenID   // only tokens that were generated with this token, to follow up a leak; zero: all
	OnBehalf      bool      // only tokens that somebody else than the owner, or the host itself, generated

	WithoutExpiration bool          // only tokens that never end
	UnusedSince       time.Time     // only tokens that were created before this time and not used at it or later; zero: all
	LivesLongerThan   time.Duration // only tokens that from creation to end live longer than this, or never end; 0: all

	After TokenID // continue behind this token; zero: from the first
	Limit int     // tokens a page, 1 to 1,000; 0: 100

	// Now is the time at which Status is judged. The Manager sets it from its clock, whatever the caller wrote.
	Now time.Time
}

func (q TokenQuery) check() error {
	switch {
	case q.AnyOwner && q.Owner != "":
		return invalid("token query", "names an owner and asks for any owner")
	case !q.AnyOwner && q.Owner == "":
		return invalid("token query", "names no owner; set AnyOwner to ask for everybody's tokens")
	}
	if !q.AnyOwner {
		if err := q.Owner.check("owner"); err != nil {
			return err
		}
	}
	if err := checkVisible("name contains", q.NameContains); err != nil {
		return err
	}
	if err := checkVisible("kind", string(q.Kind)); err != nil {
		return err
	}
	if err := checkResource(q.Resource); err != nil {
		return err
	}
	if q.CreatedBy != "" {
		if err := q.CreatedBy.check("created by"); err != nil {
			return err
		}
	}
	if q.LivesLongerThan < 0 {
		return invalid("lives longer than", "is %s, at least 0 is needed", q.LivesLongerThan)
	}
	switch q.Status {
	case "", StatusActive, StatusExpired, StatusRevoked:
		return nil
	}
	return invalid("status", "%.40q is none of %s, %s and %s", q.Status, StatusActive, StatusExpired, StatusRevoked)
}

// TokenPage is what [Manager.TokenPage] reads at a time.
type TokenPage struct {
	Tokens []Token
	Next   TokenID // the After of the query for the next page; zero: there is none
}
