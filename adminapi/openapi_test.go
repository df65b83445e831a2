package adminapi_test

import (
	"encoding/json"
	"net/http"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// Whoever wants to know how to sign in has not signed in yet: the document is for anybody, and nobody is asked who that is.
func TestTheDocumentIsForAnybody(t *testing.T) {
	h := newHandlerWith(t, tokentest.New(t).Manager, adminapi.Options{
		Actor: func(*http.Request) (apitoken.Actor, error) {
			t.Error("the host was asked who it is")
			return apitoken.Actor{}, nil
		},
	})
	w := call(h, "", "GET", "/openapi.json", "")
	wantStatus(t, http.StatusOK, w)
	want, err := os.ReadFile("openapi.json")
	must(t, err)
	if diff := cmp.Diff(string(want), w.Body.String()); diff != "" {
		t.Errorf("the document differs (-want +got):\n%s", diff)
	}
	if version := decode[struct{ OpenAPI string }](t, w).OpenAPI; len(version) < 4 || version[:4] != "3.1." {
		t.Errorf("the version is %q", version)
	}
	wantProblem(t, 400, "malformed", call(h, "", "GET", "/openapi.json?x=1", ""))
	wantProblem(t, 405, "method_not_allowed", call(h, "", "PUT", "/openapi.json", "{}"))
}

// The document describes the routes that there are, and the answers that are on record, and no others.
func TestTheDocumentDescribesEveryRouteAndAnswer(t *testing.T) {
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	must(t, json.Unmarshal(adminapi.OpenAPI, &document))
	methods := map[string]string{"get": "GET", "put": "PUT", "post": "POST", "delete": "DELETE", "patch": "PATCH", "head": "HEAD", "options": "OPTIONS", "trace": "TRACE"}
	described, want := map[string]bool{}, map[string]bool{}
	answers, onRecord := map[string]bool{}, map[string]bool{}
	for path, item := range document.Paths {
		for name, text := range item {
			method, is := methods[name]
			if !is {
				continue
			}
			pattern := method + " " + path
			described[pattern] = true
			var operation struct{ Responses map[string]json.RawMessage }
			must(t, json.Unmarshal(text, &operation))
			for status := range operation.Responses {
				answers[pattern+" "+status] = true
			}
		}
	}
	for _, r := range adminapi.Routes() {
		want[r.Method+" "+r.Path] = true
	}
	if diff := cmp.Diff(want, described); diff != "" {
		t.Errorf("the operations differ from the routes (-routes +document):\n%s", diff)
	}
	for kind := range recordedKinds(t) {
		if kind.pattern[0] != '/' { // 405 and the 404 of no route are of no operation
			onRecord[answerKind{kind.pattern, kind.status, ""}.String()[:len(kind.pattern)+4]] = true
		}
	}
	if diff := cmp.Diff(onRecord, answers); diff != "" {
		t.Errorf("the answers differ from the exchanges (-exchanges +document):\n%s", diff)
	}
}
