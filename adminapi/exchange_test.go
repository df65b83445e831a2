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

var update = flag.Bool("update", false, "write the answers in testdata/exchanges anew")

// The exchanges are txtar files, one a route; testdata/exchanges/README.md explains their lines. Those of the endpoints
// of OAuth are apart, because the OpenAPI document does not describe them.
const (
	exchangeDir = "testdata/exchanges"
	oauthDir    = "testdata/oauth2"
)

// A section is one scene: what happens, in order. All sections begin alike.
type section struct {
	name  string
	steps []*step
}

// A step is a line of a section with what stands below it: a request with its answer, an incident, or a comment.
type step struct {
	line    string // as it is written, without "=>" and what follows
	isBrief bool   // the answer stands behind "=>" and is a summary
	answer  string // of a request: all of it, or the summary
	blank   string // the empty lines that follow a line without a complete answer
}

func (s *step) isRequest() bool { return strings.HasPrefix(s.line, "> ") }

var sectionLine = regexp.MustCompile(`(?m)^-- (.+) --\n`)

// readSections reads a txtar file. The comment is what stands before the first section.
func readSections(text string) (comment string, all []section) {
	found := sectionLine.FindAllStringSubmatchIndex(text, -1)
	if len(found) == 0 {
		return text, nil
	}
	for i, at := range found {
		end := len(text)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		all = append(all, section{text[at[2]:at[3]], readSteps(text[at[1]:end])})
	}
	return text[:found[0][0]], all
}

func readSteps(text string) (all []*step) {
	for line := range strings.SplitAfterSeq(text, "\n") {
		switch {
		case strings.HasPrefix(line, "> "), strings.HasPrefix(line, "$ "), strings.HasPrefix(line, "# "):
			request, summary, isBrief := strings.Cut(strings.TrimSpace(line), " =>")
			all = append(all, &step{line: request, isBrief: isBrief, answer: strings.TrimSpace(summary)})
		case len(all) > 0 && all[len(all)-1].isRequest() && !all[len(all)-1].isBrief:
			all[len(all)-1].answer += line
		case len(all) > 0:
			all[len(all)-1].blank += line
		}
	}
	for _, s := range all {
		s.answer = strings.TrimSpace(s.answer)
	}
	return all
}

func (sec section) String() string {
	text := "-- " + sec.name + " --\n"
	for _, step := range sec.steps {
		text += step.String()
	}
	return text
}

func (s *step) String() string {
	switch {
	case s.isBrief:
		return s.line + " => " + s.answer + "\n" + s.blank
	case s.isRequest():
		return s.line + "\n" + s.answer + "\n\n"
	}
	return s.line + "\n" + s.blank
}

// sent is the request that a line describes: user, method, target, and, each after a bar, headers and a body. A body is
// JSON, or a form for OAuth, unless a header says otherwise. A Content-Length fills it up with spaces.
type sent struct {
	user, method, target string
	header               http.Header
	body                 string
}

var headerField = regexp.MustCompile(`^([A-Z][A-Za-z-]+): ?(.*)$`)

func readSent(line string) sent {
	parts := strings.Split(strings.TrimPrefix(line, "> "), " | ")
	s := sent{header: http.Header{}}
	s.user, s.method, s.target = threeWords(parts[0])
	for _, part := range parts[1:] {
		if m := headerField.FindStringSubmatch(part); m != nil {
			s.header.Add(m[1], m[2])
		} else {
			s.body = part
		}
	}
	switch isOAuth := strings.HasPrefix(s.target, "/oauth2/"); {
	case s.header["Content-Type"] != nil:
	case isOAuth:
		s.header.Set("Content-Type", "application/x-www-form-urlencoded")
	case s.body != "":
		s.header.Set("Content-Type", "application/json")
	}
	var length int
	if _, err := fmt.Sscan(s.header.Get("Content-Length"), &length); err == nil {
		s.body += strings.Repeat(" ", length-len(s.body))
	}
	return s
}

func threeWords(text string) (first, second, third string) {
	first, text, _ = strings.Cut(text, " ")
	second, third, _ = strings.Cut(text, " ")
	return first, second, third
}

func (s sent) request() *http.Request {
	r := httptest.NewRequest(s.method, s.target, strings.NewReader(s.body))
	maps.Copy(r.Header, s.header)
	return r
}

