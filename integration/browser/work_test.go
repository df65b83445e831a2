package browser_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
)

// An administrator generates, revokes and sets the maximum on the real program, with mouse, with keyboard, and without
// JavaScript.
func TestBrowserTheWorkOfAnAdministrator(t *testing.T) {
	long(t)
	t.Run("with the mouse", func(t *testing.T) {
		t.Parallel()
		s, p := serve(t), open(t) // the tab ends first, or it would complain of requests that the server no longer answers
		work{T: t, program: s, tab: p, hands: p, scripts: true}.all()
	})
	t.Run("without JavaScript", func(t *testing.T) {
		t.Parallel()
		s, p := serve(t), open(t).withoutJavaScript()
		work{T: t, program: s, tab: p, hands: p}.all()
	})
	t.Run("by the keyboard", func(t *testing.T) {
		t.Parallel()
		s, p := serve(t), open(t)
		k := keyboard{p, new(stops)}
		work{T: t, program: s, tab: p, hands: k, scripts: true}.all()
		k.skips()
		if k.all < 100 || k.stops.back == 0 {
			t.Errorf("the focus was seen at %d stops, %d of them on the way back; want 100 and 1", k.all, k.stops.back)
		}
	})
}

// work is the work in one tab.
type work struct {
	*testing.T
	program
	tab *tab
	hands
	scripts bool // the pages have JavaScript
}

func (w work) all() {
	w.Helper()
	w.tab.visit(w.url)
	w.signIn(w.hands, "admin")
	secret := w.generateForBob()
	w.staysSecret(secret)
	w.lowersTheMaximum()
	w.status("the older token", w.hello(secret), 200)
	w.revokes("nightly", secret)
	w.revokesSelected()
	w.signsOut()
}

func (w work) status(what string, got, want int) {
	w.Helper()
	if got != want {
		w.Fatalf("%s: %d, want %d\n%s", what, got, want, w.tab.where())
	}
}

// generateForBob generates a token on behalf of bob, and returns the secret from the page.
func (w work) generateForBob() (secret string) {
	w.Helper()
	w.follow("Tokens of bob")
	w.choose("Expires in", "90 days")
	w.fill("Name", "nightly")
	w.status("generate", w.follow("Generate"), 201)
	w.tab.says("The token “nightly” is generated", "It cannot be shown again")
	secret = w.tab.text("#secret")
	if !(apitoken.Scanner{}).LooksLikeToken(secret) {
		w.Fatalf("the page shows %d characters that are no token", len(secret))
	}
	w.status("the new token", w.hello(secret), 200)
	if w.scripts {
		w.tab.allow(w.url)
		w.activate("Copy")
		w.tab.await("it says that it has copied", `document.querySelector(".copied").textContent === "Copied."`)
		if eval[string](w.tab, `navigator.clipboard.readText()`) != secret {
			w.Error("what was copied is not the secret")
		}
	}
	return secret
}

// staysSecret checks that the secret is nowhere after the page was left or submitted again.
func (w work) staysSecret(secret string) {
	w.Helper()
	kept := func(where, text string) {
		w.Helper()
		if strings.Contains(text, secret) {
			w.Errorf("the secret is in %s", where)
		}
	}
	kept("the address", w.tab.address())
	if w.scripts {
		w.status("the page reloaded", w.tab.reload(), 200)
		w.tab.says("Tokens of bob", "nightly")
	} else {
		w.status("the form sent again", w.tab.reload(), 409)
		w.tab.says("This form was sent before, and the token that it generated is in use.")
	}
	kept("the page that was reloaded", w.tab.source())
	w.choose("Expires in", "90 days")
	w.fill("Name", "second")
	w.status("generate", w.follow("Generate"), 201)
	second := w.tab.text("#secret")
	w.status("the second token", w.hello(second), 200)
	w.follow("Users")
	secret = second
	kept("the next page", w.tab.source())
	from := eval[string](w.tab, `document.referrer`)
	kept("what the next page is told of where one comes from", from)
	if from != w.url+"/admin/users/bob/tokens" {
		w.Errorf("the referrer of the next page is %s", from)
	}
	kept("the storage", eval[string](w.tab, `JSON.stringify([localStorage, sessionStorage, history.state, window.name, document.cookie])`))
	cookies := w.tab.cookies()
	for _, cookie := range cookies {
		kept("a cookie", cookie.Name+cookie.Value)
	}
	if len(cookies) == 0 {
		w.Error("the browser shows no cookies, where there is one of the session")
	}
	for _, request := range w.tab.asked() {
		kept("a request", request)
	}
	w.tab.back()
	kept("the page to which one goes back", w.tab.source())
	w.tab.visit(w.url + "/admin/users/bob/tokens")
	kept("the tokens of bob", w.tab.source())
}

