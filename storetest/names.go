package storetest

import (
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// nameRules are about which token holds a name, and until when.
func nameRules() []rule {
	return append([]rule{{
		"two owners may use one name",
		"A token holds its name only against other tokens of the same owner.",
		func(f *fixture) {
			ada, bob := f.addUser("ada"), f.addUser("bob")
			one, other := f.addToken("ada", "build"), f.addToken("bob", "build")
			f.wantToken(one, ada)
			f.wantToken(other, bob)
		},
	}, {
		"a token without expiration never releases its name",
		"A token without expiration keeps its name at any time.",
		func(f *fixture) {
			f.addUser("ada")
			n := draft("ada", "build")
			n.ExpiresAt = noTime
			f.create(n)
			next := draft("ada", "build")
			next.CreatedAt, next.ExpiresAt = far, noTime
			f.refuses(apitoken.ErrExists, next)
		},
	}, {
		"revoking releases the name",
		"RevokeToken releases the name of the token, even for a token created before the revocation.",
		func(f *fixture) {
			f.addUser("ada")
			f.revoke(f.addToken("ada", "build"), later(time.Minute, "ada"))
			f.addToken("ada", "build")
		},
	}, {
		"a name passes on many times",
		"A name may pass from token to token; each token keeps its row and its name in it.",
		changesHands,
	}, {
		"revoking a predecessor does not release the name of the successor",
		"RevokeToken releases the name only if the token still holds it.",
		func(f *fixture) {
			f.addUser("ada")
			old := f.addToken("ada", "build")
			next := draft("ada", "build")
			next.CreatedAt, next.ExpiresAt = old.ExpiresAt, noTime
			f.create(next)
			f.revoke(old, later(2*time.Hour, "ada"))
			third := draft("ada", "build")
			third.CreatedAt = next.CreatedAt
			f.refuses(apitoken.ErrExists, third)
		},
	}, {
		"taking over a name leaves the predecessor unchanged",
		"Releasing a name changes nothing that can be read of the token that held it.",
		func(f *fixture) {
			ada := f.addUser("ada")
			old := f.addToken("ada", "build")
			next := draft("ada", "build")
			next.CreatedAt, next.ExpiresAt = old.ExpiresAt, noTime
			f.create(next)
			f.wantToken(old, ada)
			f.wantToken(next, ada)
		},
	}, {
		"a refused token releases no name",
		"A refused CreateToken releases no name: it makes all of its writes or none.",
		refusedFreesNothing,
	}, {
		"an earlier epoch releases the name",
		"CreateToken releases a name whose holder is of an earlier epoch than the new token.",
		func(f *fixture) {
			ada := f.addUser("ada")
			f.addToken("ada", "build")
			ada = f.endEpoch(ada, later(microsecond, "ada"))
			n := draft("ada", "build")
			n.Epoch = 1
			f.create(n)
			f.wantToken(n, ada)
		},
	}, {
		"a new epoch alone does not release a name for a late token",
		"A token of an earlier epoch does not take the name of a token of its own epoch.",
		func(f *fixture) {
			ada := f.addUser("ada")
			f.addToken("ada", "build")
			f.endEpoch(ada, later(microsecond, "ada"))
			f.refuses(apitoken.ErrExists, draft("ada", "build"))
		},
	}, {
		"a late token does not take the name of an active one",
		"A token of an earlier epoch than the holder of its name is refused with ErrExists.",
		func(f *fixture) {
			ada := f.addUser("ada")
			ada = f.endEpoch(ada, later(microsecond, "ada"))
			n := draft("ada", "build")
			n.Epoch = ada.Epoch
			f.create(n)
			f.refuses(apitoken.ErrExists, draft("ada", "build"))
		},
	}, {
		"a token that was revoked on insertion releases its name",
		"A token that was inserted with an earlier epoch releases its name to a token of a later one.",
		func(f *fixture) {
			ada := f.addUser("ada")
			ada = f.endEpoch(ada, later(microsecond, "ada"))
			f.addToken("ada", "build")
			n := draft("ada", "build")
			n.Epoch = ada.Epoch
			f.create(n)
			f.wantToken(n, ada)
		},
	}}, append(expiryFreesNames(), differentNames()...)...)
}

func changesHands(f *fixture) {
	ada := f.addUser("ada")
	var all []apitoken.NewToken
	for i := range 6 {
		n := draft("ada", "build")
		n.CreatedAt = base.Add(time.Duration(i) * time.Hour)
		n.ExpiresAt = n.CreatedAt.Add(time.Hour)
		f.create(n)
		if i%2 == 0 {
			n = f.revoke(n, apitoken.Revocation{At: n.CreatedAt, By: "ada"})
		}
		all = append(all, n)
	}
	for _, n := range all {
		f.wantToken(n, ada)
	}
}

func refusedFreesNothing(f *fixture) {
	f.addUser("ada")
	holder, other := f.addToken("ada", "build"), f.addToken("ada", "other")
	n := draft("ada", "build")
	n.CreatedAt, n.ExpiresAt, n.Digest = holder.ExpiresAt, noTime, other.Digest
	f.refuses(apitoken.ErrExists, n)
	earlier := draft("ada", "build")
	earlier.CreatedAt = holder.ExpiresAt.Add(-microsecond)
	f.refuses(apitoken.ErrExists, earlier)
}

// expiryFreesNames are about the microsecond at which a name is free.
func expiryFreesNames() []rule {
	const promise = "CreateToken releases a name whose holder has expired at the new token's CreatedAt: from the holder's ExpiresAt on, and not before."
	var rules []rule
	for _, c := range []struct {
		name string
		end  time.Time
		at   time.Duration // when the new token is created, relative to the holder's expiry
		want error
	}{
		{"a name is held one microsecond before the expiry", base, -microsecond, apitoken.ErrExists},
		{"a name is free exactly at the expiry", base, 0, nil},
		{"a name is free one microsecond after the expiry", base, microsecond, nil},
		{"a name is held one microsecond before an expiry far ahead", far, -microsecond, apitoken.ErrExists},
		{"a name is free at an expiry far ahead", far, 0, nil},
		{"a name is held one microsecond before an expiry in 1970", in1970.Add(microsecond), -microsecond, apitoken.ErrExists},
		{"a name is free at an expiry in 1970", in1970, 0, nil},
	} {
		rules = append(rules, rule{c.name, promise, func(f *fixture) {
			f.addUser("ada")
			holder, next := draft("ada", "build"), draft("ada", "build")
			holder.CreatedAt, holder.ExpiresAt = in1970, c.end
			next.CreatedAt, next.ExpiresAt = c.end.Add(c.at), far.Add(time.Hour)
			f.create(holder)
			if c.want != nil {
				f.refuses(c.want, next)
				return
			}
			f.create(next)
		}})
	}
	return rules
}

// lookalikes are pairs of texts that some database considers equal.
func lookalikes() []struct{ name, one, other string } {
	long := strings.Repeat("\U0001F418", 31) // the longest ID has one more character of four bytes
	return []struct{ name, one, other string }{
		{"upper and lower case", "A", "a"},
		{"a trailing space", "a", "a "},
		{"two spaces inside", "a b", "a  b"},
		{"full width", "a", "\uff41"},
		{"a letter and its accent", "e", "\u00e9"},
		{"composed and combining", "\u00e9", "e\u0301"},
		{"upper and lower case with an accent", "\u00c9", "\u00e9"},
		{"sharp s", "stra\u00dfe", "strasse"},
		{"dotless i", "i", "\u0131"},
		{"a ligature", "fi", "\ufb01"},
		{"kelvin sign", "K", "\u212a"},
		{"angstrom sign", "\u00c5", "\u212b"},
		{"digits", "1", "\u0661"},
		{"two characters beyond the first plane", "\U0001F418", "\U0001F419"},
		{"a percent sign", "%", "x"},
		{"an underscore", "_", "x"},
		{"a backslash", `\`, `\\`},
		{"a quote", `'`, `''`},
		{"a number with a leading zero", "1", "01"},
		{"a long text", long + "\U0001F418", long + "\U0001F419"},
	}
}

// differentNames are about names that look alike.
func differentNames() []rule {
	const promise = "Names are compared byte by byte: two that differ in any byte are two names, and each is held on its own."
	var rules []rule
	for _, c := range lookalikes() {
		rules = append(rules, rule{"different names, " + c.name, promise, func(f *fixture) {
			ada := f.addUser("ada")
			for _, name := range []string{c.one, c.other} {
				f.wantToken(f.addToken("ada", name), ada)
			}
			f.refuses(apitoken.ErrExists, draft("ada", c.one))
			f.refuses(apitoken.ErrExists, draft("ada", c.other))
		}})
	}
	return rules
}
