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
	// Actor returns the signed-in user. It is required. Take the user from the host's session and never from anything that the
	// browser can choose. The zero Actor and an actor without a user id mean that no one is signed in, so a session without a
	// user can be passed to [apitoken.As]. An error responds with 503.
	Actor func(*http.Request) (apitoken.Actor, error)

	// Origin returns where a request comes from, for its events. It has no effect if Actor sets an origin. The host decides which
	// header to trust: behind a proxy, RemoteAddr is the proxy; without one, the browser chooses X-Forwarded-For. Nil: events
	// have no origin.
	Origin func(*http.Request) apitoken.Origin

	// Prefix is the path under which the host mounts the handler, such as "/admin", in any script and not percent-encoded. It
	// begins with a slash and does not end with one. Empty: the root.
	Prefix string

	// SignIn is the path to which a request is redirected if no one is signed in, with status 303 and the requested page in the
	// parameter next. Empty: the response is a page with status 401.
	SignIn string

	// SignOut is the path to which the sign-out button sends a POST. Empty: no button.
	SignOut string

	// Title is the title of the pages. Empty: "API tokens".
	Title string

	// Location returns the time zone of times and of the start of days. Nil: UTC; with JavaScript, times are shown in the zone of
	// the browser.
	Location func(*http.Request) *time.Location

	// TrustedOrigins are further origins that may send forms. A proxy that rewrites the Host header needs its own origin here.
	// Each is a scheme and a host: "https://tokens.example.com".
	TrustedOrigins []string

	// ServiceAccounts adds a form to the page of users by which administrators make accounts that no person signs in to. Leave it
	// out if another system provisions them.
	ServiceAccounts bool

	// EditUsers adds forms by which administrators make users, and change their names and roles and who answers for a service
	// account. Leave it out if another system provisions the users: its next [apitoken.Manager.PutUser] would undo the change.
	EditUsers bool

	// DisableUsers adds buttons by which administrators disable, enable, suspend and resume users. Leave it out if only another
	// system may do so.
	DisableUsers bool

	// ResourceLabel is the label of a field for the resource that a new token is bound to, such as "Project". Empty: the form has
	// no such field.
	ResourceLabel string

	// CSVByteOrderMark starts the CSV file with U+FEFF, so that Excel reads it as UTF-8. Other programs may take the character for
	// a part of the first column name.
	CSVByteOrderMark bool

	// CSVColumns adds columns of the host to the CSV file of tokens. Nil: none.
	CSVColumns *CSVColumns

	// StyleSheet is the path of a style sheet of the host, such as "/theme.css". It comes after that of the pages, whose colors are
	// the variables at the beginning of static/style.css. The Content-Security-Policy permits only files of the same origin. Empty:
	// none.
	StyleSheet string

	// Logo is an image before the title. The zero Image: none.
	Logo Image

	// BackTo is a link to the host at the top of each page: "Back to " and its text. The zero Link: none.
	BackTo Link

	// OnError is called with the reason for a 503, for a missing list under a new token, or for a file that was cut off, for the host's
	// log. It may be called concurrently. Nil: it is not called.
	OnError func(r *http.Request, err error)
}

// New returns a handler that serves the pages. The error is [apitoken.ErrInvalid] if m or Options.Actor is nil, or if Prefix, a trusted
// origin, CSVColumns, StyleSheet, Logo or BackTo is not valid.
func New(m *apitoken.Manager, opts *Options) (http.Handler, error) {
	switch {
	case m == nil:
		return nil, invalid("the manager is nil")
	case opts == nil || opts.Actor == nil:
		return nil, invalid("Options.Actor is nil")
	case !isPrefix(opts.Prefix):
		return nil, invalid("Options.Prefix %q is not a path that begins with a slash and does not end with one", opts.Prefix)
	}
	if err := checkHostParts(opts); err != nil {
		return nil, err
	}
	if err := opts.CSVColumns.check(); err != nil {
		return nil, err
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
	return u.withSecurityHeaders(u.refuseCrossOrigin(protection, u.handler())), nil
}

// isPrefix reports whether a text is a valid Options.Prefix, which stands in patterns of [http.ServeMux] and in addresses.
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
	base    string // Options.Prefix, escaped
}

