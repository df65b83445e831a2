package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
)

// The scripts in testdata are txtar files. Each section is played on a host of its own, line by line:
//
//	# text                                    is a comment
//	> actor method path parameters -> $name   is a request below /api/
//	200 expires=time body                     is its answer
//	$ incident                                happens between requests
//
// The actor is admin, bob or carol with their password, another name:password, a $name as Bearer token or as a cookie,
// "$name:" for a token in Basic, or - for nobody. The name after the arrow is that of the token or the session in the answer.
// A body after "!" is the message of an error. {x*100} stands for x a hundred times.
var (
	sectionLine = regexp.MustCompile(`(?m)^-- (.+) --\n`)
	repeated    = regexp.MustCompile(`\{([^{}*]+)\*(\d+)\}`)
	variable    = regexp.MustCompile(`\$[\w-]+`)
)

func TestAcceptanceList(t *testing.T) {
	long(t)
	names := playFile(t, "testdata/acceptance.txtar")
	leftOut := []int{13, 42}
	if items := 42 - len(leftOut); len(names) != items {
		t.Errorf("%d items are held, want %d: all but %v", len(names), items, leftOut)
	}
}

func TestRequests(t *testing.T) { playFile(t, "testdata/requests.txtar") }

func playFile(t *testing.T, path string) (sections []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	names := sectionLine.FindAllStringSubmatch(string(text), -1)
	for i, section := range sectionLine.Split(string(text), -1)[1:] {
		sections = append(sections, names[i][1])
		t.Run(names[i][1], func(t *testing.T) {
			s := script{newHost(t), map[string]string{"admin": admins, "bob": bobs, "carol": carols, "-": ""}}
			s.play(section)
		})
	}
	return sections
}

// script is the host of a section, and what its actors send.
type script struct {
	*host
	shown map[string]string
}

func (s script) play(section string) {
	s.t.Helper()
	lines := strings.Split(repeated.ReplaceAllStringFunc(section, repeat), "\n")
	for i, line := range lines {
		switch first, rest, _ := strings.Cut(line, " "); first {
		case "$":
			s.happen(rest)
		case ">":
			s.request(rest, lines[i+1])
		}
	}
}

func repeat(text string) string {
	m := repeated.FindStringSubmatch(text)
	n, _ := strconv.Atoi(m[2])
	return strings.Repeat(m[1], n)
}

// request sends a request, compares the answer, and keeps the token or the session.
func (s script) request(line, want string) {
	s.t.Helper()
	line, name, _ := strings.Cut(line, " -> ")
	line = variable.ReplaceAllStringFunc(line, func(name string) string { return s.shown[name] })
	words := append(strings.Fields(line), "")
	by, known := s.shown[words[0]]
	if !known {
		by = words[0]
	}
	res, body := s.sendForm(by, words[1], "api/"+words[2], words[3])
	s.shown[name] = secrets.FindString(body)
	for _, cookie := range res.Cookies() {
		s.shown[name] = cookie.Name + "=" + cookie.Value
	}
	if diff := cmp.Diff(readAnswer(want), readAnswer(shownAs(res, body))); diff != "" {
		s.t.Errorf("%.200s (-want +got):\n%s", line, diff)
	}
}

// shownAs is an answer in the form of a line.
func shownAs(res *http.Response, body string) string {
	var refusal struct{ Errors []struct{ Msg string } }
	if json.Unmarshal([]byte(body), &refusal) == nil && len(refusal.Errors) == 1 {
		body = "!" + refusal.Errors[0].Msg
	}
	line := fmt.Sprint(res.StatusCode)
	if expires := res.Header.Get("SonarQube-Authentication-Token-Expiration"); expires != "" {
		line += " expires=" + expires
	}
	return strings.TrimSpace(line + " " + secrets.ReplaceAllString(body, "SECRET"))
}

// readAnswer decodes the JSON of an answer, in which the order of the members does not count.
func readAnswer(line string) [2]any {
	head, body, isJSON := strings.Cut(line, " {")
	if !isJSON {
		return [2]any{line}
	}
	return [2]any{head, parsed("{" + body)}
}

// happen lets an incident happen.
func (s script) happen(incident string) {
	s.t.Helper()
	words := strings.Fields(incident)
	switch {
	case words[0] == "now":
		now, err := time.Parse(time.RFC3339, words[1])
		must(s.t, err)
		s.clock.Set(now)
	case words[0] == "zone":
		at, err := time.Parse("-0700", words[1])
		must(s.t, err)
		s.zone = at.Location()
	case words[1] == "is":
		s.putUser(apitoken.UserID(words[0]), apitoken.Role(words[2]))
	case incident == "the outcome of a generation is unknown":
		s.store.created = apitoken.ErrUncertain
	case incident == "the store works again":
		s.store.created = nil
	default:
		must(s.t, s.searchLog(incident))
	}
}

// searchLog checks a statement about the log, such as "the log has 3 reason=malformed".
func (s script) searchLog(statement string) error {
	text, isAboutLog := strings.CutPrefix(statement, "the log has ")
	count, text, isCounted := strings.Cut(text, " ")
	if !isAboutLog || !isCounted {
		return errors.New("no incident is called " + statement)
	}
	if found := fmt.Sprint(strings.Count(s.logs.String(), text)); found != count {
		return fmt.Errorf("%s: it has %s:\n%s", statement, found, s.logs)
	}
	return nil
}
