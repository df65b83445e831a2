package integration_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

// adminHandler is an administration of tokens whose callers present tokens.
func adminHandler(t *testing.T, m *apitoken.Manager) http.Handler {
	t.Helper()
	h, err := adminapi.New(m, &adminapi.Options{Actor: httpauth.ActorFunc(m, nil)})
	must(t, err)
	return h
}

// documentText is the document that the administration answers.
func documentText(t *testing.T) []byte {
	t.Helper()
	w := httptest.NewRecorder()
	adminHandler(t, tokentest.New(t).Manager).ServeHTTP(w, httptest.NewRequest("GET", "/openapi.json", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("GET /openapi.json answers %d: %s", w.Code, w.Body)
	}
	return w.Body.Bytes()
}

// document is an OpenAPI document that was read.
type document struct{ *openapi3.T }

func readDocument(t *testing.T, text []byte) document {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(text)
	must(t, err)
	return document{doc}
}

// closed makes of every object that may have more members than the document lists one that may not. Clients have to bear
// with members that they do not know, and so the document leaves answers open; this version sends none that it does not list.
func closed(t *testing.T, text []byte) []byte {
	t.Helper()
	var doc map[string]any
	must(t, json.Unmarshal(text, &doc))
	components, _ := doc["components"].(map[string]any)
	schemas, _ := components["schemas"].(map[string]any)
	if len(schemas) == 0 {
		t.Fatal("the document has no schemas")
	}
	for name, schema := range schemas {
		schema, _ := schema.(map[string]any)
		if schema["type"] == "object" && name != "OpenAPI" {
			schema["additionalProperties"] = false
		}
	}
	text, err := json.Marshal(doc)
	must(t, err)
	return text
}

// route finds the operation of a request, which is nil where the path has none of the method, and the parameters of the
// path. The path is below none of the document's servers.
func (d document) route(r *http.Request) (route *routers.Route, params map[string]string) {
	for path, item := range d.Paths.Map() {
		if params, ok := match(path, r.URL.EscapedPath()); ok {
			return &routers.Route{
				Spec: d.T, Path: path, PathItem: item, Method: r.Method, Operation: item.GetOperation(r.Method),
			}, params
		}
	}
	return nil, nil
}

func match(template, escaped string) (params map[string]string, ok bool) {
	want, got := strings.Split(template, "/"), strings.Split(escaped, "/")
	if len(want) != len(got) {
		return nil, false
	}
	params = map[string]string{}
	for i, segment := range want {
		name, isParam := strings.CutPrefix(segment, "{")
		if !isParam {
			if got[i] != segment {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(got[i])
		if err != nil {
			return nil, false
		}
		params[strings.TrimSuffix(name, "}")] = value
	}
	return params, true
}

func TestOpenAPIDocumentIsValid(t *testing.T) {
	doc := readDocument(t, documentText(t))
	if !doc.IsOpenAPI31OrLater() {
		t.Errorf("it is OpenAPI %s", doc.OpenAPI)
	}
	err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaDefaultsValidation(),
		openapi3.EnableSchemaFormatValidation(), openapi3.EnableSchemaPatternValidation(), openapi3.EnableMultiError())
	if err != nil {
		t.Error(err)
	}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			if operation.OperationID == "" || operation.Summary == "" || operation.Description == "" || len(operation.Tags) != 1 {
				t.Errorf("%s %s has no operationId, no summary, no description or not one tag", method, path)
			}
		}
	}
}

// What is declared and never referred to would be forgotten there.
func TestOpenAPIDocumentUsesAllThatItDeclares(t *testing.T) {
	text := documentText(t)
	var doc struct{ Components map[string]map[string]any }
	must(t, json.Unmarshal(text, &doc))
	exempt := map[string]bool{
		"securitySchemes/bearer":     true, // which is named, and not referred to
		"responses/MethodNotAllowed": true, // the answer to methods that no operation has
	}
	n := 0
	for section, components := range doc.Components {
		for name := range components {
			n++
			place := section + "/" + name
			if !strings.Contains(string(text), `"#/components/`+place+`"`) && !exempt[place] {
				t.Errorf("nothing refers to %s", place)
			}
		}
	}
	t.Logf("%d components", n)
}

// Each path is asked for its methods. Whether the handler has other paths is for the exchanges: every one of them is of a path
// of the document.
func TestOpenAPIDocumentHasTheMethodsThatTheHandlerAllows(t *testing.T) {
	doc, handler := readDocument(t, documentText(t)), adminHandler(t, tokentest.New(t).Manager)
	operations := 0
	for path, item := range doc.Paths.Map() {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest("PATCH", strings.ReplaceAll(path, "{id}", "x"), nil))
		if w.Code != http.StatusMethodNotAllowed {
			t.Errorf("PATCH %s answers %d: %s", path, w.Code, w.Body)
			continue
		}
		want := slices.Sorted(maps.Keys(item.Operations()))
		operations += len(want)
		got := slices.DeleteFunc(strings.Split(w.Header().Get("Allow"), ", "), func(method string) bool { return method == "HEAD" })
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the methods of %s differ (-document +handler):\n%s", path, diff)
		}
	}
	t.Logf("%d operations on %d paths", operations, doc.Paths.Len())
}
