package adminui_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminui"
	"github.com/seed-d6cf0a46/apitoken/memstore"
	"github.com/seed-d6cf0a46/apitoken/storetest"
)

// downloads serves the pages over a store with so many tokens. So many lists can be read before the store fails.
func downloads(t *testing.T, tokens, goodLists int) *httptest.Server {
	t.Helper()
	store := storetest.Faulty{Store: memstore.New(), Before: func(_ context.Context, method string) error {
		if method == "Tokens" {
			if goodLists--; goodLists < 0 {
				return apitoken.ErrUnavailable
			}
		}
		return nil
	}}
	h := hostOver(t, store, func(o *adminui.Options) { o.Prefix = "" }, signedInAs("ada"))
	for i := range tokens {
		h.generate(fmt.Sprint("token ", i))
	}
	server := httptest.NewServer(h.pages)
	t.Cleanup(server.Close)
	return server
}

// recovering is a middleware that recovers from every panic, which net/http takes for a complete response.
func recovering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { _ = recover() }()
		next.ServeHTTP(w, r)
	})
}

// The connection is aborted, so that the browser does not take an incomplete file for a complete one.
func TestAnIncompleteFileIsAnError(t *testing.T) {
	for _, tt := range []struct {
		name              string
		tokens, goodLists int
		wrap              func(http.Handler) http.Handler
		lines             int // -1: the file is incomplete
	}{
		{"complete", 1001, 9, nil, 1002},
		{"failure after the first page", 1001, 1, nil, -1},
		{"failure after the second page", 2001, 2, nil, -1},
		{"failure behind a middleware that recovers", 1001, 1, recovering, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := downloads(t, tt.tokens, tt.goodLists)
			if tt.wrap != nil {
				server.Config.Handler = tt.wrap(server.Config.Handler)
			}
			res, err := http.Get(server.URL + "/tokens.csv")
			must(t, err)
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if incomplete := err != nil; incomplete != (tt.lines < 0) {
				t.Errorf("after %d bytes the error is %v", len(body), err)
			}
			if n := strings.Count(string(body), "\n"); tt.lines >= 0 && n != tt.lines {
				t.Errorf("the file has %d lines, want %d", n, tt.lines)
			}
		})
	}
}

func TestAFileThatCannotBeReadIsAProblemPage(t *testing.T) {
	res, err := http.Get(downloads(t, 1, 0).URL + "/tokens.csv")
	must(t, err)
	defer res.Body.Close()
	got := []string{res.Status, res.Header.Get("Content-Type"), res.Header.Get("Content-Disposition")}
	if diff := cmp.Diff([]string{"503 Service Unavailable", "text/html; charset=utf-8", ""}, got); diff != "" {
		t.Errorf("the response differs (-want +got):\n%s", diff)
	}
}

func TestTheWriteTimeoutOfTheServerDoesNotLimitAFile(t *testing.T) {
	server := downloads(t, 3000, 9)
	server.Close()
	limited := httptest.NewUnstartedServer(server.Config.Handler)
	limited.Config.WriteTimeout = time.Nanosecond // exceeded before the first byte
	limited.Start()
	t.Cleanup(limited.Close)
	for range 2 { // on the same connection
		res, err := limited.Client().Get(limited.URL + "/tokens.csv")
		must(t, err)
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if n := strings.Count(string(body), "\n"); err != nil || n != 3001 {
			t.Errorf("the file has %d lines, %v, want 3001", n, err)
		}
	}
}

// deadlines records the write deadlines of a connection.
type deadlines struct {
	*httptest.ResponseRecorder
	left   time.Duration // until the deadline, at the last write
	at     time.Time
	writes int
}

func (d *deadlines) SetWriteDeadline(at time.Time) error { d.at = at; return nil }

func (d *deadlines) Write(p []byte) (int, error) {
	d.left, d.at = time.Until(d.at), time.Unix(1, 0)
	d.writes++
	return d.ResponseRecorder.Write(p)
}

// Each write gives the browser another minute. After the file, the connection has no deadline.
func TestAFileExtendsTheDeadlineWithEveryWrite(t *testing.T) {
	server := downloads(t, 2000, 9)
	d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	server.Config.Handler.ServeHTTP(d, httptest.NewRequest("GET", "/tokens.csv", nil))
	if d.writes < 20 || d.left < 30*time.Second || d.left > time.Minute || !d.at.IsZero() {
		t.Errorf("%d writes, %v for the last one, and the deadline %v at the end", d.writes, d.left, d.at)
	}
}

// HTTP/1.0 cannot mark the end of a body of unknown length, so the file is sent with its length or not at all.
func TestAFileOverHTTP10HasItsLength(t *testing.T) {
	for name, tt := range map[string]struct {
		goodLists int
		status    string
		lines     int
	}{
		"complete": {9, "200 OK", 1002},
		"failure":  {1, "503 Service Unavailable", -1},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", downloads(t, 1001, tt.goodLists).Listener.Addr().String())
			must(t, err)
			defer conn.Close()
			if _, err := io.WriteString(conn, "GET /tokens.csv HTTP/1.0\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			must(t, err)
			body, err := io.ReadAll(res.Body)
			if file := res.Header.Get("Content-Disposition") != ""; file != (tt.lines >= 0) {
				t.Errorf("the response is a file: %t", file)
			}
			if err != nil || res.Status != tt.status || tt.lines >= 0 && (strings.Count(string(body), "\n") != tt.lines || res.ContentLength != int64(len(body))) {
				t.Errorf("%s with %d bytes of %d, %v", res.Status, len(body), res.ContentLength, err)
			}
		})
	}
}

func TestCSVByteOrderMark(t *testing.T) {
	for want, mark := range map[string]bool{"id,owner,": false, "\ufeffid,owner,": true} {
		h := newHost(t, func(o *adminui.Options) { o.CSVByteOrderMark = mark })
		for range 2 {
			if got := h.page("ada", "/admin/tokens.csv"); !strings.HasPrefix(got, want) {
				t.Errorf("CSVByteOrderMark %t: the file begins with %.20q, want %q", mark, got, want)
			}
		}
	}
}
