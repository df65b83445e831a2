package browser_test

import (
	"context"
	"encoding/json"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// hands use a page: a tab with the mouse, a keyboard with keys. They find elements as people do, by the text on them or
// beside them.
type hands interface {
	follow(name string) (status int) // a link or a button that leads to another page
	activate(name string)            // one that does not
	fill(label, value string)
	choose(label, option string)
	date(label string, day time.Time)
	tick(label string)
}

var _ hands = (*tab)(nil)

// named is JavaScript that returns the visible elements that can be used, and their names.
const named = `
	const words = text => text.replace(/\s+/g, " ").trim();
	const nameOf = e => words(e.getAttribute("aria-label") ?? (e.labels?.length ? e.labels[0].textContent : e.textContent));
	const usable = [...document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), select, [tabindex='0']")]
		.filter(e => e.checkVisibility({visibilityProperty: true}));
	const find = name => {
		const found = usable.filter(e => nameOf(e) === name);
		const begin = usable.filter(e => nameOf(e).startsWith(name));
		const e = found[0] ?? begin[0];
		if (!e) throw new Error("there is nothing named " + name + ", but: " + usable.map(nameOf).join(" | "));
		return e;
	};
`

// with evaluates a function of a text and the element with a name.
func with[T any](p *tab, name, function, text string) T {
	p.Helper()
	args, _ := json.Marshal([]string{name, text})
	return eval[T](p, "(([name, text]) => {"+named+"return ("+function+")(find(name), text)})("+string(args)+")")
}

// click clicks with the mouse in the middle of an element. No other element may cover it.
func (p *tab) click(name string) chromedp.Action[chromedp.Void] {
	p.Helper()
	at := with[struct {
		X, Y    float64
		Covered string
	}](p, name, `e => {
		e.scrollIntoView({block: "center"});
		const box = e.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2;
		const top = document.elementFromPoint(x, y);
		return {x, y, covered: e.contains(top) || top?.contains(e) ? "" : String(top?.outerHTML)};
	}`, "")
	if at.Covered != "" {
		p.Fatalf("%s is covered by %.200s", name, at.Covered)
	}
	return chromedp.MouseClickXY(at.X, at.Y)
}

func (p *tab) follow(name string) int {
	p.Helper()
	return p.leave(p.click(name))
}

func (p *tab) activate(name string) {
	p.Helper()
	p.do(p.click(name))
}

func (p *tab) fill(label, value string) {
	p.Helper()
	p.do(p.click(label), chromedp.KeyEvent("a", chromedp.KeyModifiers(kb.ModifierCtrl)), insert(value))
	if got := with[string](p, label, `e => e.value`, ""); got != value {
		p.Fatalf("%s holds %q instead of %q", label, got, value)
	}
}

// insert pastes a text.
func insert(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, input.InsertText, input.InsertTextParams{Text: text})
		return err
	})
}

// choose selects an option of a list by JavaScript, because the system draws the list and the test cannot click on it.
func (p *tab) choose(label, option string) {
	p.Helper()
	with[bool](p, label, `(e, text) => {
		const option = [...e.options].find(o => o.text === text || o.text.startsWith(text + ", until "));
		if (!option) throw new Error("there is no option " + text + ", but: " + [...e.options].map(o => o.text).join(" | "));
		e.value = option.value;
		return e.dispatchEvent(new Event("change", {bubbles: true}));
	}`, option)
}

// date sets a date by JavaScript, because the system draws the calendar.
func (p *tab) date(label string, day time.Time) {
	p.Helper()
	with[bool](p, label, `(e, text) => { e.value = text; return e.value === text }`, day.Format(time.DateOnly))
}

func (p *tab) tick(label string) {
	p.Helper()
	p.activate(label)
	if !with[bool](p, label, `e => e.checked`, "") {
		p.Fatalf("%s is not ticked", label)
	}
}
