package integration_test

import (
	"cmp"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/seed-d6cf0a46/apitoken"
)

// world is the state between two moments. It is immutable.
type world struct {
	max      time.Duration
	limit    time.Duration // of role user; 0: none
	revision int64
	owners   [2]ownerState // bob and carol
	tokens   []stored      // by id
	pending  []pending     // by their beginning
	pages    []page        // in the order in which they were read
}

// page is what a RevokeMany has read and not revoked yet.
type page struct {
	by  *act
	ids string // of 16 bytes each
}

type ownerState struct {
	disabled  bool
	suspended bool
	free      bool // of role free, which has no limit
	epoch     int
}

// refused reports whether the owner is refused whatever they present.
func (o ownerState) refused() bool { return o.disabled || o.suspended }

type stored struct {
	id      apitoken.TokenID
	epoch   int
	name    string
	holds   bool // holds its name
	revoked apitoken.Revocation
	ended   bool // its epoch ended after the token had expired
	token   *apitoken.Token
}

// end returns the token after the end of its epoch.
func (t stored) end(by apitoken.Revocation) stored {
	switch {
	case by == (apitoken.Revocation{}) || t.revoked != (apitoken.Revocation{}) || t.ended:
	case t.token.Status(by.At) == apitoken.StatusExpired:
		t.ended = true
	default:
		t.revoked = by
	}
	return t
}

// pending is a generation that was decided and is not inserted yet.
type pending struct {
	by    *act
	epoch int
	free  bool                // the owner when it was decided
	ended apitoken.Revocation // of the epoch since then
}

func sameWorld(a, b any) bool {
	v, w := a.(*world), b.(*world)
	return v == w || v.max == w.max && v.limit == w.limit && v.revision == w.revision && v.owners == w.owners &&
		slices.Equal(v.tokens, w.tokens) && slices.Equal(v.pending, w.pending) && slices.Equal(v.pages, w.pages)
}

// hash is equal for equal worlds.
func (w *world) hash() uint64 {
	sum := uint64(w.revision)
	for _, o := range w.owners {
		sum = sum*31 + uint64(o.epoch)
		if o.disabled {
			sum++
		}
		if o.suspended {
			sum += 3
		}
		if o.free {
			sum += 5
		}
	}
	for _, t := range w.tokens {
		sum = sum*31 + uint64(t.id[15]) + uint64(t.epoch)
		if t.holds {
			sum++
		}
		if t.revoked != (apitoken.Revocation{}) {
			sum += uint64(len(t.revoked.By)) + 7
		}
	}
	for _, p := range w.pending {
		sum = sum*31 + uint64(p.by.begin) + uint64(p.epoch)
	}
	for _, p := range w.pages {
		sum = sum*31 + uint64(p.by.begin) + uint64(len(p.ids))
	}
	return sum * 0x9e3779b97f4a7c15
}

func ownerIndex(id apitoken.UserID) int {
	if id == "bob" {
		return 0
	}
	return 1
}

// step returns the possible worlds after a moment, or none if the moment contradicts w. A write of unknown outcome has or has not
// taken effect when the client gets its answer.
func (w *world) step(m moment) []any {
	ok, next := w.effect(m, w.owners[ownerIndex(m.owner)])
	switch {
	case m.err == apitoken.ErrUncertain && ok && next != w:
		return []any{next.forget(), w}
	case m.err == apitoken.ErrUncertain:
		return []any{w}
	case ok && next != w:
		return []any{next.forget()}
	case ok:
		return []any{w}
	}
	return nil
}

// forget makes worlds equal whose difference has no further effect: the epoch of a revoked token, and whether it holds its name,
// matter only to a generation that was decided in that epoch.
func (w *world) forget() *world {
	shared := true
	for i, t := range w.tokens {
		if t.revoked == (apitoken.Revocation{}) || t.epoch < 0 {
			continue
		}
		if !slices.ContainsFunc(w.pending, func(p pending) bool { return p.by.owner == t.token.Owner && p.epoch <= t.epoch }) {
			if shared {
				w.tokens, shared = slices.Clone(w.tokens), false
			}
			w.tokens[i].epoch, w.tokens[i].holds = -1, false
		}
	}
	return w
}

