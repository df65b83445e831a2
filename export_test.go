package apitoken

// NewText makes the text and the digest of a new token, as Generate does.
func NewText() (string, Digest) { return defaultFormat.generate() }

// DisplayName is the name of a user as PutUser stores it.
func DisplayName(name string) string { return displayName(name) }
