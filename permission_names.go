package apitoken

import (
	"cmp"
	"fmt"
	"maps"
	"math/bits"
	"strings"
)

// The permissions of this package have the names of their constants. A bit without a name is written as a number, "0x200000000".

const maxPermissionNameBytes = 40

// withPermissionNames returns the host's own names of single permissions.
func withPermissionNames(own map[Permission]string) (map[Permission]string, error) {
	taken := map[string]bool{}
	for _, name := range permissionNames {
		taken[name] = true
	}
	for p, name := range own {
		switch {
		case bits.OnesCount64(uint64(p)) != 1 || !hostPermissions.Has(p):
			return nil, invalid("permission names", "%#x is not one of the upper 32 bits", uint64(p))
		case taken[name]:
			return nil, invalid("permission names", "%s is the name of another permission", quoted(name))
		}
		if err := checkPermissionName(name); err != nil {
			return nil, err
		}
		taken[name] = true
	}
	return maps.Clone(own), nil
}

// checkPermissionName refuses a name that is not a scope of OAuth 2.0 (RFC 6749 section 3.3), because that is how a client is told
// which permission its token lacks, and one that reads like a number, no permission, or several of them.
func checkPermissionName(name string) error {
	switch n := len(name); {
	case n == 0:
		return invalid("permission names", "a name is empty")
	case n > maxPermissionNameBytes:
		return invalid("permission names", "%s is %d bytes long, at most %d are allowed", quoted(name), n, maxPermissionNameBytes)
	case name == noPermission || strings.HasPrefix(name, "0x"):
		return invalid("permission names", "%s is reserved", quoted(name))
	}
	for _, b := range []byte(name) {
		if b <= ' ' || b > '~' || strings.IndexByte(`"\|,`, b) >= 0 {
			return invalid("permission names", `%s contains a space, one of "\|, or a character that is not ASCII`, quoted(name))
		}
	}
	return nil
}

// noPermission is the text of the empty set.
const noPermission = "none"

// namesOf returns the name of each permission of the set, from the lowest bit on. names are the host's own.
func namesOf(p Permission, names map[Permission]string) []string {
	all := []string{}
	for rest := p; rest != 0; rest &= rest - 1 {
		bit := rest & -rest
		all = append(all, cmp.Or(names[bit], bit.String()))
	}
	return all
}

// limitText returns what a token is limited to, for an event; empty: it is not limited.
func limitText(p Permission, names map[Permission]string) string {
	switch p {
	case Unlimited:
		return ""
	case 0:
		return noPermission
	}
	return strings.Join(namesOf(p, names), "|")
}

// PermissionNames returns the names in Permissions: nil if the token was not limited, and an empty slice if it had no permission.
func (s State) PermissionNames() []string {
	switch s.Permissions {
	case "":
		return nil
	case noPermission:
		return []string{}
	}
	return strings.Split(s.Permissions, "|")
}

// PermissionNames returns the name of each permission of the set: first those of this package, such as "GenerateOwn", then the
// host's own by [Options.PermissionNames]. A permission without a name is a hexadecimal number, "0x200000000". The empty set is
// an empty slice. [Manager.ParsePermissions] is the inverse.
func (m *Manager) PermissionNames(p Permission) []string { return namesOf(p, m.permissionNames) }

// ParsePermissions returns the set of the permissions with the given names, each as PermissionNames returns it. Any other name is
// [ErrInvalid], also the number of a permission that has a name. No name is the empty set.
func (m *Manager) ParsePermissions(names []string) (Permission, error) {
	var all Permission
	for _, name := range names {
		p, known := m.permissionOf(name)
		if !known {
			return 0, fmt.Errorf("apitoken: parse permissions: %w", invalid("permissions", "%s is not the name of a permission", quoted(name)))
		}
		all |= p
	}
	return all, nil
}

func (m *Manager) permissionOf(name string) (p Permission, known bool) {
	for p = 1; p != 0; p <<= 1 {
		if m.PermissionNames(p)[0] == name {
			return p, true
		}
	}
	return 0, false
}

// GrantablePermissions returns every permission that a role of this Manager grants and a kind of it carries. A token carries no other
// one.
func (m *Manager) GrantablePermissions() Permission {
	var granted, carried Permission
	for _, p := range m.roles {
		granted |= p
	}
	for _, rule := range m.kinds {
		carried |= rule.Permissions
	}
	return granted & carried
}
