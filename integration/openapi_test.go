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

// adminHandler returns the administration for callers with tokens.
func adminHandler(t *testing.T, m *apitoken.Manager) http.Handler {
	t.Helper()
	h, err := adminapi.New(m, &adminapi.Options{Actor: httpauth.ActorFunc(m, nil)})
	must(t, err)
	return h
}

// documentText returns the document of the administration.
func documentText(t *testing.T) []byte {
	t.Helper()
	w := httptest.NewRecorder()
	adminHandler(t, tokentest.New(t).Manager).ServeHTTP(w, httptest.NewRequest("GET", "/openapi.json", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("GET /openapi.json answers %d: %s", w.Code, w.Body)
	}
	return w.Body.Bytes()
}

// document is a parsed OpenAPI document.
type document struct{ *openapi3.T }

func readDocument(t *testing.T, text []byte) document {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(text)
	must(t, err)
	return document{doc}
}

// closed forbids additional members in all objects. The document allows them in responses, because clients have to tolerate
// members of later versions. This version sends only members that the document lists.
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

// route returns the operation of a request and the parameters of its path. The operation is nil if the path does not have
// the method. The path is relative to the servers of the document.
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

// The document has no unused components.
func TestOpenAPIDocumentUsesAllThatItDeclares(t *testing.T) {
	text := documentText(t)
	var doc struct{ Components map[string]map[string]any }
	must(t, json.Unmarshal(text, &doc))
	exempt := map[string]bool{
		"securitySchemes/bearer":     true, // used by its name
		"responses/MethodNotAllowed": true, // the response to unknown methods
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

// The handler allows exactly the methods of the document on each of its paths. That the handler has no other paths is shown by
// [TestOpenAPIDocumentDescribesEveryExchange].
func TestOpenAPIDocumentHasTheMethodsThatTheHandlerAllows(t *testing.T) {
	doc, handler := readDocument(t, documentText(t)), adminHandler(t, tokentest.New(t).Manager)
	operations := 0
	for path, item := range doc.Paths.Map() {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest("TRACE", strings.ReplaceAll(path, "{id}", "x"), nil))
		if w.Code != http.StatusMethodNotAllowed {
			t.Errorf("TRACE %s answers %d: %s", path, w.Code, w.Body)
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
