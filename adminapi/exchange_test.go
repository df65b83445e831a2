package adminapi_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed-d6cf0a46/apitoken/adminapi"
)

var update = flag.Bool("update", false, "write the exchanges in testdata anew")

// An exchange is a request and its response as HTTP/1.1 text, with a line between that is no part of either.
const (
	exchangeDir  = "testdata/exchanges"
	exchangeLine = "=====\n"
)

// exchangeText writes an exchange. Bodies are as they were; the headers of the response are all that there were.
func exchangeText(r *http.Request, sent string, w *httptest.ResponseRecorder) string {
	return fmt.Sprintf("%s %s HTTP/1.1\n", r.Method, r.RequestURI) + "Host: " + r.Host + "\n" +
		messageText(r.Header, sent) + "\n" + exchangeLine +
		fmt.Sprintf("HTTP/1.1 %d %s\n", w.Code, http.StatusText(w.Code)) + messageText(w.Header(), w.Body.String())
}

// messageText is the header, sorted, and the body.
func messageText(h http.Header, body string) string {
	h = h.Clone()
	if body != "" {
		h.Set("Content-Length", fmt.Sprint(len(body))) // as net/http does
	}
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			fmt.Fprintf(&text, "%s: %s\n", name, value)
		}
	}
	return text.String() + "\n" + body
}

var (
	anyID     = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	anySecret = regexp.MustCompile(`tok_[0-9A-Za-z]{49}`)
	anyHint   = regexp.MustCompile(`tok_\.\.\.[0-9A-Za-z]{4}`)
)

// standInSecret takes the place of every secret. It is none.
const standInSecret = "tok_ThisStandsForTheSecretThatTheAnswerShowsOnce00000"

// withStandIns puts something fixed of the same length in the place of all that is random: ids by the order in which they
// come, secrets and what is shown of them.
func withStandIns(text string) string {
	known := map[string]string{}
	text = anyID.ReplaceAllStringFunc(text, func(id string) string {
		if known[id] == "" {
			known[id] = fmt.Sprintf("01890a5d-0000-7000-8000-%012d", len(known)+1)
		}
		return known[id]
	})
	text = anySecret.ReplaceAllString(text, standInSecret)
	return anyHint.ReplaceAllString(text, "tok_..."+standInSecret[len(standInSecret)-4:])
}

// recorded is an exchange that was read from testdata.
type recorded struct {
	name     string
	request  *http.Request
	sent     []byte
	response *http.Response
	answered []byte
}

func readExchange(path string) (recorded, error) {
	x := recorded{name: strings.TrimSuffix(filepath.Base(path), ".http")}
	text, err := os.ReadFile(path)
	if err != nil {
		return x, err
	}
	request, response, found := bytes.Cut(text, []byte("\n"+exchangeLine))
	if !found {
		return x, fmt.Errorf("%s: there is no line between request and response", path)
	}
	x.request, err = http.ReadRequest(bufio.NewReader(bytes.NewReader(append(request, '\n'))))
	if err != nil {
		return x, fmt.Errorf("%s: the request: %w", path, err)
	}
	x.sent, err = io.ReadAll(x.request.Body)
	if err != nil {
		return x, fmt.Errorf("%s: the request's body: %w", path, err)
	}
	x.response, err = http.ReadResponse(bufio.NewReader(bytes.NewReader(response)), x.request)
	if err != nil {
		return x, fmt.Errorf("%s: the response: %w", path, err)
	}
	x.answered, err = io.ReadAll(x.response.Body)
	if err != nil {
		return x, fmt.Errorf("%s: the response's body: %w", path, err)
	}
	return x, nil
}

// exchanges reads all there are, once.
var exchanges = sync.OnceValues(func() ([]recorded, error) {
	paths, err := filepath.Glob(filepath.Join(exchangeDir, "*.http"))
	if err != nil {
		return nil, err
	}
	var all []recorded
	for _, path := range paths {
		x, err := readExchange(path)
		if err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	return all, nil
})

func readExchanges(t *testing.T) []recorded {
	t.Helper()
	all, err := exchanges()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// answerKind is which of its answers a route gives: the pattern of the route, the status, and the code of a problem.
type answerKind struct {
	pattern string
	status  int
	code    string
}

func (k answerKind) String() string { return fmt.Sprintf("%s %d %s", k.pattern, k.status, k.code) }

func codeOf(body []byte) string {
	var p struct{ Code string }
	_ = json.Unmarshal(body, &p) // a list, or no body at all, has no code
	return p.Code
}

// patterns finds the pattern of a request.
var patterns = sync.OnceValue(func() *http.ServeMux {
	mux := http.NewServeMux()
	paths := map[string]bool{"/": true}
	for _, r := range adminapi.Routes() {
		mux.HandleFunc(r.Method+" "+r.Path, http.NotFound)
		paths[r.Path] = true
	}
	for path := range paths {
		mux.HandleFunc(path, http.NotFound)
	}
	return mux
})

func (x recorded) kind() answerKind {
	_, pattern := patterns().Handler(x.request)
	return answerKind{pattern, x.response.StatusCode, codeOf(x.answered)}
}

// recordedKinds are the kinds of answers of which there is an exchange.
func recordedKinds(t *testing.T) map[answerKind]bool {
	t.Helper()
	kinds := map[answerKind]bool{}
	for _, x := range readExchanges(t) {
		kinds[x.kind()] = true
	}
	return kinds
}

// onRecord fails the test where the handler gives an answer of a kind of which there is no exchange, so that no answer is
// forgotten there: whatever any test of this package sees is on record.
func onRecord(t *testing.T, h http.Handler) http.Handler {
	t.Helper()
	if *update {
		return h
	}
	kinds := recordedKinds(t)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := httptest.NewRecorder()
		h.ServeHTTP(seen, r)
		kind := answerKind{r.Pattern, seen.Code, codeOf(seen.Body.Bytes())}
		if kind.pattern == "" {
			kind.pattern = "/" // refused before it was looked up
		}
		if !kinds[kind] {
			t.Errorf("there is no exchange of %s in %s: add one to the table", kind, exchangeDir)
		}
		if p := (problem{}); seen.Code == http.StatusUnprocessableEntity && (json.Unmarshal(seen.Body.Bytes(), &p) != nil || !isField(r, p.Field)) {
			t.Errorf("%s %s is answered 422 with the field %q: %s", r.Method, r.URL, p.Field, seen.Body)
		}
		maps.Copy(w.Header(), seen.Header())
		w.WriteHeader(seen.Code)
		_, _ = w.Write(seen.Body.Bytes())
	})
}

// isField reports whether a name is that of something in the request, in the words of the API: a segment of the path, a query
// parameter, a member of the body or a header.
func isField(r *http.Request, name string) bool {
	names := []string{"name", "role", "kind", "resource", "lifetime_seconds", "expires_at", "no_expiration", "max_lifetime_seconds", "no_maximum", "Idempotency-Key"}
	return name == "id" && strings.Contains(r.Pattern, "{id}") || r.URL.Query().Has(name) || r.Method != http.MethodGet && slices.Contains(names, name)
}
