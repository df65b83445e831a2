// Package apitoken adds API tokens to a host application, with an administrator in charge.
//
// Users generate tokens for themselves, see them and revoke them. Administrators generate tokens on behalf of other users,
// list everybody's tokens, revoke any token, and set a maximum lifetime. The maximum applies to every token generated
// afterwards, by users and administrators alike, and never to an existing one. The host authenticates a request with one
// call.
//
// # Quick start
//
// A [Manager] decides and a [Store] stores. Package memstore keeps everything in memory, package sqlstore in the host's
// database.
//
//	m, err := apitoken.New(memstore.New(), nil)
//
// The library has no login. The host tells it about users when they sign in or change:
//
//	m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "ada", Name: "Ada", Role: apitoken.RoleAdmin})
//	m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob", Name: "Bob"})
//
// A signed-in person acts as themselves. Here Ada generates a token for Bob that lives for 30 days. The secret is shown once
// and stored nowhere:
//
//	token, secret, err := m.Generate(ctx, apitoken.As("ada"), apitoken.GenerateParams{
//		Owner: "bob", Name: "nightly build", Lifetime: apitoken.Days(30),
//	})
//	fmt.Println(secret.Reveal())
//
// Instead, Ada can offer the token. Then the secret is made when Bob claims it, and nobody else sees it: see [Manager.Offer].
//
// A request that presents the secret acts as Bob until the token expires or is revoked:
//
//	identity, err := m.Authenticate(ctx, presented)
//	err = m.Revoke(ctx, apitoken.As("bob"), token.ID)
//
// Package httpauth does this as middleware. Package adminapi offers the administration as JSON, package adminui as pages.
// Package tokentest gives the host's tests a Manager with a clock that they move.
//
// # Who may do what
//
// Every method that decides takes the [Actor] as an argument: a person ([As]), the holder of a token ([Identity.Actor]), or
// the host itself ([System]). The actor may do what their [Role] grants at that moment, as far as the token in use carries it: by
// its [Kind], and by a limit of its own, which [Manager.Narrow] makes smaller. Everything else is denied. Every change and every denial is an [Event].
//
// # Logs, metrics and scanners
//
// The library does not log. An [Observer] receives the outcome of every decision, and [Reason] returns one word for its
// cause. A [Scanner] finds tokens in other text, redacts them, and writes a rule for secret scanners.
//
// # Time
//
// All times are UTC in whole microseconds. A token is valid exactly while the [Clock] reads less than its ExpiresAt. A token
// without expiration has to be asked for with [NoExpiration]; a forgotten, zero, negative or overflowing lifetime never
// becomes one.
//
// # Errors
//
// Every error is one of the sentinels of this package under [errors.Is]. A failing store is [ErrUnavailable] and never looks
// like a refusal.
package apitoken
