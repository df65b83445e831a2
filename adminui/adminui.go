package adminui

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/internal/userpath"
)

// Options configure the pages.
type Options struct {
	// Actor says who is signed in. It is required, and decides everything: take it from the host's session and never from
	// what the browser merely claims. The zero Actor and an actor with an empty user id mean that nobody is signed in, so that
	// a session without a user can be passed to [apitoken.As] as it is. An error is answered 503.
	Actor func(*http.Request) (apitoken.Actor, error)

	// Origin says where a request comes from, for its events: the actor gets it unless Options.Actor gave them an origin. Which
	// header to trust is the host's decision: behind a proxy, RemoteAddr is the proxy's, and without one X-Forwarded-For is
	// whatever the browser claims. Nil: events have no origin.
	Origin func(*http.Request) apitoken.Origin

	// Prefix is the path under which the host mounts the handler, such as "/admin", in any script and not percent-encoded.
	// Empty: the root.
	Prefix string

	// SignIn is the path where somebody who is not signed in is sent, with status 303 and the page that he wanted to see in
	// the parameter next. Empty: he is answered 401.
	SignIn string

	// SignOut is where the button that ends the session sends its POST. Empty: there is no such button.
	SignOut string

	// Title is the name above the pages. Empty: "API tokens".
	Title string

	// Location gives the time zone in which times are shown and days begin. Nil: UTC; where JavaScript runs, times are then
	// shown in the zone of the browser.
	Location func(*http.Request) *time.Location

	// TrustedOrigins may send forms besides the pages themselves: the origins under which a proxy shows them, where it
	// rewrites the Host. Each is a scheme and a host, "https://tokens.example.com".
	TrustedOrigins []string

	// CSVByteOrderMark has the CSV file begin with U+FEFF, by which Excel tells that it is UTF-8. Programs that read the file
	// may take it for a part of the first name in the header.
	CSVByteOrderMark bool

	// OnError is told why a request was answered 503, or why a list under a new token is missing, for the host's log. Nil:
	// nobody.
	OnError func(r *http.Request, err error)
}

// New makes the pages over a Manager. A missing Manager or Options.Actor, a Prefix that does not begin with a slash or
// ends with one, and a trusted origin that is none are [apitoken.ErrInvalid].
func New(m *apitoken.Manager, opts *Options) (http.Handler, error) {
	switch {
	case m == nil:
		return nil, invalid("the manager is nil")
	case opts == nil || opts.Actor == nil:
		return nil, invalid("Options.Actor is nil")
	case !isPrefix(opts.Prefix):
		return nil, invalid("Options.Prefix %q is not a path that begins with a slash and does not end with one", opts.Prefix)
	}
	u := &ui{manager: m, opts: *opts, base: (&url.URL{Path: opts.Prefix}).EscapedPath()}
	if u.opts.Title == "" {
		u.opts.Title = "API tokens"
	}
	protection := http.NewCrossOriginProtection()
	for _, origin := range opts.TrustedOrigins {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return nil, invalid("Options.TrustedOrigins: %v", err)
		}
	}
	return u.secured(u.fromTheseSites(protection, u.handler())), nil
}

