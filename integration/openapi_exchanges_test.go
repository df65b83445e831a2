package integration_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// exchange is a request and its answer, as package adminapi keeps them for its own tests.
type exchange struct {
	name     string
	request  *http.Request
	sent     []byte
	response *http.Response
	answered []byte
}

// exchanges reads all exchanges of package adminapi.
func exchanges(t *testing.T) []exchange {
	t.Helper()
	paths, err := filepath.Glob("../adminapi/testdata/exchanges/*.http")
	must(t, err)
	if len(paths) == 0 {
		t.Fatal("there are no exchanges")
	}
	var all []exchange
	for _, path := range paths {
		x, err := readExchange(path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all = append(all, x)
	}
	return all
}

func readExchange(path string) (exchange, error) {
	x := exchange{name: strings.TrimSuffix(filepath.Base(path), ".http")}
	text, err := os.ReadFile(path)
	if err != nil {
		return x, err
	}
	request, response, found := bytes.Cut(text, []byte("\n=====\n"))
	if !found {
		return x, fmt.Errorf("there is no line between request and response")
	}
	x.request, err = http.ReadRequest(bufio.NewReader(bytes.NewReader(append(request, '\n'))))
	if err != nil {
		return x, err
	}
	x.sent, err = io.ReadAll(x.request.Body)
	if err != nil {
		return x, err
	}
	x.response, err = http.ReadResponse(bufio.NewReader(bytes.NewReader(response)), x.request)
	if err != nil {
		return x, err
	}
	x.answered, err = io.ReadAll(x.response.Body)
	return x, err
}

// isForItself reports whether the request was refused for what it is itself. Then it need not be as the document wants it.
func (x exchange) isForItself() bool {
	return slices.Contains([]int{400, 405, 413, 415, 422}, x.response.StatusCode)
}

// Every exchange is one of the document's, and every answer of the document is in an exchange.
func TestOpenAPIDocumentDescribesEveryExchange(t *testing.T) {
	text := documentText(t)
	open, listed := readDocument(t, text), readDocument(t, closed(t, text))
	covered := map[string]int{}
	requests, refused, breaches := 0, 0, 0
	all := exchanges(t)
	for _, x := range all {
		t.Run(x.name, func(t *testing.T) {
			if err := listed.checkResponse(x.request, x.response, x.answered); err != nil {
				t.Errorf("the response: %v", err)
			}
			if err := open.checkResponse(x.request, x.response, x.answered); err != nil {
				t.Errorf("the response, where it may have more members: %v", err)
			}
			route, _ := open.route(x.request)
			if route == nil || route.Operation == nil {
				if x.response.StatusCode != 404 && x.response.StatusCode != 405 {
					t.Errorf("it is of no operation and answers %d", x.response.StatusCode)
				}
				return
			}
			covered[fmt.Sprint(route.Operation.OperationID, " ", x.response.StatusCode)]++
			err := open.checkRequest(x.request, x.sent)
			if !x.isForItself() {
				requests++
				if err != nil {
					t.Errorf("the request: %v", err)
				}
				return
			}
			refused++
			if err != nil {
				breaches++
			}
		})
	}
	answers := 0
	for _, item := range open.Paths.Map() {
		for _, operation := range item.Operations() {
			for status := range operation.Responses.Map() {
				answers++
				if covered[operation.OperationID+" "+status] == 0 {
					t.Errorf("no exchange shows that %s answers %s", operation.OperationID, status)
				}
			}
		}
	}
	t.Logf("%d exchanges conform: %d answers of operations of %d declared, %d requests; of %d requests that were refused for themselves the document refuses %d",
		len(all), len(covered), answers, requests, refused, breaches)
}

// The actions are open, so that there may be more one day, and the document names those that there are.
func TestOpenAPIDocumentNamesEveryAction(t *testing.T) {
	named := readDocument(t, documentText(t)).Components.Schemas["Event"].Value.Properties["action"].Value.Examples
	seen := map[any]bool{}
	for _, x := range exchanges(t) {
		var page struct{ Events []struct{ Action string } }
		if err := json.Unmarshal(x.answered, &page); err != nil {
			continue // it has no body
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
