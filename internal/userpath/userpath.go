// Package userpath writes user ids as segments of URL paths, for the packages that have routes with a user.
package userpath

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// mark begins a segment that is base64url. It needs no percent-encoding, so proxies leave it as it is.
const mark = "~"

var encoding = base64.RawURLEncoding.Strict()

// Segment returns the segment of an escaped path that stands for a user id.
//
// An id is percent-encoded. A proxy may decode the path and then merge slashes and resolve "." and "..", so that this does
// not protect an id that contains a slash or is one of the two. Such an id is written as the mark and its bytes in base64url.
// So is one that begins with the mark, because it would be taken for another.
func Segment(id apitoken.UserID) string {
	text := string(id)
	if text == "." || text == ".." || strings.HasPrefix(text, mark) || strings.Contains(text, "/") {
		return mark + encoding.EncodeToString([]byte(text))
	}
	return url.PathEscape(text)
}

// UserID returns the user id that a segment stands for, after percent-decoding. ok is false if the segment begins with the
// mark and is not what Segment writes. Any other segment is the id itself, also one that Segment writes otherwise.
func UserID(segment string) (id apitoken.UserID, ok bool) {
	encoded, marked := strings.CutPrefix(segment, mark)
	if !marked {
		return apitoken.UserID(segment), true
	}
	text, err := encoding.DecodeString(encoded)
	id = apitoken.UserID(text)
	return id, err == nil && Segment(id) == segment
}
