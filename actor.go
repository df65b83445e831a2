package apitoken

import "log/slog"

// Actor says who acts. It is an argument of every method that decides, never hidden in a context. The zero Actor is
// denied everything.
type Actor struct {
	Kind   ActorKind
	User   UserID  // the person, or the owner of the token; empty for the host itself
	Token  TokenID // the token in use; zero for a signed-in person
	Origin Origin  // where the request came from, if the host says so; no decision depends on it
}

// From returns the actor with the origin of the request.
func (a Actor) From(o Origin) Actor {
	a.Origin = o
	return a
}

// withoutOrigin returns the actor without the origin of the request.
func (a Actor) withoutOrigin() Actor { return a.From(Origin{}) }

// wellFormed reports whether the actor can be a user, signed in or with a token.
func (a Actor) wellFormed() bool {
	if a.User.check("actor") != nil {
		return false
	}
	return a.withoutOrigin() == As(a.User) || a.Kind == ActorToken && !a.Token.IsZero()
}

// LogValue returns a group of kind, user, token_id, address, user_agent and request_id, without the empty ones.
func (a Actor) LogValue() slog.Value {
	var g logGroup
	g.text("kind", string(a.Kind))
	g.text("user", string(a.User))
	g.text("token_id", a.Token.text())
	g.text("address", a.Origin.Address)
	g.text("user_agent", a.Origin.UserAgent)
	g.text("request_id", a.Origin.RequestID)
	return slog.GroupValue(g...)
}

// ActorKind distinguishes a person, the holder of a token, and the host itself. The zero kind is denied everything.
type ActorKind string

// The kinds of actors.
const (
	ActorPerson ActorKind = "person"
	ActorToken  ActorKind = "token"
	ActorSystem ActorKind = "system"
)

// As returns the actor for a person whom the host has signed in by its own means.
func As(u UserID) Actor { return Actor{Kind: ActorPerson, User: u} }

// System returns the actor for the host's own trusted code. It may do everything. No user id is equal to it. Never use it
// on behalf of a request.
func System() Actor { return Actor{Kind: ActorSystem} }

// Identity is what a presented token proves: the token and its owner.
type Identity struct {
	User  User
	Token Token
}

// Actor returns the actor who uses the token. At each call the actor has the permissions that the owner holds then, as far as
// the token carries them.
func (i Identity) Actor() Actor {
	return Actor{Kind: ActorToken, User: i.User.ID, Token: i.Token.ID}
}
