package integration_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// exchange is a request and its response, as recorded by the tests of package adminapi.
type exchange struct {
	name     string // of the route's file and of the section, such as "get-policy ok"
	isBrief  bool   // of the response, only the status is known
	request  *http.Request
	sent     []byte
	response *http.Response
	answered []byte
}

var sectionLine = regexp.MustCompile(`(?m)^-- (.+) --\n`)

// exchanges reads all exchanges of package adminapi. The format is explained in adminapi/testdata/exchanges.
func exchanges(t *testing.T) []exchange { return exchangesIn(t, "*") }

// exchangesIn reads the exchanges of the routes whose names match a pattern.
func exchangesIn(t *testing.T, routes string) []exchange {
	t.Helper()
	paths, err := filepath.Glob("../adminapi/testdata/exchanges/" + routes + ".txtar")
	must(t, err)
	if len(paths) == 0 {
		t.Fatal("there are no exchanges")
	}
	var all []exchange
	for _, path := range paths {
		text, err := os.ReadFile(path)
		must(t, err)
		names := sectionLine.FindAllStringSubmatch(string(text), -1)
		for i, section := range sectionLine.Split(string(text), -1)[1:] {
			name := strings.TrimSuffix(filepath.Base(path), ".txtar") + " " + names[i][1]
			for _, line := range strings.Split("\n"+section, "\n> ")[1:] {
				request, answer, _ := strings.Cut(line, "\n")
				request, summary, isBrief := strings.Cut(request, " =>")
				if isBrief {
					answer, _, _ = strings.Cut(strings.TrimSpace(summary), " ")
				}
				x, err := readExchange(request, answer)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				x.name, x.isBrief = name, isBrief
				all = append(all, x)
			}
		}
	}
	if len(all) == 0 {
		t.Fatal("there are no exchanges")
	}
	return all
}

// exchangeNamed is the first complete exchange of a section.
func exchangeNamed(t *testing.T, name string) exchange {
	t.Helper()
	route, _, _ := strings.Cut(name, " ")
	for _, x := range exchangesIn(t, route) {
		if x.name == name && !x.isBrief {
			return x
		}
	}
	t.Fatalf("no exchange has the name %s", name)
	return exchange{}
}

var (
	headerField = regexp.MustCompile(`^([A-Z][A-Za-z-]+): ?(.*)$`)
	otherLine   = regexp.MustCompile(`(?ms)^[$#] .*`) // what follows a complete answer
)

// readExchange reads a request, "user method target", with headers and a body behind bars, and an answer.
func readExchange(request, answer string) (exchange, error) {
	parts := strings.Split(request, " | ")
	words := strings.Fields(parts[0])
	if len(words) != 3 {
		return exchange{}, fmt.Errorf("the request %q has not three words", parts[0])
	}
	header, body := http.Header{}, ""
	for _, part := range parts[1:] {
		if m := headerField.FindStringSubmatch(part); m != nil {
			header.Add(m[1], m[2])
		} else {
			body = part
		}
	}
	if body != "" && header["Content-Type"] == nil {
		header.Set("Content-Type", "application/json")
	}
	x := exchange{request: httptest.NewRequest(words[1], words[2], strings.NewReader(body)), sent: []byte(body)}
	x.request.Header = header
	answer = strings.TrimSpace(otherLine.ReplaceAllString(answer, ""))
	var err error
	x.response, err = http.ReadResponse(bufio.NewReader(strings.NewReader("HTTP/1.1 "+answer+"\n\n")), x.request)
	if err != nil {
		return x, err
	}
	indented, err := io.ReadAll(x.response.Body)
	if err != nil || len(indented) == 0 {
		return x, err
	}
	var text bytes.Buffer
	err = json.Compact(&text, indented)
	x.answered = text.Bytes()
	return x, err
}

// The document describes every exchange, and every response of the document occurs in an exchange.
func TestOpenAPIDocumentDescribesEveryExchange(t *testing.T) {
	text := documentText(t)
	open, listed := readDocument(t, text), readDocument(t, closed(t, text))
	covered := map[string]int{}
	for _, x := range exchanges(t) {
		if x.isBrief {
			continue
		}
		t.Run(x.name, func(t *testing.T) {
			if err := listed.checkResponse(x.request, x.response, x.answered); err != nil {
				t.Errorf("the response: %v", err)
			}
			if err := open.checkResponse(x.request, x.response, x.answered); err != nil {
				t.Errorf("the response, with additional members allowed: %v", err)
			}
			route, _ := open.route(x.request)
			if route != nil && route.Operation != nil {
				covered[fmt.Sprint(route.Operation.OperationID, " ", x.response.StatusCode)]++
			} else if x.response.StatusCode != 404 && x.response.StatusCode != 405 {
				t.Errorf("the document has no operation for it, and the status is %d", x.response.StatusCode)
			}
		})
	}
	answers := 0
	for _, item := range open.Paths.Map() {
		for _, operation := range item.Operations() {
			for status := range operation.Responses.Map() {
				answers++
				if covered[operation.OperationID+" "+status] == 0 {
					t.Errorf("no exchange has the status %s of %s", status, operation.OperationID)
				}
			}
		}
	}
	t.Logf("%d answers of operations are in exchanges, %d are declared", len(covered), answers)
}

// acceptedOfRefused is how many of the recorded requests the document accepts although the handler refuses them, because a
// schema cannot express the rule: a control character in a name, a time in the past, a second object behind the first.
const acceptedOfRefused = 133

// The document accepts every recorded request that the handler serves, and refuses those that the handler refuses for
// themselves.
func TestOpenAPIDocumentRefusesWhatTheHandlerRefuses(t *testing.T) {
	doc := readDocument(t, documentText(t))
	served, refused := 0, 0
	var accepted []string
	for _, x := range exchanges(t) {
		err := doc.checkRequest(x.request, x.sent)
		switch {
		case x.response.StatusCode < 300:
			served++
			if err != nil {
				t.Errorf("%s: %s %s is served, and the document refuses it: %v", x.name, x.request.Method, x.request.URL, err)
			}
		case slices.Contains([]int{400, 413, 415, 422}, x.response.StatusCode):
			refused++
			if err == nil {
				accepted = append(accepted, fmt.Sprintf("%s %s %.60s", x.request.Method, x.request.URL, x.sent))
			}
		}
	}
	if served < 200 || len(accepted) != acceptedOfRefused {
		t.Errorf("of %d requests that are refused the document accepts %d, want %d:\n%s",
			refused, len(accepted), acceptedOfRefused, strings.Join(accepted, "\n"))
	}
	t.Logf("%d requests are served, %d are refused", served, refused)
}

// The document lists all present actions as examples. It does not restrict them, because later versions may add some.
func TestOpenAPIDocumentNamesEveryAction(t *testing.T) {
	named := readDocument(t, documentText(t)).Components.Schemas["Event"].Value.Properties["action"].Value.Examples
	seen := map[any]bool{}
	for _, x := range exchanges(t) {
		var page struct{ Events []struct{ Action string } }
		if err := json.Unmarshal(x.answered, &page); err != nil {
			continue // no body
		}
		for _, event := range page.Events {
			seen[event.Action] = true
			if !slices.Contains(named, any(event.Action)) {
				t.Errorf("%s has the action %s", x.name, event.Action)
			}
		}
	}
	if len(seen) == 0 {
		t.Error("no exchange shows an event")
	}
	t.Logf("%d actions are named, %d are in the exchanges", len(named), len(seen))
}
