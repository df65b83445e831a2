package adminapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// body reads the members of a request's JSON object. It is stricter than [json.Unmarshal], which takes a member in any
// case, the last of two, and null for nothing. The first mistake is kept in err and all later reads give zero values.
type body struct {
	members map[string]any // each a string, a json.Number or true
	err     error
}

// readBody reads a body that has no other members than the known ones.
func readBody(r *http.Request, known ...string) *body {
	members, err := readMembers(r, known)
	return &body{members: members, err: err}
}

func readMembers(r *http.Request, known []string) (map[string]any, error) {
	if !isJSON(r.Header) {
		return nil, &unsupportedMediaType
	}
	text, err := io.ReadAll(r.Body)
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return nil, &tooLarge
	case err != nil:
		return nil, malformed("", "The body ends before it is complete.")
	case !utf8.Valid(text):
		return nil, malformed("", "The body is not UTF-8.")
	case !json.Valid(text):
		return nil, malformed("", "The body is not one JSON value.")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	// The text is valid JSON, so Token does not fail below.
	if start, _ := decoder.Token(); start != json.Delim('{') {
		return nil, malformed("", "The body is not a JSON object.")
	}
	members := map[string]any{}
	for decoder.More() {
		token, _ := decoder.Token()
		name, _ := token.(string)
		_, repeated := members[name]
		switch {
		case !slices.Contains(known, name):
			return nil, malformed(name, "is not a member of this request")
		case repeated:
			return nil, malformed(name, "is given more than once")
		}
		value, _ := decoder.Token()
		if err := checkValue(name, value); err != nil {
			return nil, err
		}
		members[name] = value
	}
	return members, nil
}

// isJSON reports whether the body says that it is application/json in UTF-8, and not compressed.
func isJSON(h http.Header) bool {
	types := h.Values("Content-Type")
	if len(types) != 1 || h.Get("Content-Encoding") != "" {
		return false
	}
	mediaType, params, err := mime.ParseMediaType(types[0])
	if err != nil || mediaType != "application/json" {
		return false
	}
	charset, given := params["charset"]
	return !given || strings.EqualFold(charset, "utf-8")
}

// checkValue refuses what no member of any request can be.
func checkValue(name string, value any) error {
	switch value := value.(type) {
	case nil:
		return malformed(name, "is null; leave it out")
	case json.Delim:
		return malformed(name, "is an object or an array")
	case string:
		// The decoder puts this in place of half a surrogate pair, and nobody means it.
		if strings.ContainsRune(value, utf8.RuneError) {
			return malformed(name, "contains U+FFFD, or text that is not Unicode")
		}
	}
	return nil
}

func (b *body) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *body) has(name string) bool {
	_, found := b.members[name]
	return found
}

// text is a string, empty if it is absent. It is refused where it is empty and not absent.
func (b *body) text(name string) string {
	if b.err != nil || !b.has(name) {
		return ""
	}
	text, ok := b.members[name].(string)
	switch {
	case !ok:
		b.fail(malformed(name, "is not a string"))
	case text == "":
		b.fail(invalid(name, "is empty"))
	}
	return text
}

// textOrEmpty is a string that may be empty, which says no more than leaving it out.
func (b *body) textOrEmpty(name string) string {
	if b.members[name] == "" {
		return ""
	}
	return b.text(name)
}

// truth is whether the member is there. It is refused where it is anything but true.
func (b *body) truth(name string) bool {
	if b.err != nil || !b.has(name) {
		return false
	}
	truth, ok := b.members[name].(bool)
	switch {
	case !ok:
		b.fail(malformed(name, "is not a boolean"))
	case !truth:
		b.fail(invalid(name, "is false; leave it out"))
	}
	return truth
}

// instant is a time, zero if it is absent.
func (b *body) instant(name string) time.Time {
	if b.err != nil || !b.has(name) {
		return time.Time{}
	}
	text, _ := b.members[name].(string)
	at, ok := parseInstant(text)
	if !ok {
		b.fail(malformed(name, notInstant))
		return time.Time{}
	}
	if at.Before(time.Unix(0, 0)) { // the zero time, say, would mean that nothing was asked for
		b.fail(invalid(name, "is before 1970"))
		return time.Time{}
	}
	return at
}

// seconds is a positive time span, zero if it is absent. It never becomes apitoken.NoExpiration: in whole microseconds,
// the longest time.Duration is 807 nanoseconds shorter.
func (b *body) seconds(name string) time.Duration {
	if b.err != nil || !b.has(name) {
		return 0
	}
	number, ok := b.members[name].(json.Number)
	if !ok {
		b.fail(malformed(name, "is not a number"))
		return 0
	}
	micros, ok := parseMicros(number.String())
	if !ok || micros == 0 {
		b.fail(invalid(name, notSeconds))
		return 0
	}
	return time.Duration(micros) * time.Microsecond
}

const notSeconds = "is not a positive number of seconds with at most six decimals, or is too large"

// parseMicros reads seconds as microseconds: digits, and up to six more behind a point. It takes no sign and no exponent,
// and what fits into a [time.Duration]. Zeros behind the sixth decimal change nothing: some clients always write ten.
func parseMicros(text string) (micros int64, ok bool) {
	const decimals = 6
	whole, fraction, _ := strings.Cut(text, ".")
	if len(fraction) > decimals {
		fraction = fraction[:decimals] + strings.TrimRight(fraction[decimals:], "0")
	}
	if len(fraction) > decimals {
		return 0, false
	}
	digits := whole + fraction + strings.Repeat("0", decimals-len(fraction))
	if strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	micros, err := strconv.ParseInt(digits, 10, 64)
	return micros, err == nil && micros <= math.MaxInt64/int64(time.Microsecond)
}

// secondsOf writes what seconds reads.
func secondsOf(d time.Duration) json.Number {
	text := strconv.FormatInt(int64(d/time.Second), 10)
	if micros := int64(d % time.Second / time.Microsecond); micros != 0 {
		fraction := strconv.FormatInt(1e6+micros, 10)[1:]
		text += "." + strings.TrimRight(fraction, "0")
	}
	return json.Number(text)
}

// atMostOne refuses members that contradict each other.
func (b *body) atMostOne(names ...string) { b.count(0, names) }

// exactlyOne refuses them too, and that none of them is there.
func (b *body) exactlyOne(names ...string) { b.count(1, names) }

func (b *body) count(least int, names []string) {
	var given []string
	for _, name := range names {
		if b.has(name) {
			given = append(given, name)
		}
	}
	switch {
	case len(given) > 1:
		b.fail(invalid(given[1], "is given beside %s: only one of %s may be", given[0], strings.Join(names, ", ")))
	case len(given) < least:
		b.fail(invalid(names[0], "is not given: one of %s has to be", strings.Join(names, ", ")))
	}
}
