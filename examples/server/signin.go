package main

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-d6cf0a46/apitoken"
)

//go:embed web
var web embed.FS

var signInPage = template.Must(template.ParseFS(web, "web/sign-in.html"))

// signIn is the sign-in page and the handlers of its forms.
type signIn struct {
	callers
	fail func(r *http.Request, err error) // logs a failure
}

// form is the content of the page: the name that was entered, the page to show next, and an error message.
type form struct{ Name, Next, Problem string }

// maxForm is the largest body of a form, in bytes.
const maxForm = 8 << 10

func (s signIn) page(w http.ResponseWriter, r *http.Request) {
	next := local(r.URL.Query().Get("next"))
	actor, err := s.ofPages(r)
	switch {
	case err != nil:
		s.failed(w, r, err)
	case actor.User != "":
		http.Redirect(w, r, next, http.StatusSeeOther)
	default:
		show(w, http.StatusOK, form{Next: next})
	}
}

func (s signIn) in(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	f := form{Name: r.PostFormValue("name"), Next: local(r.PostFormValue("next"))}
	from := client{address: s.address(r)}
	if cookie, err := r.Cookie(proofName); err == nil {
		from.proof = cookie.Value
	}
	proof, err := s.accounts.check(r.Context(), f.Name, r.PostFormValue("password"), from)
	var user apitoken.User
	if err == nil {
		user, err = s.enabled(r.Context(), f.Name)
	}
	var tooMany *tooManyError
	switch {
	case errors.Is(err, errPassword):
		f.Problem = "The name or the password is wrong."
		show(w, http.StatusForbidden, f)
	case errors.Is(err, errDisabled):
		f.Problem = "This account is disabled. Ask an administrator."
		show(w, http.StatusForbidden, f)
	case errors.As(err, &tooMany):
		f.Problem = "There were too many wrong passwords under this name. Try again in " + tooMany.retryAfter() + " seconds."
		w.Header().Set("Retry-After", tooMany.retryAfter())
		show(w, http.StatusTooManyRequests, f)
	case err != nil:
		s.failed(w, r, err)
	default:
		s.begin(w, r, user, f.Next, proof)
	}
}

// begin begins a session and ends the previous one of the browser, if any.
func (s signIn) begin(w http.ResponseWriter, r *http.Request, user apitoken.User, next, proof string) {
	cookie, err := s.sessions.begin(r.Context(), user)
	if err == nil {
		err = s.sessions.end(r)
	}
	if err != nil {
		s.failed(w, r, err)
		return
	}
	note(r, string(user.ID))
	http.SetCookie(w, cookie)
	http.SetCookie(w, s.proof(proof))
	http.Redirect(w, r, next, http.StatusSeeOther)
}

const proofName = "known"

// proof returns the cookie that shows an earlier sign-in from this browser. It outlives the session.
func (s signIn) proof(text string) *http.Cookie {
	const year = 365 * 24 * 60 * 60
	return &http.Cookie{
		Name: proofName, Value: text, Path: "/sign-in", MaxAge: year,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.sessions.secure,
	}
}

func (s signIn) out(w http.ResponseWriter, r *http.Request) {
	if err := s.sessions.end(r); err != nil {
		s.failed(w, r, err)
		return
	}
	cookie := s.sessions.cookie("")
	cookie.MaxAge = -1
	http.SetCookie(w, cookie)
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
}

// foreign refuses a form of another site.
func (s signIn) foreign(w http.ResponseWriter, _ *http.Request) {
	show(w, http.StatusForbidden, form{Next: local(""), Problem: "This form was sent by another site, so nothing was done."})
}

func (s signIn) failed(w http.ResponseWriter, r *http.Request, err error) {
	s.fail(r, err)
	w.Header().Set("Retry-After", "5")
	show(w, http.StatusServiceUnavailable, form{Next: local(""), Problem: "This is not available at the moment. Try again in a moment."})
}

func show(w http.ResponseWriter, status int, f form) {
	var page bytes.Buffer
	if err := signInPage.Execute(&page, f); err != nil {
		http.Error(w, "This page cannot be shown.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // it fails only if the browser is gone
}

// local returns next if it is a page of the administration, and otherwise the first page. next comes from a link that an
// attacker may have made, so it must not lead to another site.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(u.EscapedPath(), "/admin/") {
		return "/admin/"
	}
	for segment := range strings.SplitSeq(u.EscapedPath(), "/") {
		// The segments are decoded one by one, because a user id can have slashes: ..%2Fbob is one segment.
		if one, err := url.PathUnescape(segment); err != nil || one == "." || one == ".." {
			return "/admin/"
		}
	}
	return (&url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}).RequestURI()
}
