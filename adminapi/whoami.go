package adminapi

import (
	"net/http"

	"github.com/seed-d6cf0a46/apitoken"
)

// linksJSON is what the root says: references that a client resolves against the address of the root.
type linksJSON struct {
	OpenAPI       string `json:"openapi"`
	Whoami        string `json:"whoami"`
	Documentation string `json:"documentation,omitempty"`
}

func (a *api) root(*http.Request, apitoken.Actor) (response, error) {
	links := linksJSON{OpenAPI: "openapi.json", Whoami: "whoami", Documentation: a.opts.Documentation}
	return response{status: http.StatusOK, body: links}, nil
}

// callerJSON is who the caller is.
type callerJSON struct {
	Kind        apitoken.ActorKind `json:"kind"`
	User        apitoken.UserID    `json:"user,omitempty"`
	Token       apitoken.TokenID   `json:"token,omitzero"`
	Role        apitoken.Role      `json:"role,omitempty"`
	Permissions []string           `json:"permissions"`
}

func (a *api) whoami(r *http.Request, actor apitoken.Actor) (response, error) {
	c, err := a.manager.Caller(r.Context(), actor)
	if err != nil {
		return response{}, err
	}
	if c.Actor.Kind == apitoken.ActorSystem { // it also holds the bits without a meaning, which would be numbers here
		c.Permissions &= apitoken.AdminPermissions | a.manager.GrantablePermissions()
	}
	body := callerJSON{
		Kind: c.Actor.Kind, User: c.Actor.User, Token: c.Actor.Token, Role: c.Role, Permissions: a.manager.PermissionNames(c.Permissions),
	}
	return response{status: http.StatusOK, body: body}, nil
}
