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

// tab is a tab of the browser. An unexpected warning or error of the browser fails the test.
type tab struct {
	*testing.T
	ctx    context.Context
	status int // of what a test is about
	*watch
}

// open opens a tab with its own cookies and storage.
func open(t *testing.T) *tab {
	t.Helper()
	parent, err := chromium()
	if err != nil {
		missing(t, "chromium", err)
	}
	return newTab(t, parent, chromedp.WithNewBrowserContext())
}

// another opens a tab with the same cookies and storage.
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

// complain reports the complaints of the browser since the last call.
func (p *tab) complain(t *testing.T) {
	t.Helper()
	for _, complaint := range p.complaints() {
		t.Errorf("the browser complains: %s", complaint)
	}
}

// lend returns the tab for another test, like a new one.
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

// where describes the content of the tab, for failures.
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

// leave runs actions that lead to another page, waits for it, and returns its status. It begins when the present page is loaded:
// the end of its loading would count as that of the other page.
func (p *tab) leave(actions ...chromedp.Action[chromedp.Void]) int {
	p.Helper()
	p.await("this page is loaded", `location.href === "about:blank" || performance.getEntriesByType("navigation")[0].loadEventEnd > 0`)
	ctx, cancel := context.WithTimeout(p.ctx, limit)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, actions...)
	p.must(err)
	if response == nil {
		p.Fatalf("there was no answer\n%s", p.where())
	}
	return int(response.Status)
}

// visit opens an address, and returns the status.
func (p *tab) visit(address string) int {
	p.Helper()
	return p.leave(chromedp.Navigate(address))
}

// reload reloads the page. If the page is the answer to a form, the browser submits the form again.
func (p *tab) reload() int {
	p.Helper()
	return p.leave(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, page.Reload, page.ReloadParams{})
		return err
	}))
}

// back goes back to the previous page.
func (p *tab) back() {
	p.Helper()
	here := eval[float64](p, "performance.timeOrigin")
	history := call(p, page.GetNavigationHistory, cdp.Empty{})
	before := history.Entries[history.CurrentIndex-1]
	call(p, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: before.ID})
	p.await("the page before is there", fmt.Sprintf(`performance.timeOrigin !== %v && document.readyState === "complete"`, here))
}

// await polls until an expression is true. It may be evaluated on another page, because between two pages evaluation fails.
func (p *tab) await(what, expression string) {
	p.Helper()
	await(p.T, what, func() bool {
		ctx, cancel := context.WithTimeout(p.ctx, limit)
		defer cancel()
		isSo, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
		return err == nil && isSo
	})
}

// eval evaluates an expression in the page, even if the page itself may not run scripts.
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

// on returns an expression that calls a function with a text.
func on(function, text string) string {
	quoted, _ := json.Marshal(text)
	return "(" + function + ")(" + string(quoted) + ")"
}

// text returns the visible text of the first element of a selector, or an empty text.
func (p *tab) text(selector string) string {
	p.Helper()
	return eval[string](p, on(`selector => (document.querySelector(selector)?.innerText ?? "").replace(/\s+/g, " ").trim()`, selector))
}

// says checks that the page shows each of the texts.
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

// source returns the present HTML of the page.
func (p *tab) source() string {
	p.Helper()
	return eval[string](p, `document.documentElement.outerHTML + [...document.querySelectorAll("input, select")].map(e => e.value)`)
}

// withoutJavaScript turns JavaScript off for pages that are loaded afterwards.
func (p *tab) withoutJavaScript() *tab {
	p.Helper()
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	return p
}

// cookies returns all cookies of the browser, including those that pages cannot read.
func (p *tab) cookies() []*network.Cookie {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, limit)
	defer cancel()
	result, err := chromedp.CallBrowser(ctx, storage.GetCookies, storage.GetCookiesParams{BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID})
	p.must(err)
	return result.Cookies
}

// allow permits the pages of an origin to use the clipboard.
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
