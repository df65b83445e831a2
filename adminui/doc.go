// Package adminui offers the administration of tokens as pages for a browser: one [http.Handler] that the host mounts
// behind its own sign-in. The pages are complete without JavaScript, load nothing from anywhere else, and need no build
// step.
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
//	/users                     the users: search, role, disabled or not, how many live tokens
//	/users/{id}/tokens         the tokens of a user, and the form that generates one for him
//	/users/{id}/revoke-all     asks, and revokes all of them
//	/tokens                    everybody's tokens, with filters; bulk revocation
//	/tokens.csv                the same, to download
//	/tokens/{id}/revoke        asks, and revokes one
//	/expiring                  how many tokens end in each of the next thirteen weeks
//	/policy                    the maximum lifetime
//	/activity                  the events, newest first
//
// Everybody sees his own tokens. What else the person who is signed in may not do is left out, and refused where he asks
// for it all the same: the Manager decides, as it does for every caller. The root leads to the first page that he may see.
//
// # The secret
//
// The answer to the form that generates a token shows it, once. It is in no address, cookie or storage, and the answer is
// not to be cached. With JavaScript, to reload that page shows the list. Without, the browser sends the form again: each form
// has a key, so the token that it generated is revoked and another takes its place, unless it is in use. So does a double click.
//
// # Safety
//
// A form that another site sends is refused by [http.CrossOriginProtection]. The Content-Security-Policy lets nothing run
// that is not from here, and no other site show the pages in a frame. Names are rendered as text everywhere.
//
// In the CSV file, no spreadsheet finds a formula, whichever of , ; | tab and line break it splits at. An apostrophe stands
// where a formula would begin: at the start of a cell, and behind each of these separators inside a cell. An apostrophe that
// was in such a place itself is doubled. To restore the text, remove one apostrophe from each of these places: replace
// (^|[,;|\t\r\n])' by what is in the parentheses.
package adminui
