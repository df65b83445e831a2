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

// unlisted are the headers that the document says once of all answers, or leaves to HTTP.
var unlisted = []string{"Cache-Control", "Content-Length", "Content-Type", "X-Content-Type-Options"}

// formats makes kin-openapi, which knows of date-time, look at the others too. Numbers and addresses go by their types.
var formats = []openapi3.SchemaValidationOption{
	openapi3.WithStringFormatValidator("uuid", openapi3.NewCallbackValidator(func(text string) error {
		_, err := uuid.Parse(text)
		return err
	})),
}

// checkRequest holds a request to what the document says of its operation.
func (d document) checkRequest(r *http.Request, body []byte) error {
	input, err := d.input(r, body)
	if err != nil {
		return err
	}
	return openapi3filter.ValidateRequest(context.Background(), input)
}

// input is a request as kin-openapi takes it.
func (d document) input(r *http.Request, body []byte) (*openapi3filter.RequestValidationInput, error) {
	route, params := d.route(r)
	if route == nil || route.Operation == nil {
		return nil, fmt.Errorf("no operation is of %s %s", r.Method, r.URL)
	}
	query, known := r.URL.Query(), map[string]bool{}
	for _, p := range route.Operation.Parameters {
		known[p.Value.In+" "+p.Value.Name] = true
	}
	for name, values := range query { // kin-openapi lets others pass
		if !known["query "+name] || len(values) != 1 {
			return nil, fmt.Errorf("%s has no parameter %s, or not more than once", route.Operation.OperationID, name)
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

// checkResponse holds a response to what the document says of the operation with this status. For a method that the path has
// not, and for a path that the document has not, that is in the components.
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
		return errors.New("it may be cached")
	}
	if len(ref.Value.Content) == 0 && (len(body) > 0 || response.Header.Get("Content-Type") != "") {
		return errors.New("a body is not declared")
	}
	if contentType := response.Header.Get("Content-Type"); strings.Contains(contentType, ";") {
		return fmt.Errorf("the content type is %s", contentType)
	}
	return openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Status:                 response.StatusCode,
		Header:                 response.Header,
		Body:                   io.NopCloser(bytes.NewReader(body)),
		Options:                &openapi3filter.Options{IncludeResponseStatus: true, SchemaValidationOptions: formats},
	})
}

// rest is the operation of all that is none.
func (d document) rest(status int, response string) *routers.Route {
	responses := openapi3.NewResponses(openapi3.WithStatus(status, d.Components.Responses[response]))
	return &routers.Route{Spec: d.T, Operation: &openapi3.Operation{Responses: responses}}
}
