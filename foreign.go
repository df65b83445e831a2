package apitoken

import (
	"crypto/sha256"
	"slices"
)

// ForeignFormat recognises the tokens that another system issued, so that they go on working after [Manager.Import].
type ForeignFormat struct {
	// Name goes into the stored digest of every imported token, so it must never change. It follows the rules for the name of
	// a kind. Required.
	Name string

	// Key returns what the other system stored of a text, such as its SHA-256. ok is false if the text is not one of that
	// system; the next format is then asked. Key is called concurrently, with any text of up to 512 bytes that a client
	// presents. Required.
	Key func(text string) (key []byte, ok bool)
}

// maxForeignBytes limits the texts that a ForeignFormat is asked about, because Key may hash any of them.
const maxForeignBytes = 512

// acceptedTexts are the formats of all texts that a Manager accepts.
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

// digest returns the digest under which the token of a text is stored. ok is false if no format accepts the text. A text that
// one of our own formats claims belongs to no ForeignFormat; any other belongs to the first that accepts it.
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
