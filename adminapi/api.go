package adminapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

// Options configure the handler.
type Options struct {
	// Actor says who sends the request. It is required, and decides everything: never take it from what the client
	// merely claims. The zero Actor is nobody and is answered 401, as is an error that is
	// [apitoken.ErrUnauthenticated]; one that is [apitoken.ErrDenied] is answered 403, and any other 503. Requests that
	// anybody can send must not be [apitoken.System].
	Actor func(*http.Request) (apitoken.Actor, error)

	// Origin says where a request comes from, for its events: the actor gets it unless Options.Actor gave them an origin. Which
	// header to trust is the host's decision: behind a proxy, RemoteAddr is the proxy's, and without one X-Forwarded-For is
	// whatever the client claims. Nil: events have no origin.
	Origin func(*http.Request) apitoken.Origin

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

// answer is a success. Without a body, the status is 204.
type answer struct {
	status int
	body   any
	etag   string
	place  string // Location
}

func (a *api) handler() http.Handler {
	mux := http.NewServeMux()
	methods := map[string][]string{} // by path
	for _, route := range a.routes() {
		mux.Handle(route.method+" "+route.path, a.serve(route))
		methods[route.path] = append(methods[route.path], route.methods()...)
	}
	for path, allowed := range methods {
		mux.Handle(path, a.refuseMethod(allowed))
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

// serve handles every request: identify the actor, refuse what the route does not read, do it, answer.
func (a *api) serve(route route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ans, err := a.do(w, r, route)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		ans.write(w)
	})
}

func (a *api) do(w http.ResponseWriter, r *http.Request, route route) (answer, error) {
	var actor apitoken.Actor
	if route.who != anybody {
		var err error
		actor, err = a.actor(r)
		if err != nil {
			return answer{}, err
		}
	}
	if err := checkQuery(r.URL.RawQuery, route.params); err != nil {
		return answer{}, err
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := refuseUnread(r, route.reads); err != nil {
		return answer{}, err
	}
	return route.do(r, actor)
}

// actor asks the host who sends the request.
func (a *api) actor(r *http.Request) (apitoken.Actor, error) {
	actor, err := a.opts.Actor(r)
	switch {
	case err == nil && actor.From(apitoken.Origin{}) == apitoken.Actor{}:
		return actor, &unauthenticated
	case err == nil:
		return withOrigin(actor, a.opts.Origin, r), nil
	case errors.Is(err, apitoken.ErrUnavailable):
	case errors.Is(err, apitoken.ErrUnauthenticated):
		return actor, &unauthenticated
	case errors.Is(err, apitoken.ErrDenied):
		return actor, &denied
	}
	return actor, fmt.Errorf("%w: the caller: %w", apitoken.ErrUnavailable, err)
}

// withOrigin adds to an actor where the request comes from, if the host says so and has not said it before.
func withOrigin(actor apitoken.Actor, origin func(*http.Request) apitoken.Origin, r *http.Request) apitoken.Actor {
	if origin == nil || actor.Origin != (apitoken.Origin{}) {
		return actor
	}
	return actor.From(origin(r))
}

func (a *api) refusePath(w http.ResponseWriter, r *http.Request) { a.fail(w, r, apitoken.ErrNotFound) }

func (a *api) refuseMethod(allowed []string) http.Handler {
	allow := strings.Join(allowed, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allow)
		a.fail(w, r, &methodNotAllowed)
	})
}

// fail answers with the problem that an error is.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	if p.Status == http.StatusUnprocessableEntity && p.Field == "owner" && r.PathValue("id") != "" { // the name that the path has for it
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

func (ans answer) write(w http.ResponseWriter) {
	if ans.etag != "" {
		w.Header().Set("ETag", ans.etag)
	}
	if ans.place != "" {
		w.Header().Set("Location", ans.place)
	}
	switch body := ans.body.(type) {
	case nil:
		w.WriteHeader(http.StatusNoContent)
	case document:
		write(w, ans.status, "application/json", body)
	default:
		writeJSON(w, ans.status, "application/json", body)
	}
}

// writeJSON writes a value that always encodes.
func writeJSON(w http.ResponseWriter, status int, contentType string, value any) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value)
	write(w, status, contentType, body.Bytes())
}

// write writes a body. A client that is gone is nobody to tell.
func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
