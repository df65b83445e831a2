package adminapi

import (
	"errors"
	"io"
	"net/http"
)

// refuseUnread refuses a request that asks for something that the route does not read: a body, a precondition, or a part of
// a body. A client that sends {"kind": "ci"} with a revocation of all tokens would otherwise believe that it is of some.
func refuseUnread(r *http.Request, reads reads) error {
	for _, name := range []string{"If-Match", "If-None-Match", "If-Unmodified-Since", "Content-Range"} {
		if len(r.Header[name]) > 0 && !(name == "If-Match" && reads == readsBodyAndIfMatch) {
			return malformed("", "This does not take %s.", name)
		}
	}
	if reads == readsNothing && hasBody(r) {
		return malformed("", "This takes no body.")
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
