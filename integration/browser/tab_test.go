package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
)

// tab is a tab of the browser, with what it complains of. Whatever it complains of and nobody expects is a failure.
type tab struct {
	*testing.T
	ctx    context.Context
	status int // of what a test is about
	*watch
}

// open opens a tab with cookies and storage of its own.
func open(t *testing.T) *tab {
	t.Helper()
	parent, err := chromium()
	if err != nil {
		missing(t, "chromium", err)
	}
	return newTab(t, parent, chromedp.WithNewBrowserContext())
}

// another opens a tab beside one, with the same cookies and storage.
func (p *tab) another() *tab {
	p.Helper()
	return newTab(p.T, p.ctx)
}

func newTab(t *testing.T, parent context.Context, opts ...chromedp.ContextOption) *tab {
	t.Helper()
	ctx, end := chromedp.NewContext(parent, opts...)
	t.Cleanup(end)
	p := &tab{T: t, ctx: ctx, watch: new(watch)}
	p.must(chromedp.Listen(ctx, p.see))
	p.must(p.begin(ctx))
	call(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}) // as if it were in front
	p.look(wide)
	t.Cleanup(func() { p.complain(t) })
	return p
}

// complain fails a test for what the browser has complained of since the last time.
func (p *tab) complain(t *testing.T) {
	t.Helper()
	for _, complaint := range p.complaints() {
		t.Errorf("the browser complains: %s", complaint)
	}
}

// lend is the tab for another test to use, which looks at it as one that was just opened.
func (p *tab) lend(t *testing.T) *tab {
	t.Helper()
	lent := *p
	lent.T = t
	call(&lent, network.ClearBrowserCookies, cdp.Empty{})
	lent.look(wide)
	t.Cleanup(func() { p.complain(t) })
	return &lent
}

func (p *tab) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatalf("%v\n%s", err, p.where())
	}
}

// where says what the tab shows, for failures.
func (p *tab) where() string {
	ctx, cancel := context.WithTimeout(p.ctx, limit)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText.slice(0, 1500)`))
	return text
}

// call sends a command of the DevTools protocol.
func call[P, R any](p *tab, command cdp.Command[P, R], params P) R {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, limit)
	defer cancel()
	result, err := chromedp.Call(ctx, command, params)
	p.must(err)
	return result
}

// do runs actions that stay on the page.
func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, limit)
	defer cancel()
	p.must(chromedp.Do(ctx, actions...))
}

// leave runs actions that lead to another page, waits until that is there, and gives its status.
func (p *tab) leave(actions ...chromedp.Action[chromedp.Void]) int {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, limit)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, actions...)
	p.must(err)
	if response == nil {
		p.Fatalf("there was no answer\n%s", p.where())
	}
	return int(response.Status)
}

// visit goes to an address, as somebody does who types it, and gives the status.
func (p *tab) visit(address string) int {
	p.Helper()
	return p.leave(chromedp.Navigate(address))
}

// reload is what the button of the browser does, where somebody also confirms that a form is to be sent again.
func (p *tab) reload() int {
	p.Helper()
	return p.leave(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, page.Reload, page.ReloadParams{})
		return err
	}))
}

// back goes to the page before, as the button of the browser does.
func (p *tab) back() {
	p.Helper()
	here := eval[float64](p, "performance.timeOrigin")
	history := call(p, page.GetNavigationHistory, cdp.Empty{})
	before := history.Entries[history.CurrentIndex-1]
	call(p, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: before.ID})
	p.await("the page before is there", fmt.Sprintf(`performance.timeOrigin !== %v && document.readyState === "complete"`, here))
}

// await waits until an expression is true, on whatever page the tab is by then: between two pages there is nothing that could
// evaluate it.
func (p *tab) await(what, expression string) {
	p.Helper()
	await(p.T, what, func() bool {
		ctx, cancel := context.WithTimeout(p.ctx, limit)
		defer cancel()
		isSo, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
		return err == nil && isSo
	})
}

// eval evaluates an expression in the page. It can also where the page itself may run nothing.
func eval[T any](p *tab, expression string) T {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, limit)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.Fatalf("evaluate %.200s: %v\n%s", expression, err, p.where())
	}
	return value
}

// on is the expression that calls a function of the page with a text.
func on(function, text string) string {
	quoted, _ := json.Marshal(text)
	return "(" + function + ")(" + string(quoted) + ")"
}

// text is what a person reads of the first element of a selector, and nothing where there is none.
func (p *tab) text(selector string) string {
	p.Helper()
	return eval[string](p, on(`selector => (document.querySelector(selector)?.innerText ?? "").replace(/\s+/g, " ").trim()`, selector))
}

// says is a failure for each text that cannot be read on the page.
func (p *tab) says(wants ...string) {
	p.Helper()
	main := p.text("main")
	for _, want := range wants {
		if !strings.Contains(main, want) {
			p.Errorf("%s does not say %q:\n%.800s", p.address(), want, main)
		}
	}
}

func (p *tab) address() string {
	p.Helper()
	return eval[string](p, "location.href")
}

// source is the whole page as it is now, with what nobody sees.
func (p *tab) source() string {
	p.Helper()
	return eval[string](p, `document.documentElement.outerHTML + [...document.querySelectorAll("input, select")].map(e => e.value)`)
}

// withoutJavaScript switches it off for what the tab loads from then on.
func (p *tab) withoutJavaScript() *tab {
	p.Helper()
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	return p
}

// cookies are all that the browser has, also those that no page can read, and those for other pages.
func (p *tab) cookies() []*network.Cookie {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, limit)
	defer cancel()
	result, err := chromedp.CallBrowser(ctx, storage.GetCookies, storage.GetCookiesParams{BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID})
	p.must(err)
	return result.Cookies
}

// allow lets the pages of an origin use the clipboard, as somebody does who is asked.
func (p *tab) allow(origin string) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, limit)
	defer cancel()
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		_, err := chromedp.CallBrowser(ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission:       &browser.PermissionDescriptor{Name: name},
			Setting:          browser.PermissionSettingGranted,
			Origin:           origin,
			BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
		})
		p.must(err)
	}
}
