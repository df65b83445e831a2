// Package adminapi offers the administration of tokens as JSON over HTTP: one [http.Handler] that the host mounts where it
// likes, behind a sign-in of its own or behind tokens.
//
//	api, err := adminapi.New(m, &adminapi.Options{
//		Actor: func(r *http.Request) (apitoken.Actor, error) { return httpauth.Actor(r.Context()), nil },
//	})
//	mux.Handle("/admin/api/", httpauth.Require(m, nil)(http.StripPrefix("/admin/api", api)))
//
// A host with sessions answers with the person who is signed in, [apitoken.As]. What the caller may do, the Manager
// decides: users manage their own tokens on the same routes on which administrators manage everybody's.
//
// # Routes
//
//	GET    /users/{id}/tokens  the tokens of a user, a page at a time       200
//	POST   /users/{id}/tokens  generate a token for oneself or on behalf    201, Location
//	DELETE /users/{id}/tokens  revoke all tokens of a user                  204
//	GET    /tokens             everybody's tokens, a page at a time         200
//	GET    /tokens/{id}        one token                                    200
//	DELETE /tokens/{id}        revoke it; again, and it is revoked still    204
//	GET    /policy             the maximum lifetime in force                200, ETag
//	PUT    /policy             set it; If-Match: only if it has not moved   200, ETag
//
// A user id is one segment of the path, percent-encoded: the user a/b has his tokens at /users/a%2Fb/tokens. A GET route
// answers HEAD too. Every answer says Cache-Control: no-store.
//
// # Tokens
//
// Times are RFC 3339 in UTC with microseconds. What is not known or does not apply is absent, never null or empty.
//
//	{
//	  "id":           "01890a5d-ac96-774b-bcce-b302099a8057",
//	  "owner":        "bob",
//	  "name":         "nightly build",
//	  "kind":         "user",
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
// GET /users/{id}/tokens and GET /tokens list them by id, which is the order of creation:
//
//	{"tokens": [...], "next": "01890a5d-..."}
//
// The next page is asked for with after=<next>; without next, this was the last. The parameters, each at most once:
//
//	status         active, expired or revoked
//	name_contains  only names that contain this text, byte for byte
//	after          the next of the page before
//	limit          tokens a page, 1 to 500; 100 if absent
//
// # Generating a token
//
// POST /users/{id}/tokens takes a name and at most one of lifetime_seconds, expires_at and no_expiration:
//
//	{"name": "nightly build"}
//	{"name": "nightly build", "kind": "user", "lifetime_seconds": 2592000}
//	{"name": "nightly build", "expires_at": "2026-01-31T12:00:00Z"}
//	{"name": "nightly build", "no_expiration": true}
//
// A lifetime is a positive number of seconds, 86400 to a day, with at most six decimals. Who asks for none leaves the
// member out and gets the maximum, or the host's default lifetime where there is no maximum; an explicit zero, null or
// false is refused, so that no mistake turns into a long life. More than the maximum is refused, not cut.
//
// The answer shows the secret, once; Location is the path of the token, relative to the request's:
//
//	{"token": {...}, "secret": "tok_..."}
//
// # Policy
//
// A maximum is spelled max_lifetime_seconds, as above; that there is none is spelled no_maximum. PUT /policy takes
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
// # Errors
//
// An error is a problem of RFC 9457, application/problem+json. Programs go by the code, which stays as it is; people read
// the detail.
//
//	{"type": "about:blank", "title": "Bad Request", "status": 400, "code": "malformed",
//	 "detail": "lifetime_seconds is null; leave it out", "field": "lifetime_seconds"}
//
//	status  code                     meaning
//	400     malformed                the request cannot be read: syntax, unknown, repeated, null, wrong type; see field
//	401     unauthenticated          nobody is signed in, as far as Options.Actor knows
//	403     denied                   the caller may not do this
//	404     not_found                no such route, user or token, or none that the caller may know of
//	405     method_not_allowed       see Allow
//	409     exists                   the owner has a live token of that name
//	409     conflict                 changed in the meantime: ask again
//	409     user_disabled            no token is generated for a disabled user
//	412     precondition_failed      the policy is not at the revision of If-Match
//	413     too_large                a body of more than 16 KiB
//	415     unsupported_media_type   a body that is not application/json in UTF-8, plain
//	422     invalid                  the request can be read and asks for what is not allowed
//	422     lifetime_over_maximum    lifetime_seconds or no_expiration is what was asked for, max_lifetime_seconds the most
//	                                 that would have been given
//	503     unavailable              the store is in trouble, and nothing was done; see Retry-After
//	503     outcome_unknown          it may have been done or not; token_id is the token that may exist: revoke it
//
// A body is one JSON object in UTF-8 with Content-Type: application/json; names of members are compared letter for
// letter. Unknown members and unknown query parameters are refused, so that nothing that is misspelled is lost.
//
// # Browsers
//
// Where Options.Actor goes by a cookie, other sites' pages can make the browser send requests. None of these routes does
// anything for a form: POST and PUT need the content type application/json and DELETE is no method of forms, so a browser
// asks first (CORS), and this handler never consents. A host that answers CORS requests itself, with credentials, should
// put [http.CrossOriginProtection] in front.
package adminapi
