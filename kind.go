package apitoken

import "maps"

// Kind says what sort of thing a token stands for. Hosts declare more with [Options.Kinds], and with [Options.KindRules]
// what they are good for.
type Kind string

// KindUser is a token that acts for its owner, with his rights.
const KindUser Kind = "user"

// KindRule says who gets tokens of a kind and what they carry. A kind that is declared without a rule has that of
// [KindUser], which carries every permission and which administrators generate for others.
type KindRule struct {
	// OwnOnly leaves the generating to the owner: for somebody else it is [ErrInvalid], whatever the actor may.
	OwnOnly bool

	// Permissions are those of its owner that a token of this kind carries; zero: none. As an [Actor] its holder may do no
	// more, and he generates no token that would carry more. Without [GenerateOwn] he is nobody's owner either: he can see and
	// revoke none of the owner's tokens, this one among them.
	Permissions Permission
}

// wholeRule is the rule of who shows no token, and of a kind that has none of its own.
var wholeRule = KindRule{Permissions: everything}

// withKinds gives the rule of each kind that is declared. One that is not declared carries nothing, like a role.
func withKinds(own []Kind, rules map[Kind]KindRule) (map[Kind]KindRule, error) {
	all := map[Kind]KindRule{KindUser: wholeRule}
	for _, k := range own {
		all[k] = wholeRule
	}
	maps.Copy(all, rules)
	for k := range all {
		if err := checkName("kind", string(k), maxTokenNameRunes); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// PermissionsOf tells what somebody may who has authenticated with a token: of the permissions of its owner's role, those that
// its kind carries. It reads nothing, and is as of that moment; it suits a host that asks for a permission of its own on each
// request.
func (m *Manager) PermissionsOf(i Identity) Permission {
	return m.permissions(i.User.Role) & m.kinds[i.Token.Kind].Permissions
}

// checkKind refuses a kind that is not declared, and one that only its owner generates where that is somebody else.
func (m *Manager) checkKind(op *operation, kind Kind) error {
	rule, declared := m.kinds[kind]
	switch {
	case !declared:
		return invalid("kind", "%.40q is not declared", kind)
	case rule.OwnOnly && op.actor.User != op.owner:
		return invalid("kind", "%.40q is for oneself only", kind)
	}
	return nil
}

// exceeds reports whether a token of the kind would carry for its owner what the actor may not himself.
func (m *Manager) exceeds(op *operation, owner User, kind Kind) bool {
	granted := m.permissions(owner.Role)
	if op.own() {
		return !op.carried.Has(granted & m.kinds[kind].Permissions)
	}
	return !op.may.Has(granted)
}
