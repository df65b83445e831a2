package adminapi

import (
	"net/http"
	"slices"

	"github.com/seed-d6cf0a46/apitoken"
)

// access states who may use a route, for the documentation and the tests. The Manager decides. Here only anybody has an
// effect: its route does not call Options.Actor.
type access string

// The values of access. The owner is the user in the path, or the owner of the token in the path.
const (
	anybody           access = "anybody"
	anyoneSignedIn    access = "anyone signed in"
	anyActiveUser     access = "any active user"
	userOrManageUsers access = "the user or ManageUsers"
	ownerOrListAny    access = "the owner or ListAny"
	ownerOrRevokeAny  access = "the owner or RevokeAny"
	ownOrForOthers    access = "GenerateOwn or GenerateForOthers" // for oneself, and for another user
	ownerInPerson     access = "the owner in person"
	ownerOrOfferer    access = "the owner, who offered it, or RevokeAny"
	ownerOrDescribes  access = "the owner, or ListAny and GenerateForOthers"
	ownerOrForOthers  access = "the owner with GenerateOwn, or ListAny and GenerateForOthers"
	withListAny       access = "ListAny"
	withManageUsers   access = "ManageUsers"
	withReadEvents    access = "ReadEvents"
	withSetPolicy     access = "SetPolicy"
	withRevokeAny     access = "RevokeAny"
	withPlan          access = "SetPolicy and ListAny"
)

// route is a method on a path.
type route struct {
	method, path string
	who          access
	params       []string // the query parameters that it reads
	reads        reads    // what it reads besides the path and the query
	do           handler
}

// handler does what a route does.
type handler func(r *http.Request, actor apitoken.Actor) (response, error)

// reads states what a route reads of a request besides the path, the query and Idempotency-Key. Anything else that asks for
// something is refused, because the client would assume that it had an effect.
type reads int

const (
	readsNothing reads = iota
	readsBody
	readsBodyAndIfMatch // a body, and If-Match
)

// routes returns all routes.
func (a *api) routes() []route {
	page := []string{"after", "limit"}
	tokens := slices.Concat(tokenConditions, page)
	events := slices.Concat(eventConditions, page)
	return []route{
		{http.MethodGet, "/", anybody, nil, readsNothing, a.root},
		{http.MethodGet, "/whoami", anyActiveUser, nil, readsNothing, a.whoami},
		{http.MethodGet, "/users", withManageUsers, slices.Concat([]string{"responsible", "contains"}, page), readsNothing, a.listUsers},
		{http.MethodGet, "/users/{id}", userOrManageUsers, nil, readsNothing, ofUser(a.user)},
		{http.MethodPut, "/users/{id}", withManageUsers, nil, readsBodyAndIfMatch, ofUser(a.putUser)},
		{http.MethodPut, "/users/{id}/disabled", withManageUsers, nil, readsNothing, ofUser(a.disableUser)},
		{http.MethodDelete, "/users/{id}/disabled", withManageUsers, nil, readsNothing, ofUser(a.enableUser)},
		{http.MethodPut, "/users/{id}/suspended", withManageUsers, nil, readsNothing, ofUser(a.suspendUser)},
		{http.MethodDelete, "/users/{id}/suspended", withManageUsers, nil, readsNothing, ofUser(a.resumeUser)},
		{http.MethodGet, "/users/{id}/tokens", ownerOrListAny, tokens, readsNothing, ofUser(a.listUserTokens)},
		{http.MethodPost, "/users/{id}/tokens", ownOrForOthers, nil, readsBody, ofUser(a.generate)},
		{http.MethodDelete, "/users/{id}/tokens", ownerOrRevokeAny, nil, readsNothing, ofUser(a.revokeAll)},
		{http.MethodGet, "/users/{id}/lifetimes", ownOrForOthers, nil, readsNothing, ofUser(a.lifetimes)},
		{http.MethodGet, "/users/{id}/offers", ownerOrListAny, nil, readsNothing, ofUser(a.listOffers)},
		{http.MethodPost, "/users/{id}/offers", ownOrForOthers, nil, readsBody, ofUser(a.offer)},
		{http.MethodPost, "/offers/{id}/claim", ownerInPerson, nil, readsNothing, a.claim},
		{http.MethodDelete, "/offers/{id}", ownerOrOfferer, nil, readsNothing, a.withdraw},
		{http.MethodGet, "/tokens", withListAny, tokens, readsNothing, a.listAllTokens},
		{http.MethodGet, "/tokens/{id}", ownerOrListAny, nil, readsNothing, a.token},
		{http.MethodPatch, "/tokens/{id}", ownerOrDescribes, nil, readsBody, a.updateToken},
		{http.MethodPost, "/tokens/{id}/narrow", ownerOrRevokeAny, nil, readsBody, a.narrow},
		{http.MethodDelete, "/tokens/{id}", ownerOrRevokeAny, nil, readsNothing, a.revoke},
		{http.MethodPost, "/tokens/{id}/successors", ownerOrForOthers, nil, readsBody, a.rotate},
		{http.MethodGet, "/policy", anyoneSignedIn, nil, readsNothing, a.policy},
		{http.MethodPut, "/policy", withSetPolicy, nil, readsBodyAndIfMatch, a.setPolicy},
		{http.MethodPost, "/policy/plan", withPlan, nil, readsBody, a.planPolicy},
		{http.MethodGet, "/policy/choices", anyoneSignedIn, nil, readsNothing, a.choices},
		{http.MethodPost, "/revocations", withRevokeAny, revocable, readsBody, a.revokeMany},
		{http.MethodGet, "/events", withReadEvents, events, readsNothing, a.events},
		{http.MethodGet, "/openapi.json", anybody, nil, readsNothing, a.openAPI},
	}
}

// pattern returns the path as a pattern of [http.ServeMux], which takes "/" for every path.
func (r route) pattern() string {
	if r.path == "/" {
		return "/{$}"
	}
	return r.path
}

// methods returns the methods that the route accepts.
func (r route) methods() []string {
	if r.method == http.MethodGet {
		return []string{http.MethodGet, http.MethodHead}
	}
	return []string{r.method}
}
