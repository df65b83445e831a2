package adminapi

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// etag is the entity tag of a revision. Revision 0 and [apitoken.NoPolicyYet] have none: no change produces them.
func etag(revision int64) string {
	if revision <= 0 {
		return ""
	}
	return `"` + strconv.FormatInt(revision, 10) + `"`
}

// precondition is what If-Match requires (RFC 9110 section 13.1.1). The zero value requires nothing.
type precondition struct {
	revision int64 // the revision that is required; 0: any
	exists   bool  // the object has to exist, at any revision
}

// noRevision is a revision that nothing ever has. The Manager compares revisions after it has decided who may, so a
// precondition with noRevision fails only for callers who may make the change.
const noRevision = -2 // -1 is apitoken.NoPolicyYet

// readPrecondition reads If-Match. An entity tag that no revision has, such as a weak one, becomes noRevision.
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
		revision = noRevision
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

// explain returns preconditionFailed for a conflict with the revision that the client named, and any other error as it is.
func (p precondition) explain(err error) error {
	if p.revision != 0 && errors.Is(err, apitoken.ErrConflict) {
		return &preconditionFailed
	}
	return err
}
