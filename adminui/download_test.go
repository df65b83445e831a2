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
)

// failingLists is a store whose lists of tokens fail from the given call on.
type failingLists struct {
	*memstore.Store
	good int
}

func (s *failingLists) Tokens(ctx context.Context, q apitoken.TokenQuery, now time.Time) ([]apitoken.Token, error) {
	if s.good--; s.good < 0 {
		return nil, apitoken.ErrUnavailable
	}
	return s.Store.Tokens(ctx, q, now)
}

// downloads serves the pages over a store with so many tokens, of which the first lists can be read.
func downloads(t *testing.T, tokens, goodLists int, around ...func(http.Handler) http.Handler) *httptest.Server {
	t.Helper()
	store := &failingLists{memstore.New(), goodLists}
	m, err := apitoken.New(store, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob"}); err != nil {
		t.Fatal(err)
	}
	for i := range tokens {
		if _, _, err := m.Generate(ctx, apitoken.System(), apitoken.GenerateParams{Owner: "bob", Name: fmt.Sprint("token ", i)}); err != nil {
			t.Fatal(err)
		}
	}
	h, err := adminui.New(m, &adminui.Options{Actor: func(*http.Request) (apitoken.Actor, error) { return apitoken.System(), nil }})
	if err != nil {
		t.Fatal(err)
	}
	for _, wrap := range around {
		h = wrap(h)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

// A file that ends before its time does not look whole to the browser: the connection is cut.
func TestAFileThatIsCutShortDoesNotPassForWhole(t *testing.T) {
	for _, tt := range []struct {
		name              string
		tokens, goodLists int
		lines             int // -1: the file is cut
	}{
		{"whole", 1001, 9, 1002},
		{"cut after the first page", 1001, 1, -1},
		{"cut after the second page", 2001, 2, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res, err := http.Get(downloads(t, tt.tokens, tt.goodLists).URL + "/tokens.csv")
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if cut := err != nil; cut != (tt.lines < 0) {
				t.Errorf("after %d bytes the error is %v", len(body), err)
			}
			if n := strings.Count(string(body), "\n"); tt.lines >= 0 && n != tt.lines {
				t.Errorf("the file has %d lines, want %d", n, tt.lines)
			}
		})
	}
}

// A file of which nothing can be read is a page that says so, and no file.
func TestAFileThatCannotBeginIsAProblem(t *testing.T) {
	res, err := http.Get(downloads(t, 1, 0).URL + "/tokens.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got := []string{res.Status, res.Header.Get("Content-Type"), res.Header.Get("Content-Disposition")}
	if diff := cmp.Diff([]string{"503 Service Unavailable", "text/html; charset=utf-8", ""}, got); diff != "" {
		t.Errorf("the answer (-want +got):\n%s", diff)
	}
}

// The timeout of the server is for pages. A file is sent to its end as long as the browser takes it.
func TestTheWriteTimeoutOfTheServerDoesNotCutAFile(t *testing.T) {
	server := downloads(t, 3000, 9)
	server.Close()
	limited := httptest.NewUnstartedServer(server.Config.Handler)
	limited.Config.WriteTimeout = time.Nanosecond // over before the first byte
	limited.Start()
	t.Cleanup(limited.Close)
	for range 2 { // the second on the same connection
		res, err := limited.Client().Get(limited.URL + "/tokens.csv")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if n := strings.Count(string(body), "\n"); err != nil || n != 3001 {
			t.Errorf("the file has %d lines, %v", n, err)
		}
	}
}

// deadlines records what a file does to the deadline of its connection.
type deadlines struct {
	*httptest.ResponseRecorder
	left   time.Duration // until the deadline, when something was written last
	at     time.Time
	writes int
}

func (d *deadlines) SetWriteDeadline(at time.Time) error { d.at = at; return nil }

func (d *deadlines) Write(p []byte) (int, error) {
	d.left, d.at = time.Until(d.at), time.Unix(1, 0)
	d.writes++
	return d.ResponseRecorder.Write(p)
}

// A browser that does not take the file for a minute is given up, and the connection that has served a file has no deadline left.
func TestAFileExtendsTheDeadlineWithEveryWrite(t *testing.T) {
	server := downloads(t, 2000, 9)
	d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	server.Config.Handler.ServeHTTP(d, httptest.NewRequest("GET", "/tokens.csv", nil))
	if d.writes < 20 || d.left < 30*time.Second || d.left > time.Minute || !d.at.IsZero() {
		t.Errorf("after %d writes the browser had %v for the last, and the deadline is %v", d.writes, d.left, d.at)
	}
}

// A middleware that takes every panic for an answer does not make a whole of a part.
func TestAFileThatIsCutShortBehindAMiddlewareDoesNotPassForWhole(t *testing.T) {
	res, err := http.Get(downloads(t, 1001, 1, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() { _ = recover() }()
			next.ServeHTTP(w, r)
		})
	}).URL + "/tokens.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("the part of %d bytes passes for whole", len(body))
	}
}

// HTTP/1.0, which nginx speaks to what is behind it, cannot tell a part from the whole: the file comes with its length, or not at
// all.
func TestAFileOverHTTP10IsWholeOrNone(t *testing.T) {
	for name, tt := range map[string]struct {
		goodLists int
		status    string
		lines     int
	}{
		"whole": {9, "200 OK", 1002},
		"cut":   {1, "503 Service Unavailable", -1},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", downloads(t, 1001, tt.goodLists).Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, "GET /tokens.csv HTTP/1.0\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			if file := res.Header.Get("Content-Disposition") != ""; file != (tt.lines >= 0) {
				t.Errorf("the answer is a file: %t", file)
			}
			if err != nil || res.Status != tt.status || tt.lines >= 0 && (strings.Count(string(body), "\n") != tt.lines || res.ContentLength != int64(len(body))) {
				t.Errorf("%s with %d bytes of %d, %v", res.Status, len(body), res.ContentLength, err)
			}
		})
	}
}

func TestTheByteOrderMarkIsAnOption(t *testing.T) {
	for want, mark := range map[string]bool{"id,owner,": false, "\ufeffid,owner,": true} {
		h := newHost(t, func(o *adminui.Options) { o.CSVByteOrderMark = mark })
		for range 2 {
			if got := h.page("ada", "/admin/tokens.csv"); !strings.HasPrefix(got, want) {
				t.Errorf("with the option %t the file begins %.20q", mark, got)
			}
		}
	}
}
