// Package adminapi offers the administration of tokens as JSON over HTTP. [New] returns one [http.Handler], which the host
// mounts behind its own sign-in or behind tokens.
//
//	api, err := adminapi.New(m, &adminapi.Options{Actor: httpauth.ActorFunc(m, nil)})
//	mux.Handle("/admin/api/", http.StripPrefix("/admin/api", api))
//
// A host with sessions returns the signed-in user, [apitoken.As]. The Manager decides what the caller may do: users manage
// their own tokens on the same routes on which administrators manage everybody's.
//
// # Routes
//
// Beside each path is who may use the route, by the permissions of package apitoken. The owner is the user in the path,
// or the owner of the token in the path. The folder testdata/exchanges has a file of requests and responses for each route.
//
//	GET    /                      anybody                                      links to the document and to /whoami     200
//	GET    /whoami                any active user                              read who the caller is                   200
//	GET    /users                 ManageUsers                                  list the users, a page at a time         200
//	GET    /users/{id}            the user or ManageUsers                      read one user                            200, ETag
//	PUT    /users/{id}            ManageUsers                                  create or change a user                  200, ETag
//	PUT    /users/{id}/disabled   ManageUsers                                  disable a user and revoke their tokens   204
//	DELETE /users/{id}/disabled   ManageUsers                                  enable a user; revives no token          204
//	PUT    /users/{id}/suspended  ManageUsers                                  refuse a user's tokens until resumed     204
//	DELETE /users/{id}/suspended  ManageUsers                                  resume a user; the tokens are as before  204
//	GET    /users/{id}/tokens     the owner or ListAny                         list a user's tokens, a page at a time   200
//	POST   /users/{id}/tokens     GenerateOwn or GenerateForOthers             generate a token for the user            201, Location
//	DELETE /users/{id}/tokens     the owner or RevokeAny                       revoke all tokens of the user            204
//	GET    /users/{id}/lifetimes  GenerateOwn or GenerateForOthers             list what a form for the user offers     200
//	GET    /users/{id}/offers     the owner or ListAny                         list what waits for a user               200
//	POST   /users/{id}/offers     GenerateOwn or GenerateForOthers             offer a token that the user claims       201
//	POST   /offers/{id}/claim     the owner in person                          claim it; the response has the secret    201, Location
//	DELETE /offers/{id}           the owner, who offered it, or RevokeAny      withdraw or decline it                   204
//	GET    /tokens                ListAny                                      list all tokens, a page at a time        200
//	GET    /tokens/{id}           the owner or ListAny                         read one token                           200
//	PATCH  /tokens/{id}           the owner, or ListAny and GenerateForOthers  change its name and description          200
//	POST   /tokens/{id}/narrow    the owner or RevokeAny                       take permissions or lifetime from it     200
//	DELETE /tokens/{id}           the owner or RevokeAny                       revoke it                                204
//	POST   /tokens/{id}/successors  the owner with GenerateOwn, or ListAny and GenerateForOthers  generate a token in its place  201, Location
//	GET    /policy                anyone signed in                             read the maximum lifetime                200, ETag
//	PUT    /policy                SetPolicy                                    set the maximum lifetime                 200, ETag
//	POST   /policy/plan           SetPolicy and ListAny                        count what is beyond a policy            200, ETag
//	GET    /policy/choices        anyone signed in                             list the lifetimes that a form offers    200
//	POST   /revocations           RevokeAny                                    revoke a page of the tokens that match   200
//	GET    /events                ReadEvents                                   read what was changed or denied          200
//	GET    /openapi.json          anybody                                      read this as OpenAPI 3.1, for programs   200
//
// If the role of a user grants a permission that the caller lacks, generating tokens for, changing, disabling or enabling
// that user is 403. A token or a user that the caller may not know of is 404, like one that does not exist.
//
// A user id is one segment of the path, percent-encoded. An id that contains a slash, is "." or "..", or begins with "~" is
// written as "~" and the unpadded base64url of its bytes, because proxies decode and clean paths: the tokens of the user a/b
// are at /users/~YS9i/tokens. A segment that begins with "~" and is not written so is 404.
//
// # Headers
//
// A GET route also accepts HEAD. Every response has Cache-Control: no-store.
//
// A request body has Content-Type: application/json and is one JSON object in UTF-8. Member names compare letter for letter.
//
// If-Match is read by PUT /users/{id} and PUT /policy, and Idempotency-Key by POST /users/{id}/tokens, POST /users/{id}/offers and
// POST /tokens/{id}/successors. Every other
// precondition is refused: If-None-Match and If-Unmodified-Since always, If-Match on every other route. So are Content-Range,
// a body on a route that reads none, an unknown member and an unknown query parameter. All of these are 400 malformed, and
// nothing is done, so a client never assumes that an ignored part had an effect.
//
// If a response is lost, PUT, PATCH and DELETE may be sent again, and so may POST /tokens/{id}/narrow, and POST with an
// Idempotency-Key.
//
// # The caller
//
// GET / links to what a client begins with. The links are relative to its own address, so the host mounts the handler under a prefix
// that ends with a slash. The member documentation is Options.Documentation; absent: none.
//
//	{"openapi": "openapi.json", "whoami": "whoami", "documentation": "/docs/"}
//
// GET /whoami says who the caller is and what they may do, for every caller who authenticates, also for a token that may read
// nothing else. The permissions are those of the role, as far as the token in use carries them:
//
//	{
//	  "kind":        "token",                        person, token, or system for the host itself
//	  "user":        "bob",                          absent: the host itself
//	  "token":       "01890a5d-...",                 the token in use; absent: none
//	  "role":        "user",                         absent: the host itself
//	  "permissions": ["GenerateOwn"]                 empty: none
//	}
//
// # Pages
//
// Users and tokens are listed a page at a time. A page has at most limit elements: 1 to 500, 100 if absent. If there is
// another page, the member next is set. Pass it as after=<next>. Without next, the page is the last.
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
// A user is what the host has told the library about them. Times are RFC 3339 in UTC with microseconds. What is not known
// or does not apply is absent, never null or empty.
//
//	{
//	  "id":          "bob",
//	  "name":        "Bob",                          absent: none
//	  "role":        "user",
//	  "created_at":  "2026-01-01T12:00:00.000000Z",
//	  "disabled_at": "2026-01-03T09:00:00.000000Z",  absent: not disabled
//	  "suspended_at": "2026-01-03T09:00:00.000000Z", absent: not suspended
//	  "service":     true,                           an account that no person signs in to; absent: a person
//	  "responsible": "ada",                          who answers for a service account; absent: nobody
//	  "revision":    3                               the ETag is "3"
//	}
//
// GET /users lists them by id, in the order of its bytes. PUT /users/{id} takes a name and a role. A user keeps what is left
// out, and an empty name leaves the name as it is. A new user without a role gets the role user:
//
//	{"name": "Bob"}
//	{"name": "Bob", "role": "admin"}
//	{"role": "user"}
//	{"name": "Nightly builds", "service": true, "responsible": "ada"}
//
// A responsible is another user, who is a person. To clear service or responsible, send false or an empty text with If-Match and
// the ETag of the user; without it that is 422. GET /users?contains=da lists the users whose id or name contains that text, byte for
// byte, and GET /users?responsible=ada lists the service accounts for which Ada answers: read
// it when you disable her.
//
// A name is never refused. It is made fit to be shown, as by apitoken.Manager.PutUser, and the response has the name as it is
// stored.
//
// The status is 200 for a new user too. If-Match: "3" is 412 if the user has changed since, and If-Match: * is 412 if the user
// does not exist. Without If-Match, the request creates or changes the user whatever the revision. PUT /users/{id}/disabled
// takes no body.
//
// # Tokens
//
//	{
//	  "id":           "01890a5d-ac96-774b-bcce-b302099a8057",
//	  "owner":        "bob",
//	  "name":         "nightly build",
//	  "kind":         "user",
//	  "resource":     "project:web",                  the host's resource that it is bound to; absent: none
//	  "status":       "active",                       active, expired or revoked
//	  "created_at":   "2026-01-01T12:00:00.000000Z",
//	  "expires_at":   "2026-01-31T12:00:00.000000Z",  absent: no expiration
//	  "created_by":   "ada",                          absent: the host itself
//	  "created_with": "01890a5d-...",                 the token that the creator used; absent: none
//	  "last_used_at": "2026-01-02T08:30:00.000000Z",  absent: never
//	  "revoked_at":   "2026-01-03T09:00:00.000000Z",  absent: not revoked
//	  "revoked_by":   "ada",                          absent: not revoked, or by the host itself
//	  "hint":         "tok_...x7Yz",
//	  "description":  "rebuilds the site at night" for people; absent: none
//	}
//
// GET /users/{id}/tokens and GET /tokens list them by id, which is the order of creation. With several parameters, a
// token has to meet every condition:
//
//	status                     active, expired or revoked
//	name_contains              the name contains this text, byte for byte
//	kind                       of this kind
//	resource                   bound to this resource, byte for byte
//	created_by                 generated by this user, for any owner
//	created_with               generated with the token that has this id: revoke these too if that token leaked
//	on_behalf                  true: generated by a user other than the owner, or by the host itself
//	expires_before             has an expiry, and it is before this time; RFC 3339
//	without_expiration         true: never expires
//	unused_since               created before this time and not used at or after it; RFC 3339
//	lives_longer_than_seconds  the lifetime from creation to expiry is longer than this, or the token never expires
//	beyond_policy              true: the lifetime from creation to expiry is longer than the policy permits now
//
//	{"tokens": [...], "next": "01890a5d-..."}
//
// If few tokens meet the conditions, a page may have fewer than limit tokens, even none, and still a next. Continue until
// there is no next.
//
// # Generating a token
//
// POST /users/{id}/tokens takes a name and at most one of lifetime_seconds, expires_at and no_expiration:
//
//	{"name": "nightly build"}
//	{"name": "nightly build", "kind": "user", "lifetime_seconds": 2592000}
//	{"name": "nightly build", "resource": "project:web"}
//	{"name": "nightly build", "description": "rebuilds the site at night"}
//	{"name": "nightly build", "expires_at": "2026-01-31T12:00:00Z"}
//	{"name": "nightly build", "no_expiration": true}
//
// A lifetime is a positive number of seconds, 86400 to a day, with at most six decimals. Without a lifetime, the token gets
// the maximum, or the host's default lifetime if there is no maximum. An explicit zero, null or false is refused, so that a
// mistake never becomes a long lifetime. A lifetime over the maximum is refused, not cut, and so is one of less than a second.
//
// A resource binds the token to one of the host's resources, for its life: at most 255 bytes, no invisible character, no space
// at either end. A caller whose own token is bound generates tokens for the same resource only, and reads and revokes no token
// but that one; everything else that needs a permission is 403 or 404.
//
// permissions limits the token to some permissions, by their names: those of the library, such as GenerateOwn, and the host's
// own. One to which the host has given no name is a number, such as 0x200000000. One that the role of the owner does not grant or
// that the kind does not carry is 422. Without permissions the token is not limited, or if the caller uses a token, limited like
// that one. A token that is not limited has no member permissions:
//
//	{"name": "nightly build", "permissions": ["deploy"]}
//
// A description is for people: at most 255 bytes on one line, no invisible character, no space at either end.
//
// The response shows the secret, once. Location is the path of the token, relative to that of the request:
//
//	{"token": {...}, "secret": "tok_..."}
//
// If that response is lost, the secret is lost and the name is taken. An Idempotency-Key makes the request repeatable. It is 1
// to 255 visible ASCII characters, a new one for each token. The same request with the same key revokes the token that it
// generated before and generates another in its place. So one token is active: that of the last response. If the first token
// was used in the meantime, it stays and the status is 409 repeated. A key counts for the user who sends it, with the same
// path and body. In another request it has no effect, so a name that is taken is 409 exists.
//
// # Changing a token
//
// PATCH /tokens/{id} changes the name, the description, or both, of an active token. What is left out stays, and an empty
// description removes the present one. Nothing else about a token changes. The response is the token:
//
//	{"name": "release"}
//	{"description": "builds what is released"}
//	{"description": ""}
//
// A name that another active token of the owner has is 409 exists, and a token that was revoked or has expired is 409
// token_not_active. For a token of another user the caller needs every permission of that user's role, as for generating one.
//
// # Narrowing a token
//
// POST /tokens/{id}/narrow takes permissions from an active token, brings its expiry forward, or both. What is left out stays.
// Every token may narrow itself:
//
//	{"permissions": ["deploy"]}
//	{"expires_at": "2026-01-31T12:00:00Z"}
//
// Both members are upper bounds: the token keeps what it has of these permissions, and an expiry that is earlier already stays.
// Several requests, in any order, leave what all of them keep. The response is what is left:
//
//	{"id": "01890a5d-ac96-774b-bcce-b302099a8057", "permissions": ["deploy"], "expires_at": "2026-01-31T12:00:00.000000Z"}
//
// An empty array, a permission that no role and kind have in common, and an expiry that is not in the future are 422: revoke the
// token instead. A token that was revoked or has expired is 409 token_not_active.
//
// # Rotating a token
//
// POST /tokens/{id}/successors generates a token with the owner, name, kind, resource, permissions and description of another one, whose place
// it takes. The lifetime is as for a generated token, and every member may be left out:
//
//	{}
//	{"overlap_seconds": 3600, "lifetime_seconds": 2592000}
//
// The response is that of a generated token; its replaces is the old token. Both authenticate until the new one is used for the
// first time, which revokes the old one. Without such a use the old token expires after the overlap: a second to 30 days, what
// the host has set if absent. While the new token is unused, sending the request again replaces it, so a lost response does no
// harm. If it is in use, the status is 409 token_replaced; with the Idempotency-Key of the first request it is 409 repeated.
//
// # Offers
//
// A token that is offered has no secret before its owner claims it, so nobody else ever sees one. The body of an offer is that of
// POST /users/{id}/tokens, with claim_by: until when it can be claimed, at most 30 days ahead, 72 hours if absent.
//
//	{"name": "nightly build", "lifetime_seconds": 2592000, "claim_by": "2026-01-04T12:00:00Z"}
//
//	{
//	  "id":               "01890a5d-ac96-774b-bcce-b302099a8057",  also of the token
//	  "owner":            "bob",
//	  "name":             "nightly build",
//	  "kind":             "user",
//	  "lifetime_seconds": 2592000,                                 from the claim on; or no_expiration, expires_at or nothing
//	  "offered_at":       "2026-01-01T12:00:00.000000Z",
//	  "offered_by":       "ada",
//	  "claim_by":         "2026-01-04T12:00:00.000000Z"
//	}
//
// POST /offers/{id}/claim takes no body, and its response is that of generating a token. It is for the owner in person, or for the
// person who answers for a service account; everybody else gets 404. The policy is judged again. Sent again, it replaces the secret
// until a use of the token is recorded, and until claim_by.
//
// # Policy
//
// A maximum is max_lifetime_seconds, spelled as above, and is a minute or more. No maximum is no_maximum. PUT /policy takes
// exactly one of them:
//
//	{"max_lifetime_seconds": 2592000}
//	{"no_maximum": true}
//
// Both methods return the policy in force:
//
//	{"max_lifetime_seconds": 2592000, "revision": 3, "updated_at": "2026-01-01T12:00:00.000000Z", "updated_by": "ada"}
//
// The limits lower the maximum for a role, a kind, or both. The exemptions replace it for a user until a time. As in
// apitoken.MaxLifetimePolicy, the least maximum counts, and an exemption takes the place of all of them:
//
//	{"max_lifetime_seconds": 31536000,
//	 "limits":     [{"role": "user", "max_lifetime_seconds": 2592000}, {"kind": "ci", "max_lifetime_seconds": 604800}],
//	 "exemptions": [{"user": "bob", "kind": "ci", "max_lifetime_seconds": 7776000,
//	                 "until": "2026-06-01T00:00:00Z", "reason": "migration"}]}
//
// PUT replaces both lists. A list that is left out stays as it is, and an empty one removes what there was. GET shows the
// exemptions to callers with SetPolicy only, because they name users. Each comes with "by" and "at", who granted it and when, which
// PUT ignores: what GET returns can be sent back. In the field of an error, limits and exemptions are counted from 0, as in
// "limits[0].role".
//
// The ETag is the revision, "3". PUT with If-Match: "3" is 412 if the policy is at another revision. Without If-Match, or
// with If-Match: *, it replaces any revision. Revision 0 is the host's default before a policy was set. It has no ETag,
// no updated_at and no updated_by.
//
// GET /users/{id}/lifetimes lists, for each kind of tokens that the caller may generate for the user, the maximum at this moment,
// where it comes from, and the lifetimes that a form should offer, the shortest first. Each choice can be put into the body of
// POST /users/{id}/tokens as it is. Without a source, the maximum is that of the policy for everybody:
//
//	{"lifetimes": [
//	  {"kind": "ci", "max_lifetime_seconds": 604800, "source": {"layer": "limit", "kind": "ci", "text": "limit of kind ci"},
//	   "choices": [{"lifetime_seconds": 604800}]},
//	  {"kind": "user", "no_maximum": true, "choices": [{"lifetime_seconds": 2592000}, {"no_expiration": true}]}]}
//
// The layer is limit with a role and a kind; exemption with until and a reason; or token, if the token that the caller uses expires
// before. An error lifetime_over_maximum has the same source.
//
// POST /policy/plan takes the body of PUT /policy, writes nothing, and counts what would be beyond that policy: the active tokens
// that live longer, from creation to expiry, than it permits. The sample has the first ten of them. PUT with the ETag of the
// response as If-Match is 412 if the policy has changed since. Before the first policy there is no ETag.
//
//	{"beyond": 12, "owners": 3, "without_expiration": 1, "exempt": 2, "sample": [...]}
//
// GET /policy/choices lists the lifetimes of the maximum for everybody:
//
//	{"choices": [{"lifetime_seconds": 2592000}, {"lifetime_seconds": 7776000}, {"no_expiration": true}]}
//
// # Revoking many tokens
//
// POST /revocations revokes active tokens that meet every condition of the query. It has the parameters of GET /tokens, except
// status, after and limit. Without any of them it is about all tokens. A call revokes one page of at most 500 tokens, all or none of
// them; repeat it until remaining is 0.
//
//	POST /revocations?beyond_policy=true
//	{"dry_run": true}                           counts, and revokes nothing
//	{"at_most": 1200, "reason": "policy"}       the number that an administrator has seen; reason goes into the events
//
//	{"revoked": 500, "remaining": 700}
//
// If more than at_most tokens match, the status is 409 and nothing is revoked. Every request may be repeated, also after a
// response was lost: a token that was revoked does not match again.
//
// # Events
//
// GET /events shows what was changed and what was denied. Events are in a fixed order: a new one always comes after all that
// were read before.
//
//	{"events": [...], "next": 17, "more": true}
//
// The member next is always set. Ask again with after=<next>: a reader that does so misses no event and sees none twice.
// Without more, there are no further events at the moment. If the host has removed events after that one, which the reader may
// have missed, the status is 410 truncated, and first_seq is the first event that is kept. To accept the gap, continue with
// after=<first_seq - 1>. A reader without after begins with the first event that is kept. Besides after and limit, these
// parameters select events. An event has to meet every condition:
//
//	owner    about this user
//	actor    what this user did or attempted, in person or with a token
//	action   this action, such as token.revoke
//	outcome  done or denied
//	token    about this token
//	since    at this time or later
//	before   before this time
//
//	{
//	  "seq":     17,                                 the place in the order
//	  "id":      "01890a5d-...",
//	  "at":      "2026-01-01T12:00:00.000000Z",
//	  "action":  "token.generate",                   see the actions of package apitoken; empty: of several, see count
//	  "outcome": "done",                             done or denied
//	  "actor":   {"kind": "token",                   person, token, or system for the host itself; absent: none, or several kinds
//	              "user": "ada",                     absent: the host itself
//	              "token": "01890a5d-...",           the token that they used; absent: none
//	              "origin": {                        where the request came from, see Options.Origin; absent: not known
//	                "address": "192.0.2.7",          of the client
//	                "user_agent": "curl/8.5.0",
//	                "request_id": "01HZX3..."}},     by which the host finds it in its own logs
//	  "owner":   "bob",                              the user whom it is about; absent: none
//	  "token":   "01890a5d-...",                     the token that it is about; absent: none
//	  "before":  {...},                              the state before; absent: none, or not relevant
//	  "after":   {"name": "nightly build",           the state after: of the token or the user
//	              "description": "at night",         of the token
//	              "kind": "user",                    of the token
//	              "resource": "project:web",         of the token; absent: not bound
//	              "expires_at": "2026-...",          of the token; absent: no expiration
//	              "revoked_at": "2026-...",          of the token
//	              "replaces": "01890a5d-...",        of the token: the one in whose place it was generated
//	              "replaced_by": "01890a5d-...",     of the token: the one that was generated in its place
//	              "replaced_expires_at": "2026-...", when the token of replaces expires, unless this one is used before
//	              "role": "user",                    of the user
//	              "disabled_at": "2026-...",         of the user
//	              "suspended_at": "2026-...",        of the user
//	              "service": true,                   of the user: a service account
//	              "responsible": "ada",              of the user: who answers for it
//	              "epoch": 1,                        of the user: how often all their tokens were revoked
//	              "max_lifetime_seconds": 2592000,   of the policy; also the one by which a token was generated
//	              "no_maximum": true,                in its place
//	              "policy": "limit of role user"},   how limits and exemptions have changed; of a token, the layer of its maximum
//	  "reason":   "needs ListAny",                   why it was denied, how much was removed or replaced, or where a text was found; absent: none
//	  "count":    37,                                the number of denials that it stands for; absent: one change or denial
//	  "first_at": "2026-01-01T11:59:00.000000Z"      the first of them, the last was at "at"; absent like count
//	}
//
// Each of the first ten denials of an actor in a minute is an event. Further ones are gathered into one event with their
// count. Where the gathered denials differ, the member is absent.
//
// # Errors
//
// An error is a problem of RFC 9457, application/problem+json. Programs read the code, which does not change; people read the
// detail.
//
//	{"type": "about:blank", "title": "Bad Request", "status": 400, "code": "malformed",
//	 "detail": "lifetime_seconds is null; leave it out", "field": "lifetime_seconds"}
//
//	status  code                     meaning
//	400     malformed                the request cannot be read: syntax, unknown, repeated, null, wrong type; see field.
//	                                 Or it has a body or a header that the route does not read, see Headers
//	401     unauthenticated          Options.Actor knows no caller
//	403     denied                   the caller may not do this
//	404     not_found                no such route, user or token, or none that the caller may know of
//	405     method_not_allowed       see Allow
//	409     exists                   the owner has an active token of that name
//	409     repeated                 the same request generated a token before, see Idempotency-Key, and it is in use
//	409     too_many                 the owner has as many active tokens as the host allows, max_active, or as many offers as may wait
//	409     conflict                 changed in the meantime: ask again
//	409     user_disabled            no token is generated for a disabled user
//	409     user_suspended           no token is generated for a suspended user
//	409     token_not_active         the token was revoked or has expired
//	409     token_replaced           the token was replaced, and its successor is in use, or was replaced too
//	409     offer_ended              the offer has ended, or the token that was claimed was revoked or has expired
//	409     offer_claimed            the token was claimed: revoke it instead of withdrawing the offer
//	410     truncated                events after this one have been removed; first_seq is the first that is kept
//	412     precondition_failed      the policy or the user is not at the revision of If-Match
//	413     too_large                the body has more than 128 KiB
//	415     unsupported_media_type   the body is not application/json in UTF-8, or is compressed
//	422     invalid                  the request can be read and asks for what is not allowed; see field
//	422     lifetime_over_maximum    lifetime_seconds or no_expiration is what was asked for, max_lifetime_seconds the most
//	                                 that is allowed, and source where that comes from
//	503     unavailable              the store failed, and nothing was done; see Retry-After
//	503     outcome_unknown          it is unknown whether it was done; token_id is the token that may exist: revoke it, or
//	                                 send the request again if it had an Idempotency-Key
//
// # Services in other languages
//
// [Introspection] tells gateways and services whether a token that they receive is valid (RFC 7662). [Revocation] lets the
// holder of a token revoke it (RFC 7009). They are handlers of their own, apart from the routes above: they take forms,
// authenticate clients by an id and a secret instead of Options.Actor, and their errors have the form of RFC 6749 section 5.2.
//
//	clients, err := adminapi.FixedClients(map[string]string{"gateway": secret})
//	introspection, err := adminapi.Introspection(m, &adminapi.IntrospectionOptions{Clients: clients})
//	revocation, err := adminapi.Revocation(m, nil)
//	mux.Handle("/oauth2/introspect", introspection)
//	mux.Handle("/oauth2/revoke", revocation)
//
// # Leaked tokens
//
// [SecretScanning] is the endpoint to which a secret scanner, such as that of GitHub, sends what it finds in public. It revokes
// every token among it. It is a handler of its own too: the scanner signs its requests.
//
//	scanning, err := adminapi.SecretScanning(m, &adminapi.SecretScanningOptions{Keys: keysOfTheScanner})
//	mux.Handle("/secret-scanning", scanning)
//
// # Browsers
//
// If Options.Actor reads a cookie, pages of other sites can make the browser send requests. None of these routes does anything
// for a form: POST needs the content type application/json, and forms have neither PUT, PATCH nor DELETE. So a browser asks first
// (CORS), and this handler never consents. A host that permits CORS requests with credentials should put
// [http.CrossOriginProtection] in front.
package adminapi
