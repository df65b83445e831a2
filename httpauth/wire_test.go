package httpauth_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// reply is a response as far as every test compares it.
type reply struct {
	Status    int
	Challenge string
	Code      string // of the problem; "-": the body is not a problem
}

var (
	passed            = reply{200, "", "-"}
	unauthenticated   = reply{401, `Bearer realm="api"`, "unauthenticated"}
	invalidRequest    = reply{400, `Bearer realm="api", error="invalid_request"`, "invalid_request"}
	invalidToken      = reply{401, `Bearer realm="api", error="invalid_token"`, "invalid_token"}
	insufficientScope = reply{403, `Bearer realm="api", error="insufficient_scope"`, "insufficient_scope"}
	unavailable       = reply{503, "", "unavailable"}
	refusedByServer   = reply{400, "", "-"} // before a handler is called
)

// missing returns the response to a token that does not carry the permissions with these names.
func missing(names string) reply {
	r := insufficientScope
	r.Challenge += `, scope="` + names + `"`
	return r
}

// ofVerify returns the response of Verify, for which 400 is 401.
func (r reply) ofVerify(opts *httpauth.Options) reply {
	if r.Status != 400 {
		return r
	}
	r.Status = 401
	if opts != nil && opts.Basic {
		return r.offeringBasic()
	}
	return r
}

// offeringBasic returns the response if Basic is accepted as well.
func (r reply) offeringBasic() reply {
	if r.Status == 401 {
		r.Challenge += ` | Basic realm="api"`
	}
	return r
}

// ok is a handler that writes whom it serves.
func ok(w http.ResponseWriter, r *http.Request) {
	identity, _ := httpauth.FromContext(r.Context())
	_, _ = io.WriteString(w, "served "+string(identity.User.ID))
}

// exchange sends a request as it is and returns the response.
func exchange(t *testing.T, address, request string) (*http.Response, string) {
	t.Helper()
	conn := dial(t, address)
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	must(t, err)
	return res, string(body)
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	must(t, err)
	must(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	return conn
}

func replyOf(res *http.Response, body string) reply {
	r := reply{Status: res.StatusCode, Challenge: strings.Join(res.Header.Values("WWW-Authenticate"), " | "), Code: "-"}
	var problem struct {
		Status int
		Code   string
	}
	if res.Header.Get("Content-Type") != "application/problem+json" {
		return r
	}
	if err := json.Unmarshal([]byte(body), &problem); err != nil || problem.Status != res.StatusCode {
		r.Code = "no problem of this status: " + body
		return r
	}
	r.Code = problem.Code
	return r
}

// wantResponse checks what is promised of every response.
func wantResponse(t *testing.T, want reply, vary, token string, res *http.Response, body string) {
	t.Helper()
	if diff := cmp.Diff(want, replyOf(res, body)); diff != "" {
		t.Errorf("the response differs (-want +got):\n%s", diff)
	}
	if served := body == "served ada"; served != (want == passed) {
		t.Errorf("the body is %q", body)
	}
	if strings.Contains(body, token[4:]) {
		t.Error("the response shows the token")
	}
	if want == refusedByServer {
		return
	}
	if got := strings.Join(res.Header.Values("Vary"), " | "); got != vary {
		t.Errorf("Vary is %q, want %q", got, vary)
	}
	if got := res.Header.Get("Cache-Control"); (got == "no-store") == (want == passed) {
		t.Errorf("Cache-Control is %q", got)
	}
}

func (s vectorSet) vary() string {
	if s.opts == nil {
		return "Authorization"
	}
	return "Authorization, " + s.opts.Header
}

// The vectors are sent over a connection, because net/http changes some of them before a handler sees them.
func TestRequireOverHTTP1(t *testing.T) {
	tt := tokentest.New(t)
	token := tt.Token("ada")
	rows := 0
	for _, set := range vectorSets(token) {
		server := httptest.NewServer(httpauth.Require(tt.Manager, set.opts)(http.HandlerFunc(ok)))
		defer server.Close()
		for _, v := range set.vectors {
			rows++
			t.Run(set.name+"/"+v.name, func(t *testing.T) {
				request := "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
				for _, f := range v.fields {
					request += f.name + ": " + f.value + "\r\n"
				}
				res, body := exchange(t, server.Listener.Addr().String(), request+"\r\n")
				wantResponse(t, v.want, set.vary(), token, res, body)
			})
		}
	}
	t.Logf("%d vectors", rows)
	if rows < 120 {
		t.Errorf("%d vectors, want at least 120", rows)
	}
}

// Only HTTP/1.1 has lines.
func TestRequireWithUnusualLines(t *testing.T) {
	tt := tokentest.New(t)
	token := tt.Token("ada")
	server := httptest.NewServer(httpauth.Require(tt.Manager, nil)(http.HandlerFunc(ok)))
	defer server.Close()

	tests := []struct {
		name  string
		lines string // of the header, each with its end
		want  reply
	}{
		{"the name of the header in lower case", "authorization: Bearer " + token + "\r\n", passed},
		{"the name of the header in upper case", "AUTHORIZATION: Bearer " + token + "\r\n", passed},
		{"the header twice, in two cases", "authorization: Bearer " + token + "\r\nAUTHORIZATION: Bearer " + token + "\r\n", invalidRequest},
		{"no value and no space", "Authorization:\r\n", unauthenticated},
		{"no space after the colon", "Authorization:Bearer " + token + "\r\n", passed},
		{"a tab after the colon", "Authorization:\tBearer " + token + "\r\n", passed},
		{"a line that ends without CR", "Authorization: Bearer " + token + "\nX-Other: y\r\n", passed},
		{"a line that ends without CR in the middle of the token", "Authorization: Bearer " + token[:20] + "\n" + token[20:] + ": y\r\n", invalidToken},
		{"a folded line", "Authorization: Bearer abc\r\n def\r\n", invalidRequest},
		{"a token folded in two", "Authorization: Bearer " + token[:20] + "\r\n\t" + token[20:] + "\r\n", invalidRequest},
		{"a scheme and a token folded", "Authorization: Bearer\r\n " + token + "\r\n", passed}, // obs-fold is one space
		{"a space in front of the colon", "Authorization : Bearer " + token + "\r\n", refusedByServer},
		{"a NUL in the name", "Authorization\x00: Bearer " + token + "\r\n", refusedByServer},
		{"a line that ends with CR alone", "Authorization: Bearer " + token + "\rX: y\r\n", refusedByServer},
		{"no colon", "Authorization Bearer " + token + "\r\n", refusedByServer},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			request := "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n" + test.lines + "\r\n"
			res, body := exchange(t, server.Listener.Addr().String(), request)
			wantResponse(t, test.want, "Authorization", token, res, body)
		})
	}
}

