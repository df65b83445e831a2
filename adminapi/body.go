package adminapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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

// body reads the members of a request's JSON object. It is stricter than [json.Unmarshal], which accepts a member name in any
// case, takes the last of two, and treats null as absent. err is the first error; after it, every read returns a zero value.
type body struct {
	members map[string]any // each a string, a json.Number, a bool, or the json.RawMessage of an array
	path    string         // where the object stands in the body, such as "limits[0]."; empty: it is the body
	err     error
}

// readBody reads a body. Members other than the known ones are refused. A known member that ends with [] is an array.
func readBody(r *http.Request, known ...string) *body {
	text, err := readText(r)
	if err != nil {
		return &body{err: err}
	}
	return parseObject("", text, known)
}

// readText returns a body that is one JSON value in UTF-8.
func readText(r *http.Request) ([]byte, error) {
	if !isJSON(r.Header) {
		return nil, &unsupportedMediaType
	}
	text, err := io.ReadAll(r.Body)
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return nil, &tooLarge
	case err != nil:
		return nil, malformed("", "The body is incomplete.")
	case !utf8.Valid(text):
		return nil, malformed("", "The body is not UTF-8.")
	case !json.Valid(text):
		return nil, malformed("", "The body is not one JSON value.")
	}
	return text, nil
}

// parseObject reads the members of an object that stands at a path. The text is valid JSON.
func parseObject(path string, text []byte, known []string) *body {
	b := &body{members: map[string]any{}, path: path}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	// The text is valid JSON, so Token and Decode do not fail below.
	if start, _ := decoder.Token(); start != json.Delim('{') {
		if path == "" {
			b.fail(malformed("", "The body is not a JSON object."))
		}
		b.fail(malformed(strings.TrimSuffix(path, "."), "is not an object"))
	}
	for b.err == nil && decoder.More() {
		token, _ := decoder.Token()
		name, _ := token.(string)
		_, repeated := b.members[name]
		switch {
		case repeated:
			b.fail(malformed(b.at(name), "is given more than once"))
		case slices.Contains(known, name+"[]"):
			var array json.RawMessage
			_ = decoder.Decode(&array)
			b.members[name] = array
		case !slices.Contains(known, name) || strings.HasSuffix(name, "[]"):
			b.fail(malformed(b.at(name), "is not a member of this request"))
		default:
			value, _ := decoder.Token()
			b.members[name] = value
			if err := checkValue(b.at(name), value); err != nil {
				b.fail(err)
			}
		}
	}
	return b
}

// at returns the name of a member with its place in the body.
func (b *body) at(name string) string { return b.path + name }

// objects is an array of objects with the known members, nil if it is absent. The caller passes the first error of an object to
// fail.
func (b *body) objects(name string, known ...string) []*body {
	if b.err != nil || !b.has(name) {
		return nil
	}
	text, _ := b.members[name].(json.RawMessage)
	var elements []json.RawMessage
	if err := json.Unmarshal(text, &elements); err != nil || elements == nil {
		b.fail(malformed(b.at(name), "is not an array"))
		return nil
	}
	objects := make([]*body, len(elements))
	for i, element := range elements {
		objects[i] = parseObject(fmt.Sprintf("%s[%d].", b.at(name), i), element, known)
	}
	return objects
}

// isJSON reports whether the header announces application/json in UTF-8, not compressed.
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

