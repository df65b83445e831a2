package apitoken

import (
	"context"
	"errors"
	"net/url"
	"strings"
)

// Leak says where the text of a token was found. It is for the event of [Manager.RevokeText]. A value of an unusual form never
// prevents the revocation; what cannot be kept of it is left out.
type Leak struct {
	// URL is where the text was found. Only the host and the path of an absolute URL are kept, at most about 200 bytes of them.
	// Empty: not known.
	URL string

	// Source is the kind of that place, in the words of the finder, such as "commit". At most 64 bytes are kept. Empty: not known.
	Source string
}

const maxSourceBytes = 64

// RevokeText revokes for good the token whose text is given, for example because the text was found where it does not belong. It
// accepts every text that [Manager.Authenticate] accepts. Once it has returned, every Authenticate that starts later refuses the
// token, on every replica. It does not count as a use of the token.
//
// The owner may revoke every token of theirs whose text they present, also with another of their tokens, whatever that one
// carries and is bound to. [System] may revoke any token. Every other actor needs [RevokeAny]; without it the error is
// [ErrNotFound], whether or not the token exists. The holder of a text who is not its owner may always act as the token itself:
// see [Identity.Actor].
//
// RevokeText returns the token as it is then. A token that is already revoked stays as it is, and no event is recorded. A token
// that has merely expired is revoked too, because the clock of another replica may be behind. So the token of the result is
// never active.
//
// The event is [ActionLeaked]; its Reason says where the text was found. Neither the event nor an error contains the text. Like
// [Manager.Revoke], RevokeText works even if the clock reads a time before 1970 or after 2199.
//
// The errors are [ErrNotFound], also for a text that is no token; [ErrDenied] for an actor who is not known or no longer
// authenticates; [ErrUnavailable] and [ErrUncertain], after which the token may still be active: call it again.
func (m *Manager) RevokeText(ctx context.Context, actor Actor, text string, l Leak) (Token, error) {
	op := &operation{action: ActionLeaked, actor: actor}
	return decide(ctx, m, op, func(ctx context.Context, op *operation) (Token, error) { return m.revokeText(ctx, op, text, l) })
}

func (m *Manager) revokeText(ctx context.Context, op *operation, text string, l Leak) (Token, error) {
	var token Token // zero: the text is no token
	rec, err := m.find(ctx, text)
	switch {
	case err == nil:
		token = rec.Token
		op.token, op.owner = token.ID, token.Owner
	case !errors.Is(err, ErrUnauthenticated):
		return Token{}, err
	}
	if why := op.reachWithText(token, RevokeAny); why != permitted {
		return Token{}, m.deny(ctx, op, ErrNotFound, why)
	}
	if rec == nil {
		return Token{}, ErrNotFound
	}
	if !errors.Is(rec.refusal(op.at), ErrRevoked) {
		changed, err := m.revokeFound(ctx, op, &token, l.reason(text))
		if changed || err != nil {
			return token, err
		}
	}
	rec, err = m.store.Token(ctx, op.token) // a revocation with all tokens of the owner is not part of what find returns
	if err != nil {
		return Token{}, storeError(err)
	}
	return rec.Token, nil
}

// revokeFound revokes the token and sets its revocation. If it was revoked since it was found, changed is false.
func (m *Manager) revokeFound(ctx context.Context, op *operation, token *Token, reason string) (changed bool, err error) {
	by := Revocation{At: op.at, By: op.actor.User}
	before := m.stateOf(*token)
	after := before
	after.RevokedAt = by.At
	event := op.changed(before, after)
	event.Reason = reason
	changed, err = m.store.RevokeToken(ctx, op.token, by, event)
	if err != nil {
		*token = Token{}
		return false, storeError(err)
	}
	token.RevokedAt, token.RevokedBy = by.At, by.By
	return changed, nil
}

// reason returns where the text was found, in words for an event.
func (l Leak) reason(text string) string {
	words := "found"
	if source := cut(withoutSecret(l.Source, text), maxSourceBytes); source != "" {
		words += " in " + source
	}
	if place := withoutSecret(l.place(), text); place != "" {
		words += " at " + place
	}
	return printable(words)
}

// place returns the host and the path of the URL. User names, passwords, queries and fragments may be secrets, and so may
// everything in a text that is not an absolute URL.
func (l Leak) place() string {
	u, err := url.Parse(l.URL)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return ""
	}
	return u.Host + u.Path
}

// withoutSecret replaces the text of a token, and what follows the prefix in it.
func withoutSecret(words, text string) string {
	words = strings.ReplaceAll(words, text, redacted)
	if _, random, ok := strings.Cut(text, "_"); ok && len(random) >= minForeignKeyBytes {
		words = strings.ReplaceAll(words, random, redacted)
	}
	return words
}
