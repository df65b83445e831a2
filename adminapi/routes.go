package adminapi

import (
	"net/http"
	"slices"

	"github.com/seed-d6cf0a46/apitoken"
)

// access says who may use a route. It is what the documentation says and the tests hold the routes to; the decision
// itself is the Manager's. Only anybody means something here: such a route asks for no actor.
type access string

// Who may use a route. The owner is the user in the path or of the token in the path.
const (
	anybody           access = "anybody"
	anyoneSignedIn    access = "anyone signed in"
	userOrManageUsers access = "the user or ManageUsers"
	ownerOrListAny    access = "the owner or ListAny"
	ownerOrRevokeAny  access = "the owner or RevokeAny"
	ownOrForOthers    access = "GenerateOwn or GenerateForOthers" // the first for oneself, the second for somebody else
	withListAny       access = "ListAny"
	withManageUsers   access = "ManageUsers"
	withReadEvents    access = "ReadEvents"
	withSetPolicy     access = "SetPolicy"
)

// route is what one method does on one path.
type route struct {
	method, path string
	who          access
	params       []string // the query parameters that it knows
	do           func(r *http.Request, actor apitoken.Actor) (answer, error)
}

// routes are all routes.
func (a *api) routes() []route {
	page := []string{"after", "limit"}
	tokens := slices.Concat(tokenConditions, page)
	events := []string{"owner", "after", "limit"}
	return []route{
		{http.MethodGet, "/users", withManageUsers, page, a.listUsers},
		{http.MethodGet, "/users/{id}", userOrManageUsers, nil, a.user},
		{http.MethodPut, "/users/{id}", withManageUsers, nil, a.putUser},
		{http.MethodPut, "/users/{id}/disabled", withManageUsers, nil, a.disableUser},
		{http.MethodDelete, "/users/{id}/disabled", withManageUsers, nil, a.enableUser},
		{http.MethodGet, "/users/{id}/tokens", ownerOrListAny, tokens, a.listOfUser},
		{http.MethodPost, "/users/{id}/tokens", ownOrForOthers, nil, a.generate},
		{http.MethodDelete, "/users/{id}/tokens", ownerOrRevokeAny, nil, a.revokeAll},
		{http.MethodGet, "/tokens", withListAny, tokens, a.listOfAll},
		{http.MethodGet, "/tokens/{id}", ownerOrListAny, nil, a.token},
		{http.MethodDelete, "/tokens/{id}", ownerOrRevokeAny, nil, a.revoke},
		{http.MethodGet, "/policy", anyoneSignedIn, nil, a.policy},
		{http.MethodPut, "/policy", withSetPolicy, nil, a.setPolicy},
		{http.MethodGet, "/policy/choices", anyoneSignedIn, nil, a.choices},
		{http.MethodGet, "/events", withReadEvents, events, a.events},
		{http.MethodGet, "/openapi.json", anybody, nil, a.openAPI},
	}
}

// methods are the methods that the route answers.
func (r route) methods() []string {
	if r.method == http.MethodGet {
		return []string{http.MethodGet, http.MethodHead}
	}
	return []string{r.method}
}
