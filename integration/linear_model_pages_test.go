package integration_test

import (
	"slices"

	"github.com/seed-d6cf0a46/apitoken"
)

// list returns the list of the owner's tokens.
func (w *world) list(a *act) []apitoken.Token {
	var all []apitoken.Token
	for _, t := range w.tokens {
		token := *t.token
		token.Name, token.RevokedAt, token.RevokedBy = t.name, t.revoked.At, t.revoked.By
		if token.Owner == a.owner && (a.status == "" || a.status == token.Status(a.at)) {
			all = append(all, token)
		}
	}
	return all
}

// readPage reads the active tokens of the owner.
func (w *world) readPage(a *act) *world {
	read := page{by: a}
	for _, t := range w.tokens {
		if t.token.Owner == a.owner && t.revoked == (apitoken.Revocation{}) && !t.ended && t.token.Status(a.at) == apitoken.StatusActive {
			read.ids += string(t.id[:])
		}
	}
	next := *w
	next.pages = append(slices.Clip(w.pages), read)
	return &next
}

// revokePage revokes what is still active of a page.
func (w *world) revokePage(a *act) (bool, *world) {
	at := slices.IndexFunc(w.pages, func(p page) bool { return p.by == a })
	if at < 0 {
		return false, w
	}
	next, revoked := *w, 0
	next.pages = slices.Delete(slices.Clone(w.pages), at, at+1)
	next.tokens = slices.Clone(w.tokens)
	for id := range slices.Chunk([]byte(w.pages[at].ids), 16) {
		t := &next.tokens[w.find(apitoken.TokenID(id))]
		if t.revoked == (apitoken.Revocation{}) && !t.ended {
			t.revoked, t.holds = apitoken.Revocation{At: a.at, By: a.actor}, false
			revoked++
		}
	}
	return a.err != nil || revoked == a.revoked, &next
}

// rename gives an active token another name, which no other active token holds.
func (w *world) rename(a *act) (bool, *world) {
	at := w.find(a.token)
	if at < 0 {
		return a.err == apitoken.ErrNotFound, w
	}
	t := w.tokens[at]
	switch {
	case t.revoked != apitoken.Revocation{}:
		return a.err == apitoken.ErrRevoked, w
	case t.token.Status(a.at) == apitoken.StatusExpired:
		return a.err == apitoken.ErrExpired, w
	case t.name == a.name:
		return a.err == nil, w
	case w.holder(a, t.epoch) >= 0:
		return a.err == apitoken.ErrExists, w
	case a.err != nil && a.err != apitoken.ErrUncertain:
		return false, w
	}
	next := *w
	next.tokens = slices.Clone(w.tokens)
	for i, other := range next.tokens {
		if other.token.Owner == a.owner && other.name == a.name {
			next.tokens[i].holds = false
		}
	}
	next.tokens[at].name, next.tokens[at].holds = a.name, true
	return true, &next
}