// isPrefix reports whether a text can stand before the paths of the pages, in a pattern of [http.ServeMux] as in an address.
func isPrefix(p string) bool {
	unprintable := func(r rune) bool { return !unicode.IsGraphic(r) || r == utf8.RuneError }
	return p == "" || strings.HasPrefix(p, "/") && path.Clean(p) == p && p != "/" && !strings.ContainsAny(p, `{}?#% \`) &&
		!strings.ContainsFunc(p, unprintable)
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("adminui: new: %w: %s", apitoken.ErrInvalid, fmt.Sprintf(format, args...))
}

type ui struct {
	manager *apitoken.Manager
	opts    Options
	base    string // Options.Prefix, as it stands in addresses
}

// pages are all routes.
func pages() map[string]func(*visit) error {
	return map[string]func(*visit) error{
		"GET /{$}":                    (*visit).first,
		"GET /users":                  (*visit).users,
		"GET /users/{id}/tokens":      ofUser((*visit).tokensOfUser),
		"POST /users/{id}/tokens":     ofUser((*visit).generate),
		"GET /users/{id}/revoke-all":  ofUser((*visit).askRevokeAll),
		"POST /users/{id}/revoke-all": ofUser((*visit).revokeAll),
		"GET /tokens":                 (*visit).inventory,
		"GET /tokens.csv":             (*visit).download,
		"POST /tokens/revoke":         (*visit).revokeSelected,
		"GET /tokens/{id}/revoke":     (*visit).askRevoke,
		"POST /tokens/{id}/revoke":    (*visit).revoke,
		"GET /expiring":               (*visit).expiring,
		"GET /policy":                 (*visit).policy,
		"POST /policy":                (*visit).setPolicy,
		"GET /activity":               (*visit).activity,
	}
}

// ofUser reads the user of the address for a page. A segment that stands for no user id is [apitoken.ErrNotFound].
func ofUser(do func(*visit) error) func(*visit) error {
	return func(v *visit) (err error) {
		id, ok := userpath.UserID(v.r.PathValue("id"))
		if !ok {
			return apitoken.ErrNotFound
		}
		v.owner = id
		return do(v)
	}
}

func (u *ui) handler() http.Handler {
	mux := http.NewServeMux()
	for route, do := range pages() {
		method, path, _ := strings.Cut(route, " ")
		mux.Handle(method+" "+u.opts.Prefix+path, u.serve(do))
	}
	mux.Handle("GET "+u.opts.Prefix+"/static/", u.staticFiles())
	mux.Handle("/", u.serve(func(*visit) error { return apitoken.ErrNotFound }))
	return mux
}

// secured puts on every answer what keeps it from being cached, framed, or made to run something.
func (u *ui) secured(next http.Handler) http.Handler {
	const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; " +
		"base-uri 'none'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "same-origin") // no-referrer makes browsers send Origin: null with the forms
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// maxForm is how long the body of a form may be, in bytes: a bulk revocation names up to 1,000 tokens.
const maxForm = 128 << 10

// visit is one request of a person who is signed in.
type visit struct {
	*ui
	w     http.ResponseWriter
	r     *http.Request
	actor apitoken.Actor
	owner apitoken.UserID // the user of the address; empty: the address has none
	may   apitoken.Permission
	now   time.Time
	zone  *time.Location
}

// serve is the way of every request but those for files: who is it, what may he, do it.
func (u *ui) serve(do func(*visit) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		v := &visit{ui: u, w: w, r: r, now: u.manager.Now(), zone: time.UTC}
		if u.opts.Location != nil {
			v.zone = u.opts.Location(r)
		}
		if err := v.identify(); err != nil {
			v.fail(err)
			return
		}
		if err := do(v); err != nil {
			v.fail(err)
		}
	})
}

var (
	errSignedOut   = errors.New("nobody is signed in")
	errCrossOrigin = errors.New("the form was sent by another site")
	errForm        = errors.New("the form cannot be read")
)

func (v *visit) identify() (err error) {
	v.actor, err = v.opts.Actor(v.r)
	switch {
	case err != nil:
		return fmt.Errorf("%w: who is signed in: %w", apitoken.ErrUnavailable, err)
	case v.actor.Kind != apitoken.ActorSystem && v.actor.User == "":
		v.actor = apitoken.Actor{}
		return errSignedOut
	}
	if v.opts.Origin != nil && v.actor.Origin == (apitoken.Origin{}) {
		v.actor = v.actor.From(v.opts.Origin(v.r))
	}
	v.may, err = v.manager.Permissions(v.r.Context(), v.actor)
	if err != nil {
		v.actor = apitoken.Actor{} // nobody, as far as the pages go
	}
	return err
}

// first leads to the first page that the person may see.
func (v *visit) first() error {
	if v.may.Has(apitoken.ManageUsers) {
		return v.redirect("/users")
	}
	return v.redirect(v.pathOfUser(v.actor.User) + "/tokens")
}

// redirect sends the browser to another page, with GET.
func (v *visit) redirect(path string) error {
	http.Redirect(v.w, v.r, v.base+path, http.StatusSeeOther)
	return nil
}

// own reports whether a user is the one who is signed in. It decides what a page offers, and never what is done: who uses a
// token may not do all that its owner may, and the Manager says so when they try.
func (v *visit) own(id apitoken.UserID) bool {
	return v.actor.Kind != apitoken.ActorSystem && v.actor.User == id
}
