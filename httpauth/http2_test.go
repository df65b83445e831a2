package httpauth_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// The client of net/http refuses to send most of the vectors, so the test writes frames. Of the response it reads the frames and
// the body, which needs no decompression. It takes the header from the handler.
func TestRequireOverHTTP2(t *testing.T) {
	tt := tokentest.New(t)
	token := tt.Token("ada")
	rows, refused := 0, 0
	for _, set := range vectorSets(token) {
		vectors := inLowerCase(set.vectors)
		if set.opts == nil {
			vectors = append(vectors, http2Vectors(token)...)
		}
		server, written := serveHTTP2(t, httpauth.Require(tt.Manager, set.opts)(http.HandlerFunc(ok)))
		for _, v := range vectors {
			rows++
			t.Run(set.name+"/"+v.name, func(t *testing.T) {
				body := exchangeHTTP2(t, server, v.fields)
				var res *http.Response
				select {
				case res = <-written:
				default: // no handler was called
					refused++
				}
				switch {
				case res == nil && v.want == refusedByServer:
				case res == nil:
					t.Errorf("the server refused the request, want %v", v.want)
				case v.want == refusedByServer:
					t.Errorf("a handler was called and wrote %q, want the server to refuse the request", body)
				default:
					wantResponse(t, v.want, set.vary(), token, res, body)
				}
			})
		}
	}
	t.Logf("%d vectors, %d of them refused by the server", rows, refused)
	if rows < 120 || refused == 0 {
		t.Errorf("%d vectors, %d of them refused by the server; want at least 120 and 1", rows, refused)
	}
}

// http2Vectors can be sent only over HTTP/2, where fields are not lines.
func http2Vectors(token string) []vector {
	ours := field{"authorization", "Bearer " + token}
	return []vector{
		{"CR and LF after the token", refusedByServer, []field{{"authorization", "Bearer " + token + "\r\n"}}},
		{"LF and another header in the value", refusedByServer, []field{{"authorization", "Basic YTpi\nauthorization: Bearer " + token}}},
		{"a name in upper case", refusedByServer, []field{{"Authorization", "Bearer " + token}}},
		{"a name with a colon", refusedByServer, []field{{"authorization:", "Bearer " + token}}},
		{"a name with a space", refusedByServer, []field{{"authorization ", "Bearer " + token}}},
		{"a header of the connection that names ours", refusedByServer, []field{ours, {"connection", "authorization"}}},
	}
}

func inLowerCase(vectors []vector) []vector {
	for _, v := range vectors {
		for i := range v.fields {
			v.fields[i].name = strings.ToLower(v.fields[i].name)
		}
	}
	return vectors
}

// serveHTTP2 serves over HTTP/2 without TLS. written receives the status and the header of each response.
func serveHTTP2(t *testing.T, h http.Handler) (address string, written chan *http.Response) {
	t.Helper()
	written = make(chan *http.Response, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("the protocol is %s, want HTTP/2", r.Proto)
		}
		watched := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		h.ServeHTTP(watched, r)
		written <- &http.Response{StatusCode: watched.status, Header: w.Header().Clone()}
	}))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), written
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Types and flags of frames (RFC 9113 section 6).
const (
	frameData, frameHeaders, frameReset, frameSettings, frameGoAway, frameContinuation = 0, 1, 3, 4, 7, 9

	endStream, endHeaders = 0x1, 0x4
	maxFrame              = 16384
)

// exchangeHTTP2 sends one request and returns the body of the response, or nothing if the server ended the stream or the
// connection. When it returns, the handler has returned.
func exchangeHTTP2(t *testing.T, address string, fields []field) (body string) {
	t.Helper()
	conn := dial(t, address)
	defer conn.Close()

	// :method GET, :scheme http and :path / are in the static table (RFC 7541 appendix A); all others are literals.
	block := append([]byte{0x82, 0x86, 0x84}, literal(":authority", "test")...)
	for _, f := range fields {
		block = append(block, literal(f.name, f.value)...)
	}
	out := bytes.NewBufferString("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	writeFrame(out, frameSettings, 0, 0, nil)
	kind := byte(frameHeaders)
	for flags := byte(endStream); flags&endHeaders == 0; kind, flags = frameContinuation, flags&endHeaders {
		part := block[:min(len(block), maxFrame)]
		if block = block[len(part):]; len(block) == 0 {
			flags |= endHeaders
		}
		writeFrame(out, kind, flags, 1, part)
	}
	if _, err := conn.Write(out.Bytes()); err != nil {
		t.Fatal(err)
	}
	for {
		var head [9]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			t.Fatalf("read a frame: %v", err)
		}
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		if _, err := io.ReadFull(conn, payload); err != nil {
			t.Fatalf("read the payload of a frame: %v", err)
		}
		kind, flags := head[3], head[4]
		switch kind {
		case frameReset, frameGoAway:
			return ""
		case frameData:
			body += string(payload)
		}
		if (kind == frameData || kind == frameHeaders) && flags&endStream != 0 {
			return body
		}
	}
}

func writeFrame(out *bytes.Buffer, kind, flags byte, stream uint32, payload []byte) {
	n := len(payload)
	out.Write([]byte{byte(n >> 16), byte(n >> 8), byte(n), kind, flags})
	_ = binary.Write(out, binary.BigEndian, stream)
	out.Write(payload)
}

// literal returns a field without indexing, with a new name and uncompressed (RFC 7541 section 6.2.2).
func literal(name, value string) []byte {
	return append(append([]byte{0}, hpackString(name)...), hpackString(value)...)
}

func hpackString(text string) []byte {
	const most = 1<<7 - 1 // a prefix of seven bits, followed by groups of seven bits
	n := len(text)
	if n < most {
		return append([]byte{byte(n)}, text...)
	}
	out := []byte{most}
	for n -= most; n >= 1<<7; n >>= 7 {
		out = append(out, byte(n)|1<<7)
	}
	return append(append(out, byte(n)), text...)
}