// checkValue refuses values that no member of any request can have.
func checkValue(name string, value any) error {
	switch value := value.(type) {
	case nil:
		return malformed(name, "is null; leave it out")
	case json.Delim:
		return malformed(name, "is an object or an array")
	case string:
		// The decoder puts U+FFFD in place of half a surrogate pair, so its presence means damaged text.
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

// text is a string, empty if it is absent. An empty string is refused.
func (b *body) text(name string) string {
	if b.err != nil || !b.has(name) {
		return ""
	}
	text, ok := b.members[name].(string)
	switch {
	case !ok:
		b.fail(malformed(b.at(name), "is not a string"))
	case text == "":
		b.fail(invalid(b.at(name), "is empty"))
	}
	return text
}

// texts is an array of one string or more, nil if it is absent.
func (b *body) texts(name string) (all []string) {
	if b.err != nil || !b.has(name) {
		return nil
	}
	text, _ := b.members[name].(json.RawMessage)
	var elements []any
	if err := json.Unmarshal(text, &elements); err != nil || elements == nil {
		b.fail(malformed(b.at(name), "is not an array"))
		return nil
	}
	if len(elements) == 0 {
		b.fail(invalid(b.at(name), "is empty; leave it out"))
	}
	for i, element := range elements {
		text, ok := element.(string)
		if !ok {
			b.fail(malformed(fmt.Sprintf("%s[%d]", b.at(name), i), "is not a string"))
		}
		all = append(all, text)
	}
	return all
}

// textOrEmpty is a string that may be empty. Empty means absent.
func (b *body) textOrEmpty(name string) string {
	if b.members[name] == "" {
		return ""
	}
	return b.text(name)
}

// optionalText is a string that may be empty; nil if it is absent.
func (b *body) optionalText(name string) *string {
	if b.err != nil || !b.has(name) {
		return nil
	}
	text, ok := b.members[name].(string)
	if !ok {
		b.fail(malformed(name, "is not a string"))
	}
	return &text
}

// boolean is true or false; nil if it is absent.
func (b *body) boolean(name string) *bool {
	if b.err != nil || !b.has(name) {
		return nil
	}
	is, ok := b.members[name].(bool)
	if !ok {
		b.fail(malformed(name, "is not a boolean"))
	}
	return &is
}

// flag reports whether the member is present. Any value other than true is refused.
func (b *body) flag(name string) bool {
	if b.err != nil || !b.has(name) {
		return false
	}
	isTrue, ok := b.members[name].(bool)
	switch {
	case !ok:
		b.fail(malformed(b.at(name), "is not a boolean"))
	case !isTrue:
		b.fail(invalid(b.at(name), "is false; leave it out"))
	}
	return isTrue
}

// instant is a time, zero if it is absent.
func (b *body) instant(name string) time.Time {
	if b.err != nil || !b.has(name) {
		return time.Time{}
	}
	text, _ := b.members[name].(string)
	at, ok := parseInstant(text)
	if !ok {
		b.fail(malformed(b.at(name), notInstant))
		return time.Time{}
	}
	if at.Before(time.Unix(0, 0)) { // the zero time, for example, would read as absent
		b.fail(invalid(b.at(name), "is before 1970"))
		return time.Time{}
	}
	return at
}

// seconds is a positive time span, zero if it is absent. It is never apitoken.NoExpiration: that is not a whole number of
// microseconds, and the result is.
func (b *body) seconds(name string) time.Duration {
	if b.err != nil || !b.has(name) {
		return 0
	}
	number, ok := b.members[name].(json.Number)
	if !ok {
		b.fail(malformed(b.at(name), "is not a number"))
		return 0
	}
	micros, ok := parseMicros(number.String())
	if !ok || micros == 0 {
		b.fail(invalid(b.at(name), notSeconds))
		return 0
	}
	return time.Duration(micros) * time.Microsecond
}

const notSeconds = "is not a positive number of seconds with at most six decimals, or is too large"

// parseMicros reads seconds as microseconds: digits, and up to six decimals. It accepts no sign, no exponent, and nothing
// that overflows a [time.Duration]. Zeros after the sixth decimal are accepted: some clients always write ten decimals.
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

// secondsOf formats a time span as seconds reads it.
func secondsOf(d time.Duration) json.Number {
	text := strconv.FormatInt(int64(d/time.Second), 10)
	if micros := int64(d % time.Second / time.Microsecond); micros != 0 {
		fraction := strconv.FormatInt(1e6+micros, 10)[1:]
		text += "." + strings.TrimRight(fraction, "0")
	}
	return json.Number(text)
}

// count is a whole number of 1 or more, 0 if it is absent.
func (b *body) count(name string) int {
	if b.err != nil || !b.has(name) {
		return 0
	}
	number, ok := b.members[name].(json.Number)
	if !ok {
		b.fail(malformed(b.at(name), "is not a number"))
		return 0
	}
	n, err := strconv.ParseInt(number.String(), 10, 32)
	if err != nil || n < 1 {
		b.fail(invalid(b.at(name), "is not a whole number from 1 to %d", math.MaxInt32))
		return 0
	}
	return int(n)
}

// atLeastOne refuses a body with none of the members.
func (b *body) atLeastOne(names ...string) {
	for _, name := range names {
		if b.has(name) {
			return
		}
	}
	b.fail(invalid(names[0], "is not given; give one of %s", strings.Join(names, ", ")))
}

// atMostOne refuses a body with more than one of the members.
func (b *body) atMostOne(names ...string) { b.given(0, names) }

// exactlyOne refuses a body with none of the members, or with more than one.
func (b *body) exactlyOne(names ...string) { b.given(1, names) }

func (b *body) given(least int, names []string) {
	var given []string
	for _, name := range names {
		if b.has(name) {
			given = append(given, name)
		}
	}
	switch {
	case len(given) > 1:
		b.fail(invalid(b.at(given[1]), "is given beside %s; give only one of %s", given[0], strings.Join(names, ", ")))
	case len(given) < least:
		b.fail(invalid(b.at(names[0]), "is not given; give one of %s", strings.Join(names, ", ")))
	}
}
