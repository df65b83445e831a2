package storetest

import (
	"fmt"

	"github.com/seed-d6cf0a46/apitoken"
)

// refusalRules are about tokens that CreateToken refuses, and the errors.
func refusalRules() []rule {
	rules := []rule{{
		"a missing owner",
		"CreateToken for an unknown owner is ErrNotFound, and writes neither the token nor the event.",
		func(f *fixture) {
			f.addUser("ada")
			f.refuses(apitoken.ErrNotFound, draft("bob", "a"))
		},
	}, {
		"a name that is held",
		"CreateToken with the name of an active token of the owner is ErrExists, and writes neither the token nor the event.",
		func(f *fixture) {
			f.addUser("ada")
			f.addToken("ada", "a")
			f.refuses(apitoken.ErrExists, draft("ada", "a"))
		},
	}, {
		"an ID in use with another digest",
		"CreateToken with an ID in use and another digest is ErrExists, not a repetition, and writes nothing.",
		func(f *fixture) {
			f.addUser("ada")
			n := draft("ada", "b")
			n.ID = f.addToken("ada", "a").ID
			f.refuses(apitoken.ErrExists, n)
		},
	}, {
		"an ID in use by another owner",
		"CreateToken with the ID of another owner's token is ErrExists, and writes nothing.",
		func(f *fixture) {
			f.addUser("ada")
			f.addUser("bob")
			n := draft("bob", "b")
			n.ID = f.addToken("ada", "a").ID
			f.refuses(apitoken.ErrExists, n)
		},
	}, {
		"a digest in use with another ID",
		"CreateToken with a digest in use and another ID is ErrExists, and writes nothing.",
		func(f *fixture) {
			f.addUser("ada")
			n := draft("ada", "b")
			n.Digest = f.addToken("ada", "a").Digest
			f.refuses(apitoken.ErrExists, n)
		},
	}, {
		"a digest in use by another owner",
		"CreateToken with the digest of another owner's token is ErrExists, and writes nothing.",
		func(f *fixture) {
			f.addUser("ada")
			f.addUser("bob")
			n := draft("bob", "b")
			n.Digest = f.addToken("ada", "a").Digest
			f.refuses(apitoken.ErrExists, n)
		},
	}, {
		"the ID of one token and the digest of another",
		"CreateToken with the ID of one token and the digest of another is ErrExists: it repeats neither write.",
		func(f *fixture) {
			f.addUser("ada")
			n := draft("ada", "c")
			n.ID, n.Digest = f.addToken("ada", "a").ID, f.addToken("ada", "b").Digest
			f.refuses(apitoken.ErrExists, n)
		},
	}, {
		"the ID of a revoked token",
		"An ID stays in use when its token is revoked: CreateToken with it is ErrExists.",
		func(f *fixture) {
			f.addUser("ada")
			n := draft("ada", "b")
			n.ID = f.revoke(f.addToken("ada", "a"), later(microsecond, "ada")).ID
			f.refuses(apitoken.ErrExists, n)
		},
	}, {
		"the digest of an expired token",
		"A digest stays in use when its token has expired: CreateToken with it is ErrExists.",
		func(f *fixture) {
			f.addUser("ada")
			old := f.addToken("ada", "a")
			n := draft("ada", "a")
			n.Digest, n.CreatedAt, n.ExpiresAt = old.Digest, old.ExpiresAt, noTime
			f.refuses(apitoken.ErrExists, n)
		},
	}, {
		"a refused token may be created later",
		"A refusal has no effect: the same token with the same event is created once the reason is gone.",
		createdLater,
	}}
	return append(append(append(rules, revisionRefusals()...), append(creatorRefusals(), ownerRefusals()...)...), append(roomRefusals(), orderOfRefusals()...)...)
}

// refuses checks that CreateToken at the current policy returns the error and changes nothing.
func (f *fixture) refuses(want error, n apitoken.NewToken) {
	f.Helper()
	f.wantRefused("CreateToken", want, func() error { return f.tryCreate(n) })
}

