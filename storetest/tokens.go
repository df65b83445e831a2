package storetest

import (
	"bytes"

	"github.com/seed-d6cf0a46/apitoken"
)

// tokenRules are about what CreateToken stores and how it is read back.
func tokenRules() []rule {
	return []rule{{
		"a created token is read back with every field",
		"Token, Lookup and Tokens return a created token equal in every field, with its owner.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := draft("ada", "nightly build")
			n.Kind, n.Resource, n.CreatedBy, n.CreatedWith, n.Description = "robot", "project:web", "carol", newTokenID(), "for the nightly build"
			n.Permissions = 1<<63 | 1<<32 | apitoken.GenerateOwn
			f.create(n)
			f.wantToken(n, ada)
		},
	}, {
		"a token with nothing optional is read back",
		"An empty field is read back empty: no expiration, the host as creator, no resource, no description, no hint, no permissions.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := draft("ada", "a")
			n.ExpiresAt, n.CreatedBy, n.Hint, n.Permissions = noTime, "", "", 0
			f.create(n)
			f.wantToken(n, ada)
		},
	}, {
		"creating writes exactly its event",
		"The event of a CreateToken is stored with it, once, with all of its fields.",
		func(f *fixture) {
			f.addUser("ada")
			n := draft("ada", "a")
			e := generated(n)
			f.wantEvent(e, func() error { return f.store.CreateToken(f.Context(), n, 0, e) })
		},
	}, {
		"creating changes no other token and no user",
		"CreateToken writes one token and one event, and nothing else.",
		func(f *fixture) {
			ada, bob := f.addUser("ada"), f.addUser("bob")
			one, other := f.addToken("ada", "one"), f.addToken("bob", "one")
			f.addToken("ada", "two")
			f.wantToken(one, ada)
			f.wantToken(other, bob)
		},
	}, {
		"a store decides nothing about a disabled owner",
		"CreateToken does not examine whether the owner is disabled; the caller decides.",
		func(f *fixture) {
			ada := newUser("ada")
			ada.DisabledAt = base
			f.createUser(ada)
			f.wantToken(f.addToken("ada", "a"), ada)
		},
	}, {
		"a token that expired long ago is read unchanged",
		"A Store never reads a clock: an expired token is read like any other.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := draft("ada", "a")
			n.ExpiresAt = n.CreatedAt.Add(microsecond)
			f.create(n)
			f.wantToken(n, ada)
		},
	}, {
		"a token from the future is read unchanged",
		"A Store never reads a clock: a token created in the future is read like any other.",
		func(f *fixture) {
			ada := f.addUser("ada")
			n := draft("ada", "a")
			n.CreatedAt, n.ExpiresAt = far, far.Add(microsecond)
			f.create(n)
			f.wantToken(n, ada)
		},
	}, {
		"IDs may arrive in any order",
		"A token is found by its ID and its digest, whatever its place among the others.",
		func(f *fixture) {
			ada := f.addUser("ada")
			var all []apitoken.NewToken
			for i, id := range newTokenIDs(7) {
				n := draft("ada", string(rune('a'+i)))
				n.ID = id
				all = append(all, n)
			}
			for _, i := range []int{3, 6, 0, 5, 1, 4, 2} {
				f.create(all[i])
			}
			for _, n := range all {
				f.wantToken(n, ada)
			}
		},
	}, {
		"an unknown ID is not found",
		"Token of an unknown ID is ErrNotFound.",
		func(f *fixture) {
			f.addUser("ada")
			f.addToken("ada", "a")
			_, err := f.store.Token(f.Context(), newTokenID())
			f.wantError("Token", apitoken.ErrNotFound, err)
		},
	}, {
		"an unknown digest is not found",
		"Lookup of an unknown digest is ErrNotFound.",
		func(f *fixture) {
			f.addUser("ada")
			f.addToken("ada", "a")
			_, err := f.store.Lookup(f.Context(), apitoken.Digest{})
			f.wantError("Lookup", apitoken.ErrNotFound, err)
		},
	}, {
		"a missing token is found once it is created",
		"A write that has returned is visible to every later call, even to a caller that found nothing before.",
		func(f *fixture) {
			_, err := f.store.User(f.Context(), "ada")
			f.wantError("User", apitoken.ErrNotFound, err)
			ada := f.addUser("ada")
			n := draft("ada", "a")
			_, err = f.store.Lookup(f.Context(), n.Digest)
			f.wantError("Lookup", apitoken.ErrNotFound, err)
			_, err = f.store.Token(f.Context(), n.ID)
			f.wantError("Token", apitoken.ErrNotFound, err)
			f.create(n)
			f.wantToken(n, ada)
		},
	}, {
		"an empty store finds nothing",
		"In an empty store every row is missing, and an empty page is no error.",
		emptyStore,
	}, {
		"a digest with one other bit is another digest",
		"Lookup compares all 32 bytes of the digest.",
		func(f *fixture) {
			f.addUser("ada")
			n := f.addToken("ada", "a")
			for i := range n.Digest {
				d := n.Digest
				d[i] ^= 1
				_, err := f.store.Lookup(f.Context(), d)
				f.wantError("Lookup of another digest", apitoken.ErrNotFound, err)
			}
		},
	}, {
		"digests of any bytes are distinct",
		"A digest is 32 bytes of any value, including zeros and text.",
		anyDigests,
	}}
}

func emptyStore(f *fixture) {
	_, err := f.store.User(f.Context(), "ada")
	f.wantError("User", apitoken.ErrNotFound, err)
	_, err = f.store.Token(f.Context(), newTokenID())
	f.wantError("Token", apitoken.ErrNotFound, err)
	_, err = f.store.Lookup(f.Context(), apitoken.Digest{})
	f.wantError("Lookup", apitoken.ErrNotFound, err)
	wantEqual(f, "an empty store", everything{}, f.everything())
}

func anyDigests(f *fixture) {
	ada := f.addUser("ada")
	var first, second, last, text, lower, spaces, high apitoken.Digest
	second[31], last[0] = 1, 1
	copy(text[:], `'; -- \x00 %_ ABCDEFGHIJKLMNOPQ`)
	copy(lower[:], bytes.ToLower(text[:]))
	copy(spaces[:], bytes.Repeat([]byte{' '}, len(spaces)))
	copy(high[:], bytes.Repeat([]byte{0xff}, len(high)))
	var all []apitoken.NewToken
	for i, d := range []apitoken.Digest{first, second, last, text, lower, spaces, high} {
		n := draft("ada", string(rune('a'+i)))
		n.Digest = d
		f.create(n)
		all = append(all, n)
	}
	for _, n := range all {
		f.wantToken(n, ada)
	}
}
