package adminapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// policyJSON is the policy as the client sees it. One of the first two members is there.
type policyJSON struct {
	MaxLifetimeSeconds json.Number     `json:"max_lifetime_seconds,omitempty"`
	NoMaximum          bool            `json:"no_maximum,omitempty"`
	Revision           int64           `json:"revision"`
	UpdatedAt          string          `json:"updated_at,omitempty"`
	UpdatedBy          apitoken.UserID `json:"updated_by,omitempty"`
}

func (a *api) policy(r *http.Request, _ apitoken.Actor) (answer, error) {
	p, err := a.manager.Policy(r.Context())
	if err != nil {
		return answer{}, err
	}
	return answerPolicy(p), nil
}

func (a *api) setPolicy(r *http.Request, actor apitoken.Actor) (answer, error) {
	revision, err := ifMatch(r.Header.Values("If-Match"))
	if err != nil {
		return answer{}, err
	}
	b := readBody(r, "max_lifetime_seconds", "no_maximum")
	p := apitoken.MaxLifetimePolicy{Max: b.seconds("max_lifetime_seconds"), Revision: revision}
	if b.truth("no_maximum") {
		p.Max = apitoken.NoExpiration
	}
	b.exactlyOne("max_lifetime_seconds", "no_maximum")
	if b.err != nil {
		return answer{}, b.err
	}
	p, err = a.manager.SetPolicy(r.Context(), actor, p)
	switch {
	case revision != 0 && errors.Is(err, apitoken.ErrConflict):
		return answer{}, &preconditionFailed
	case err != nil:
		return answer{}, err
	}
	return answerPolicy(p), nil
}

func answerPolicy(p apitoken.MaxLifetimePolicy) answer {
	body := policyJSON{Revision: p.Revision, UpdatedAt: timeText(p.UpdatedAt), UpdatedBy: p.UpdatedBy}
	if p.Max == apitoken.NoExpiration {
		body.NoMaximum = true
	} else {
		body.MaxLifetimeSeconds = secondsOf(p.Max)
	}
	return answer{status: http.StatusOK, body: body, etag: etag(p.Revision)}
}

// etag is the entity tag of a revision. Revision 0 has none: it cannot be set again, and to the Manager it means whatever
// was.
func etag(revision int64) string {
	if revision == 0 {
		return ""
	}
	return `"` + strconv.FormatInt(revision, 10) + `"`
}

// ifMatch is the revision that the policy must be at, 0 for any. An entity tag that no revision has, weak ones among them
// (RFC 9110 section 13.1.1), is a precondition that fails.
func ifMatch(values []string) (int64, error) {
	switch {
	case len(values) == 0 || len(values) == 1 && values[0] == "*":
		return 0, nil
	case len(values) > 1 || !isEntityTag(values[0]):
		return 0, malformed("", "If-Match is neither * nor one entity tag.")
	}
	revision, err := strconv.ParseInt(strings.Trim(values[0], `"`), 10, 64)
	if err != nil || revision < 1 || etag(revision) != values[0] {
		return 0, &preconditionFailed
	}
	return revision, nil
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