// createdLater does what the Manager does: after a conflict it decides again, and writes the same token with the same event.
func createdLater(f *fixture) {
	f.addUser("ada")
	p := f.setPolicy()
	n := draft("ada", "a")
	e := generated(n)
	f.wantRefused("CreateToken", apitoken.ErrConflict, func() error { return f.store.CreateToken(f.Context(), n, p.Revision-1, e) })
	n.ExpiresAt = n.ExpiresAt.Add(-microsecond)
	e.After.ExpiresAt = n.ExpiresAt
	f.wantEvent(e, func() error { return f.store.CreateToken(f.Context(), n, p.Revision, e) })
	f.wantToken(n, f.user("ada"))
}

// revisionRefusals are about a policy at another revision than the one by which the token was judged.
func revisionRefusals() []rule {
	const promise = "CreateToken at another revision than that of the policy is ErrConflict, and writes nothing."
	var rules []rule
	for _, c := range []struct {
		name     string
		sets     int // how often a policy was set
		revision int64
	}{
		{"a revision before there is a policy", 0, 1},
		{"a negative revision of a user policy", 1, 0},
		{"the revision before the last", 3, 2},
		{"a future revision", 2, 3},
		{"a negative revision", 0, -1},
	} {
		rules = append(rules, rule{c.name, promise, func(f *fixture) {
			f.addUser("ada")
			for range c.sets {
				f.setPolicy()
			}
			n := draft("ada", "a")
			f.wantRefused("CreateToken", apitoken.ErrConflict, func() error {
				return f.store.CreateToken(f.Context(), n, c.revision, generated(n))
			})
		}})
	}
	return rules
}

// creatorRefusals are about a token that is inserted only if its creator is at a revision. Root is at revision 3.
func creatorRefusals() []rule {
	const promise = "CreateToken whose CreatorRevision is not that of the row of CreatedBy is ErrConflict, and writes nothing. Zero is no condition."
	var rules []rule
	for _, c := range []struct {
		name     string
		by       apitoken.UserID
		revision int64
		want     error
	}{
		{"the creator's present revision", "root", 3, nil},
		{"no condition of the creator's revision", "root", 0, nil},
		{"no condition of a missing creator's revision", "bob", 0, nil},
		{"no condition of the host's revision", "", 0, nil},
		{"the creator's revision before", "root", 2, apitoken.ErrConflict},
		{"a creator's future revision", "root", 4, apitoken.ErrConflict},
		{"the revision of a missing creator", "bob", 1, apitoken.ErrConflict},
		{"the revision of the host", "", 1, apitoken.ErrConflict},
		{"the revision of a creator under another case", "Root", 3, apitoken.ErrConflict},
		{"the revision of the owner and not the creator", "root", 1, apitoken.ErrConflict},
	} {
		rules = append(rules, rule{c.name, promise, func(f *fixture) {
			f.rename(f.rename(f.addUser("root"), "Root"), "The root")
			ada := f.addUser("ada")
			n := draft("ada", "a")
			n.CreatedBy, n.CreatorRevision = c.by, c.revision
			if c.want != nil {
				f.refuses(c.want, n)
				return
			}
			f.create(n)
			n.CreatorRevision = 0 // a condition, which is not stored
			f.wantToken(n, ada)
		}})
	}
	return rules
}

// ownerRefusals are about a token that is inserted only if its owner has a role. Ada was a user and is a lead, root is a user.
func ownerRefusals() []rule {
	const promise = "CreateToken whose OwnerRole is not the role of the owner is ErrConflict, and writes nothing. Empty is no condition."
	var rules []rule
	for _, c := range []struct {
		name string
		role apitoken.Role
		want error
	}{
		{"the owner's present role", "lead", nil},
		{"no condition of the owner's role", "", nil},
		{"the owner's role before", apitoken.RoleUser, apitoken.ErrConflict},
		{"a role that nobody has", "boss", apitoken.ErrConflict},
		{"the owner's role in another case", "Lead", apitoken.ErrConflict},
		{"the owner's role with a space", "lead ", apitoken.ErrConflict},
	} {
		rules = append(rules, rule{c.name, promise, func(f *fixture) {
			f.addUser("root")
			ada := f.changeUserBy(f.addUser("ada"), apitoken.UserChange{Role: "lead"}, changing("ada"))
			n := draft("ada", "a")
			n.CreatedBy, n.OwnerRole = "root", c.role
			if c.want != nil {
				f.refuses(c.want, n)
				return
			}
			f.create(n)
			n.OwnerRole = "" // a condition, which is not stored
			f.wantToken(n, ada)
		}})
	}
	return append(rules, rule{
		"the owner's role after the name of an expired token",
		promise,
		func(f *fixture) {
			ada := f.addUser("ada")
			held := f.addToken("ada", "a")
			n := draft("ada", "a")
			n.CreatedAt, n.ExpiresAt, n.OwnerRole = held.ExpiresAt, far, "lead"
			f.refuses(apitoken.ErrConflict, n)
			n.OwnerRole = ada.Role
			f.create(n)
		},
	})
}

