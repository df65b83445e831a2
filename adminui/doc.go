// Package adminui serves the administration of tokens as web pages: one [http.Handler] that the host mounts behind its own
// sign-in. The pages work without JavaScript, load nothing from other sites, and need no build step.
//
//	pages, err := adminui.New(m, &adminui.Options{
//		Prefix: "/admin",
//		Actor:  func(r *http.Request) (apitoken.Actor, error) { return apitoken.As(session.User(r)), nil },
//		SignIn: "/sign-in",
//	})
//	mux.Handle("/admin/", pages)
//
// # Pages
//
//	/users                     the users: search, role, state, number of active tokens; the form that makes one
//	/users/{id}                one user: role, state, service accounts; changes them, with Options.EditUsers
//	/users/{id}/disable        asks, and disables the user, with Options.DisableUsers; so do suspend, enable and resume
//	/users/{id}/tokens         the tokens of a user, and the form that generates one for them
//	/users/{id}/offers/...     claims or withdraws a token that waits for the user
//	/users/{id}/revoke-all     asks, and revokes all of them
//	/tokens                    all tokens, with filters; bulk revocation
//	/tokens/search             finds tokens by name, owner, last four characters, or their whole text
//	/tokens/revoke-matching    asks for their number, and revokes all that the filters select, 500 at a time
//	/tokens.csv                the same as a file
//	/tokens/{id}               one token: all that is known of it, its newest events, and what was generated with it
//	/tokens/{id}/revoke        asks, and revokes one token
//	/tokens/{id}/edit          changes the name and the description of a token, narrows or replaces it
//	/expiring                  how many tokens expire in each of the next thirteen weeks
//	/policy                    the maximum lifetime, and what would be beyond another one
//	/activity                  the events, newest first: by action, user, token and time
//	/activity.csv              the same as a file
//
// All users see their own tokens. The Manager decides what else they may do, as for every caller. The pages leave out what the
// signed-in user may not do, and refuse it if the user asks for it anyway. The root redirects to the first page that the user
// may see.
//
// A user id in a path is written as in package adminapi.
//
// # The secret
//
// The response to the form that generates a token shows its secret, once. The secret is in no address, cookie or storage, and
// the response is not cached. With JavaScript, reloading that page shows the list. Without it, the browser sends the form again.
// Every form has a key, so a form that is sent twice revokes the token that it generated and generates another, unless the first
// one is in use. A double click does the same.
//
// A whole token that is entered into the search field is sent in a form, and looked up by its digest. Neither the response nor an
// address contains it, and it does not count as a use.
//
// # Safety
//
// [http.CrossOriginProtection] refuses forms that another site sends. The Content-Security-Policy allows only scripts and styles
// of the pages, and no frames. Names are rendered as text everywhere.
//
// The pages do not compress, and a host should compress none of them. A page repeats parts of its address, such as the filters, next to
// names and keys. The page with a secret repeats what was entered into the form. Where both are compressed together, the length of
// the response says whether a guess in the repeated part occurs elsewhere on the page (BREACH). Everything under /static/ and the CSV
// files repeat nothing of a request, so they may be compressed.
//
// The files under /static/ have a hash of their content in their address, and browsers may keep them for good.
//
// In the CSV file, spreadsheets find no formula, whether they split cells at , ; | tab or line break. An apostrophe stands where
// a formula would begin: at the start of a cell and after each of these separators inside a cell. An apostrophe that is already
// in such a place is doubled. To restore the text, remove one apostrophe from each of these places: replace (^|[,;|\t\r\n])' by
// what the parentheses match.
package adminui
