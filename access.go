package apitoken

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// This file contains every rule of who may do what. The rules are pure functions. The methods of Manager read from the store
// what a rule needs, call the rule, and record a refusal.

// Role names a set of permissions. Two roles are built in; hosts add their own with [Options.Roles].
//
// An undeclared role grants nothing to its holder. To act on its holder, an actor needs every permission: during a roll-out, a
// replica that does not know a role yet must not let others act on users who may hold more than they do.
type Role string

// The built-in roles.
const (
	RoleAdmin Role = "admin" // AdminPermissions, and every permission of the host's own that another role grants
	RoleUser  Role = "user"  // GenerateOwn
)

// Permission is a set of permissions. Users may always see and revoke their own tokens.
//
// The lower 32 bits belong to this package. Hosts may give the upper 32 bits a meaning of their own:
//
//	const Deploy apitoken.Permission = 1 << 32
//
// The rules of this package cover those bits too: an actor can neither generate tokens for, nor manage, a user who holds a
// permission that the actor lacks. [Manager.Permissions] returns what an actor holds.
type Permission uint64

// The permissions. Their values are stored with tokens that are limited to some of them; a role is stored by its name.
const (
	GenerateOwn       Permission = 1 << iota // generate tokens for oneself
	GenerateForOthers                        // generate tokens for users who hold no permission that the actor lacks; with ListAny, rename theirs
	ListAny                                  // see everybody's tokens
	RevokeAny                                // revoke anybody's tokens
	SetPolicy                                // set the maximum lifetime
	ManageUsers                              // see, provision, disable and enable users who hold no permission that the actor lacks
	ReadEvents                               // read the events

	everything = ^Permission(0) // the permissions of the host itself

	// Unlimited is every permission, present or future. A [Token] with it is not limited: it carries whatever its kind carries of
	// its owner's role.
	Unlimited = everything

	// AdminPermissions is every permission of this package. A host that replaces [RoleAdmin] builds on it, and adds every
	// permission of its own that it gives to users: administrators cannot act on users who hold something that they lack.
	//
	//	Roles: map[apitoken.Role]apitoken.Permission{
	//		apitoken.RoleAdmin: apitoken.AdminPermissions | Deploy,
	//		apitoken.RoleUser:  apitoken.GenerateOwn | Deploy,
	//	},
	AdminPermissions = GenerateOwn | GenerateForOthers | ListAny | RevokeAny | SetPolicy | ManageUsers | ReadEvents

	// hostPermissions are the permissions to which hosts may give a meaning.
	hostPermissions = everything &^ (1<<32 - 1)

	// administration is what a token that is bound to a resource never carries: every permission of this package, present or
	// future, except GenerateOwn.
	administration = everything &^ hostPermissions &^ GenerateOwn
)

var permissionNames = [...]string{
	"GenerateOwn", "GenerateForOthers", "ListAny", "RevokeAny", "SetPolicy", "ManageUsers", "ReadEvents",
}

// Has reports whether the set contains every permission of q.
func (p Permission) Has(q Permission) bool { return p&q == q }

// String lists the permissions by name: "ListAny|RevokeAny". Those of the host's own follow as one number, because only a Manager
// knows their names: "GenerateOwn|0x100000000". See [Manager.PermissionNames].
func (p Permission) String() string {
	var names []string
	for i, name := range permissionNames {
		if p.Has(1 << i) {
			names = append(names, name)
		}
	}
	if other := p >> len(permissionNames) << len(permissionNames); other != 0 {
		names = append(names, fmt.Sprintf("%#x", uint64(other)))
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, "|")
}

// roleSet is the declared roles with the permissions that each grants.
type roleSet map[Role]Permission

// withRoles returns the built-in roles, extended and overridden by the host's own. The built-in administrator also holds every
// permission of the host that one of its roles grants. Otherwise an administrator could not act on a user with such a
// permission.
func withRoles(own map[Role]Permission) (roleSet, error) {
	all := roleSet{RoleAdmin: AdminPermissions, RoleUser: GenerateOwn}
	for r, granted := range own {
		if err := checkName("role", string(r), maxTokenNameRunes); err != nil {
			return nil, err
		}
		all[RoleAdmin] |= granted & hostPermissions
	}
	maps.Copy(all, own)
	return all, nil
}

