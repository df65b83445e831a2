package adminapi

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// checkQuery refuses query parameters that the route does not read, that are repeated, or that are empty.
func checkQuery(raw string, known []string) error {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return malformed("", "the query cannot be read")
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		values := query[name]
		switch {
		case !slices.Contains(known, name):
			return malformed(name, "is not a query parameter of this route, which has %s", parametersText(known))
		case len(values) > 1:
			return malformed(name, "is given more than once")
		case values[0] == "":
			return malformed(name, "is empty; leave it out")
		}
	}
	return nil
}

// parametersText lists the query parameters of a route.
func parametersText(known []string) string {
	if len(known) == 0 {
		return "none"
	}
	return strings.Join(known, ", ")
}

// query reads the parameters of a request that checkQuery has accepted. err is the first error; after it, every read
// returns a zero value. Otherwise a present parameter never reads as the zero value: that would select everything.
type query struct {
	values url.Values
	err    error
}

func readQuery(r *http.Request) *query { return &query{values: r.URL.Query()} }

// text is a text, empty if it is absent.
func (q *query) text(name string) string {
	if q.err != nil {
		return ""
	}
	return q.values.Get(name)
}

// oneOf is one of the known texts, empty if it is absent.
func oneOf[T ~string](q *query, name string, known ...T) T {
	text := T(q.text(name))
	if text != "" && !slices.Contains(known, text) {
		q.err = invalid(name, "is not one of %s", joinTexts(known))
		return ""
	}
	return text
}

func joinTexts[T ~string](all []T) string {
	var texts []string
	for _, one := range all {
		texts = append(texts, string(one))
	}
	return strings.Join(texts, ", ")
}

// flag reports whether the parameter is present. Any value other than true is refused.
func (q *query) flag(name string) bool {
	switch q.text(name) {
	case "":
		return false
	case "true":
		return true
	case "false":
		q.err = invalid(name, "is false; leave it out")
	default:
		q.err = malformed(name, "is not true")
	}
	return false
}

// instant is a time, zero if it is absent.
func (q *query) instant(name string) time.Time {
	text := q.text(name)
	if text == "" {
		return time.Time{}
	}
	switch at, ok := parseInstant(text); {
	case !ok:
		q.err = malformed(name, notInstant+"; a plus sign in it is %%2B")
	case at.Before(time.Unix(0, 0)): // the zero time, for example, would read as absent
		q.err = invalid(name, "is before 1970")
	default:
		return at
	}
	return time.Time{}
}

// seconds is a positive time span, zero if it is absent. Its spelling is the same as in a body.
func (q *query) seconds(name string) time.Duration {
	text := q.text(name)
	if text == "" {
		return 0
	}
	if strings.Trim(text, "0123456789.+-eE") != "" || !json.Valid([]byte(text)) {
		q.err = malformed(name, "is not a number of seconds")
		return 0
	}
	micros, ok := parseMicros(text)
	if !ok || micros == 0 {
		q.err = invalid(name, notSeconds)
		return 0
	}
	return time.Duration(micros) * time.Microsecond
}

// limit is the maximum number of elements of a page.
func (q *query) limit() int {
	const usual, most = 100, 500
	if q.text("limit") == "" {
		return usual
	}
	limit, ok := q.number("limit")
	if ok && (limit < 1 || limit > most) {
		q.err = invalid("limit", "is out of range, 1 to %d are allowed", most)
	}
	return int(limit)
}

// afterEvent is the number of the event after which the page begins, 0 if it is absent.
func (q *query) afterEvent() apitoken.EventSeq {
	if q.text("after") == "" {
		return 0
	}
	seq, ok := q.number("after")
	if ok && seq < 0 {
		q.err = invalid("after", "is out of range")
	}
	return apitoken.EventSeq(seq)
}

// afterToken is the token after which the page begins, zero if it is absent.
func (q *query) afterToken() apitoken.TokenID {
	return q.token("after", "is not the next of a page")
}

// token is the id of a token, zero if it is absent. problem is the detail for text that is not an id.
func (q *query) token(name, problem string) apitoken.TokenID {
	text := q.text(name)
	if text == "" {
		return apitoken.TokenID{}
	}
	id, err := apitoken.ParseTokenID(text)
	if err != nil || id.IsZero() {
		q.err = malformed(name, "%s", problem)
	}
	return id
}

// number is a whole number: digits without leading zeros. It is -1 if the number is too large.
func (q *query) number(name string) (n int64, ok bool) {
	text := q.text(name)
	if strings.Trim(text, "0123456789") != "" || len(text) > 1 && text[0] == '0' {
		q.err = malformed(name, "is not a whole number")
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return -1, true
	}
	return n, true
}
