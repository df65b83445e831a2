package adminui

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/internal/userpath"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var static embed.FS

// templates are the pages by the names of their files. What they call functions gives text, which html/template makes
// inert wherever it goes.
var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"action":   actionText,
	"hasEnded": func(s apitoken.Status) bool { return s != apitoken.StatusActive },
}).ParseFS(templateFiles, "templates/*.html"))

// staticFiles are the style sheet, the script and the icon. They may be cached for an hour.
func (u *ui) staticFiles() http.Handler {
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // the folder is embedded
	}
	server := http.StripPrefix(u.opts.Prefix+"/static/", http.FileServerFS(files))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/") {
			http.NotFound(w, r) // and no list of the folder
			return
		}
		w.Header().Set("Cache-Control", "max-age=3600")
		server.ServeHTTP(w, r)
	})
}

// view is what every page is made of.
type view struct {
	Title, Heading string
	About          string // the user whom the heading is about
	Prefix         string // of every address
	SignOut        string
	Who            string // who is signed in
	Links          []link
	Notice         any // something was done; a text, or HTML by sentence
	Problem        any // something was refused, and why
	Page           any
}

// link leads to a page that the person may see.
type link struct {
	Path, Text string
	Here       bool
}

// render writes a page. It is made as a whole before the first byte is sent, so that there is no half a page.
func (v *visit) render(status int, name, heading string, page any) error {
	return v.renderWith(status, name, view{Heading: heading, Page: page})
}