// grants returns what the role gives its holder.
func (s roleSet) grants(r Role) Permission { return s[r] }

// check refuses an undeclared role.
func (s roleSet) check(field string, r Role) error {
	if _, declared := s[r]; !declared {
		return invalid(field, "%s is not declared", quoted(string(r)))
	}
	return nil
}

// requiredToActOn returns the permissions that an actor must hold to act on a holder of the role.
func (s roleSet) requiredToActOn(r Role) Permission {
	if granted, declared := s[r]; declared {
		return granted
	}
	return everything
}

// reachableBy returns the roles whose holders the actor may act on, sorted; nil means all roles, declared or not.
func (s roleSet) reachableBy(a authority) []Role {
	if a.may == everything {
		return nil
	}
	reachable := []Role{}
	for r := range s {
		if a.actOn(s.requiredToActOn(r)) == permitted {
			reachable = append(reachable, r)
		}
	}
	slices.Sort(reachable)
	return reachable
}

// Kind is the name of a kind of tokens. Hosts declare more kinds with [Options.Kinds], and their rules with
// [Options.KindRules].
type Kind string

// KindUser is the kind of a token that acts for its owner with all of the owner's permissions.
const KindUser Kind = "user"

// KindRule says for whom tokens of a kind are generated and what they carry. A kind declared without a rule has the rule of
// [KindUser]: its tokens carry every permission of the owner, and administrators may generate them for others.
type KindRule struct {
	// OwnOnly limits generating to the owner. Generating for another user is [ErrInvalid], whatever the actor's permissions.
	OwnOnly bool

	// Permissions limits which of the owner's permissions a token of this kind carries. Zero: none.
	//
	// An [Actor] that uses the token can do nothing else, and generates no token that would carry more, whatever the role of
	// the owner. Without [GenerateOwn] it generates no tokens at all, and sees and revokes only itself.
	Permissions Permission

	// SelfRenewing lets a token of this kind rotate itself without [GenerateOwn], and to a successor that lives longer than itself,
	// as long as the policy permits. A thief of such a token can keep it alive until somebody revokes it. False: a token
	// that carries GenerateOwn rotates itself to a successor that expires no later than itself. See [Manager.Rotate].
	SelfRenewing bool
}

// unrestricted carries every permission. It applies to kinds declared without a rule.
var unrestricted = KindRule{Permissions: everything}

// kindSet is the declared kinds with their rules.
type kindSet map[Kind]KindRule

