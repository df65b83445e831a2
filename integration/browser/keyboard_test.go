package browser_test

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// keyboard uses a page with keys only: Tab and Shift-Tab, Enter, Space, and the arrows. The focus has to be visible at each
// stop of Tab.
type keyboard struct {
	*tab
	*stops
}

// stops counts the stops of the focus, and those on the way back.
type stops struct{ all, back int }

var _ hands = keyboard{}

// press presses keys.
func (k keyboard) press(key string) { k.do(chromedp.KeyEvent(key)) }

// stop is the element with the focus.
type stop struct {
	Name    string
	Found   bool // it is where it was to go
	Outline bool // it can be seen
	OnPage  bool // it lies in the window
	HTML    string
}

// at returns the element with the focus, and whether it has a name.
func (k keyboard) at(name string) stop {
	k.Helper()
	quoted, _ := json.Marshal(name)
	return eval[stop](k.tab, "(name => {"+named+`
		const e = document.activeElement ?? document.body, style = getComputedStyle(e), box = e.getBoundingClientRect();
		return {
			name: nameOf(e).slice(0, 80), found: e === find(name),
			outline: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
			onPage: box.width > 0 && box.height > 0 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
			html: e.outerHTML.slice(0, 120),
		};
	})(`+string(quoted)+")")
}

// to moves the focus to the element with a name, by Tab or, if the element is before, by Shift-Tab.
func (k keyboard) to(name string) {
	k.Helper()
	back := with[bool](k.tab, name, `e => Boolean(document.activeElement && document.activeElement !== document.body &&
		document.activeElement.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_PRECEDING)`, "")
	for range 150 {
		s := k.at(name)
		if s.Found {
			return
		}
		if back {
			k.do(chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(kb.ModifierShift)))
			k.stops.back++
		} else {
			k.press(kb.Tab)
		}
		s = k.at(name)
		k.all++
		if !strings.HasPrefix(s.HTML, "<body") && !(s.Outline && s.OnPage) {
			k.Errorf("%s: the focus is not visible at %+v", k.address(), s)
		}
	}
	k.Fatalf("Tab does not lead to %q\n%s", name, k.where())
}

func (k keyboard) follow(name string) int {
	k.Helper()
	k.to(name)
	return k.leave(chromedp.KeyEvent(kb.Enter))
}

// activate presses Space, which works like Enter for buttons.
func (k keyboard) activate(name string) {
	k.Helper()
	k.to(name)
	k.press(" ")
}

// fill replaces the text of a field, which Tab has selected.
func (k keyboard) fill(label, value string) {
	k.Helper()
	k.to(label)
	k.press(value)
	if got := with[string](k.tab, label, `e => e.value`, ""); got != value {
		k.Fatalf("%s holds %q instead of %q", label, got, value)
	}
}

// choose selects an option of a list with the arrows.
func (k keyboard) choose(label, option string) {
	k.Helper()
	k.to(label)
	k.press(kb.Home)
	for range 20 {
		chosen := with[string](k.tab, label, `e => e.selectedOptions[0].text`, "")
		if chosen == option || strings.HasPrefix(chosen, option+", until ") {
			return
		}
		k.press(kb.ArrowDown)
	}
	k.Fatalf("the arrows do not lead to %q in %s", option, label)
}

// date types the parts of a date in the order of the language of the browser.
func (k keyboard) date(label string, day time.Time) {
	k.Helper()
	k.to(label)
	k.press(day.Format("01022006"))
	if got, want := with[string](k.tab, label, `e => e.value`, ""), day.Format(time.DateOnly); got != want {
		k.Fatalf("%s holds %q instead of %q", label, got, want)
	}
}

// tick presses Space on a check box, and selects a radio button with the arrows, because Tab stops only at the selected one.
func (k keyboard) tick(label string) {
	k.Helper()
	chosen := with[string](k.tab, label, `e => e.type === "radio" ? nameOf([...e.form.elements[e.name]].find(o => o.checked) ?? e) : ""`, "")
	if chosen == "" {
		k.activate(label)
	} else {
		k.to(chosen)
		for range 20 {
			if k.at(label).Found {
				break
			}
			k.press(kb.ArrowDown)
		}
	}
	if !with[bool](k.tab, label, `e => e.checked`, "") {
		k.Fatalf("%s is not ticked", label)
	}
}
