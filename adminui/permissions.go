package adminui

import (
	"slices"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// box is a permission in a form.
type box struct {
	Name    string
	Checked bool
}

// permissionsToOffer returns the permissions to which the form limits a new token of the user: those of the roles and kinds that
// the visitor holds. If the host names none of its own, there is nothing to choose: the names of the library say little about a
// program that uses a token. The Manager may still refuse one that the role of another owner does not grant.
func (v *visit) permissionsToOffer() []string {
	offered := v.manager.GrantablePermissions() & v.may
	const ofTheHost = apitoken.Permission(1<<32-1) << 32
	if !slices.ContainsFunc(v.manager.PermissionNames(offered&ofTheHost), isName) {
		return nil
	}
	return slices.DeleteFunc(v.manager.PermissionNames(offered), func(name string) bool { return !isName(name) })
}

// isName reports whether it is a name and not the number of a permission that has none.
func isName(permission string) bool { return !strings.HasPrefix(permission, "0x") }

// permissionsOf returns the permissions that a token may have left, to choose from: all that it is limited to, and if it is not
// limited, all that its kind carries. Users see no permissions on their own tokens that they do not hold.
func (v *visit) permissionsOf(t apitoken.Token) []string {
	left := t.Permissions
	if left == apitoken.Unlimited {
		rule, _ := v.manager.KindRule(t.Kind)
		left = v.manager.GrantablePermissions() & rule.Permissions
		if v.isOwn(t.Owner) {
			left &= v.may
		}
	}
	return v.manager.PermissionNames(left)
}

// boxes returns a box for each name, checked if it is among those that were chosen.
func boxes(names, chosen []string) (all []box) {
	for _, name := range names {
		all = append(all, box{name, slices.Contains(chosen, name)})
	}
	return all
}

// limitText returns what a token is limited to, in words; empty: it is not limited.
func (v *visit) limitText(p apitoken.Permission) string {
	switch p {
	case apitoken.Unlimited:
		return ""
	case 0:
		return v.text("no permission")
	}
	return v.text("only %s", strings.Join(v.manager.PermissionNames(p), ", "))
}
