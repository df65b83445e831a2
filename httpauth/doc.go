// Package httpauth is middleware for net/http that authenticates requests by their API token and passes the identity to the
// handler.
//
//	protected := httpauth.Require(m, nil)
//	mux.Handle("GET /hello", protected(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
//		identity, _ := httpauth.FromContext(r.Context())
//		fmt.Fprintln(w, "hello,", identity.User.Name)
//	})))
//
// [Require] calls its handler only with an identity. [Optional] also calls it for a request without credentials. [Verify] is
// an endpoint for a proxy that asks whether to let a request pass. [ActorFunc] is for handlers that ask the host who sends a
// request, such as those of package adminapi. [Authenticator] is the function that all of them call.
//
// # Where a token is presented
//
// A token is presented in the Authorization header (RFC 6750 section 2.1), with the scheme in any case and one or more spaces:
//
//	Authorization: Bearer tok_...
//
// [Options] turn more places on:
//
//   - Basic: HTTP Basic with the token as user name and an empty password
//   - BasicPassword: HTTP Basic with the token as password
//   - Header: a header of the host that holds the token without a scheme
//   - Elsewhere: a place that a function of the host finds
//
// Unless Elsewhere finds it, a token in the query, a form, a cookie or a trailer is ignored: there it would end up in logs and
// histories, or be sent by pages of other sites.
//
// A request must present one token. Two headers of the same name, or tokens in two places, are refused even if both tokens are
// valid, because a proxy in between may have read the other one. A place that is not turned on is ignored: an Authorization
// header of another scheme does not prevent a token in Options.Header from being read.
//
// # Responses
//
// A refusal is a problem of RFC 9457 with a stable code:
//
//	status  code                WWW-Authenticate                             when
//	400     invalid_request     Bearer realm="x", error="invalid_request"    more than one token is presented, or the text is
//	                                                                         missing or contains a comma, space, tab or control
//	                                                                         character
//	401     unauthenticated     Bearer realm="x"                             no token is presented, or another scheme
//	401     invalid_token       Bearer realm="x", error="invalid_token"      the token is refused
//	403     insufficient_scope  Bearer realm="x", error="insufficient_scope" the token's kind is not in Options.Kinds or not
//	                                                                         declared by the Manager
//	403     insufficient_scope  the same with scope="deploy"                 the token does not carry Options.Permission, which
//	                                                                         scope names: see apitoken.Options.PermissionNames
//	503     unavailable                                                      the store failed; with Retry-After
//
// With Options.Basic, a 401 also has Basic realm="x" in a field of its own. With Options.BasicPassword, it has only that. With
// Options.ResourceMetadata, each Bearer challenge ends with resource_metadata="https://...", the address of the document that
// [ResourceMetadata] serves.
//
// The response to a refused token is the same, byte for byte, whether the token is malformed, unknown, expired or revoked, or
// its owner disabled. A failing store is not a refusal: a client that got 401 would discard a good token.
//
// A refusal has Cache-Control: no-store. Every response, also the handler's, has Vary: Authorization, with Options.Header
// added if it is set. With Options.ExpiryWindow, responses to a token that expires soon say when.
package httpauth
