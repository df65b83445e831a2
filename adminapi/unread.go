package adminapi

import (
	"errors"
	"io"
	"net/http"
)

// refuseUnread refuses a body, a precondition or a part of a body that the route does not read. A client that sends
// {"kind": "ci"} when it revokes all tokens would otherwise believe that it revoked only some.
func refuseUnread(r *http.Request, reads reads) error {
	for _, name := range []string{"If-Match", "If-None-Match", "If-Unmodified-Since", "Content-Range"} {
		if len(r.Header[name]) > 0 && !(name == "If-Match" && reads == readsBodyAndIfMatch) {
			return malformed("", "This route does not read %s.", name)
		}
	}
	if reads == readsNothing && hasBody(r) {
		return malformed("", "This route takes no body.")
	}
	return nil
}

// hasBody reports whether the request has a body of at least one byte. It reads the body only if its length is unknown.
func hasBody(r *http.Request) bool {
	if r.ContentLength >= 0 {
		return r.ContentLength > 0
	}
	n, err := io.ReadFull(r.Body, make([]byte, 1))
	return n > 0 || !errors.Is(err, io.EOF)
}
