package adminapi

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// etag is the entity tag of a revision. Revision 0 has none: it cannot be set again, and to the Manager it means whatever
// was.
func etag(revision int64) string {
	if revision == 0 {
		return ""
	}
	return `"` + strconv.FormatInt(revision, 10) + `"`
}

// precondition is what If-Match asks for (RFC 9110 section 13.1.1). The zero value asks for nothing.
type precondition struct {
	revision int64 // that it must be at; 0: any
	exists   bool  // that it must exist, at whatever revision
}

// nowhere is a revision that nothing is ever at. With it a precondition fails where the Manager comes to it, and so only
// for who may do what he asks for.
const nowhere = -1

// readPrecondition reads If-Match. An entity tag that no revision has, weak ones among them, is one that nothing is at.
func readPrecondition(r *http.Request) (precondition, error) {
	values := r.Header.Values("If-Match")
	switch {
	case len(values) == 0:
		return precondition{}, nil
	case len(values) == 1 && values[0] == "*":
		return precondition{exists: true}, nil
	case len(values) > 1 || !isEntityTag(values[0]):
		return precondition{}, malformed("", "If-Match is neither * nor one entity tag.")
	}
	revision, err := strconv.ParseInt(strings.Trim(values[0], `"`), 10, 64)
	if err != nil || revision < 1 || etag(revision) != values[0] {
		revision = nowhere
	}
	return precondition{revision: revision}, nil
}

// isEntityTag reports whether the text is one entity tag, weak or strong.
func isEntityTag(text string) bool {
	text, quoted := strings.CutPrefix(strings.TrimPrefix(text, "W/"), `"`)
	if !quoted {
		return false
	}
	text, quoted = strings.CutSuffix(text, `"`)
	return quoted && !strings.ContainsAny(text, "\" \t")
}

// failed makes of a conflict with a revision that the client has named the precondition that failed.
func (p precondition) failed(err error) error {
	if p.revision != 0 && errors.Is(err, apitoken.ErrConflict) {
		return &preconditionFailed
	}
	return err
}