// lowersTheMaximum sets the maximum to 30 days, after a confirmation, while another tab has a form for 31 days.
func (w work) lowersTheMaximum() {
	w.Helper()
	other := w
	other.tab = w.tab.another()
	other.hands = other.tab
	if k, ok := w.hands.(keyboard); ok {
		other.hands = keyboard{other.tab, k.stops}
	}
	if !w.scripts {
		other.tab.withoutJavaScript()
	}
	other.tab.visit(w.url + "/admin/users/bob/tokens")
	day := time.Now().UTC().AddDate(0, 0, 31)
	other.fill("Name", "too long")
	other.choose("Expires in", "Until the end of a day")
	other.date("Last day", day)

	before := w.state()
	w.follow("Maximum lifetime")
	w.tab.says("In force No expiration")
	w.tick("30 days")
	w.follow("Review the change")
	w.tab.says("Set the maximum to 30 days?", "2 active tokens have a longer lifetime. They stay as they are.")
	if w.state() != before {
		w.Error("asking for confirmation changed something")
	}
	w.follow("Set the maximum")
	w.tab.says("In force 30 days")
	before = w.state()

	w.status("31 days", other.follow("Generate"), 422)
	other.tab.says("The lifetime is over the maximum: at most 30 days is allowed.")
	want := fmt.Sprintf("too long, Until the end of a day, %s", day.Format(time.DateOnly))
	if kept := eval[string](other.tab, `[document.getElementById("name").value, document.getElementById("lifetime").selectedOptions[0].text, document.getElementById("date").value].join(", ")`); kept != want {
		w.Errorf("the form has kept %q of %q", kept, want)
	}
	// This form has the new maximum, so the browser itself refuses the date.
	other.activate("Generate")
	if !eval[bool](other.tab, `document.getElementById("date").validity.rangeOverflow && document.activeElement.id === "date"`) {
		w.Error("the browser does not say that the day is too late")
	}
	if w.state() != before {
		w.Error("something was generated over the maximum")
	}
}

// revokes revokes a token: in place with JavaScript, and otherwise on a page that asks for confirmation.
func (w work) revokes(name, secret string) {
	w.Helper()
	w.tab.visit(w.url + "/admin/users/bob/tokens")
	if w.scripts {
		w.activate("Revoke " + name)
		w.status("before it is confirmed", w.hello(secret), 200)
		w.tab.await("the button can be pressed again", answerable)
		w.follow("Sure? " + name)
	} else {
		w.follow("Revoke " + name)
		w.tab.says("Revoke the token “" + name + "” of bob?")
		w.status("before it is confirmed", w.hello(secret), 200)
		w.follow("Revoke " + name)
	}
	w.tab.says("Tokens of bob", "Revoked 1")
	w.status("the revoked token", w.hello(secret), 401)
}

func (w work) revokesSelected() {
	w.Helper()
	one, two, three := w.program.generate("bob", "one"), w.program.generate("bob", "two"), w.program.generate("bob", "three")
	w.follow("All tokens")
	w.fill("Name contains", "o") // one and two, second, and no other
	w.follow("Filter")
	w.tick("Select one of bob")
	w.tick("Select two of bob")
	w.follow("Revoke the selected…")
	w.tab.says("Revoke 2 active tokens?")
	w.follow("Revoke 2 active tokens")
	w.tab.says("2 active tokens revoked.")
	for _, m := range []made{one, two} {
		w.status("a selected token", w.hello(m.Secret), 401)
	}
	w.status("the one that was not selected", w.hello(three.Secret), 200)
}

// signsOut signs out. Going back afterwards shows no tokens.
func (w work) signsOut() {
	w.Helper()
	w.follow("All tokens")
	w.follow("Sign out")
	if address := w.tab.address(); address != w.url+"/sign-in" {
		w.Errorf("signing out leads to %s", address)
	}
	w.tab.back()
	if strings.Contains(w.tab.source(), "three") {
		w.Error("going back after signing out shows the tokens")
	}
}

// skips checks the link that skips to the content.
func (k keyboard) skips() {
	k.Helper()
	h := newHost(k.T)
	h.signIn(k.tab, "ada")
	k.visit(h.url + "/users")
	k.press("\t")
	if s := k.at("Skip to the content"); !s.Found || !s.Outline || !s.OnPage {
		k.Errorf("Tab leads first to %+v", s)
	}
	k.press("\r")
	k.await("the content has the focus", `document.activeElement.id === "main"`)
	k.press("\t")
	if s := k.at("Id or name contains"); !s.Found {
		k.Errorf("after skipping, Tab leads to %+v", s)
	}
}