// orderOfRefusals are about a token that is refused for two reasons.
func orderOfRefusals() []rule {
	const promise = "If several errors of CreateToken apply, it returns the first of ErrConflict, ErrNotFound, ErrExists and ErrTooMany."
	var rules []rule
	for _, c := range []struct {
		name  string
		moved bool // the policy
		edit  func(n, held *apitoken.NewToken)
		want  error
	}{
		{"a moved policy precedes a missing owner", true, func(n, _ *apitoken.NewToken) { n.Owner = "bob" }, apitoken.ErrConflict},
		{"a moved policy precedes a held name", true, func(n, held *apitoken.NewToken) { n.Name = held.Name }, apitoken.ErrConflict},
		{"a moved policy precedes an ID in use", true, func(n, held *apitoken.NewToken) { n.ID = held.ID }, apitoken.ErrConflict},
		{"a moved policy precedes a digest in use", true, func(n, held *apitoken.NewToken) { n.Digest = held.Digest }, apitoken.ErrConflict},
		{"a changed creator precedes a missing owner", false, func(n, _ *apitoken.NewToken) { n.Owner, n.CreatorRevision = "bob", 7 }, apitoken.ErrConflict},
		{"a changed creator precedes a held name", false, func(n, held *apitoken.NewToken) { n.Name, n.CreatorRevision = held.Name, 7 }, apitoken.ErrConflict},
		{"a changed creator precedes an ID in use", false, func(n, held *apitoken.NewToken) { n.ID, n.CreatorRevision = held.ID, 7 }, apitoken.ErrConflict},
		{"another role precedes a held name", false, func(n, held *apitoken.NewToken) { n.Name, n.OwnerRole = held.Name, "lead" }, apitoken.ErrConflict},
		{"another role precedes an ID in use", false, func(n, held *apitoken.NewToken) { n.ID, n.OwnerRole = held.ID, "lead" }, apitoken.ErrConflict},
		{"a missing owner has no role", false, func(n, _ *apitoken.NewToken) { n.Owner, n.OwnerRole = "bob", "lead" }, apitoken.ErrNotFound},
		{"a moved policy precedes no room", true, func(n, _ *apitoken.NewToken) { n.MaxActive = 1 }, apitoken.ErrConflict},
		{"another role precedes no room", false, func(n, _ *apitoken.NewToken) { n.OwnerRole, n.MaxActive = "lead", 1 }, apitoken.ErrConflict},
		{"a held name precedes no room", false, func(n, held *apitoken.NewToken) { n.Name, n.MaxActive = held.Name, 1 }, apitoken.ErrExists},
		{"an ID in use precedes no room", false, func(n, held *apitoken.NewToken) { n.ID, n.MaxActive = held.ID, 1 }, apitoken.ErrExists},
		{"a digest in use precedes no room", false, func(n, held *apitoken.NewToken) { n.Digest, n.MaxActive = held.Digest, 1 }, apitoken.ErrExists},
		{"a missing owner precedes an ID in use", false, func(n, held *apitoken.NewToken) { n.Owner, n.ID = "bob", held.ID }, apitoken.ErrNotFound},
		{"a missing owner precedes a digest in use", false, func(n, held *apitoken.NewToken) { n.Owner, n.Digest = "bob", held.Digest }, apitoken.ErrNotFound},
	} {
		rules = append(rules, rule{c.name, promise, func(f *fixture) {
			f.addUser("ada")
			n := draft("ada", "new")
			held := f.addToken("ada", "held")
			c.edit(&n, &held)
			revision := f.policy().Revision
			if c.moved {
				f.setPolicy()
			}
			f.wantRefused(fmt.Sprintf("CreateToken where %s", c.name), c.want, func() error {
				return f.store.CreateToken(f.Context(), n, revision, generated(n))
			})
		}})
	}
	return rules
}