// completeAnswer is an answer as it is: the status, all headers, and the body, of which only the form may differ.
func completeAnswer(w *httptest.ResponseRecorder) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d %s\n", w.Code, http.StatusText(w.Code))
	for _, name := range slices.Sorted(maps.Keys(w.Header())) {
		for _, value := range w.Header()[name] {
			fmt.Fprintf(&text, "%s: %s\n", name, value)
		}
	}
	text.WriteString("\n" + readable(w.Body.Bytes()))
	return strings.TrimSpace(text.String())
}

// readable indents JSON that is too long for a line.
func readable(body []byte) string {
	var text bytes.Buffer
	if len(body) <= 200 || json.Indent(&text, body, "", "  ") != nil {
		return string(body)
	}
	return text.String()
}

// briefAnswer is what a table of requests says of an answer: of a problem the code and the field, of a page what is on
// it, of a generated token its id and its expiry, and of everything else the body.
func briefAnswer(w *httptest.ResponseRecorder) string {
	var a struct {
		Code, Field                   string
		ID                            string
		ClaimBy                       string `json:"claim_by"`
		Users, Tokens, Offers, Events []struct {
			ID, Name string
			Seq      int
		}
		Next  json.RawMessage
		More  bool
		Token struct {
			ID      string
			Expires string `json:"expires_at"`
		}
	}
	_ = json.Unmarshal(w.Body.Bytes(), &a) // 204 has no body
	var names []string
	for _, one := range a.Users {
		names = append(names, one.ID)
	}
	for _, one := range a.Tokens {
		names = append(names, one.Name)
	}
	for _, one := range a.Offers {
		names = append(names, one.Name)
	}
	for _, one := range a.Events {
		names = append(names, fmt.Sprint(one.Seq))
	}
	text := fmt.Sprint(w.Code)
	add := func(format string, args ...any) { text += " " + fmt.Sprintf(format, args...) }
	switch {
	case a.Code != "":
		add("%s %s", a.Code, a.Field)
	case a.Users != nil || a.Tokens != nil || a.Offers != nil || a.Events != nil:
		add("[%s]", strings.Join(names, ", "))
		if a.Next != nil {
			add("next %s", strings.Trim(string(a.Next), `"`))
		}
		if a.More {
			add("more")
		}
	case w.Code == http.StatusCreated && a.ClaimBy != "":
		add("%s to be claimed by %s", a.ID, a.ClaimBy)
	case w.Code == http.StatusCreated && a.Token.Expires == "":
		add("%s never expires", a.Token.ID)
	case w.Code == http.StatusCreated:
		add("%s expires %s", a.Token.ID, a.Token.Expires)
	default:
		for _, name := range []string{"Allow", "ETag", "Retry-After", "WWW-Authenticate"} {
			if value := w.Header().Get(name); value != "" && (name == "ETag" || w.Code >= 300) {
				add("%s", value)
			}
		}
		add("%s", w.Body)
	}
	return strings.TrimSpace(text)
}

var (
	anyID     = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	anySecret = regexp.MustCompile(`tok_[0-9A-Za-z]{49}`)
	anyHint   = regexp.MustCompile(`tok_\.\.\.[0-9A-Za-z]{4}`)
)

// standInSecret takes the place of every secret. It does not authenticate.
const standInSecret = "tok_ThisStandsForTheSecretThatTheAnswerShowsOnce00000"

// standIns are the fixed ids that take the place of random ones, in the order in which they appear in a section.
type standIns struct{ byID, ids map[string]string }

// hide puts something fixed of the same length in the place of all that is random.
func (s standIns) hide(text string) string {
	text = anyID.ReplaceAllStringFunc(text, func(id string) string {
		if s.byID[id] == "" {
			s.byID[id] = fmt.Sprintf("01890a5d-0000-7000-8000-%012d", len(s.byID)+1)
			s.ids[s.byID[id]] = id
		}
		return s.byID[id]
	})
	text = anySecret.ReplaceAllString(text, standInSecret)
	return anyHint.ReplaceAllString(text, "tok_..."+standInSecret[len(standInSecret)-4:])
}

// reveal puts the ids back.
func (s standIns) reveal(text string) string {
	return anyID.ReplaceAllStringFunc(text, func(id string) string {
		if real, known := s.ids[id]; known {
			return real
		}
		return id
	})
}

