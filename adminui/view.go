package adminui

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/internal/httpstatus"
	"github.com/seed-d6cf0a46/apitoken/internal/userpath"
)

//go:embed templates/*.html
var templateFiles embed.FS

// templates are the pages by the names of their files. Each language has a copy, whose functions make its texts.
var templates = template.Must(template.New("").Funcs((*language)(nil).functions()).Funcs(template.FuncMap{
	"asset":    func(name string) string { return assets[name] },
	"hasEnded": func(s apitoken.Status) bool { return s != apitoken.StatusActive },
}).ParseFS(templateFiles, "templates/*.html"))

// view is the data of every page.
type view struct {
	Title, Heading string
	About          string // the user that the heading is about; empty: none
	Prefix         string // of every address
	SignOut        string
	StyleSheet     string
	Logo           Image
	BackTo         Link
	Who            string // the signed-in user
	Links          []link
	Happened       string // what happened, for the title of the page; empty: "Error" if there is a problem, and otherwise nothing
	Notice         any    // what was done; a text, or HTML by sentence
	Problem        any    // why something was refused; a text, or HTML by sentence
	Page           any
}

// myTokens is the link to the tokens of the signed-in user, in English.
var myTokens = english("My tokens")

// nothingToDo is what happened if what was asked for was so already.
var nothingToDo = english("Nothing to do")

// link is a link to a page that the user may see.
type link struct {
	Path, Text string
	Here       bool
}

// render writes a page. It executes the whole template before the first byte is sent, so that a failure leaves no partial page.
func (v *visit) render(status int, name, heading string, page any) error {
	return v.renderWith(status, name, view{Heading: heading, Page: page})
}

