package adminapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// Options configure the handler.
type Options struct {
	// Actor says who sends the request. It is required, and decides everything: never take it from what the client
	// merely claims. The zero Actor is nobody and is answered 401, as is an error that is
	// [apitoken.ErrUnauthenticated]; any other error is answered 503. Requests that anybody can send must not be
	// [apitoken.System].
	Actor func(*http.Request) (apitoken.Actor, error)

	// Challenge is the WWW-Authenticate of a 401. Empty: Bearer.
	Challenge string

	// OnError is told why a request was answered 503, for the host's log. The request still has the caller's credentials
	// in its header. Nil: nobody.
	OnError func(r *http.Request, err error)
}

// maxBody is how long the body of a request may be, in bytes. The longest sensible one is below 1 KiB.
const maxBody = 16 << 10

// New makes the handler over a Manager. It serves the routes at the root: mount it under a prefix with
// [http.StripPrefix]. A missing Manager or Options.Actor is [apitoken.ErrInvalid].
func New(m *apitoken.Manager, opts *Options) (http.Handler, error) {
	switch {
	case m == nil:
		return nil, fmt.Errorf("adminapi: new: %w: the manager is nil", apitoken.ErrInvalid)
	case opts == nil || opts.Actor == nil:
		return nil, fmt.Errorf("adminapi: new: %w: Options.Actor is nil", apitoken.ErrInvalid)
	}
	a := &api{manager: m, opts: *opts}
	if a.opts.Challenge == "" {
		a.opts.Challenge = "Bearer"
	}
	return a.handler(), nil
}

type api struct {
	manager *apitoken.Manager
	opts    Options
}

// route is what one method does on one path.
type route struct {
	method string
	params []string // the query parameters that it knows
	do     func(r *http.Request, actor apitoken.Actor) (answer, error)
}

// answer is a success. Without a body, the status is 204.
type answer struct {
	status int
	body   any
	etag   string
	place  string // Location
}

// routes are all routes, by path.
func (a *api) routes() map[string][]route {
	list := []string{"status", "name_contains", "after", "limit"}
	return map[string][]route{
		"/users/{id}/tokens": {
			{http.MethodGet, list, a.listOfUser},
			{http.MethodPost, nil, a.generate},
			{http.MethodDelete, nil, a.revokeAll},
		},
		"/tokens": {
			{http.MethodGet, list, a.listOfAll},
		},
		"/tokens/{id}": {
			{http.MethodGet, nil, a.token},
			{http.MethodDelete, nil, a.revoke},
		},
		"/policy": {
			{http.MethodGet, nil, a.policy},
			{http.MethodPut, nil, a.setPolicy},
		},
	}
}

func (a *api) handler() http.Handler {
	mux := http.NewServeMux()
	for path, routes := range a.routes() {
		for _, route := range routes {
			mux.Handle(route.method+" "+path, a.serve(route))
		}
		mux.Handle(path, a.refuseMethod(routes))
	}
	mux.HandleFunc("/", a.refusePath)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		if !clean(r.URL.EscapedPath()) {
			a.refusePath(w, r) // ServeMux would redirect, without the prefix that was stripped
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// clean reports whether no segment of the path is empty, "." or "..".
func clean(path string) bool {
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if segment == "" || segment == "." || segment == ".." {
			return false
		}
	}
	return true
}

// serve is the way of every request: who asks, is the query known, do it, answer.
func (a *api) serve(route route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		actor, err := a.actor(r)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		if err := checkQuery(r.URL.RawQuery, route.params); err != nil {
			a.fail(w, r, err)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		ans, err := route.do(r, actor)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		ans.write(w)
	})
}

// actor asks the host who sends the request.
func (a *api) actor(r *http.Request) (apitoken.Actor, error) {
	actor, err := a.opts.Actor(r)
	switch {
	case err == nil && actor == apitoken.Actor{}:
		return actor, &unauthenticated
	case err == nil:
		return actor, nil
	case errors.Is(err, apitoken.ErrUnauthenticated) && !errors.Is(err, apitoken.ErrUnavailable):
		return actor, &unauthenticated
	}
	return actor, fmt.Errorf("%w: the caller: %w", apitoken.ErrUnavailable, err)
}

// checkQuery refuses query parameters that the route does not know, that are repeated, and that are empty.
func checkQuery(raw string, known []string) error {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return malformed("", "the query cannot be read")
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		values := query[name]
		switch {
		case !slices.Contains(known, name):
			return malformed(name, "is not a query parameter of this route")
		case len(values) > 1:
			return malformed(name, "is given more than once")
		case values[0] == "":
			return malformed(name, "is empty; leave it out")
		}
	}
	return nil
}

func (a *api) refusePath(w http.ResponseWriter, r *http.Request) { a.fail(w, r, apitoken.ErrNotFound) }

func (a *api) refuseMethod(routes []route) http.Handler {
	var methods []string
	for _, route := range routes {
		methods = append(methods, route.method)
		if route.method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	allow := strings.Join(methods, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allow)
		a.fail(w, r, &methodNotAllowed)
	})
}

// fail answers with the problem that an error is.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError && a.opts.OnError != nil {
		a.opts.OnError(r, err)
	}
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", a.opts.Challenge)
	}
	if p.Code == unavailable.Code {
		w.Header().Set("Retry-After", retryAfter)
	}
	writeJSON(w, p.Status, "application/problem+json", p)
}

func (ans answer) write(w http.ResponseWriter) {
	if ans.etag != "" {
		w.Header().Set("ETag", ans.etag)
	}
	if ans.place != "" {
		w.Header().Set("Location", ans.place)
	}
	if ans.body == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	writeJSON(w, ans.status, "application/json", ans.body)
}

// writeJSON writes a value that always encodes. A client that is gone is nobody to tell.
func writeJSON(w http.ResponseWriter, status int, contentType string, value any) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value)
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}
