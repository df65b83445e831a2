package apitoken

import (
	"log/slog"
	"time"

	"github.com/google/uuid"
)

// Token describes a token. It contains neither the secret nor its digest, so it is safe to log, list and encode.
type Token struct {
	ID          TokenID
	Owner       UserID
	Name        string // unique among the owner's active tokens; Manager.UpdateToken changes it
	Kind        Kind
	CreatedAt   time.Time
	ExpiresAt   time.Time // the first instant at which it is no longer valid; zero: no expiration
	CreatedBy   UserID    // differs from Owner when an administrator generated it; empty: the host itself
	CreatedWith TokenID   // the token that the creator used; zero: none
	LastUsedAt  time.Time // the latest recorded use; zero: none
	RevokedAt   time.Time // zero: not revoked
	RevokedBy   UserID    // empty: the host itself, or not revoked
	Hint        string    // prefix and last four characters, so that its holder recognises it

	// Resource names what the token is bound to, in the host's own words, such as "project:web"; empty: the token is not
	// bound. It never changes. The holder of a bound token administers nothing: see [GenerateParams]. The host decides which
	// requests the resource permits, by Identity.Token.Resource after [Manager.Authenticate].
	Resource string

	// Permissions is what the token is limited to: it carries those of its owner's role that are also of its kind, and of
	// Permissions. [Unlimited]: all of them. Zero: none. It never grows.
	Permissions Permission

	// Description is for people, such as what the token is for: see [GenerateParams]. [Manager.UpdateToken] changes it.
	Description string
}

// Status returns the state of the token at a given time. Revoked takes precedence over expired.
func (t Token) Status(now time.Time) Status {
	switch {
	case !t.RevokedAt.IsZero():
		return StatusRevoked
	case hasExpired(t.ExpiresAt, now):
		return StatusExpired
	default:
		return StatusActive
	}
}

// hasExpired reports whether now is at or after the expiry. The zero expiry is never reached.
func hasExpired(expiry, now time.Time) bool { return !expiry.IsZero() && !now.Before(expiry) }

// LogValue returns a group of id, owner, name, kind, resource, expires_at and revoked_at, without the empty ones.
func (t Token) LogValue() slog.Value {
	var g logGroup
	g.text("id", t.ID.text())
	g.text("owner", string(t.Owner))
	g.text("name", t.Name)
	g.text("kind", string(t.Kind))
	g.text("resource", t.Resource)
	g.time("expires_at", t.ExpiresAt)
	g.time("revoked_at", t.RevokedAt)
	return slog.GroupValue(g...)
}

// Status is the state of a token at a given time.
type Status string

// The states of a token.
const (
	StatusActive  Status = "active"
	StatusExpired Status = "expired"
	StatusRevoked Status = "revoked"
)

// TokenID is the public identifier of a token, a UUIDv7 (RFC 9562 section 5.7). It is not a credential. The identifiers made
// by one process sort in the order of their creation.
type TokenID uuid.UUID

// ParseTokenID parses the form that [TokenID.String] returns. Every other spelling of a UUID is [ErrInvalid].
func ParseTokenID(s string) (TokenID, error) {
	u, err := uuid.Parse(s)
	if err != nil || u.String() != s {
		return TokenID{}, invalid("token id", "is not a UUID in lower case with hyphens")
	}
	return TokenID(u), nil
}

// String returns the canonical form of RFC 9562 section 4: 01890a5d-ac96-774b-bcce-b302099a8057.
func (id TokenID) String() string { return uuid.UUID(id).String() }

// IsZero reports whether the identifier is the zero TokenID, which no token has.
func (id TokenID) IsZero() bool { return id == TokenID{} }

// text returns the canonical form; for the zero TokenID, an empty text.
func (id TokenID) text() string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

// MarshalText returns the canonical form; for the zero TokenID, an empty text. It does not fail.
func (id TokenID) MarshalText() ([]byte, error) { return []byte(id.text()), nil }

// UnmarshalText parses what MarshalText returns.
func (id *TokenID) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*id = TokenID{}
		return nil
	}
	*id, err = ParseTokenID(string(text))
	return err
}

// TokenQuery selects a page of tokens. Either Owner or AnyOwner is required; every other condition narrows the selection.
// Times and durations are cut to whole microseconds, like those of tokens.
type TokenQuery struct {
	Owner         UserID    // only tokens of this user
	AnyOwner      bool      // tokens of all users; requires ListAny
	Status        Status    // only tokens in this state now; empty: all
	ExpiresBefore time.Time // only tokens that expire before this time; zero: all
	NameContains  string    // only tokens whose name contains this text, byte for byte
	Kind          Kind      // only tokens of this kind, byte for byte; empty: all
	Resource      string    // only tokens bound to this resource, byte for byte; empty: all, bound or not
	CreatedBy     UserID    // only tokens that this user generated, for any owner; empty: all
	CreatedWith   TokenID   // only tokens generated with this token, for example after it leaked; zero: all
	OnBehalf      bool      // only tokens that were generated by a user other than the owner, or by the host itself

	WithoutExpiration bool          // only tokens that never expire
	UnusedSince       time.Time     // only tokens created before this time and not used since; zero: all
	LivesLongerThan   time.Duration // only tokens with a longer lifetime, from creation to expiry, or none; 0: all

	// BeyondPolicy selects tokens that live longer, from creation to expiry, than the policy permits now: by the owner's present
	// role, the kind of the token and the exemptions that are live. It leaves the state of the token to Status. The Manager
	// judges each token, so a page may take several reads and a count goes through many tokens. A [Store] never sees it.
	BeyondPolicy bool

	After TokenID // the cursor: only tokens after this one, by ID; zero: from the first
	Limit int     // tokens per page, 1 to 1,000; 0: 100

	now time.Time
}

// At returns the query with the time by which a [Store] judges Status. It is for tests of a Store. A host does not need it:
// the Manager sets the time of its Clock.
func (q TokenQuery) At(now time.Time) TokenQuery {
	q.now = now
	return q
}

// Now returns the time of At. It is for implementations of [Store].
func (q TokenQuery) Now() time.Time { return q.now }

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
	return invalid("status", "%s is none of %s, %s and %s", quoted(string(q.Status)), StatusActive, StatusExpired, StatusRevoked)
}

// TokenPage is one page of tokens.
type TokenPage struct {
	Tokens []Token
	Next   TokenID // the After of the query for the next page; zero: this is the last page
}
