// Package httpauth is middleware for net/http that lets a request pass if it presents a token, and says whose it is.
//
//	protected := httpauth.Require(m, nil)
//	mux.Handle("GET /hello", protected(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
//		identity, _ := httpauth.FromContext(r.Context())
//		fmt.Fprintln(w, "hello,", identity.User.Name)
//	})))
//
// [Require] never calls the handler behind it without an identity, and [Optional] does so only for a request that presents
// nothing. [Verify] is an endpoint for a proxy that asks before it lets a request pass, and [Authenticator] the function by
// which all of them decide. [ActorFunc] tells a handler that asks the host who sends a request, as the administration does.
//
// # Where a token is presented
//
// In the header of the request, as RFC 6750 section 2.1 has it, with the scheme in any case and one or more spaces:
//
//	Authorization: Bearer tok_...
//
// Two more places are off unless [Options] turn them on: HTTP Basic with the token as user name and an empty password
// (Options.Basic), and one header of the host's own that holds the token alone (Options.Header). Never is it read from the
// query, a form, a cookie or a trailer: there it would end up in logs, in histories, or be sent by pages of others.
//
// A request presents one token. Two headers of the same name, or two tokens in two places, are refused even if both are
// good, because whoever stands between may have read the other one. What is not turned on is no token and no mistake: an
// Authorization header of another scheme does not keep a token in the host's own header from being read.
//
// # What is answered
//
// All that may not pass is answered here, with a problem of RFC 9457 whose code is stable:
//
//	status  code                WWW-Authenticate                             when
//	400     invalid_request     Bearer realm="x", error="invalid_request"    more than one is presented, or what is presented
//	                                                                         has no token, or one with a comma, space, tab or
//	                                                                         control character
//	401     unauthenticated     Bearer realm="x"                             nothing is presented, or another scheme
//	401     invalid_token       Bearer realm="x", error="invalid_token"      the token is refused
//	403     insufficient_scope  Bearer realm="x", error="insufficient_scope" the token is of another kind than Options.Kinds, of one that
//	                                                                         the Manager does not declare, or without Options.Permission
//	503     unavailable                                                      the store is in trouble; Retry-After
//
// A 401 has Basic realm="x" as well, in a field of its own, where Options.Basic is on.
//
// The answer to a token that is refused is the same, byte for byte, whatever the cause: malformed, unknown, expired,
// revoked, or of a user who is disabled. Trouble with the store is no refusal: a client that got 401 would throw a good
// token away.
//
// Answers from here say Cache-Control: no-store; all, also those of the handler, say Vary: Authorization, and name
// Options.Header too if it is set. With Options.ExpiryWindow, answers to a token that is about to end say when.
package httpauth
