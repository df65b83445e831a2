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

// exchange is a request and its response, as recorded by the tests of package adminapi.
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

// isInvalid reports whether the response refuses the request as invalid. Then the document may refuse it, too.
func (x exchange) isInvalid() bool {
	return slices.Contains([]int{400, 405, 413, 415, 422}, x.response.StatusCode)
}

// The document describes every exchange, and every response of the document occurs in an exchange.
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
				t.Errorf("the response, with additional members allowed: %v", err)
			}
			route, _ := open.route(x.request)
			if route == nil || route.Operation == nil {
				if x.response.StatusCode != 404 && x.response.StatusCode != 405 {
					t.Errorf("the document has no operation for it, and the status is %d", x.response.StatusCode)
				}
				return
			}
			covered[fmt.Sprint(route.Operation.OperationID, " ", x.response.StatusCode)]++
			err := open.checkRequest(x.request, x.sent)
			if !x.isInvalid() {
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
					t.Errorf("no exchange has the status %s of %s", status, operation.OperationID)
				}
			}
		}
	}
	t.Logf("%d exchanges conform: %d answers of operations of %d declared, %d requests; of %d requests that were refused for themselves the document refuses %d",
		len(all), len(covered), answers, requests, refused, breaches)
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
