package apitoken

import (
	"crypto/sha256"
	"slices"
)

// ForeignFormat recognises the tokens that another system issued, so that they go on working after [Manager.Import].
type ForeignFormat struct {
	// Name goes into the stored digest of every imported token, so it never changes: like the name of a kind. Required.
	Name string

	// Key returns what the other system stored of a text, such as its SHA-256. ok is false if the text is none of its texts;
	// then the next format is asked. Key is called by many goroutines at once, with whatever strangers send: up to 512 bytes.
	Key func(text string) (key []byte, ok bool)
}

// maxForeignBytes is how long a text may be that a ForeignFormat is asked about. Key may hash it before anything is known.
const maxForeignBytes = 512

// acceptedTexts are the texts that authenticate beside those of the Manager's own format.
type acceptedTexts struct {
	own     []format // with the present prefix and with the former ones
	foreign []ForeignFormat
}

// newAcceptedTexts checks Options.FormerPrefixes and Options.Foreign.
func newAcceptedTexts(present format, formerPrefixes []string, foreign []ForeignFormat) (acceptedTexts, error) {
	a := acceptedTexts{own: []format{present}, foreign: slices.Clone(foreign)}
	for _, prefix := range formerPrefixes {
		former, err := newFormat(prefix)
		if err != nil {
			return a, err
		}
		a.own = append(a.own, former)
	}
	names := map[string]bool{}
	for _, f := range a.foreign {
		if err := checkName("foreign format", f.Name, maxTokenNameRunes); err != nil {
			return a, err
		}
		switch {
		case f.Key == nil:
			return a, invalid("foreign format", "%q has no Key", f.Name)
		case names[f.Name]:
			return a, invalid("foreign format", "%q is given twice", f.Name)
		}
		names[f.Name] = true
	}
	return a, nil
}

// digest returns the digest under which a text is stored if it is one. A text in our own format, right or wrong, belongs to no
// ForeignFormat; any other belongs to the first that accepts it.
func (a acceptedTexts) digest(text string) (d Digest, ok bool) {
	for _, f := range a.own {
		if f.claims(text) {
			return f.digest(text)
		}
	}
	if len(text) > maxForeignBytes {
		return Digest{}, false
	}
	for _, f := range a.foreign {
		if key, ok := f.Key(text); ok {
			return foreignDigest(f.Name, key), true
		}
	}
	return Digest{}, false
}

func (a acceptedTexts) declares(name string) bool {
	return slices.ContainsFunc(a.foreign, func(f ForeignFormat) bool { return f.Name == name })
}

// foreignDigest is stored in place of a foreign token. It is never the digest of a text of our own, which is hashed without
// "import".
func foreignDigest(name string, key []byte) Digest {
	return sha256.Sum256(slices.Concat([]byte("import\x00"), []byte(name), []byte{0}, key))
}
