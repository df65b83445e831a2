package browser_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// watch records the requests of a tab and its complaints: errors and warnings of the console, violations of the
// Content-Security-Policy, and dialogs.
type watch struct {
	mu        sync.Mutex
	ctx       context.Context
	all       []string
	told      int             // the number of complaints that were reported
	requests  []string        // address and header
	documents map[string]bool // addresses of pages; a status 4xx of a page is no complaint
	expected  []string
}

var icon = regexp.MustCompile(`/(icon(-[0-9a-f]+)?|logo)\.svg$`)

// loaded counts the pages that all tabs have loaded.
var loaded atomic.Int64

// begin turns on the events of the tab that are off by default.
func (w *watch) begin(ctx context.Context) error {
	w.ctx = ctx
	_, err := chromedp.Call(ctx, audits.Enable, cdp.Empty{})
	if err == nil {
		_, err = chromedp.Call(ctx, runtime.AddBinding, runtime.AddBindingParams{Name: "tellViolation"})
	}
	if err == nil {
		_, err = chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
			Source: `document.addEventListener("securitypolicyviolation", e => tellViolation(e.violatedDirective + " " + e.blockedURI + " " + e.sample))`,
		})
	}
	return err
}

// see receives every event of the tab.
func (w *watch) see(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		w.requests = append(w.requests, fmt.Sprint(e.Request.Method, " ", e.Request.URL, e.Request.URLFragment, " ", e.Request.Headers))
		if e.Type == network.ResourceTypeDocument {
			loaded.Add(1)
			if w.documents == nil {
				w.documents = map[string]bool{}
			}
			w.documents[e.Request.URL] = true
		}
	case *log.EventEntryAdded:
		ofPage := e.Entry.Source == "network" && w.documents[e.Entry.URL] && strings.Contains(e.Entry.Text, "responded with a status")
		// Chromium loads the icon of a page when it likes, also once the server has ended with its test.
		lateIcon := icon.MatchString(e.Entry.URL) && strings.Contains(e.Entry.Text, "net::ERR_CONNECTION_")
		if (e.Entry.Level == "error" || e.Entry.Level == "warning") && !ofPage && !lateIcon {
			w.all = append(w.all, fmt.Sprintf("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *runtime.EventConsoleAPICalled:
		w.all = append(w.all, fmt.Sprintf("console.%s", e.Type))
	case *runtime.EventExceptionThrown:
		w.all = append(w.all, "exception: "+e.ExceptionDetails.Text+" "+e.ExceptionDetails.URL)
	case *runtime.EventBindingCalled:
		if e.Name == "tellViolation" {
			w.all = append(w.all, "violation: "+e.Payload)
		}
	case *audits.EventIssueAdded:
		if e.Issue.Code != "PerformanceIssue" { // caused by the tests themselves
			w.all = append(w.all, "issue: "+string(e.Issue.Code))
		}
	case *page.EventJavascriptDialogOpening:
		w.all = append(w.all, "dialog: "+e.Message)
		go func() { // a listener must not send commands
			_, _ = chromedp.Call(w.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
		}()
	}
}

// expect permits complaints with a beginning.
func (w *watch) expect(beginning string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expected = append(w.expected, beginning)
}

// count returns the number of complaints with a beginning.
func (w *watch) count(beginning string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, complaint := range w.all {
		if strings.HasPrefix(complaint, beginning) {
			n++
		}
	}
	return n
}

// complaints returns the unexpected complaints since the last call.
func (w *watch) complaints() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var unexpected []string
next:
	for _, complaint := range w.all[w.told:] {
		for _, beginning := range w.expected {
			if strings.HasPrefix(complaint, beginning) {
				continue next
			}
		}
		unexpected = append(unexpected, complaint)
	}
	w.told = len(w.all)
	return unexpected
}

// asked returns all requests of the tab, with their headers.
func (w *watch) asked() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.requests...)
}