func TestTokensOutsideTheHeaderAreIgnored(t *testing.T) {
	tt := tokentest.New(t)
	token := tt.Token("ada")
	everything := &httpauth.Options{Basic: true, Header: "X-API-Key"}
	server := httptest.NewServer(httpauth.Require(tt.Manager, everything)(http.HandlerFunc(ok)))
	defer server.Close()

	const head = " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
	post := func(contentType, body string) string {
		return "POST /" + head + "Content-Type: " + contentType + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
	}
	all := "access_token=" + token + "&Authorization=Bearer%20" + token + "&X-API-Key=" + token + "&token=" + token
	for name, request := range map[string]string{
		"query":           "GET /?" + all + head + "\r\n",
		"form":            post("application/x-www-form-urlencoded", all),
		"form of parts":   post("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"access_token\"\r\nAuthorization: Bearer "+token+"\r\n\r\n"+token+"\r\n--b--\r\n"),
		"JSON":            post("application/json", `{"access_token":"`+token+`"}`),
		"path":            "GET /" + token + head + "\r\n",
		"user of the URL": "GET http://" + token + ":@test/" + head + "\r\n",
		"cookie":          "GET /" + head + "Cookie: access_token=" + token + "; X-API-Key=" + token + "\r\n\r\n",
		"trailer": "POST /" + head + "Transfer-Encoding: chunked\r\nTrailer: Authorization, X-API-Key\r\n\r\n" +
			"0\r\nAuthorization: Bearer " + token + "\r\nX-API-Key: " + token + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			res, body := exchange(t, server.Listener.Addr().String(), request)
			if diff := cmp.Diff(unauthenticated.offeringBasic(), replyOf(res, body)); diff != "" {
				t.Errorf("the response differs (-want +got):\n%s", diff)
			}
		})
	}
}
