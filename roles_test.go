package apitoken_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// Forms offer the roles. Changing the map does not change what a role grants.
func TestRolesAreTheDeclaredOnesWithWhatTheyGrant(t *testing.T) {
	const deploy = apitoken.Permission(1 << 32)
	h := newHost(t, apitoken.Options{Roles: map[apitoken.Role]apitoken.Permission{"guest": 0, "deployer": apitoken.GenerateOwn | deploy}})
	want := map[apitoken.Role]apitoken.Permission{
		apitoken.RoleAdmin: apitoken.AdminPermissions | deploy, apitoken.RoleUser: apitoken.GenerateOwn,
		"guest": 0, "deployer": apitoken.GenerateOwn | deploy,
	}
	got := h.Roles()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Roles (-want +got):\n%s", diff)
	}
	got["guest"] = apitoken.AdminPermissions
	if diff := cmp.Diff(want, h.Roles()); diff != "" {
		t.Errorf("Roles after the map was changed (-want +got):\n%s", diff)
	}
}
