package integration_test

import (
	"slices"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// reference is a second implementation of a Manager: slices and maps, no store, no concurrency, no secrets. It is written
// from the documentation and not from the code.
//
// If several refusals apply, the first of these is the result: the actor is unknown or disabled, the arguments are invalid, the
// actor lacks the permission, the user or token does not exist, the user holds a permission that the actor lacks, the user is
// disabled, the lifetime is over the maximum, the name is in use.
type reference struct {
	now             time.Time
	roles           map[apitoken.Role]apitoken.Permission
	defaultLifetime time.Duration
	policy          apitoken.MaxLifetimePolicy
	users           map[apitoken.UserID]apitoken.User
	tokens          []*referenceToken // by ID, which begins with the time of its creation
	offers          []apitoken.Offer
	events          []apitoken.Event
	removed         int // events, before those

	denials [2]referenceDenials // of each Manager
	asked   int                 // the index of the Manager of the present call
}

type referenceToken struct {
	apitoken.Token
	epoch    int64     // of the owner at the generation
	used     time.Time // the last use; LastUsedAt is the stored one
	unused   bool      // it has replaced another token, which ends with the first use
	nameless bool      // its successor has taken its name
}

// referenceCall is one call of a method, with the permissions of its actor.
type referenceCall struct {
	*reference
	event apitoken.Event
	known bool // the actor exists
	may   apitoken.Permission
	limit apitoken.Permission // what the token that the actor uses is limited to; without a token, all
	until time.Time           // expiry of the token that the actor uses
	bound string              // resource of that token
}

// administration are the permissions that a bound token never has: all of the library except GenerateOwn.
const administration = apitoken.Permission(1<<32-1) &^ apitoken.GenerateOwn

// maxActive is how many active tokens an owner may have.
const maxActive = 3

func (r *reference) begin(action apitoken.Action, actor apitoken.Actor, owner apitoken.UserID, id apitoken.TokenID) (referenceCall, error) {
	c := referenceCall{reference: r, event: apitoken.Event{
		At: r.now.Truncate(time.Microsecond), Action: action, Actor: actor, Owner: owner, Token: id,
	}}
	if actor == apitoken.System() {
		c.known, c.may, c.limit = true, apitoken.Unlimited, apitoken.Unlimited
		return c, nil
	}
	user, known := r.users[actor.User]
	t := r.find(actor.Token)
	withToken := actor != apitoken.As(actor.User)
	c.known = known && (!withToken || t != nil && actor.Kind == apitoken.ActorToken && t.Owner == actor.User)
	if !c.known || user.Disabled() || user.Suspended() || withToken && r.refusal(t) != nil {
		return c, c.deny(apitoken.ErrDenied)
	}
	c.may, c.limit = r.roles[user.Role], apitoken.Unlimited
	if withToken {
		c.until, c.bound, c.limit = t.ExpiresAt, t.Resource, t.Permissions
	}
	c.may &= c.limit
	if c.bound != "" {
		c.may &^= administration
	}
	return c, nil
}

// own reports whether the actor is the user.
func (c referenceCall) own(owner apitoken.UserID) bool {
	return c.event.Actor.Kind != apitoken.ActorSystem && c.event.Actor.User == owner
}

// manages reports whether the actor is the user, and does not use a bound token. Then they may see and revoke all of their
// tokens.
func (c referenceCall) manages(owner apitoken.UserID) bool {
	return c.own(owner) && c.bound == "" && c.limit.Has(apitoken.GenerateOwn)
}

// carries returns what the token that the actor uses carries, whatever the role.
func (c referenceCall) carries() apitoken.Permission {
	if c.bound != "" {
		return c.limit &^ administration
	}
	return c.limit
}

func (c referenceCall) deny(answer error) error {
	c.event.Outcome = apitoken.OutcomeDenied
	if e := c.recordable(); !c.denials[c.asked].gather(e, c.known) {
		c.append(e)
	}
	return answer
}

// record appends the event of a change.
func (c referenceCall) record(before, after apitoken.State) {
	c.event.Outcome, c.event.Before, c.event.After = apitoken.OutcomeDone, before, after
	c.append(c.recordable())
}

// recordable returns the event without invalid user IDs.
func (c referenceCall) recordable() apitoken.Event {
	e := c.event
	if !validID(e.Owner) {
		e.Owner = ""
	}
	if !validID(e.Actor.User) {
		e.Actor.User = ""
	}
	return e
}

func (r *reference) append(e apitoken.Event) {
	e.Seq = apitoken.EventSeq(r.removed + len(r.events) + 1)
	r.events = append(r.events, e)
}

func (r *reference) find(id apitoken.TokenID) *referenceToken {
	for _, t := range r.tokens {
		if t.ID == id {
			return t
		}
	}
	return nil
}

func (r *reference) refusal(t *referenceToken) error {
	switch {
	case r.users[t.Owner].Disabled():
		return apitoken.ErrUserDisabled
	case r.users[t.Owner].Suspended():
		return apitoken.ErrSuspended
	case t.epoch != r.users[t.Owner].Epoch:
		return apitoken.ErrRevoked
	case !t.RevokedAt.IsZero() && !t.ReplacedBy.IsZero():
		return apitoken.ErrReplaced
	case !t.RevokedAt.IsZero():
		return apitoken.ErrRevoked
	case !t.ExpiresAt.IsZero() && !r.now.Before(t.ExpiresAt):
		return apitoken.ErrExpired
	}
	return nil
}

func (r *reference) authenticate(t *referenceToken) (apitoken.Identity, error) {
	if err := r.refusal(t); err != nil {
		return apitoken.Identity{}, err
	}
	r.useFirst(t)
	t.used = r.now.Truncate(time.Microsecond)
	return apitoken.Identity{User: r.users[t.Owner], Token: t.Token}, nil
}

// lifetimeAsked returns the lifetime that is asked for, and whether it is valid.
func (c referenceCall) lifetimeAsked(lifetime time.Duration, expiresAt time.Time) (time.Duration, bool) {
	if expiresAt.IsZero() {
		return lifetime, lifetime == 0 || lifetime >= time.Second
	}
	until := expiresAt.Truncate(time.Microsecond).Sub(c.event.At)
	return until, lifetime == 0 && until > 0 && expiresAt.UTC().Year() < 2200
}

// mayGenerate reports whether the actor may generate tokens for an owner, before the owner is considered.
func (c referenceCall) mayGenerate(owner apitoken.UserID, resource string) bool {
	need := apitoken.GenerateForOthers
	if c.own(owner) {
		need = apitoken.GenerateOwn
	}
	return c.may.Has(need) && c.limit.Has(apitoken.GenerateOwn) && (c.bound == "" || c.bound == resource)
}

// mayGenerateFor decides the rest for a new token that carries these permissions.
func (c referenceCall) mayGenerateFor(owner apitoken.User, carried apitoken.Permission) bool {
	return c.carries().Has(carried) && (c.own(owner.ID) || c.may.Has(c.roles[owner.Role]))
}

// carriedBy returns what a token carries, whatever the role of its owner.
func carriedBy(t apitoken.Token) apitoken.Permission {
	if t.Resource != "" {
		return t.Permissions &^ administration
	}
	return t.Permissions
}

// holds reports whether the token is active and holds the name among the tokens of the owner.
func (r *reference) holds(t *referenceToken, owner apitoken.UserID, name string) bool {
	return t.Owner == owner && t.Name == name && !t.nameless && r.refusal(t) == nil
}

// generate takes the ID and the Hint, which only the Manager can make.
func (r *reference) generate(actor apitoken.Actor, p apitoken.GenerateParams, id apitoken.TokenID, hint string) (apitoken.Token, error) {
	c, err := r.begin(apitoken.ActionGenerate, actor, p.Owner, apitoken.TokenID{})
	if err != nil {
		return apitoken.Token{}, err
	}
	lifetime, err := c.askedFor(p)
	if err != nil {
		return apitoken.Token{}, err
	}
	t, err := c.admit(p)
	if err != nil {
		return apitoken.Token{}, err
	}
	if t.ExpiresAt, err = c.expiry(r.users[p.Owner], t.Kind, lifetime); err != nil {
		return apitoken.Token{}, err
	}
	t.ID, t.CreatedAt, t.Hint = id, c.event.At, hint
	if err := c.insert(t); err != nil {
		return apitoken.Token{}, err
	}
	return t, nil
}

// askedFor checks what is asked for, before the owner is considered.
func (c referenceCall) askedFor(p apitoken.GenerateParams) (lifetime time.Duration, err error) {
	lifetime, valid := c.lifetimeAsked(p.Lifetime, p.ExpiresAt)
	switch {
	case !valid, !validID(p.Owner), !validName(p.Name), p.Kind != "" && p.Kind != apitoken.KindUser && p.Kind != kindMachine,
		!validResource(p.Resource), !validOptional(p.Description):
		return 0, apitoken.ErrInvalid
	case !c.mayGenerate(p.Owner, p.Resource):
		return 0, c.deny(apitoken.ErrDenied)
	}
	return lifetime, nil
}

// admit returns what is asked for, without what only the Manager can make and without the expiry, if the owner may get it.
func (c referenceCall) admit(p apitoken.GenerateParams) (apitoken.Token, error) {
	owner, known := c.users[p.Owner]
	limit := p.Permissions
	if limit == 0 {
		limit = c.limit
	}
	carried := carriedBy(apitoken.Token{Resource: p.Resource, Permissions: limit})
	switch {
	case !known:
		return apitoken.Token{}, apitoken.ErrNotFound
	case !c.mayGenerateFor(owner, carried):
		return apitoken.Token{}, c.deny(apitoken.ErrDenied)
	}
	if err := mayGetTokens(owner); err != nil {
		return apitoken.Token{}, err
	}
	if p.Permissions != apitoken.Unlimited && !(carried & c.roles[owner.Role]).Has(p.Permissions) {
		return apitoken.Token{}, apitoken.ErrInvalid
	}
	kind := p.Kind
	if kind == "" {
		kind = apitoken.KindUser
	}
	return apitoken.Token{
		Owner: p.Owner, Name: p.Name, Description: p.Description, Kind: kind, Resource: p.Resource,
		CreatedBy: c.event.Actor.User, CreatedWith: c.event.Actor.Token, Permissions: limit,
	}, nil
}

func mayGetTokens(owner apitoken.User) error {
	switch {
	case owner.Disabled():
		return apitoken.ErrUserDisabled
	case owner.Suspended():
		return apitoken.ErrSuspended
	}
	return nil
}

// insert adds a token to those of its owner, in the order of their IDs.
func (c referenceCall) insert(t apitoken.Token) error {
	r, owner, active := c.reference, c.users[t.Owner], 0
	for _, other := range r.tokens {
		if other.Owner != t.Owner || other.nameless || r.refusal(other) != nil {
			continue
		}
		if other.Name == t.Name {
			return apitoken.ErrExists
		}
		active++
	}
	if active >= maxActive {
		return apitoken.ErrTooMany
	}
	at := 0
	for at < len(r.tokens) && r.tokens[at].ID.String() < t.ID.String() {
		at++
	}
	r.tokens = slices.Insert(r.tokens, at, &referenceToken{Token: t, epoch: owner.Epoch})
	after := stateOf(t)
	most, source := c.permitted(owner, t.Kind)
	after.MaxLifetime, after.Policy = most, decidedInWords(source)
	c.event.Token = t.ID
	c.record(apitoken.State{}, after)
	return nil
}

// expiry is the rule for lifetimes. The expiry of the token that the actor uses is a second maximum.
func (c referenceCall) expiry(owner apitoken.User, kind apitoken.Kind, lifetime time.Duration) (time.Time, error) {
	most, source := c.most(owner, kind)
	if lifetime == 0 {
		lifetime = most
		if most == apitoken.NoExpiration {
			lifetime = c.defaultLifetime
		}
	}
	if lifetime == apitoken.NoExpiration && most == apitoken.NoExpiration {
		return time.Time{}, nil
	}
	counts := lifetime
	if lifetime != apitoken.NoExpiration {
		counts = lifetime.Truncate(time.Microsecond)
	}
	if counts > most {
		return time.Time{}, &apitoken.LifetimeError{Requested: lifetime, Max: most, Source: source}
	}
	if end := c.event.At.Add(counts); end.Year() < 2200 {
		return end, nil
	}
	return time.Time{}, apitoken.ErrInvalid
}

// visible finds a token that the actor may see. Every token may see and revoke itself. Without the permission the call is denied,
// whether or not the token exists.
func (c *referenceCall) visible(need apitoken.Permission) (*referenceToken, error) {
	t := c.find(c.event.Token)
	if t != nil {
		c.event.Owner = t.Owner
	}
	reached := t != nil && (c.manages(t.Owner) || c.event.Actor.Kind == apitoken.ActorToken && c.event.Actor.Token == t.ID)
	switch {
	case !reached && !c.may.Has(need):
		return nil, c.deny(apitoken.ErrNotFound)
	case t == nil:
		return nil, apitoken.ErrNotFound
	}
	return t, nil
}

func (r *reference) token(actor apitoken.Actor, id apitoken.TokenID) (apitoken.Token, error) {
	c, err := r.begin(apitoken.ActionReadToken, actor, "", id)
	if err != nil {
		return apitoken.Token{}, err
	}
	t, err := c.visible(apitoken.ListAny)
	if err != nil {
		return apitoken.Token{}, err
	}
	return t.Token, nil
}

func (r *reference) revoke(actor apitoken.Actor, id apitoken.TokenID) error {
	c, err := r.begin(apitoken.ActionRevoke, actor, "", id)
	if err != nil {
		return err
	}
	t, err := c.visible(apitoken.RevokeAny)
	if err != nil || !t.RevokedAt.IsZero() || t.epoch != r.users[t.Owner].Epoch {
		return err
	}
	before := stateOf(t.Token)
	t.RevokedAt, t.RevokedBy = c.event.At, actor.User
	c.record(before, stateOf(t.Token))
	return nil
}

// revokeText is revoke for the token of a text; t is nil if the text is no token.
func (r *reference) revokeText(actor apitoken.Actor, t *referenceToken) (apitoken.Token, error) {
	c, err := r.begin(apitoken.ActionLeaked, actor, "", apitoken.TokenID{})
	if err != nil {
		return apitoken.Token{}, err
	}
	if t != nil {
		c.event.Token, c.event.Owner = t.ID, t.Owner
	}
	switch {
	case (t == nil || !c.own(t.Owner)) && !c.may.Has(apitoken.RevokeAny):
		return apitoken.Token{}, c.deny(apitoken.ErrNotFound)
	case t == nil:
		return apitoken.Token{}, apitoken.ErrNotFound
	}
	if t.RevokedAt.IsZero() && t.epoch == r.users[t.Owner].Epoch {
		before := stateOf(t.Token)
		t.RevokedAt, t.RevokedBy = c.event.At, actor.User
		c.event.Reason = "found in commit"
		c.record(before, stateOf(t.Token))
	}
	return t.Token, nil
}

// updateToken is about a token that the actor sees. The owner may change it, or somebody who may generate for the owner.
func (r *reference) updateToken(actor apitoken.Actor, id apitoken.TokenID, change apitoken.TokenChange) (apitoken.Token, error) {
	c, err := r.begin(apitoken.ActionUpdateToken, actor, "", id)
	switch {
	case err != nil:
		return apitoken.Token{}, err
	case change.Name != nil && !validName(*change.Name), change.Description != nil && !validOptional(*change.Description):
		return apitoken.Token{}, apitoken.ErrInvalid
	}
	t, err := c.visible(apitoken.ListAny)
	switch {
	case err != nil:
		return apitoken.Token{}, err
	case !c.manages(t.Owner) && !(c.may.Has(apitoken.GenerateForOthers) && c.may.Has(r.roles[r.users[t.Owner].Role])):
		return apitoken.Token{}, c.deny(apitoken.ErrDenied)
	case t.Status(c.event.At) == apitoken.StatusRevoked:
		return apitoken.Token{}, apitoken.ErrRevoked
	case t.Status(c.event.At) == apitoken.StatusExpired:
		return apitoken.Token{}, apitoken.ErrExpired
	}
	is := t.Token
	if change.Name != nil {
		is.Name = *change.Name
	}
	if change.Description != nil {
		is.Description = *change.Description
	}
	if is == t.Token {
		return is, nil
	}
	for _, other := range r.tokens {
		if other != t && is.Name != t.Name && !other.nameless && other.Owner == t.Owner && other.Name == is.Name && other.Status(c.event.At) == apitoken.StatusActive {
			return apitoken.Token{}, apitoken.ErrExists
		}
	}
	c.record(stateOf(t.Token), stateOf(is))
	t.nameless = t.nameless && is.Name == t.Name
	t.Token = is
	return is, nil
}

// narrow is about a token that the actor may revoke.
func (r *reference) narrow(actor apitoken.Actor, id apitoken.TokenID, n apitoken.Narrowing) (apitoken.Token, error) {
	c, err := r.begin(apitoken.ActionNarrow, actor, "", id)
	expires := n.ExpiresAt.UTC().Truncate(time.Microsecond)
	switch {
	case err != nil:
		return apitoken.Token{}, err
	case n == (apitoken.Narrowing{}), n.Keep != apitoken.Unlimited && n.Keep&^(1<<7-1) != 0,
		!n.ExpiresAt.IsZero() && (!expires.After(c.event.At) || expires.Year() >= 2200):
		return apitoken.Token{}, apitoken.ErrInvalid
	}
	t, err := c.visible(apitoken.RevokeAny)
	switch {
	case err != nil:
		return apitoken.Token{}, err
	case t.Status(c.event.At) == apitoken.StatusRevoked:
		return apitoken.Token{}, apitoken.ErrRevoked
	case t.Status(c.event.At) == apitoken.StatusExpired:
		return apitoken.Token{}, apitoken.ErrExpired
	}
	is := t.Token
	if n.Keep != 0 {
		is.Permissions &= n.Keep
	}
	if !n.ExpiresAt.IsZero() && (is.ExpiresAt.IsZero() || expires.Before(is.ExpiresAt)) {
		is.ExpiresAt = expires
	}
	if is != t.Token {
		c.record(stateOf(t.Token), stateOf(is))
		t.Token = is
	}
	if actor.Token != id && !c.manages(t.Owner) && !c.may.Has(apitoken.ListAny) {
		return apitoken.Token{ID: is.ID, Permissions: is.Permissions, ExpiresAt: is.ExpiresAt}, nil
	}
	return is, nil
}

func stateOf(t apitoken.Token) apitoken.State {
	s := apitoken.State{
		Name: t.Name, Description: t.Description, Kind: t.Kind, Resource: t.Resource, ExpiresAt: t.ExpiresAt, RevokedAt: t.RevokedAt,
		Replaces: t.Replaces, ReplacedBy: t.ReplacedBy,
	}
	if t.Permissions != apitoken.Unlimited {
		s.Permissions = t.Permissions.String() // which has the same names, because the host has none of its own
	}
	return s
}
