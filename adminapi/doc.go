// Package adminapi offers the administration of tokens as JSON over HTTP: one [http.Handler] that the host mounts where it
// likes, behind a sign-in of its own or behind tokens.
//
//	api, err := adminapi.New(m, &adminapi.Options{Actor: httpauth.ActorFunc(m, nil)})
//	mux.Handle("/admin/api/", http.StripPrefix("/admin/api", api))
//
// A host with sessions answers with the person who is signed in, [apitoken.As]. What the caller may do, the Manager
// decides: users manage their own tokens on the same routes on which administrators manage everybody's.
//
// # Routes
//
// Each with who may use it, by the permissions of package apitoken; the owner is the user of the path, or of the token
// there.
//
//	GET    /users                 ManageUsers                       the users, a page at a time              200
//	GET    /users/{id}            the user or ManageUsers           one user                                 200, ETag
//	PUT    /users/{id}            ManageUsers                       provision him, new or not                200, ETag
//	PUT    /users/{id}/disabled   ManageUsers                       disable him: that ends all his tokens    204
//	DELETE /users/{id}/disabled   ManageUsers                       enable him: that revives no token        204
//	GET    /users/{id}/tokens     the owner or ListAny              his tokens, a page at a time             200
//	POST   /users/{id}/tokens     GenerateOwn or GenerateForOthers  generate one for oneself or on behalf    201, Location
//	DELETE /users/{id}/tokens     the owner or RevokeAny            revoke all of them                       204
//	GET    /tokens                ListAny                           everybody's tokens, a page at a time     200
//	GET    /tokens/{id}           the owner or ListAny              one token                                200
//	DELETE /tokens/{id}           the owner or RevokeAny            revoke it                                204
//	GET    /policy                anyone signed in                  the maximum lifetime in force            200, ETag
//	PUT    /policy                SetPolicy                         set it                                   200, ETag
//	GET    /policy/choices        anyone signed in                  the lifetimes that a form should offer   200
//	GET    /events                ReadEvents                        what was changed or denied               200
//	GET    /openapi.json          anybody                           this, for programs: OpenAPI 3.1          200
//
// Nobody generates tokens for, provisions, disables or enables a user whose role grants what his own does not: 403. A token
// or a user of whom the caller may not know answers like one that there is not: 404.
//
// A user id is one segment of the path, percent-encoded: the user a/b has his tokens at /users/a%2Fb/tokens. A GET route
// answers HEAD too. Every answer says Cache-Control: no-store. Where an answer is lost, PUT and DELETE may be sent again, and
// POST with an Idempotency-Key.
//
// # Pages
//
// Users and tokens are listed a page at a time. A page has up to limit of them, 1 to 500, 100 if absent, and a member next if
// there is another, which is asked for with after=<next>. Without next, this was the last.
//
//	GET /users?limit=2
//	{"users": [...], "next": "bob"}
//
//	GET /users?limit=2&after=bob
//	{"users": [...]}
//
// A parameter is given at most once, and is not empty.
//
// # Users
//
// A user is what the host has told the library of him. Times are RFC 3339 in UTC with microseconds. What is not known or does
// not apply is absent, never null or empty.
//
//	{
//	  "id":          "bob",
//	  "name":        "Bob",                          absent: none
//	  "role":        "user",
//	  "created_at":  "2026-01-01T12:00:00.000000Z",
//	  "disabled_at": "2026-01-03T09:00:00.000000Z",  absent: active
//	  "revision":    3                               the ETag is "3"
//	}
//
// GET /users lists them by id, in the order of its bytes. PUT /users/{id} takes a name and a role. A user keeps what is left
// out, and an empty name leaves the name as it is; a new user without a role becomes a user:
//
//	{"name": "Bob"}
//	{"name": "Bob", "role": "admin"}
//	{"role": "user"}
//
// A name never keeps a user from being provisioned. It is made fit to be shown, as by apitoken.Manager.PutUser: the answer has
// the name as it is stored.
//
// It answers 200 also for a new user. With If-Match: "3" it is refused with 412 if he has changed since, and with If-Match: *
// if there is no such user; without, it makes or replaces whatever was. PUT /users/{id}/disabled takes no body.
//
// # Tokens
//
//	{
//	  "id":           "01890a5d-ac96-774b-bcce-b302099a8057",
//	  "owner":        "bob",
//	  "name":         "nightly build",
//	  "kind":         "user",
//	  "resource":     "project:web",                  what of the host's it is bound to; absent: nothing
//	  "status":       "active",                       active, expired or revoked
//	  "created_at":   "2026-01-01T12:00:00.000000Z",
//	  "expires_at":   "2026-01-31T12:00:00.000000Z",  absent: no expiration
//	  "created_by":   "ada",                          absent: the host itself
//	  "created_with": "01890a5d-...",                 the token that the creator used; absent: none
//	  "last_used_at": "2026-01-02T08:30:00.000000Z",  absent: never
//	  "revoked_at":   "2026-01-03T09:00:00.000000Z",  absent: not revoked
//	  "revoked_by":   "ada",                          absent: not revoked, or by the host itself
//	  "hint":         "tok_...x7Yz"
//	}
//
// GET /users/{id}/tokens and GET /tokens list them by id, which is the order of creation. Parameters leave only those that meet
// all conditions:
//
//	status                     active, expired or revoked
//	name_contains              the name contains this text, byte for byte
//	kind                       of this kind
//	resource                   bound to this, byte for byte
//	created_by                 generated by this user, for whomever
//	created_with               generated with this token, by its id: what to revoke besides, where it leaked
//	on_behalf                  true: generated by somebody else than the owner, or by the host itself
//	expires_before             ends, and before this time; RFC 3339
//	without_expiration         true: never ends
//	unused_since               created before this time and not used from it on; RFC 3339
//	lives_longer_than_seconds  lives longer than this from creation to end, or never ends
//
//	{"tokens": [...], "next": "01890a5d-..."}
//
// Where few tokens meet a condition, a page may have fewer than limit, even none, and a next all the same: go on until there is
// no next.
//
// # Generating a token
//
// POST /users/{id}/tokens takes a name and at most one of lifetime_seconds, expires_at and no_expiration:
//
//	{"name": "nightly build"}
//	{"name": "nightly build", "kind": "user", "lifetime_seconds": 2592000}
//	{"name": "nightly build", "resource": "project:web"}
//	{"name": "nightly build", "expires_at": "2026-01-31T12:00:00Z"}
//	{"name": "nightly build", "no_expiration": true}
//
// A lifetime is a positive number of seconds, 86400 to a day, with at most six decimals. Who asks for none leaves the
// member out and gets the maximum, or the host's default lifetime where there is no maximum; an explicit zero, null or
// false is refused, so that no mistake turns into a long life. More than the maximum is refused, not cut, and so is less than
// a second.
//
// A resource binds the token to one of the host's own things, for its life: at most 255 bytes, none invisible, no space at
// either end. A caller whose own token is bound has to name the very same, or it is 403; in all else he may here what his user
// may and the kind of his token carries.
//
// The answer shows the secret, once; Location is the path of the token, relative to the request's:
//
//	{"token": {...}, "secret": "tok_..."}
//
// Where the answer is lost, nobody has the secret and the name is taken. Who sends an Idempotency-Key, 1 to 255 visible
// characters of ASCII, new for each token that he wants, may send the same request again: what it generated before is revoked
// and a fresh token takes its place, so that one is alive, and it is the one that was answered last. If the first was used
// meanwhile, the answer is 409 repeated, and it stays. A key counts for the user who sends it and for the same path and body;
// with anything else it is 409 exists.
//
// # Policy
//
// A maximum is spelled max_lifetime_seconds, as above, and is a minute or more; that there is none is spelled no_maximum. PUT /policy takes
// exactly one of them:
//
//	{"max_lifetime_seconds": 2592000}
//	{"no_maximum": true}
//
// Both methods answer with the policy in force:
//
//	{"max_lifetime_seconds": 2592000, "revision": 3, "updated_at": "2026-01-01T12:00:00.000000Z", "updated_by": "ada"}
//
// The ETag is the revision, "3". PUT with If-Match: "3" is refused with 412 if the policy has moved; without If-Match, or
// with If-Match: *, it replaces whatever was. Revision 0 is the host's default before anybody has set a policy; it has no
// ETag, no updated_at and no updated_by.
//
// GET /policy/choices lists what a form should offer, the shortest first. Each can be put into the body of
// POST /users/{id}/tokens as it is:
//
//	{"choices": [{"lifetime_seconds": 2592000}, {"lifetime_seconds": 7776000}, {"no_expiration": true}]}
//
// # Events
//
// GET /events shows what was changed and what was denied, in an order in which nothing ever appears before what was already
// read:
//
//	{"events": [...], "next": 17, "more": true}
//
// Ask again with after=<next>, which is always there: whoever does so misses none and sees none twice. Without more there is
// none at the moment, and next is the place to ask at later. Besides after and limit, parameters leave only those events that
// meet all conditions:
//
//	owner    about this user
//	actor    of what this user did or attempted, in person or with a token
//	action   of this action, such as token.revoke
//	outcome  done or denied
//
//	{
//	  "seq":     17,                                 the place in the order
//	  "id":      "01890a5d-...",
//	  "at":      "2026-01-01T12:00:00.000000Z",
//	  "action":  "token.generate",                   see the actions of package apitoken; empty: of several, see count
//	  "outcome": "done",                             done or denied
//	  "actor":   {"kind": "token",                   person, token, or system for the host itself; absent: nobody, or several
//	              "user": "ada",                     absent: the host itself
//	              "token": "01890a5d-...",           the token that they used; absent: none
//	              "origin": {                        where the request came from, see Options.Origin; absent: not known
//	                "address": "192.0.2.7",          of the client
//	                "user_agent": "curl/8.5.0",
//	                "request_id": "01HZX3..."}},     by which the host finds it in its own logs
//	  "owner":   "bob",                              the user whom it is about; absent: none
//	  "token":   "01890a5d-...",                     the token that it is about; absent: none
//	  "before":  {...},                              what was; absent: nothing, or not of interest
//	  "after":   {"name": "nightly build",           what is: of the token or the user
//	              "kind": "user",                    of the token
//	              "resource": "project:web",         of the token; absent: it is bound to nothing
//	              "expires_at": "2026-...",          of the token; absent: no expiration
//	              "revoked_at": "2026-...",          of the token
//	              "role": "user",                    of the user
//	              "disabled_at": "2026-...",         of the user
//	              "epoch": 1,                        of the user: how often all his tokens were revoked
//	              "max_lifetime_seconds": 2592000,   of the policy; also the one by which a token was generated
//	              "no_maximum": true},               in its place
//	  "reason":   "needs ListAny",                   why it was denied, in words; absent: it was done
//	  "count":    37,                                of so many denials; absent: of one change or denial
//	  "first_at": "2026-01-01T11:59:00.000000Z"      the first of them, the last was at "at"; absent like count
//	}
//
// The first ten denials of an actor in a minute are an event each. Further ones are gathered into one event with their count.
// What they do not have in common is absent.
//
// # Errors
//
// An error is a problem of RFC 9457, application/problem+json. Programs go by the code, which stays as it is; people read
// the detail.
//
//	{"type": "about:blank", "title": "Bad Request", "status": 400, "code": "malformed",
//	 "detail": "lifetime_seconds is null; leave it out", "field": "lifetime_seconds"}
//
//	status  code                     meaning
//	400     malformed                the request cannot be read: syntax, unknown, repeated, null, wrong type; see field.
//	                                 Or it has a body or a precondition that the route does not read
//	401     unauthenticated          nobody is signed in, as far as Options.Actor knows
//	403     denied                   the caller may not do this
//	404     not_found                no such route, user or token, or none that the caller may know of
//	405     method_not_allowed       see Allow
//	409     exists                   the owner has a live token of that name
//	409     repeated                 it was generated by the same request before, see Idempotency-Key, and is in use
//	409     conflict                 changed in the meantime: ask again
//	409     user_disabled            no token is generated for a disabled user
//	412     precondition_failed      the policy or the user is not as If-Match wants it
//	413     too_large                a body of more than 16 KiB
//	415     unsupported_media_type   a body that is not application/json in UTF-8, plain
//	422     invalid                  the request can be read and asks for what is not allowed
//	422     lifetime_over_maximum    lifetime_seconds or no_expiration is what was asked for, max_lifetime_seconds the most
//	                                 that would have been given
//	503     unavailable              the store is in trouble, and nothing was done; see Retry-After
//	503     outcome_unknown          it may have been done or not; token_id is the token that may exist: revoke it, or send
//	                                 the request again if it had an Idempotency-Key
//
// A body is one JSON object in UTF-8 with Content-Type: application/json; names of members are compared letter for
// letter. Unknown members and unknown query parameters are refused, so that nothing that is misspelled is lost. A route that
// reads no body refuses one, and every route refuses the preconditions that it does not check: If-None-Match and
// If-Unmodified-Since always, If-Match unless it is named above. A body sent in parts, with Content-Range, is refused too.
// All of these are 400 malformed, and nothing is done.
//
// # Services in other languages
//
// [Introspection] answers gateways and services that are sent tokens (RFC 7662), and [Revocation] whoever has a token and
// wants to end it (RFC 7009). They are handlers of their own, apart from the routes above: they take forms, authenticate
// clients by an id and a secret and not by Options.Actor, and their errors have the form of RFC 6749 section 5.2.
//
//	clients, err := adminapi.FixedClients(map[string]string{"gateway": secret})
//	introspection, err := adminapi.Introspection(m, &adminapi.IntrospectionOptions{Clients: clients})
//	revocation, err := adminapi.Revocation(m, nil)
//	mux.Handle("/oauth2/introspect", introspection)
//	mux.Handle("/oauth2/revoke", revocation)
//
// # Browsers
//
// Where Options.Actor goes by a cookie, other sites' pages can make the browser send requests. None of these routes does
// anything for a form: POST needs the content type application/json, and PUT and DELETE are no methods of forms, so a browser
// asks first (CORS), and this handler never consents. A host that answers CORS requests itself, with credentials, should
// put [http.CrossOriginProtection] in front.
package adminapi
