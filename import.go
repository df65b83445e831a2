package apitoken

import (
	"context"
	"encoding/binary"
	"errors"
	"time"
)

// ImportParams describes a token that another system issued.
type ImportParams struct {
	Format string // the Name of a ForeignFormat
	Key    []byte // what its Key returns for the token: 16 to 512 bytes

	Owner       UserID
	Name        string // as in [GenerateParams]
	Description string // as in [GenerateParams]
	Kind        Kind   // empty: KindUser
	Resource    string // as in [GenerateParams]

	CreatedAt  time.Time // not in the future; zero: now
	ExpiresAt  time.Time // in the future; zero: the token never expires
	LastUsedAt time.Time // from CreatedAt to now; zero: never
	CreatedBy  UserID    // empty: the host itself
	Hint       string    // shown so that its holder recognises the token; too little to guess it: at most 20 bytes, may be empty
}

const (
	minForeignKeyBytes = 16 // 128 bits, too many to guess
	maxForeignKeyBytes = 512
	maxHintBytes       = 20
)

// Import stores a token that another system issued. From then on it is a token like any other: it authenticates, is listed
// and is revoked. The maximum lifetime does not apply, because the token exists already.
//
// Import is idempotent: a key that was imported before, with the same owner, name, kind, resource and expiry, returns the
// stored token as it is now, perhaps revoked. A token that was renamed since is [ErrExists]. So an import that stopped half-way can be run again from its beginning. It no
// longer finds a token that [Manager.Sweep] has removed, and would store a revoked key anew: finish the import first.
//
// Only [System] imports; every other actor is [ErrDenied]. The errors are [ErrInvalid]; [ErrNotFound] or [ErrUserDisabled] for
// the owner; [ErrExists] if an active token of the owner has the name, or if the key was imported before with other values;
// [ErrUnavailable] and [ErrUncertain].
func (m *Manager) Import(ctx context.Context, actor Actor, p ImportParams) (Token, error) {
	op := &operation{action: ActionImport, actor: actor, owner: p.Owner}
	return decide(ctx, m, op, func(ctx context.Context, op *operation) (Token, error) { return m.importToken(ctx, op, p) })
}

func (m *Manager) importToken(ctx context.Context, op *operation, p ImportParams) (Token, error) {
	if p.Kind == "" {
		p.Kind = KindUser
	}
	p.CreatedBy = m.canonical(p.CreatedBy)
	token, err := m.imported(op, p)
	if err != nil {
		return Token{}, err
	}
	if why := op.hostOnly(); why != permitted {
		return Token{}, m.deny(ctx, op, ErrDenied, why)
	}
	digest := foreignDigest(p.Format, p.Key)
	for range attempts {
		stored, err := m.importedBefore(ctx, token, digest)
		if !errors.Is(err, ErrNotFound) {
			op.token = stored.ID
			return stored, err
		}
		err = m.insertImported(ctx, op, token, digest)
		switch {
		case err == nil, errors.Is(err, ErrUncertain):
			op.token = token.ID
			return token, err
		case errors.Is(err, ErrConflict): // the policy changed, which does not matter here
			continue
		case errors.Is(err, ErrExists): // the name is taken, or another import of the same key was faster
			stored, other := m.importedBefore(ctx, token, digest)
			if !errors.Is(other, ErrNotFound) {
				op.token = stored.ID
				return stored, other
			}
		}
		return Token{}, err
	}
	return Token{}, unavailable(ErrConflict)
}

// imported returns the token to store, or refuses the params.
func (m *Manager) imported(op *operation, p ImportParams) (Token, error) {
	if err := p.check(op.at); err != nil {
		return Token{}, err
	}
	if !m.accepted.declares(p.Format) {
		return Token{}, invalid("format", "is not among Options.Foreign")
	}
	if err := m.kinds.check(p.Kind, true); err != nil {
		return Token{}, err
	}
	token := Token{
		ID: TokenID(newID()), Owner: op.owner, Name: p.Name, Description: p.Description, Kind: p.Kind, Resource: p.Resource,
		Permissions: Unlimited, Hint: p.Hint, CreatedAt: op.at, CreatedBy: p.CreatedBy,
	}
	if !p.CreatedAt.IsZero() {
		token.CreatedAt = instant(p.CreatedAt)
		token.ID = token.ID.at(token.CreatedAt)
	}
	if !p.ExpiresAt.IsZero() {
		token.ExpiresAt = instant(p.ExpiresAt)
	}
	if !p.LastUsedAt.IsZero() {
		token.LastUsedAt = instant(p.LastUsedAt)
	}
	return token, nil
}

