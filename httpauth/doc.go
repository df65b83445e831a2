// Package httpauth is middleware for net/http that lets a request pass if it presents a token, and says whose it is.
//
//	protected := httpauth.Require(m, nil)
//	mux.Handle("GET /hello", protected(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
//		identity, _ := httpauth.FromContext(r.Context())
//		fmt.Fprintln(w, "hello,", identity.User.Name)
//	})))
//
// A token is presented in the header, as RFC 6750 section 2.1 has it, and nowhere else: not in the query, a form or a
// cookie.
//
//	Authorization: Bearer tok_...
//
// The scheme is written in any case and followed by one or more spaces. [Require] never calls the handler behind it
// without an identity, and [Optional] does so only for a request without the header. All others are answered here, with a
// problem of RFC 9457 whose code is stable:
//
//	status  code             WWW-Authenticate                          when
//	400     invalid_request  Bearer realm="x", error="invalid_request" the header is there twice, has no token, or one with a
//	                                                                   comma, space, tab or control character
//	401     unauthenticated  Bearer realm="x"                          there is no header, an empty one, or another scheme
//	401     invalid_token    Bearer realm="x", error="invalid_token"   the token is refused
//	503     unavailable                                                the store is in trouble; Retry-After
//
// The answer to a token that is refused is the same, byte for byte, whatever the cause. Trouble with the store is no
// refusal: a client that got 401 would throw a good token away.
//
// Answers from here say Cache-Control: no-store; all, also those of the handler, say Vary: Authorization.
package httpauth