func (v *visit) renderWith(status int, name string, w view) error {
	w.Title, w.Prefix, w.SignOut, w.Links = cmp.Or(v.opts.Title, v.text("API tokens")), v.base, v.opts.SignOut, v.links()
	if w.Happened == "" && (status >= http.StatusBadRequest || w.Problem != nil) {
		w.Happened = v.text("Error")
	}
	w.StyleSheet, w.Logo, w.BackTo = v.opts.StyleSheet, v.opts.Logo, v.opts.BackTo
	w.Who = string(v.actor.User)
	var page bytes.Buffer
	if err := v.pages.ExecuteTemplate(&page, name, w); err != nil {
		return fmt.Errorf("%w: render %s: %w", apitoken.ErrUnavailable, name, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(page.Bytes()) // if the browser is gone, no one is left to tell
	return nil
}

// links returns the links to the pages that the user may see.
func (v *visit) links() []link {
	if v.may == 0 && v.actor.User == "" {
		return nil
	}
	own := v.pathOfUser(v.actor.User) + "/tokens"
	all := []struct {
		need apitoken.Permission
		link
	}{
		{apitoken.ManageUsers, link{Path: "/users", Text: english("Users")}},
		{0, link{Path: own, Text: myTokens}},
		{apitoken.ListAny, link{Path: "/tokens", Text: english("All tokens")}},
		{apitoken.ListAny, link{Path: "/expiring", Text: english("Expiring")}},
		{apitoken.SetPolicy, link{Path: "/policy", Text: english("Maximum lifetime")}},
		{apitoken.ReadEvents, link{Path: "/activity", Text: english("Activity")}},
	}
	_, path, _ := strings.Cut(v.r.Pattern, " ")
	route := strings.TrimPrefix(path, v.opts.Prefix)
	onOwn := route == "/users/{id}/tokens" && v.isOwn(v.owner)
	var links []link
	for _, l := range all {
		if !v.may.Has(l.need) || l.Path == own && v.actor.Kind == apitoken.ActorSystem {
			continue
		}
		switch l.Text {
		case myTokens:
			l.Here = onOwn
		case "Users":
			l.Here = strings.HasPrefix(route, "/users") && !onOwn
		default:
			l.Here = route == l.Path
		}
		l.Path, l.Text = v.base+l.Path, v.text(l.Text)
		links = append(links, l.link)
	}
	return links
}

// problem is the response to an error.
type problem struct {
	err           error
	status        int
	heading, text string // empty text: the reason in the error
}

// problems are the responses to all errors. The first match applies.
var problems = []problem{
	{apitoken.ErrUnavailable, httpstatus.Of(apitoken.ErrUnavailable), english("Not available at the moment"), english("Nothing was done. Try again in a moment.")},
	{errSignedOut, http.StatusUnauthorized, english("You are not signed in"), english("Sign in and come back.")},
	{errCrossOrigin, http.StatusForbidden, english("Refused"), english("Another site sent this form, so nothing was done.")},
	{errForm, http.StatusBadRequest, english("The form cannot be read"), english("Nothing was done.")},
	{apitoken.ErrDenied, httpstatus.Of(apitoken.ErrDenied), english("You may not do this"), english("Nothing was done. If you need it, ask an administrator.")},
	{apitoken.ErrNotFound, httpstatus.Of(apitoken.ErrNotFound), english("Page not found"), english("It does not exist, or you may not see it.")},
	{apitoken.ErrReplaced, http.StatusConflict, english("The token was replaced"), english("Nothing was done. Its successor is in use, or was replaced too. Look for it in the list.")},
	{apitoken.ErrRevoked, http.StatusConflict, english("The token is revoked"), english("Nothing was done. Only active tokens can be changed.")},
	{apitoken.ErrExpired, http.StatusConflict, english("The token has expired"), english("Nothing was done. Only active tokens can be changed.")},
	{apitoken.ErrUncertain, httpstatus.Of(apitoken.ErrUncertain), english("The outcome is unknown"), english("The database did not respond in time. Check before you try again.")},
	{apitoken.ErrInvalid, httpstatus.Of(apitoken.ErrInvalid), english("This cannot be done"), ""},
	{apitoken.ErrConflict, httpstatus.Of(apitoken.ErrConflict), english("This has changed in the meantime"), english("Nothing was done. Go back and try again.")},
}

// problemOf returns the response to an error. An unknown error is a failure of the store.
func problemOf(err error) problem {
	for _, p := range problems {
		if errors.Is(err, p.err) {
			return p
		}
	}
	return problems[0]
}

// reportUnavailable calls OnError and sets Retry-After if the response is 503.
func (v *visit) reportUnavailable(p problem, err error) {
	if p.status != http.StatusServiceUnavailable {
		return
	}
	v.w.Header().Set("Retry-After", "5")
	v.callOnError(err)
}

func (v *visit) callOnError(err error) {
	if v.opts.OnError != nil {
		v.opts.OnError(v.r, err)
	}
}

// showError responds to an error: with a page, or a redirect to the sign-in.
func (v *visit) showError(err error) {
	if errors.Is(err, errSignedOut) && v.opts.SignIn != "" {
		http.Redirect(v.w, v.r, v.opts.SignIn+v.nextParameter(), http.StatusSeeOther)
		return
	}
	p := problemOf(err)
	v.reportUnavailable(p, err)
	heading, text := v.text(p.heading), v.text(p.text)
	if p.text == "" {
		text = v.reasonText(err)
	}
	if v.renderWith(p.status, "problem.html", view{Heading: heading, Problem: text}) != nil {
		http.Error(v.w, heading, p.status)
	}
}

// isUnknown reports whether the outcome of a change is unknown. A refusal whose event may not have been recorded is a refusal.
func isUnknown(err error) bool { return err != nil && problemOf(err).err == apitoken.ErrUncertain }

// showUnknown shows a change with an unknown outcome and the button that repeats it.
func (v *visit) showUnknown(err error, page askPage) error {
	p := problemOf(err)
	v.reportUnavailable(p, err)
	page.Unknown = true
	return v.renderWith(p.status, "ask.html", view{Heading: v.text(p.heading), Problem: v.text(p.text), Page: page})
}

// nextParameter returns the query with the page to return to after the sign-in. A form that was sent is not sent again.
func (v *visit) nextParameter() string {
	if v.r.Method != http.MethodGet && v.r.Method != http.MethodHead {
		return ""
	}
	return "?next=" + url.QueryEscape(v.r.URL.RequestURI())
}

// moment is a time as a page shows it: in the user's zone, with the exact time in UTC as a tooltip. If the host does not know the
// zone, the script replaces UTC by the zone of the browser. The zero time has no Text.
type moment struct {
	Text, Exact, Machine string
	ZoneUnknown          bool
}

func (v *visit) moment(t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	m := moment{
		Text:    v.date(t.In(v.zone), minuteLayout),
		Exact:   t.UTC().Format("2006-01-02 15:04:05.000000 UTC"),
		Machine: t.UTC().Format(time.RFC3339Nano),
	}
	if v.opts.Location == nil {
		m.Text, m.ZoneUnknown = m.Text+" UTC", true
	}
	return m
}

// dateOf returns the day of a time, without the time of the day.
func (v *visit) dateOf(t time.Time) moment {
	m := v.moment(t)
	m.Text = v.date(t.In(v.zone), dayLayout)
	if m.ZoneUnknown {
		m.Text += " UTC"
	}
	return m
}

// pathOfUser returns the path of a user's pages, without the prefix.
func (v *visit) pathOfUser(id apitoken.UserID) string { return "/users/" + userpath.Segment(id) }

// pageURLWith returns the address of the current page with one parameter changed.
func (v *visit) pageURLWith(name, value string) string {
	query := v.r.URL.Query()
	query.Set(name, value)
	return v.r.URL.EscapedPath() + "?" + query.Encode()
}