// at returns the identifier as if it had been made at the given time, so that lists show the token in its place. A UUIDv7
// begins with 48 bits of milliseconds (RFC 9562 section 5.7).
func (id TokenID) at(created time.Time) TokenID {
	var millis [8]byte
	binary.BigEndian.PutUint64(millis[:], uint64(created.UnixMilli()))
	copy(id[:6], millis[2:])
	return id
}

// importedBefore returns the stored token of the key: ErrNotFound if there is none, ErrExists if it differs.
func (m *Manager) importedBefore(ctx context.Context, token Token, digest Digest) (Token, error) {
	rec, err := m.store.Lookup(ctx, digest)
	if err != nil {
		return Token{}, storeError(err)
	}
	rec, err = m.store.Token(ctx, rec.Token.ID) // Token also reports a revocation with the epoch; Lookup does not
	if err != nil {
		return Token{}, storeError(err)
	}
	was := rec.Token
	if was.Owner != token.Owner || was.Name != token.Name || was.Kind != token.Kind || was.Resource != token.Resource ||
		!was.ExpiresAt.Equal(token.ExpiresAt) {
		return Token{}, ErrExists
	}
	return was, nil
}

func (m *Manager) insertImported(ctx context.Context, op *operation, token Token, digest Digest) error {
	if err := m.read(ctx, op); err != nil {
		return err
	}
	owner, policy := op.facts.Owner, op.facts.Policy
	switch {
	case owner == nil:
		return ErrNotFound
	case owner.Disabled():
		return ErrUserDisabled // otherwise enabling the owner would activate the token
	}
	event := op.changed(State{}, stateOfToken(token))
	event.Token = token.ID
	return storeError(m.store.CreateToken(ctx, NewToken{Token: token, Digest: digest, Epoch: owner.Epoch}, policy.Revision, event))
}

// check validates what needs neither the store nor the Manager.
func (p ImportParams) check(now time.Time) error {
	if err := p.Owner.check("owner"); err != nil {
		return err
	}
	if err := checkName("name", p.Name, maxTokenNameRunes); err != nil {
		return err
	}
	if err := checkDescription(p.Description); err != nil {
		return err
	}
	if err := checkResource(p.Resource); err != nil {
		return err
	}
	if p.CreatedBy != "" {
		if err := p.CreatedBy.check("created by"); err != nil {
			return err
		}
	}
	if n := len(p.Key); n < minForeignKeyBytes || n > maxForeignKeyBytes {
		return invalid("key", "is %d bytes long, %d to %d are allowed", n, minForeignKeyBytes, maxForeignKeyBytes)
	}
	if n := len(p.Hint); n > maxHintBytes {
		return invalid("hint", "is %d bytes long, at most %d are allowed", n, maxHintBytes)
	}
	if err := checkVisible("hint", p.Hint); err != nil {
		return err
	}
	return p.checkTimes(now)
}

func (p ImportParams) checkTimes(now time.Time) error {
	created := p.CreatedAt
	switch {
	case created.IsZero():
		created = now
	case !storable(created) || created.After(now):
		return invalid("created at", "is not between 1970 and now")
	}
	if used := p.LastUsedAt; !used.IsZero() && (used.Before(created) || used.After(now)) {
		return invalid("last used at", "is not between the creation and now")
	}
	if expires := p.ExpiresAt; !expires.IsZero() && (!instant(expires).After(now) || !storable(expires)) {
		return invalid("expires at", "is not between now and the year 2200")
	}
	return nil
}
