package integration_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/google/uuid"
)

// unlisted are the headers that the document does not declare for each response.
var unlisted = []string{"Cache-Control", "Content-Length", "Content-Type", "X-Content-Type-Options"}

// formats makes kin-openapi check the format uuid. It checks date-time by itself.
var formats = []openapi3.SchemaValidationOption{
	openapi3.WithStringFormatValidator("uuid", openapi3.NewCallbackValidator(func(text string) error {
		_, err := uuid.Parse(text)
		return err
	})),
}

// checkRequest validates a request against its operation.
func (d document) checkRequest(r *http.Request, body []byte) error {
	input, err := d.input(r, body)
	if err != nil {
		return err
	}
	return openapi3filter.ValidateRequest(context.Background(), input)
}

// input converts a request for kin-openapi.
func (d document) input(r *http.Request, body []byte) (*openapi3filter.RequestValidationInput, error) {
	route, params := d.route(r)
	if route == nil || route.Operation == nil {
		return nil, fmt.Errorf("no operation for %s %s", r.Method, r.URL)
	}
	query, known := r.URL.Query(), map[string]bool{}
	for _, p := range route.Operation.Parameters {
		known[p.Value.In+" "+p.Value.Name] = true
	}
	for name, values := range query { // kin-openapi ignores unknown parameters
		if !known["query "+name] || len(values) != 1 {
			return nil, fmt.Errorf("%s does not take %s, or only once", route.Operation.OperationID, name)
		}
	}
	if route.Operation.RequestBody == nil && len(body) > 0 {
		return nil, fmt.Errorf("%s takes no body", route.Operation.OperationID)
	}
	r = r.Clone(context.Background())
	r.Body = io.NopCloser(bytes.NewReader(body))
	return &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, QueryParams: query, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SchemaValidationOptions: formats, SkipSettingDefaults: true,
		},
	}, nil
}

// checkResponse validates a response against its operation and status. For unknown methods and paths, the response is declared in
// the components.
func (d document) checkResponse(r *http.Request, response *http.Response, body []byte) error {
	route, params := d.route(r)
	switch {
	case route == nil:
		route = d.rest(http.StatusNotFound, "NotFound")
	case route.Operation == nil:
		route = d.rest(http.StatusMethodNotAllowed, "MethodNotAllowed")
	}
	ref := route.Operation.Responses.Status(response.StatusCode)
	if ref == nil {
		return fmt.Errorf("the status %d is not declared", response.StatusCode)
	}
	known := slices.Clone(unlisted)
	for name := range ref.Value.Headers {
		known = append(known, http.CanonicalHeaderKey(name))
	}
	for name := range response.Header {
		if !slices.Contains(known, name) {
			return fmt.Errorf("the header %s is not declared", name)
		}
	}
	if response.Header.Get("Cache-Control") != "no-store" {
		return errors.New("Cache-Control is not no-store")
	}
	if len(ref.Value.Content) == 0 && (len(body) > 0 || response.Header.Get("Content-Type") != "") {
		return errors.New("a body is not declared")
	}
	if contentType := response.Header.Get("Content-Type"); strings.Contains(contentType, ";") {
		return fmt.Errorf("the content type %s has a parameter", contentType)
	}
	return openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Status:                 response.StatusCode,
		Header:                 response.Header,
		Body:                   io.NopCloser(bytes.NewReader(body)),
		Options:                &openapi3filter.Options{IncludeResponseStatus: true, SchemaValidationOptions: formats},
	})
}

// rest is the operation for unknown methods and paths.
func (d document) rest(status int, response string) *routers.Route {
	responses := openapi3.NewResponses(openapi3.WithStatus(status, d.Components.Responses[response]))
	return &routers.Route{Spec: d.T, Operation: &openapi3.Operation{Responses: responses}}
}
