package browser_test

import (
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// look is a combination of width, color scheme and other settings of the browser.
type look struct {
	name   string
	width  int64
	scheme string // prefers-color-scheme
	media  string
}

var (
	wide  = look{"light", 1280, "light", ""}
	looks = []look{wide, {"dark", 1280, "dark", ""}, {"light-320", 320, "light", ""}, {"dark-320", 320, "dark", ""}}
	paper = look{"print", 718, "dark", "print"} // A4 without its margins, from a dark screen
)

func (p *tab) look(l look) {
	p.Helper()
	p.do(chromedp.EmulateViewport(l.width, 800))
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: l.media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}},
	})
}
