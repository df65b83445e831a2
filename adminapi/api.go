package adminapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// Options configures the handler.
type Options struct {
	// Actor returns the caller of a request. It is required. Every decision depends on it, so never derive it from what the
	// client merely claims, and never return [apitoken.System] for requests that anybody can send.
	//
	// The response is 401 for the zero Actor, an actor with an empty user id, and an error that is
	// [apitoken.ErrUnauthenticated]; 403 for [apitoken.ErrDenied]; 503 for any other error.
	Actor func(*http.Request) (apitoken.Actor, error)

	// Origin returns where a request comes from, for its events. The actor gets it unless Options.Actor has set an origin.
	// The host decides which header to trust: behind a proxy, RemoteAddr is that of the proxy, and without a proxy
	// X-Forwarded-For is whatever the client claims. Nil: events have no origin.
	Origin func(*http.Request) apitoken.Origin

	// Challenge is the WWW-Authenticate of a 401. Empty: Bearer.
	Challenge string

	// Documentation is the path or the URL of a page on which people read the OpenAPI document, such as "/docs/". GET / links to
	// it. A relative one is relative to the address of GET /. The host serves the page: examples/server shows how. Empty: no link.
	Documentation string

	// OnError is called with the cause of each 503, for the host's log. The header of the request still holds the
	// credentials of the caller. Nil: the cause is dropped.
	OnError func(r *http.Request, err error)
}

// maxBody is the maximum length of a request body, in bytes. Only a policy of many exemptions is longer than 1 KiB.
const maxBody = 128 << 10

// New returns the handler of the routes in the package documentation. It serves them at the root: use [http.StripPrefix] to
// mount it under a prefix. The handler is safe for concurrent use.
//
// Errors: [apitoken.ErrInvalid] if the Manager or Options.Actor is missing, or if Options.Documentation is not a path or a URL of
// http or https.
func New(m *apitoken.Manager, opts *Options) (http.Handler, error) {
	switch {
	case m == nil:
		return nil, fmt.Errorf("adminapi: new: %w: the manager is nil", apitoken.ErrInvalid)
	case opts == nil || opts.Actor == nil:
		return nil, fmt.Errorf("adminapi: new: %w: Options.Actor is nil", apitoken.ErrInvalid)
	case !isReference(opts.Documentation):
		return nil, fmt.Errorf("adminapi: new: %w: Options.Documentation %q is not a path or a URL of http or https",
			apitoken.ErrInvalid, opts.Documentation)
	}
	a := &api{manager: m, opts: *opts}
	if a.opts.Challenge == "" {
		a.opts.Challenge = "Bearer"
	}
	return a.handler(), nil
}

// isReference reports whether a text is a reference that is safe to follow.
func isReference(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "" || u.Host != "" && (u.Scheme == "http" || u.Scheme == "https"))
}

type api struct {
	manager *apitoken.Manager
	opts    Options
}

// response is the response to a request that succeeded. Without a body, the status is 204.
type response struct {
	status   int
	body     any
	etag     string
	location string
}

func (a *api) handler() http.Handler {
	mux := http.NewServeMux()
	methods := map[string][]string{} // by pattern
	for _, route := range a.routes() {
		mux.Handle(route.method+" "+route.pattern(), a.serve(route))
		methods[route.pattern()] = append(methods[route.pattern()], route.methods()...)
	}
	for path, allowed := range methods {
		mux.Handle(path, a.refuseMethod(allowed))
	}
	mux.HandleFunc("/", a.refusePath)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		if !isCleanPath(r.URL.EscapedPath()) {
			a.refusePath(w, r) // ServeMux would redirect to a path without the prefix that was stripped
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// isCleanPath reports whether no segment of the path is empty, "." or "..". The root is clean.
func isCleanPath(path string) bool {
	if path == "/" {
		return true
	}
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if segment == "" || segment == "." || segment == ".." {
			return false
		}
	}
	return true
}

// serve handles the requests of a route: it identifies the actor, refuses what the route does not read, acts and responds.
func (a *api) serve(route route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		res, err := a.do(w, r, route)
		if err != nil {
			a.writeProblem(w, r, withRequirement(err, route.who))
			return
		}
		res.write(w)
	})
}

func (a *api) do(w http.ResponseWriter, r *http.Request, route route) (response, error) {
	var actor apitoken.Actor
	if route.who != anybody {
		var err error
		actor, err = a.actor(r)
		if err != nil {
			return response{}, err
		}
	}
	if err := checkQuery(r.URL.RawQuery, route.params); err != nil {
		return response{}, err
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := refuseUnread(r, route.reads); err != nil {
		return response{}, err
	}
	return route.do(r, actor)
}

// actor returns the caller of the request, as Options.Actor knows it.
func (a *api) actor(r *http.Request) (apitoken.Actor, error) {
	actor, err := a.opts.Actor(r)
	switch {
	case err == nil && actor.Kind != apitoken.ActorSystem && actor.User == "":
		return actor, &unauthenticated
	case err == nil:
		return withOrigin(actor, a.opts.Origin, r), nil
	case errors.Is(err, apitoken.ErrUnavailable):
	case errors.Is(err, apitoken.ErrUnauthenticated):
		return actor, &unauthenticated
	case errors.Is(err, apitoken.ErrDenied):
		return actor, &denied
	}
	return actor, fmt.Errorf("%w: identify the caller: %w", apitoken.ErrUnavailable, err)
}

// withOrigin sets the origin of an actor that has none, if the host has a function for it.
func withOrigin(actor apitoken.Actor, origin func(*http.Request) apitoken.Origin, r *http.Request) apitoken.Actor {
	if origin == nil || actor.Origin != (apitoken.Origin{}) {
		return actor
	}
	return actor.From(origin(r))
}

func (a *api) refusePath(w http.ResponseWriter, r *http.Request) {
	a.writeProblem(w, r, apitoken.ErrNotFound)
}

func (a *api) refuseMethod(allowed []string) http.Handler {
	allow := strings.Join(allowed, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allow)
		a.writeProblem(w, r, &methodNotAllowed)
	})
}

// writeProblem responds with the problem of an error.
func (a *api) writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	if p.Status == http.StatusUnprocessableEntity && p.Field == "owner" && r.PathValue("id") != "" { // the owner is called id in the path
		p.Field, p.Detail = "id", "id"+strings.TrimPrefix(p.Detail, "owner")
	}
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

func (res response) write(w http.ResponseWriter) {
	if res.etag != "" {
		w.Header().Set("ETag", res.etag)
	}
	if res.location != "" {
		w.Header().Set("Location", res.location)
	}
	switch body := res.body.(type) {
	case nil:
		w.WriteHeader(http.StatusNoContent)
	case document:
		write(w, res.status, "application/json", body)
	default:
		writeJSON(w, res.status, "application/json", body)
	}
}

// writeJSON writes a value that encodes without an error.
func writeJSON(w http.ResponseWriter, status int, contentType string, value any) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value)
	write(w, status, contentType, body.Bytes())
}

// write writes a body. It ignores errors: the client is gone then.
func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
