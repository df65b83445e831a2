package apitoken

import (
	"log/slog"
	"time"
)

// What a log shows of the types of this package: short names, no field that is empty, and nothing secret.

// LogValue is a group of kind, user, token_id, address, user_agent and request_id, as far as they are there.
func (a Actor) LogValue() slog.Value {
	var g logGroup
	g.text("kind", string(a.Kind))
	g.text("user", string(a.User))
	g.token("token_id", a.Token)
	g.text("address", a.Origin.Address)
	g.text("user_agent", a.Origin.UserAgent)
	g.text("request_id", a.Origin.RequestID)
	return slog.GroupValue(g...)
}

// LogValue is a group of id, owner, name, kind, resource, expires_at and revoked_at, as far as they are there.
func (t Token) LogValue() slog.Value {
	var g logGroup
	g.token("id", t.ID)
	g.text("owner", string(t.Owner))
	g.text("name", t.Name)
	g.text("kind", string(t.Kind))
	g.text("resource", t.Resource)
	g.time("expires_at", t.ExpiresAt)
	g.time("revoked_at", t.RevokedAt)
	return slog.GroupValue(g...)
}

// LogValue is a group of seq, id, at, action, outcome, actor, owner, token_id, before, after, reason, count and first_at, as far as they are there.
func (e Event) LogValue() slog.Value {
	var g logGroup
	g.value("seq", slog.Int64Value(int64(e.Seq)))
	g.text("id", e.ID.String())
	g.time("at", e.At)
	g.text("action", string(e.Action))
	g.text("outcome", string(e.Outcome))
	g.value("actor", e.Actor.LogValue())
	g.text("owner", string(e.Owner))
	g.token("token_id", e.Token)
	g.value("before", e.Before.LogValue())
	g.value("after", e.After.LogValue())
	g.text("reason", e.Reason)
	if e.Count != 0 {
		g.value("count", slog.Int64Value(e.Count))
	}
	g.time("first_at", e.FirstAt)
	return slog.GroupValue(g...)
}

// LogValue is a group of name, kind, resource, expires_at, revoked_at, role, disabled_at, epoch and max_lifetime, as far as
// they are there; no maximum is "no expiration".
func (s State) LogValue() slog.Value {
	var g logGroup
	g.text("name", s.Name)
	g.text("kind", string(s.Kind))
	g.text("resource", s.Resource)
	g.time("expires_at", s.ExpiresAt)
	g.time("revoked_at", s.RevokedAt)
	g.text("role", string(s.Role))
	g.time("disabled_at", s.DisabledAt)
	if s.Epoch != 0 {
		g.value("epoch", slog.Int64Value(s.Epoch))
	}
	if s.MaxLifetime != 0 {
		g.text("max_lifetime", lifetimeText(s.MaxLifetime))
	}
	return slog.GroupValue(g...)
}

// logGroup gathers the fields that are there.
type logGroup []slog.Attr

func (g *logGroup) value(key string, v slog.Value) {
	if v.Kind() == slog.KindGroup && len(v.Group()) == 0 {
		return
	}
	*g = append(*g, slog.Attr{Key: key, Value: v})
}

func (g *logGroup) text(key, text string) {
	if text != "" {
		g.value(key, slog.StringValue(text))
	}
}

func (g *logGroup) token(key string, id TokenID) {
	if !id.IsZero() {
		g.text(key, id.String())
	}
}

func (g *logGroup) time(key string, t time.Time) {
	if !t.IsZero() {
		g.value(key, slog.TimeValue(t))
	}
}
