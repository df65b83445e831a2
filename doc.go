// Package apitoken gives a host application API tokens with an administrator in charge.
//
// The host's users generate tokens for themselves, see them and revoke them. Its administrators generate tokens on behalf
// of other users, list everybody's, revoke any, and set a maximum lifetime: it binds every token generated afterwards,
// whoever generates it, and never touches one that exists. The host authenticates a request with one call.
//
// # Quick start
//
// A [Manager] decides and a [Store] stores. Package memstore keeps everything in memory, package sqlstore in the host's
// database.
//
//	m, err := apitoken.New(memstore.New(), nil)
//
// The library has no login. The host tells it of its users when they sign in or change:
//
//	m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "ada", Name: "Ada", Role: apitoken.RoleAdmin})
//	m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob", Name: "Bob"})
//
// A signed-in person acts as himself. Here Ada generates a token for Bob that lives for 30 days; the secret is shown once
// and stored nowhere:
//
//	token, secret, err := m.Generate(ctx, apitoken.As("ada"), apitoken.GenerateParams{
//		Owner: "bob", Name: "nightly build", Lifetime: apitoken.Days(30),
//	})
//	fmt.Println(secret.Reveal())
//
// A request that presents the secret is Bob's, until the token expires or somebody who may revokes it:
//
//	identity, err := m.Authenticate(ctx, presented)
//	err = m.Revoke(ctx, apitoken.As("bob"), token.ID)
//
// Package httpauth does this as middleware, package adminapi offers the administration as JSON, and package tokentest
// gives a host's own tests a Manager with a clock that they move.
//
// # Who may do what
//
// Every method that decides takes the [Actor] as an argument: a person ([As]), the holder of a token ([Identity.Actor]), or
// the host itself ([System]). What an actor may do is what his [Role] grants at that moment. Everything else is denied, and
// every denial and every change is an [Event].
//
// # Logs, metrics and scanners
//
// The library logs nothing itself: an [Observer] is told how every decision ended, and [Reason] gives one word for the cause.
// A [Scanner] finds the tokens of a prefix in other text, redacts them, and writes the rule for a scanner of secrets.
//
// # Time
//
// All times are UTC in whole microseconds. A token is valid exactly while the [Clock] reads less than its ExpiresAt. No
// expiration has to be spelled [NoExpiration]; nothing forgotten, zero, negative or overflowing ever turns into it.
//
// # Errors
//
// Every error is one of the sentinels of this package under [errors.Is]. Trouble with the store is [ErrUnavailable] and
// never looks like a refusal.
package apitoken
