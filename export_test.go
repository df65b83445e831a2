package apitoken

// NewText returns the text and the digest of a new token, as Generate makes them.
func NewText() (string, Digest) { return defaultFormat.generate() }

// DisplayName returns the name of a user as PutUser stores it.
func DisplayName(name string) string { return displayName(name) }