// effect reports whether the moment is consistent with w, and returns the world after it.
func (w *world) effect(m moment, o ownerState) (bool, *world) {
	switch {
	case m.part == partJudged:
		end, allowed := w.expiry(m.act, o.free)
		return allowed == (m.err == nil) && end == m.made.ExpiresAt, w
	case m.part == partPermitted:
		return !o.refused(), w
	case m.err == apitoken.ErrDenied:
		return m.actor == m.owner && o.refused(), w
	case m.part == partWhole && m.aboutSelf() && o.refused():
		return false, w
	}
	switch m.kind {
	case actGenerate:
		return w.generate(m, o)
	case actAuthenticate:
		return w.verdict(m, o), w
	case actList:
		return slices.Equal(w.list(m.act), m.listed), w
	case actRevoke:
		return w.revoke(m.act)
	case actRename:
		return w.rename(m.act)
	case actRevokeAll:
		return true, w.endEpoch(m.act, o)
	case actRevokeMany:
		if m.part == partDone {
			return w.revokePage(m.act)
		}
		next := w.readPage(m.act)
		if m.part == partDecided {
			return true, next
		}
		return next.revokePage(m.act)
	case actDisable:
		if o.disabled {
			return true, w
		}
		o.disabled = true
		return true, w.endEpoch(m.act, o)
	case actEnable:
		o.disabled = false
		return true, w.withOwner(m.owner, o)
	case actSuspend, actResume:
		o.suspended = m.kind == actSuspend
		return true, w.withOwner(m.owner, o)
	case actPutRole:
		o.free = m.role == "free"
		return true, w.withOwner(m.owner, o)
	case actReadPolicy:
		wanted := act{max: w.max, limit: w.limit}
		return m.policy.Max == w.max && slices.Equal(m.policy.Limits, wanted.wanted().Limits) && m.policy.Revision == w.revision, w
	case actReadUser:
		return m.user.Disabled() == o.disabled && m.user.Suspended() == o.suspended && m.user.Epoch == int64(o.epoch) &&
			(m.user.Role == "free") == o.free, w
	case actSetPolicy:
		return w.setPolicy(m.act)
	}
	panic("no such act: " + m.kind)
}

func (w *world) withOwner(id apitoken.UserID, o ownerState) *world {
	next := *w
	next.owners[ownerIndex(id)] = o
	return &next
}

// endEpoch revokes the tokens of the owner, and those that are pending.
func (w *world) endEpoch(a *act, o ownerState) *world {
	o.epoch++
	next := w.withOwner(a.owner, o)
	next.tokens, next.pending = slices.Clone(w.tokens), slices.Clone(w.pending)
	for i, t := range next.tokens {
		if t.token.Owner == a.owner {
			next.tokens[i] = t.end(apitoken.Revocation{At: a.at, By: a.actor})
		}
	}
	for i, p := range next.pending {
		if p.by.owner == a.owner && p.ended == (apitoken.Revocation{}) {
			next.pending[i].ended = apitoken.Revocation{At: a.at, By: a.actor}
		}
	}
	return next
}

func (w *world) setPolicy(a *act) (bool, *world) {
	if a.revision != 0 && a.revision != w.revision {
		return a.err == apitoken.ErrConflict, w
	}
	if a.err == apitoken.ErrConflict || a.err == nil && a.policy.Revision != w.revision+1 {
		return false, w
	}
	next := *w
	next.max, next.limit, next.revision = a.max, a.limit, w.revision+1
	return true, &next
}

// expiry returns the expiry of a token generated now for an owner. It returns false if the lifetime is over the maximum.
func (w *world) expiry(a *act, free bool) (time.Time, bool) {
	lifetime, most := a.lifetime, w.max
	if !free && w.limit != 0 {
		most = min(most, w.limit)
	}
	switch {
	case lifetime == 0 && most == apitoken.NoExpiration:
		lifetime = apitoken.Days(90)
	case lifetime == 0:
		lifetime = most
	case lifetime > most:
		return time.Time{}, false
	}
	if lifetime == apitoken.NoExpiration {
		return time.Time{}, true
	}
	return a.at.Add(lifetime), true
}

func (w *world) generate(m moment, o ownerState) (bool, *world) {
	_, allowed := w.expiry(m.act, o.free)
	switch {
	case m.err == apitoken.ErrUserDisabled:
		return o.disabled, w
	case m.err == apitoken.ErrSuspended:
		return o.suspended && !o.disabled, w
	case m.err == apitoken.ErrLifetime:
		return !allowed, w
	case m.part == partInserted:
		return w.insert(m.act)
	case o.refused():
		return false, w
	}
	next := *w
	next.pending = append(slices.Clip(w.pending), pending{by: m.act, epoch: o.epoch, free: o.free})
	slices.SortFunc(next.pending, func(a, b pending) int { return cmp.Compare(a.by.begin, b.by.begin) })
	if m.part == partDecided {
		return true, &next
	}
	return next.insert(m.act)
}

