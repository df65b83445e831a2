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

// reply is what a client sees of an answer.
type reply struct {
	Status    int
	Challenge string
	Code      string // of the problem; "-": no problem in the body
}

var (
	passed          = reply{200, "", "-"}
	unauthenticated = reply{401, `Bearer realm="api"`, "unauthenticated"}
	invalidRequest  = reply{400, `Bearer realm="api", error="invalid_request"`, "invalid_request"}
	invalidToken    = reply{401, `Bearer realm="api", error="invalid_token"`, "invalid_token"}
	unavailable     = reply{503, "", "unavailable"}
	refusedByServer = reply{400, "", "-"} // before any handler
)

// ok is a handler that says whom it serves.
func ok(w http.ResponseWriter, r *http.Request) {
	identity, _ := httpauth.FromContext(r.Context())
	_, _ = io.WriteString(w, "served "+string(identity.User.ID))
}

// exchange sends bytes as they are and gives the answer.
func exchange(t *testing.T, address, request string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
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

// Every row is sent over a connection, because net/http changes some of them before a handler sees them.
func TestRequireAnswersWhatIsOnTheWire(t *testing.T) {
	tt := tokentest.New(t)
	token := tt.Token("ada")
	server := httptest.NewServer(httpauth.Require(tt.Manager, nil)(http.HandlerFunc(ok)))
	defer server.Close()

	tests := []struct {
		name  string
		lines string // of the header, each with its end
		want  reply
	}{
		{"no header", "", unauthenticated},
		{"no header, a cookie", "Cookie: Authorization=Bearer " + token + "; access_token=" + token + "\r\n", unauthenticated},
		{"no header, one of a proxy", "Proxy-Authorization: Bearer " + token + "\r\n", unauthenticated},
		{"an empty value", "Authorization:\r\n", unauthenticated},
		{"a value of spaces", "Authorization:   \t \r\n", unauthenticated},

		{"a token", "Authorization: Bearer " + token + "\r\n", passed},
		{"the name of the header in lower case", "authorization: Bearer " + token + "\r\n", passed},
		{"no space behind the colon", "Authorization:Bearer " + token + "\r\n", passed},
		{"space and tab around the value", "Authorization: \t Bearer " + token + " \t\r\n", passed},
		{"the scheme in lower case", "Authorization: bearer " + token + "\r\n", passed},
		{"the scheme in upper case", "Authorization: BEARER " + token + "\r\n", passed},
		{"two spaces", "Authorization: Bearer  " + token + "\r\n", passed},
		{"many spaces", "Authorization: Bearer" + strings.Repeat(" ", 40) + token + "\r\n", passed},
		{"a line that ends without CR", "Authorization: Bearer " + token + "\nX-Other: y\r\n", passed},

		{"the scheme alone", "Authorization: Bearer\r\n", invalidRequest},
		{"the scheme and a space", "Authorization: Bearer \r\n", invalidRequest},
		{"a tab behind the scheme", "Authorization: Bearer\t" + token + "\r\n", invalidRequest},
		{"a tab behind the space", "Authorization: Bearer \t" + token + "\r\n", invalidRequest},
		{"a comma behind the scheme", "Authorization: Bearer," + token + "\r\n", invalidRequest},
		{"an equals sign behind the scheme", "Authorization: Bearer=" + token + "\r\n", invalidRequest},
		{"two tokens and a space", "Authorization: Bearer " + token + " " + token + "\r\n", invalidRequest},
		{"two tokens and a comma", "Authorization: Bearer " + token + "," + token + "\r\n", invalidRequest},
		{"a comma at the end", "Authorization: Bearer " + token + ",\r\n", invalidRequest},
		{"a second scheme", "Authorization: Bearer " + token + ", Basic YTpi\r\n", invalidRequest},
		{"a parameter", "Authorization: Bearer " + token + " realm=\"x\"\r\n", invalidRequest},
		{"a folded line", "Authorization: Bearer abc\r\n def\r\n", invalidRequest},
		{"the header twice", "Authorization: Bearer " + token + "\r\nAuthorization: Bearer " + token + "\r\n", invalidRequest},
		{"the header twice, once empty", "Authorization:\r\nAuthorization: Bearer " + token + "\r\n", invalidRequest},
		{"the header twice, two schemes", "Authorization: Bearer " + token + "\r\nAuthorization: Basic YTpi\r\n", invalidRequest},
		{"the header twice, empty", "Authorization:\r\nAuthorization:\r\n", invalidRequest},

		{"another scheme", "Authorization: Basic YTpi\r\n", unauthenticated},
		{"another scheme and then ours", "Authorization: Basic YTpi, Bearer " + token + "\r\n", unauthenticated},
		{"another scheme with parameters", "Authorization: Digest username=\"ada\", realm=\"x\"\r\n", unauthenticated},
		{"another scheme that begins like ours", "Authorization: Bearers " + token + "\r\n", unauthenticated},
		{"another scheme that ours begins like", "Authorization: Bear " + token + "\r\n", unauthenticated},
		{"another scheme, very long", "Authorization: Negotiate " + strings.Repeat("x", 20_000) + "\r\n", unauthenticated},
		{"a token without a scheme", "Authorization: " + token + "\r\n", unauthenticated},
		{"a scheme in quotes", "Authorization: \"Bearer\" " + token + "\r\n", unauthenticated},
		{"a byte order mark in front of the scheme", "Authorization: \ufeffBearer " + token + "\r\n", unauthenticated},

		{"a text that is no token", "Authorization: Bearer abc\r\n", invalidToken},
		{"a no-break space behind the token", "Authorization: Bearer " + token + "\u00a0\r\n", invalidToken},
		{"a zero-width space behind the token", "Authorization: Bearer " + token + "\u200b\r\n", invalidToken},
		{"a byte order mark in front of the token", "Authorization: Bearer \ufeff" + token + "\r\n", invalidToken},
		{"bytes that are not UTF-8", "Authorization: Bearer " + token + "\xff\r\n", invalidToken},
		{"the prefix in upper case", "Authorization: Bearer TOK" + token[3:] + "\r\n", invalidToken},
		{"the token in quotes", "Authorization: Bearer \"" + token + "\"\r\n", invalidToken},
		{"the token escaped as in a URL", "Authorization: Bearer tok%5F" + token[4:] + "\r\n", invalidToken},
		{"the token without its last character", "Authorization: Bearer " + token[:len(token)-1] + "\r\n", invalidToken},
		{"the token and one character more", "Authorization: Bearer " + token + "0\r\n", invalidToken},
		{"a value of nearly a mebibyte", "Authorization: Bearer " + strings.Repeat("x", 1<<20-200) + "\r\n", invalidToken},
		{"a very long value with a comma", "Authorization: Bearer a," + strings.Repeat("x", 2000) + "\r\n", invalidToken},

		{"a NUL", "Authorization: Bearer \x00" + token + "\r\n", refusedByServer},
		{"a vertical tab", "Authorization: Bearer\v" + token + "\r\n", refusedByServer},
		{"a DEL", "Authorization: Bearer " + token + "\x7f\r\n", refusedByServer},
		{"a CR in the middle", "Authorization: Bearer " + token + "\rX: y\r\n", refusedByServer},
		{"a space in front of the colon", "Authorization : Bearer " + token + "\r\n", refusedByServer},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			request := "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n" + test.lines + "\r\n"
			res, body := exchange(t, server.Listener.Addr().String(), request)
			if diff := cmp.Diff(test.want, replyOf(res, body)); diff != "" {
				t.Errorf("the answer differs (-want +got):\n%s", diff)
			}
			if served := body == "served ada"; served != (test.want == passed) {
				t.Errorf("the handler behind answered %q", body)
			}
			if strings.Contains(body, token[4:]) {
				t.Error("the answer shows the token")
			}
			if test.want == refusedByServer {
				return
			}
			if got := strings.Join(res.Header.Values("Vary"), ", "); got != "Authorization" {
				t.Errorf("Vary is %q", got)
			}
			if got := res.Header.Get("Cache-Control"); (got == "no-store") == (test.want == passed) {
				t.Errorf("Cache-Control is %q", got)
			}
		})
	}
}

func TestTokensOutsideTheHeaderAreIgnored(t *testing.T) {
	tt := tokentest.New(t)
	token := tt.Token("ada")
	server := httptest.NewServer(httpauth.Require(tt.Manager, nil)(http.HandlerFunc(ok)))
	defer server.Close()

	form := "access_token=" + token
	for name, request := range map[string]string{
		"query": "GET /?access_token=" + token + "&Authorization=Bearer%20" + token + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n",
		"form": "POST / HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n" +
			"Content-Length: " + strconv.Itoa(len(form)) + "\r\n\r\n" + form,
		"user of the URL": "GET http://Bearer:" + token + "@test/ HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			res, body := exchange(t, server.Listener.Addr().String(), request)
			if diff := cmp.Diff(unauthenticated, replyOf(res, body)); diff != "" {
				t.Errorf("the answer differs (-want +got):\n%s", diff)
			}
		})
	}
}
