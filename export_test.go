package apitoken

// NewText makes the text and the digest of a new token, as Generate does.
func NewText() (string, Digest) { return defaultFormat.generate() }