// insert inserts a pending token.
func (w *world) insert(a *act) (bool, *world) {
	at := slices.IndexFunc(w.pending, func(p pending) bool { return p.by == a })
	if at < 0 {
		return false, w
	}
	p, next := w.pending[at], *w
	end, allowed := w.expiry(a, p.free)
	if !allowed {
		return false, w
	}
	next.pending = slices.Delete(slices.Clone(w.pending), at, at+1)
	if w.holder(a, p.epoch) >= 0 {
		return a.err == apitoken.ErrExists, &next
	}
	if a.err == apitoken.ErrExists || a.made.ExpiresAt != end || a.made.CreatedAt != a.at {
		return false, w
	}
	next.tokens = slices.Clone(w.tokens)
	for i, t := range next.tokens {
		if t.token.Owner == a.owner && t.name == a.name {
			next.tokens[i].holds = false
		}
	}
	next.tokens = append(next.tokens, stored{id: a.made.ID, epoch: p.epoch, name: a.name, holds: true, token: &a.made}.end(p.ended))
	slices.SortFunc(next.tokens, func(a, b stored) int { return slices.Compare(a.id[:], b.id[:]) })
	return true, &next
}

// holder returns the index of the token that holds the name against a new token of the epoch, or -1.
func (w *world) holder(a *act, epoch int) int {
	return slices.IndexFunc(w.tokens, func(t stored) bool {
		return t.holds && t.token.Owner == a.owner && t.name == a.name && t.epoch >= epoch &&
			t.token.Status(a.at) == apitoken.StatusActive
	})
}

func (w *world) find(id apitoken.TokenID) int {
	return slices.IndexFunc(w.tokens, func(t stored) bool { return t.id == id })
}

// verdict reports whether the result of Authenticate is right.
func (w *world) verdict(m moment, o ownerState) bool {
	at := w.find(m.token)
	if at < 0 {
		return false
	}
	t := w.tokens[at]
	switch {
	case o.disabled:
		return m.err == apitoken.ErrUserDisabled
	case o.suspended:
		return m.err == apitoken.ErrSuspended
	case t.revoked != apitoken.Revocation{}, t.ended:
		return m.err == apitoken.ErrRevoked
	case t.token.Status(m.at) == apitoken.StatusExpired:
		return m.err == apitoken.ErrExpired
	}
	return m.err == nil && m.identity.Token.ID == t.id && m.identity.User.Epoch == int64(o.epoch)
}

func (w *world) revoke(a *act) (bool, *world) {
	at := w.find(a.token)
	switch {
	case at < 0:
		return a.err == apitoken.ErrNotFound, w
	case a.err == apitoken.ErrNotFound:
		return false, w
	case w.tokens[at].revoked != apitoken.Revocation{}, w.tokens[at].ended:
		return true, w
	}
	next := *w
	next.tokens = slices.Clone(w.tokens)
	next.tokens[at].revoked = apitoken.Revocation{At: a.at, By: a.actor}
	next.tokens[at].holds = false
	return true, &next
}

// specification is the model of correct histories.
func specification() porcupine.Model {
	model := porcupine.NondeterministicModel{
		Init:      func() []any { return []any{&world{max: apitoken.NoExpiration}} },
		Step:      func(state, input, _ any) []any { return state.(*world).step(input.(moment)) },
		Equal:     sameWorld,
		Hash:      func(state any) uint64 { return state.(*world).hash() },
		Partition: partition,
	}
	return model.ToModel()
}

// partition splits a history into three parts, so that checking takes milliseconds instead of minutes: the moments of each of the
// two owners, and the policy and the roles with the generations that they judged. The policy is in all three. So a linearizable
// history is linearizable in each part, and a violation in a part is one of the whole. The third part is necessary, because the
// parts of the owners do not show that the generations of both obey the policies in one order. In it, a token is judged after the
// store was asked to insert it, because a role that changed before then must not be missed.
func partition(moments []porcupine.Operation) [][]porcupine.Operation {
	parts := make([][]porcupine.Operation, 3)
	for _, m := range moments {
		a := m.Input.(moment).act
		switch {
		case a.kind == actSetPolicy || a.kind == actReadPolicy:
			for i := range parts {
				parts[i] = append(parts[i], m)
			}
			continue
		case a.kind == actGenerate && (a.err == nil || a.err == apitoken.ErrLifetime):
			judgement := m
			judgement.Input = moment{a, partJudged}
			if a.err == nil {
				judgement.Call = max(a.begin, a.inserting)
			}
			parts[2] = append(parts[2], judgement)
		case a.kind == actPutRole:
			parts[2] = append(parts[2], m)
		}
		parts[ownerIndex(a.owner)] = append(parts[ownerIndex(a.owner)], m)
	}
	return parts
}