// withKinds returns KindUser and the host's own kinds with their rules.
func withKinds(own []Kind, rules map[Kind]KindRule) (kindSet, error) {
	all := kindSet{KindUser: unrestricted}
	for _, k := range own {
		all[k] = unrestricted
	}
	maps.Copy(all, rules)
	for k := range all {
		if err := checkName("kind", string(k), maxTokenNameRunes); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// carries returns which of its owner's permissions a token lets through: those of its kind, of its own Permissions, and without
// administration if it is bound to a resource. A token of an undeclared kind carries nothing.
func (s kindSet) carries(t Token) Permission {
	carried := s[t.Kind].Permissions & t.Permissions
	if t.Resource != "" {
		carried &^= administration
	}
	return carried
}

// check refuses an undeclared kind. It refuses an OwnOnly kind unless the token is for the actor's own use.
func (s kindSet) check(k Kind, own bool) error {
	if err := s.declared("kind", k); err != nil {
		return err
	}
	if s[k].OwnOnly && !own {
		return invalid("kind", "%.40q can be generated for oneself only", k)
	}
	return nil
}

// declared refuses an undeclared kind.
func (s kindSet) declared(field string, k Kind) error {
	if _, declared := s[k]; !declared {
		return invalid(field, "%s is not declared", quoted(string(k)))
	}
	return nil
}

// refusal is the reason why an actor may not do something, in words for logs and events. The empty refusal permits it.
type refusal string

const permitted refusal = ""

const (
	actorUnknown   refusal = "the actor is not known"
	targetStronger refusal = "the user holds permissions that the actor lacks"
	tokenBound     refusal = "the actor's token is bound to another resource"
	tokenCannot    refusal = "the actor's token does not carry GenerateOwn"
	childStronger  refusal = "the new token would carry more than the actor's token"
	rotatedBefore  refusal = "another actor has rotated the actor's token"
	notInPerson    refusal = "only a signed-in person claims a token"
	notOffered     refusal = "a token is claimed by its owner, or by the person who answers for a service account"
	systemOnly     refusal = "only the host itself may do this"
	exemptsSelf    refusal = "an actor cannot exempt themselves"
)

func needs(p Permission) refusal { return refusal("needs " + p.String()) }

// actorRefused is the refusal of an actor who exists and does not authenticate, with the cause.
func actorRefused(cause error) refusal { return refusal("the actor is refused: " + cause.Error()) }

// authority is what an actor holds at the moment of an operation.
type authority struct {
	actor    Actor
	may      Permission // what the actor's role grants, as far as the token in use carries it
	carried  Permission // what the token in use carries, whatever the role; everything without a token
	limit    Permission // what the token in use is limited to itself; everything without a token
	resource string     // the resource that the token in use is bound to; empty: none
}

// is reports whether the actor is the user. The host itself is no user.
func (a authority) is(u UserID) bool { return a.actor.Kind != ActorSystem && a.actor.User == u }

// manages reports whether the actor manages all tokens of u as their owner: the actor is u, and the token in use, if any,
// carries GenerateOwn and is not bound to a resource.
func (a authority) manages(u UserID) bool {
	return a.is(u) && a.carried.Has(GenerateOwn) && a.resource == ""
}

// uses reports whether the token is the one that the actor uses.
func (a authority) uses(id TokenID) bool { return a.actor.Kind == ActorToken && a.actor.Token == id }

// generate decides what it can about generating a token before the owner is read.
func (a authority) generate(owner UserID, resource string) refusal {
	need := GenerateForOthers
	if a.is(owner) {
		need = GenerateOwn
	}
	switch {
	case !a.carried.Has(GenerateOwn):
		return tokenCannot
	case a.require(need) != permitted:
		return needs(need)
	case a.resource != "" && a.resource != resource:
		return tokenBound
	}
	return permitted
}

// generateFor decides the rest once the owner is read. required is what acting on the owner requires. carries is what the new
// token lets through of the owner's permissions.
//
// A token never generates one that carries more than itself. Comparing with the owner's role instead would make the child
// stronger than its parent after a promotion of the owner. Users may generate tokens with all of their own permissions, so
// required does not apply to the actor's own tokens.
func (a authority) generateFor(owner UserID, required, carries Permission) refusal {
	switch {
	case !a.carried.Has(carries):
		return childStronger
	case a.is(owner):
		return permitted
	}
	return a.actOn(required)
}

// rotate decides what it can about replacing a token that the actor sees, before the owner is considered: the rules are those of
// generating one. A token of a self-renewing kind needs no permission to replace itself.
func (a authority) rotate(t Token, rule KindRule) refusal {
	if a.uses(t.ID) && rule.SelfRenewing {
		return permitted
	}
	return a.generate(t.Owner, t.Resource)
}

// rotateAgain decides whether a token may replace itself once more, although it has a live successor. It may if it has made that
// one itself: its response was lost. Otherwise it would take the place of the one that a person has made.
func (a authority) rotateAgain(successor Token) refusal {
	if a.uses(successor.CreatedWith) {
		return permitted
	}
	return rotatedBefore
}

// limitFor returns what a new token is limited to, if asked is asked for: 0 stands for no limit, or for that of the token in use,
// which the new token inherits.
func (a authority) limitFor(asked Permission) Permission {
	if asked == 0 {
		return a.limit
	}
	return asked
}

// checkLimit refuses a limit that names permissions which the new token would not carry. They are a mistake: the token would
// gain them with another role of its owner.
func checkLimit(asked, carried Permission) error {
	if asked == Unlimited || carried.Has(asked) {
		return nil
	}
	return invalid("permissions", "%s: the role of the owner or the kind does not carry them", asked&^carried)
}

// actOn decides whether the actor may act on a user: provision, promote or disable them, or generate a token for them. required
// is what [roleSet.requiredToActOn] returns for the role of the user.
func (a authority) actOn(required Permission) refusal {
	if a.may.Has(required) {
		return permitted
	}
	return targetStronger
}

// exempt decides whether the actor may grant a user another maximum lifetime. required is what acting on the user requires: every
// permission if the user is not known.
func (a authority) exempt(u UserID, required Permission) refusal {
	if a.is(u) {
		return exemptsSelf
	}
	return a.actOn(required)
}

// reach decides whether the actor may see, narrow or revoke one token. need is the permission for a token of another user. Every token
// may see, narrow and revoke itself.
func (a authority) reach(t Token, need Permission) refusal {
	if a.uses(t.ID) || a.manages(t.Owner) {
		return permitted
	}
	return a.require(need)
}

// reachWithText decides whether the actor may see or revoke a token whose text they present. need is the permission for a token of
// another user. The text proves more than a list of one's own tokens, so a bound token, or one that does not carry GenerateOwn, is
// no obstacle.
func (a authority) reachWithText(t Token, need Permission) refusal {
	if a.is(t.Owner) {
		return permitted
	}
	return a.require(need)
}

// claim decides whether the actor may claim a token that is offered to the owner: the owner in person, or who answers for a service
// account. No permission stands in for that, and no token. The zero User is the owner of an offer that does not exist.
func (a authority) claim(owner User) refusal {
	switch {
	case a.actor.Kind != ActorPerson:
		return notInPerson
	case a.is(owner.ID), owner.Service && a.is(owner.Responsible):
		return permitted
	}
	return notOffered
}

// reachOffers decides whether the actor may see the offers to the owner, or withdraw one. need is the permission for another user.
func (a authority) reachOffers(owner User, need Permission) refusal {
	if owner.Service && a.manages(owner.Responsible) {
		return permitted
	}
	return a.reachAll(owner.ID, need)
}

// withdraw decides whether the actor may withdraw an offer to the owner.
func (a authority) withdraw(p PendingToken, owner User) refusal {
	if a.uses(p.OfferedWith) || a.manages(p.OfferedBy) {
		return permitted
	}
	return a.reachOffers(owner, RevokeAny)
}

// describe decides whether the actor, who sees a token, may change its name and its description. required is what acting on its
// owner requires.
//
// A token that does not manage its owner's tokens may not rename even itself: a thief could disguise it. Names are
// the owner's or chosen by those who may generate for the owner, so no other permission lets an actor change them.
func (a authority) describe(owner UserID, required Permission) refusal {
	if a.manages(owner) {
		return permitted
	}
	if why := a.require(GenerateForOthers); why != permitted {
		return why
	}
	return a.actOn(required)
}

// reachAll decides whether the actor may read a user, or see or revoke all tokens of that user. The empty UserID means the
// tokens of all users. need is the permission for another user.
func (a authority) reachAll(owner UserID, need Permission) refusal {
	if owner != "" && a.manages(owner) {
		return permitted
	}
	return a.require(need)
}

// hostOnly decides whether the actor may do what only the host itself does: store tokens that another system issued, and remove
// or rewrite what was recorded. Administrators may not, because the events are the record of what they did, too.
func (a authority) hostOnly() refusal {
	if a.actor.Kind == ActorSystem {
		return permitted
	}
	return systemOnly
}

// require decides whether the actor holds a permission.
func (a authority) require(need Permission) refusal {
	if a.may.Has(need) {
		return permitted
	}
	return needs(need)
}

// denial returns the sentinel of a denial, ErrDenied or ErrNotFound, with the reason.
func denial(sentinel error, why refusal) error { return fmt.Errorf("%w: %s", sentinel, why) }