// pages returns all routes.
func pages() map[string]func(*visit) error {
	return map[string]func(*visit) error{
		"GET /{$}":                                 (*visit).redirectToStart,
		"GET /users":                               (*visit).users,
		"POST /users":                              (*visit).makeAccount,
		"GET /users/{id}":                          ofUser((*visit).aboutUser),
		"POST /users/{id}":                         ofUser((*visit).editUser),
		"GET /users/{id}/disable":                  ofUser(asking(disabling)),
		"POST /users/{id}/disable":                 ofUser(switching(disabling)),
		"POST /users/{id}/enable":                  ofUser(switching(enabling)),
		"GET /users/{id}/suspend":                  ofUser(asking(suspending)),
		"POST /users/{id}/suspend":                 ofUser(switching(suspending)),
		"POST /users/{id}/resume":                  ofUser(switching(resuming)),
		"GET /users/{id}/tokens":                   ofUser((*visit).tokensOfUser),
		"POST /users/{id}/tokens":                  ofUser((*visit).generate),
		"GET /users/{id}/revoke-all":               ofUser((*visit).askRevokeAll),
		"POST /users/{id}/revoke-all":              ofUser((*visit).revokeAll),
		"GET /tokens":                              (*visit).inventory,
		"GET /tokens.csv":                          (*visit).download,
		"POST /tokens/search":                      (*visit).searchTokens,
		"POST /tokens/revoke":                      (*visit).revokeSelected,
		"POST /tokens/revoke-matching":             (*visit).revokeMatching,
		"GET /tokens/{id}":                         (*visit).aboutToken,
		"GET /tokens/{id}/revoke":                  (*visit).askRevoke,
		"POST /tokens/{id}/revoke":                 (*visit).revoke,
		"GET /tokens/{id}/edit":                    (*visit).askEdit,
		"POST /tokens/{id}/edit":                   (*visit).edit,
		"POST /tokens/{id}/narrow":                 (*visit).narrow,
		"POST /tokens/{id}/successor":              (*visit).rotate,
		"GET /expiring":                            (*visit).expiring,
		"GET /policy":                              (*visit).policy,
		"POST /policy":                             (*visit).setPolicy,
		"GET /activity":                            (*visit).activity,
		"GET /activity.csv":                        (*visit).downloadActivity,
		"POST /users/{id}/offers/{offer}/claim":    ofUser((*visit).claim),
		"POST /users/{id}/offers/{offer}/withdraw": ofUser((*visit).withdraw),
	}
}

// ofUser reads the user in the path for a page. A segment that stands for no user id is [apitoken.ErrNotFound].
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

// withSecurityHeaders sets headers on every response that prevent caching, framing and foreign scripts.
func (u *ui) withSecurityHeaders(next http.Handler) http.Handler {
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

// maxForm is the maximum length of a form in bytes. A bulk revocation names up to 1,000 tokens.
const maxForm = 128 << 10

// visit is one request of a signed-in user.
type visit struct {
	*ui
	w     http.ResponseWriter
	r     *http.Request
	actor apitoken.Actor
	owner apitoken.UserID // the user in the path; empty: the path has none
	may   apitoken.Permission
	now   time.Time
	zone  *time.Location
}

// serve returns a handler that identifies the user and then runs a page.
func (u *ui) serve(do func(*visit) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		v := &visit{ui: u, w: w, r: r, now: u.manager.Now(), zone: time.UTC}
		if u.opts.Location != nil {
			v.zone = u.opts.Location(r)
		}
		if err := v.identify(); err != nil {
			v.showError(err)
			return
		}
		if err := do(v); err != nil {
			v.showError(err)
		}
	})
}

var (
	errSignedOut   = errors.New("no one is signed in")
	errCrossOrigin = errors.New("another site sent the form")
	errForm        = errors.New("the form cannot be parsed")
)

func (v *visit) identify() (err error) {
	v.actor, err = v.opts.Actor(v.r)
	switch {
	case err != nil:
		return fmt.Errorf("%w: Options.Actor: %w", apitoken.ErrUnavailable, err)
	case v.actor.Kind != apitoken.ActorSystem && v.actor.User == "":
		v.actor = apitoken.Actor{}
		return errSignedOut
	}
	if v.opts.Origin != nil && v.actor.Origin == (apitoken.Origin{}) {
		v.actor = v.actor.From(v.opts.Origin(v.r))
	}
	v.may, err = v.manager.Permissions(v.r.Context(), v.actor)
	if err != nil {
		v.actor = apitoken.Actor{} // the error page shows no user
	}
	return err
}

// redirectToStart redirects to the first page that the user may see.
func (v *visit) redirectToStart() error {
	if v.may.Has(apitoken.ManageUsers) {
		return v.redirect("/users")
	}
	return v.redirect(v.pathOfUser(v.actor.User) + "/tokens")
}

// redirect redirects the browser to another page, with GET.
func (v *visit) redirect(path string) error {
	http.Redirect(v.w, v.r, v.base+path, http.StatusSeeOther)
	return nil
}