func (v *visit) renderWith(status int, name string, w view) error {
	w.Title, w.Prefix, w.SignOut, w.Links = v.opts.Title, v.base, v.opts.SignOut, v.links()
	w.Who = string(v.actor.User)
	var page bytes.Buffer
	if err := templates.ExecuteTemplate(&page, name, w); err != nil {
		return fmt.Errorf("%w: render %s: %w", apitoken.ErrUnavailable, name, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(page.Bytes()) // a browser that is gone is nobody to tell
	return nil
}

// links are the pages that the person may see.
func (v *visit) links() []link {
	if v.may == 0 && v.actor.User == "" {
		return nil
	}
	own := v.pathOfUser(v.actor.User) + "/tokens"
	all := []struct {
		need apitoken.Permission
		link
	}{
		{apitoken.ManageUsers, link{Path: "/users", Text: "Users"}},
		{0, link{Path: own, Text: "My tokens"}},
		{apitoken.ListAny, link{Path: "/tokens", Text: "All tokens"}},
		{apitoken.ListAny, link{Path: "/expiring", Text: "Expiring"}},
		{apitoken.SetPolicy, link{Path: "/policy", Text: "Maximum lifetime"}},
		{apitoken.ReadEvents, link{Path: "/activity", Text: "Activity"}},
	}
	_, path, _ := strings.Cut(v.r.Pattern, " ")
	route := strings.TrimPrefix(path, v.opts.Prefix)
	onOwn := route == "/users/{id}/tokens" && v.own(v.owner)
	var links []link
	for _, l := range all {
		if !v.may.Has(l.need) || l.Path == own && v.actor.Kind == apitoken.ActorSystem {
			continue
		}
		switch l.Text {
		case "My tokens":
			l.Here = onOwn
		case "Users":
			l.Here = strings.HasPrefix(route, "/users") && !onOwn
		default:
			l.Here = route == l.Path
		}
		l.Path = v.base + l.Path
		links = append(links, l.link)
	}
	return links
}

// problem is the answer to what a page cannot do.
type problem struct {
	err           error
	status        int
	heading, text string // without a text: the reason that the error gives
}

// problems are all answers. The first that applies counts.
var problems = []problem{
	{apitoken.ErrUnavailable, http.StatusServiceUnavailable, "Not available at the moment", "Nothing was done. Try again in a moment."},
	{errSignedOut, http.StatusUnauthorized, "You are not signed in", "Sign in and come back."},
	{errCrossOrigin, http.StatusForbidden, "Refused", "This form was sent by another site, so nothing was done."},
	{errForm, http.StatusBadRequest, "The form cannot be read", "Nothing was done."},
	{apitoken.ErrDenied, http.StatusForbidden, "You may not do this", "Nothing was done. If you need it, ask an administrator."},
	{apitoken.ErrNotFound, http.StatusNotFound, "There is no such page", "Or none that you may see."},
	{apitoken.ErrUncertain, http.StatusServiceUnavailable, "It may have been done or not", "The database did not answer in time. Look before you do it again."},
	{apitoken.ErrInvalid, http.StatusUnprocessableEntity, "This cannot be done", ""},
	{apitoken.ErrConflict, http.StatusConflict, "This has changed in the meantime", "Nothing was done. Go back and look again."},
}

// problemOf is the answer to an error. An error that is none of the Manager's is trouble.
func problemOf(err error) problem {
	for _, p := range problems {
		if errors.Is(err, p.err) {
			return p
		}
	}
	return problems[0]
}

// tell tells the host of an answer that is 503, and the client when to try again.
func (v *visit) tell(p problem, err error) {
	if p.status != http.StatusServiceUnavailable {
		return
	}
	v.w.Header().Set("Retry-After", "5")
	v.tellHost(err)
}

func (v *visit) tellHost(err error) {
	if v.opts.OnError != nil {
		v.opts.OnError(v.r, err)
	}
}

// fail answers with the page for an error.
func (v *visit) fail(err error) {
	if errors.Is(err, errSignedOut) && v.opts.SignIn != "" {
		http.Redirect(v.w, v.r, v.opts.SignIn+v.wanted(), http.StatusSeeOther)
		return
	}
	p := problemOf(err)
	v.tell(p, err)
	if p.text == "" {
		p.text = reasonText(err)
	}
	if v.renderWith(p.status, "problem.html", view{Heading: p.heading, Problem: p.text}) != nil {
		http.Error(v.w, p.heading, p.status)
	}
}

// isUnknown reports whether an error says that the change may have been made or not. A refusal whose event may not be on record is
// a refusal.
func isUnknown(err error) bool { return err != nil && problemOf(err).err == apitoken.ErrUncertain }

// unknown answers with what may have been done or not, and the button by which it is certain.
func (v *visit) unknown(err error, page askPage) error {
	p := problemOf(err)
	v.tell(p, err)
	page.Unknown = true
	return v.renderWith(p.status, "ask.html", view{Heading: p.heading, Problem: p.text, Page: page})
}

// wanted is the page to come back to, as a parameter. A form that was sent is not sent again.
func (v *visit) wanted() string {
	if v.r.Method != http.MethodGet && v.r.Method != http.MethodHead {
		return ""
	}
	return "?next=" + url.QueryEscape(v.r.URL.RequestURI())
}

// moment is a time as a page shows it: in the viewer's zone, with the exact time in UTC behind it. Where the host does not
// know the zone, the script puts it in place of UTC. The zero time has no Text.
type moment struct {
	Text, Exact, Machine string
	ZoneUnknown          bool
}

func (v *visit) moment(t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	m := moment{
		Text:    t.In(v.zone).Format("2 Jan 2006, 15:04"),
		Exact:   t.UTC().Format("2006-01-02 15:04:05.000000 UTC"),
		Machine: t.UTC().Format(time.RFC3339Nano),
	}
	if v.opts.Location == nil {
		m.Text, m.ZoneUnknown = m.Text+" UTC", true
	}
	return m
}

// pathOfUser is the path of a user's pages, without the prefix.
func (v *visit) pathOfUser(id apitoken.UserID) string { return "/users/" + userpath.Segment(id) }

// with is the address of the present page with one parameter changed.
func (v *visit) with(name, value string) string {
	query := v.r.URL.Query()
	query.Set(name, value)
	return v.r.URL.EscapedPath() + "?" + query.Encode()
}