// recorded is a request with a complete answer, read from a file.
type recorded struct {
	name     string // of the file and of the section
	request  *http.Request
	response *http.Response
	answered []byte
}

// exchanges reads all complete exchanges, once.
var exchanges = sync.OnceValues(func() (all []recorded, err error) {
	paths, err := filepath.Glob(filepath.Join(exchangeDir, "*.txtar"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		_, sections := readSections(string(text))
		for _, section := range sections {
			for _, step := range section.steps {
				if !step.isRequest() || step.isBrief {
					continue
				}
				x := recorded{name: filepath.Base(path) + " " + section.name, request: readSent(step.line).request()}
				x.response, err = http.ReadResponse(bufio.NewReader(strings.NewReader("HTTP/1.1 "+step.answer+"\n\n")), x.request)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", x.name, err)
				}
				x.answered, err = io.ReadAll(x.response.Body)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", x.name, err)
				}
				all = append(all, x)
			}
		}
	}
	return all, nil
})

func readExchanges(t *testing.T) []recorded {
	t.Helper()
	all, err := exchanges()
	must(t, err)
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
		mux.HandleFunc(r.Method+" "+r.Pattern, http.NotFound)
		paths[r.Pattern] = true
	}
	for path := range paths {
		mux.HandleFunc(path, http.NotFound)
	}
	return mux
})

// pathOf is a pattern as the declaration of the route writes it.
func pathOf(pattern string) string { return strings.TrimSuffix(pattern, "{$}") }

func (x recorded) kind() answerKind {
	_, pattern := patterns().Handler(x.request)
	return answerKind{pathOf(pattern), x.response.StatusCode, codeOf(x.answered)}
}

// recordedKinds are the kinds of answers of which there is a complete exchange.
func recordedKinds(t *testing.T) map[answerKind]bool {
	t.Helper()
	kinds := map[answerKind]bool{}
	for _, x := range readExchanges(t) {
		kinds[x.kind()] = true
	}
	return kinds
}

// onRecord fails the test if the handler gives an answer of a kind of which there is no exchange. So every kind of answer
// that any test of this package sees is documented there.
func onRecord(t *testing.T, h http.Handler) http.Handler {
	t.Helper()
	if *update {
		return h
	}
	kinds := recordedKinds(t)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := httptest.NewRecorder()
		h.ServeHTTP(seen, r)
		kind := answerKind{pathOf(r.Pattern), seen.Code, codeOf(seen.Body.Bytes())}
		if kind.pattern == "" {
			kind.pattern = "/" // refused before it was looked up
		}
		if !kinds[kind] {
			t.Errorf("%s has no exchange of %s: add one", exchangeDir, kind)
		}
		if p := (problem{}); seen.Code == http.StatusUnprocessableEntity && (json.Unmarshal(seen.Body.Bytes(), &p) != nil || !isField(r, p.Field)) {
			t.Errorf("%s %s is answered 422 with the field %q, which the request does not have: %s", r.Method, r.URL, p.Field, seen.Body)
		}
		maps.Copy(w.Header(), seen.Header())
		w.WriteHeader(seen.Code)
		_, _ = w.Write(seen.Body.Bytes())
	})
}

// layerFields are the fields of a limit or an exemption, and these themselves.
var layerFields = regexp.MustCompile(`^(limits|exemptions)\[[0-9]+\](\.(user|role|kind|max_lifetime_seconds|no_maximum|until|reason))?$`)

// isField reports whether a name is that of something in the request, in the words of the API: a segment of the path, a query
// parameter, a member of the body or a header.
func isField(r *http.Request, name string) bool {
	names := []string{"name", "role", "kind", "resource", "permissions", "description", "service", "responsible", "lifetime_seconds", "overlap_seconds", "expires_at", "claim_by", "no_expiration", "max_lifetime_seconds", "no_maximum", "Idempotency-Key", "limits", "exemptions", "at_most", "reason", "dry_run"}
	if r.Method != http.MethodGet && layerFields.MatchString(name) {
		return true
	}
	return name == "id" && strings.Contains(r.Pattern, "{id}") || r.URL.Query().Has(name) || r.Method != http.MethodGet && slices.Contains(names, name)
}
