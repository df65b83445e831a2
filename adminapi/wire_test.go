package adminapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// What only a connection shows: headers as they are written, bodies of unknown length, and paths before they are decoded.
func TestOverAConnection(t *testing.T) {
	const head = " HTTP/1.1\r\nHost: x\r\nTest-User: ada\r\nConnection: close\r\n"
	const json = "Content-Type: application/json\r\n"
	chunked := func(body string) string {
		return "Transfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	}
	plain := func(body string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body) }
	const name = `{"name": "x"}`
	tests := []struct {
		name, text string
		status     int
		code       string
	}{
		{"a body in chunks", "POST /users/bob/tokens" + head + json + chunked(name), 201, ""},
		{"a long body in chunks", "POST /users/bob/tokens" + head + json + chunked(name+strings.Repeat(" ", 1<<18)), 413, "too_large"},
		{"a long body", "PUT /policy" + head + json + plain(`{"no_maximum": true}`+strings.Repeat(" ", 1<<20)), 413, "too_large"},
		{"no body in chunks", "PUT /users/bob/disabled" + head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 204, ""},
		{"a body in chunks where none is taken", "PUT /users/bob/disabled" + head + chunked("{}"), 400, "malformed"},
		{"a body where none is read", "DELETE /users/bob/disabled" + head + plain("{}"), 400, "malformed"},
		{"no body where none is read", "DELETE /users/bob/disabled" + head + plain(""), 204, ""},
		{"space around a key", "POST /users/bob/tokens" + head + json + "Idempotency-Key: \t a-key \r\n" + plain(name), 201, ""},
		{"an empty key", "POST /users/bob/tokens" + head + json + "Idempotency-Key:\r\n" + plain(name), 400, "malformed"},
		{"two keys", "POST /users/bob/tokens" + head + json + "Idempotency-Key: a\r\nidempotency-key: a\r\n" + plain(name), 400, "malformed"},
		{"a folded key", "POST /users/bob/tokens" + head + json + "Idempotency-Key: a\r\n b\r\n" + plain(name), 400, "malformed"},
		{"an empty If-Match", "PUT /users/bob" + head + json + "If-Match:\r\n" + plain(name), 400, "malformed"},
		{"space around If-Match", "PUT /users/bob" + head + json + "If-Match:  \"1\" \r\n" + plain(name), 200, ""},
		{"two If-Match", "PUT /users/bob" + head + json + "If-Match: \"1\"\r\nIf-Match: \"2\"\r\n" + plain(name), 400, "malformed"},
		{"two content types", "PUT /users/bob" + head + json + json + plain(name), 415, "unsupported_media_type"},
		{"dots", "GET /users/../users/bob" + head + "\r\n", 404, "not_found"},
		{"encoded dots", "GET /users/%2e%2E" + head + "\r\n", 404, "not_found"},
		{"two slashes", "GET //users" + head + "\r\n", 404, "not_found"},
		{"an encoded slash", "GET /users%2Fbob" + head + "\r\n", 404, "not_found"},
		{"a whole address", "GET http://x/users/bob" + head + "\r\n", 200, ""},
		{"a star", "OPTIONS *" + head + "\r\n", 200, ""}, // net/http answers itself
		{"a question mark alone", "GET /users/bob?" + head + "\r\n", 200, ""},
		{"a fragment", "GET /users/bob#x" + head + "\r\n", 404, "not_found"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(newSite(t).handler)
			defer server.Close()
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			must(t, err)
			defer conn.Close()
			go func() { _, _ = io.WriteString(conn, test.text) }() // the server may stop reading
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			must(t, err)
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			must(t, err)
			if res.StatusCode != test.status || codeOf(body) != test.code {
				t.Errorf("it is answered %d %s, want %d %s: %s", res.StatusCode, codeOf(body), test.status, test.code, body)
			}
		})
	}
}

// Of many clients with the same revision, one makes its change.
func TestIfMatchAllowsOneOfManyConcurrentChanges(t *testing.T) {
	for path, body := range map[string]string{"/users/bob": `{"name": "%d"}`, "/policy": `{"max_lifetime_seconds": %d}`} {
		t.Run(path, func(t *testing.T) {
			s := newSite(t)
			w := s.call("ada", "PUT", path, fmt.Sprintf(body, 1000))
			wantStatus(t, http.StatusOK, w)
			etag := w.Header().Get("ETag")
			const many = 20
			answers := make([]*httptest.ResponseRecorder, many)
			var sending sync.WaitGroup
			for i := range many {
				sending.Go(func() {
					answers[i] = call(s.handler, "ada", "PUT", path, fmt.Sprintf(body, i+100), "If-Match", etag)
				})
			}
			sending.Wait()
			done := ""
			for _, w := range answers {
				switch {
				case w.Code == http.StatusOK && done == "":
					done = w.Body.String()
				case w.Code == http.StatusOK:
					t.Errorf("two are done: %s and %s", done, w.Body)
				default:
					wantProblem(t, 412, "precondition_failed", w)
				}
			}
			if now := s.call("ada", "GET", path, "").Body.String(); now != done {
				t.Errorf("it is %s, and the one that was done %s", now, done)
			}
		})
	}
}
