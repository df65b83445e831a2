package apitoken

import "strings"

// Role names a set of permissions. Two are built in; hosts add their own with [Options.Roles]. A role that is not
// declared grants nothing.
type Role string

// The roles that are built in.
const (
	RoleAdmin Role = "admin" // every permission of this package
	RoleUser  Role = "user"  // GenerateOwn
)

// Permission is a set of things that somebody may do. One's own tokens one may always see and revoke.
//
// The lower 32 bits are this package's. The upper ones a host may give a meaning, for what it protects itself:
//
//	const deploy apitoken.Permission = 1 << 32
//
// A host that grants such a permission to a role has the rules of this package for it as well: nobody generates a token for,
// or manages, a user who may what he may not. [Manager.Permissions] tells who may.
type Permission uint64

// The permissions. Their values are stored nowhere; a role is stored by its name.
const (
	GenerateOwn       Permission = 1 << iota // generate tokens for oneself
	GenerateForOthers                        // generate tokens for users of no more permissions than one's own
	ListAny                                  // see everybody's tokens
	RevokeAny                                // revoke anybody's tokens
	SetPolicy                                // set the maximum lifetime
	ManageUsers                              // see, provision, disable and enable users of no more permissions than one's own
	ReadEvents                               // read the events

	everything = ^Permission(0) // what the host itself may

	// AdminPermissions is what [RoleAdmin] grants unless the host puts its own role in its place: every permission of this
	// package. A host that gives users a permission of its own adds it here too, or its administrators lack something that
	// users have and can no longer act on them:
	//
	//	Roles: map[apitoken.Role]apitoken.Permission{
	//		apitoken.RoleAdmin: apitoken.AdminPermissions | Deploy,
	//		apitoken.RoleUser:  apitoken.GenerateOwn | Deploy,
	//	},
	AdminPermissions = GenerateOwn | GenerateForOthers | ListAny | RevokeAny | SetPolicy | ManageUsers | ReadEvents
)

var permissionNames = [...]string{
	"GenerateOwn", "GenerateForOthers", "ListAny", "RevokeAny", "SetPolicy", "ManageUsers", "ReadEvents",
}

// Has reports whether the set holds every permission of q.
func (p Permission) Has(q Permission) bool { return p&q == q }

// String lists the permissions by name: "ListAny|RevokeAny".
func (p Permission) String() string {
	var names []string
	for i, name := range permissionNames {
		if p.Has(1 << i) {
			names = append(names, name)
		}
	}
	if p>>len(permissionNames) != 0 {
		names = append(names, "...")
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, "|")
}

// builtinRoles are the roles that every Manager knows unless the host puts its own in their place.
func builtinRoles() map[Role]Permission {
	return map[Role]Permission{
		RoleAdmin: AdminPermissions,
		RoleUser:  GenerateOwn,
	}
}
