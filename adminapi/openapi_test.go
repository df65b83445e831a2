package adminapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/tokentest"
)

func TestTheDocumentIsServedWithoutAskingForTheActor(t *testing.T) {
	h := newHandlerWith(t, tokentest.New(t).Manager, adminapi.Options{
		Actor: func(*http.Request) (apitoken.Actor, error) {
			t.Error("Options.Actor was called")
			return apitoken.Actor{}, nil
		},
	})
	wantStatus(t, http.StatusOK, call(h, "", "GET", "/openapi.json", ""))
	wantProblem(t, 400, "malformed", call(h, "", "GET", "/openapi.json?x=1", ""))
	wantProblem(t, 405, "method_not_allowed", call(h, "", "PUT", "/openapi.json", "{}"))
}

// described is the part of the document that corresponds to the declaration of a route.
type described struct {
	OpenAPI string // the version of OpenAPI
	Paths   map[string]map[string]json.RawMessage

	Components struct {
		Parameters map[string]describedParameter
		Responses  map[string]describedResponse
		Schemas    map[string]describedSchema
	}
}

// methods are the members of a path that are operations.
var methods = map[string]string{"get": "GET", "put": "PUT", "post": "POST", "delete": "DELETE", "patch": "PATCH", "head": "HEAD", "options": "OPTIONS", "trace": "TRACE"}

type describedOperation struct {
	OperationID string
	Permission  string `json:"x-permission"`
	Security    *[]map[string][]string
	Parameters  []reference
	Responses   map[string]json.RawMessage
}

type reference struct {
	Ref string `json:"$ref"`
}

func (r reference) name() string { return r.Ref[strings.LastIndexByte(r.Ref, '/')+1:] }

type describedParameter struct{ Name, In string }

type describedResponse struct {
	Content map[string]struct{ Schema describedSchema }
}

type describedSchema struct {
	Properties map[string]struct{ Enum []string }
}

func readDescribed(t *testing.T) described {
	t.Helper()
	var d described
	must(t, json.Unmarshal(adminapi.OpenAPI, &d))
	return d
}

// operation returns the operation of a route.
func (d described) operation(t *testing.T, r adminapi.Route) (o describedOperation) {
	t.Helper()
	must(t, json.Unmarshal(d.Paths[r.Path][strings.ToLower(r.Method)], &o))
	return o
}

// The document describes exactly the routes, and exactly the statuses that the exchanges show.
func TestTheDocumentDescribesEveryRouteAndAnswer(t *testing.T) {
	d := readDescribed(t)
	if !strings.HasPrefix(d.OpenAPI, "3.1.") {
		t.Errorf("the version is %q, want 3.1", d.OpenAPI)
	}
	var operations, routes []string
	statuses, shown := map[string]bool{}, map[string]bool{}
	for path, item := range d.Paths {
		for name := range item {
			if method := methods[name]; method != "" {
				operations = append(operations, method+" "+path)
				for status := range d.operation(t, adminapi.Route{Method: method, Path: path}).Responses {
					statuses[method+" "+path+" "+status] = true
				}
			}
		}
	}
	for _, r := range adminapi.Routes() {
		routes = append(routes, r.Method+" "+r.Path)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(routes)), slices.Sorted(slices.Values(operations))); diff != "" {
		t.Errorf("the operations differ from the routes (-routes +document):\n%s", diff)
	}
	for kind := range recordedKinds(t) {
		if kind.pattern[0] != '/' { // no operation has 405, nor the 404 of a path without a route
			shown[fmt.Sprint(kind.pattern, " ", kind.status)] = true
		}
	}
	if diff := cmp.Diff(shown, statuses); diff != "" {
		t.Errorf("the answers differ from the exchanges (-exchanges +document):\n%s", diff)
	}
}

func TestTheDocumentDeclaresTheAccessOfEveryRoute(t *testing.T) {
	d := readDescribed(t)
	ids := map[string]bool{}
	for _, r := range adminapi.Routes() {
		t.Run(r.Method+" "+r.Path, func(t *testing.T) {
			o := d.operation(t, r)
			if o.OperationID == "" || ids[o.OperationID] {
				t.Errorf("the operationId %q is empty or not unique", o.OperationID)
			}
			ids[o.OperationID] = true
			if diff := cmp.Diff(r.Who, o.Permission); diff != "" {
				t.Errorf("the access differs (-route +document):\n%s", diff)
			}
			forAnybody := o.Security != nil && len(*o.Security) == 0
			if forAnybody != (r.Who == "anybody") {
				t.Errorf("the document requires a sign-in: %t, want the opposite", !forAnybody)
			}
			var params []string
			for _, ref := range o.Parameters {
				p := d.Components.Parameters[ref.name()]
				if p.In == "query" {
					params = append(params, p.Name)
				}
			}
			if diff := cmp.Diff(slices.Sorted(slices.Values(r.Params)), slices.Sorted(slices.Values(params))); diff != "" {
				t.Errorf("the query parameters differ (-route +document):\n%s", diff)
			}
		})
	}
}

// The document lists for each operation and status exactly the codes that the exchanges show.
func TestTheDocumentListsTheCodesOfEveryAnswer(t *testing.T) {
	d := readDescribed(t)
	got, want := map[string]bool{}, map[string]bool{}
	add := func(place string, schema describedSchema) {
		for _, code := range schema.Properties["code"].Enum {
			got[place+" "+code] = true
		}
	}
	for _, r := range adminapi.Routes() {
		for status, text := range d.operation(t, r).Responses {
			var ref reference
			must(t, json.Unmarshal(text, &ref))
			if ref.Ref != "" {
				add(r.Method+" "+r.Path+" "+status, d.Components.Responses[ref.name()].Content["application/problem+json"].Schema)
			}
		}
	}
	codes := map[string]bool{}
	for kind := range recordedKinds(t) {
		if kind.code == "" {
			continue
		}
		codes[kind.code] = true
		if kind.pattern[0] != '/' {
			want[kind.String()] = true
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the codes differ from the exchanges (-exchanges +document):\n%s", diff)
	}
	enum := slices.Sorted(slices.Values(d.Components.Schemas["Problem"].Properties["code"].Enum))
	if diff := cmp.Diff(slices.Sorted(maps.Keys(codes)), enum); diff != "" {
		t.Errorf("the codes of the schema differ (-exchanges +document):\n%s", diff)
	}
	t.Logf("%d codes of %d operations", len(want), len(adminapi.Routes()))
}

func TestTheDocumentIsIndentedByTwoSpaces(t *testing.T) {
	var want bytes.Buffer
	must(t, json.Indent(&want, adminapi.OpenAPI, "", "  "))
	if diff := cmp.Diff(want.String(), string(adminapi.OpenAPI)); diff != "" {
		t.Errorf("the form differs (-want +got):\n%s", diff)
	}
}
