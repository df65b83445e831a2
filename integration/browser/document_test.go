package browser_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// The example server shows the OpenAPI document with Swagger UI. Its Content-Security-Policy permits what that needs, all operations
// are there, and no request goes to another host.
func TestBrowserTheDocumentIsReadableWithoutOtherHosts(t *testing.T) {
	long(t)
	t.Parallel()
	s, p := serve(t), open(t)
	p.expect("issue: GenericIssue") // labels in the viewer without a field
	if status := p.visit(s.url + "/docs/"); status != 200 {
		t.Fatalf("the page is answered %d", status)
	}
	p.await("the operations are there", `document.querySelectorAll(".opblock").length > 0`)
	const operations = `fetch("/admin/api/openapi.json").then(r => r.json()).then(d =>
		Object.values(d.paths).flatMap(Object.keys).filter(k => k !== "parameters").length)`
	if shown, want := eval[int](p, `document.querySelectorAll(".opblock").length`), eval[int](p, operations); shown != want {
		t.Errorf("the page shows %d operations, want %d", shown, want)
	}

	// What is tried goes to the administration.
	p.do(chromedp.Click(`#operations-Document-getLinks .opblock-control__btn, #operations-Document-getLinks .opblock-summary-control`))
	p.await("the operation is open", `document.querySelector("#operations-Document-getLinks .try-out__btn") !== null`)
	p.do(chromedp.Click("#operations-Document-getLinks .try-out__btn"))
	p.await("it can be tried", `document.querySelector("#operations-Document-getLinks .execute") !== null`)
	p.do(chromedp.Click("#operations-Document-getLinks .execute"))
	p.await("the response is there", `document.querySelector("#operations-Document-getLinks .live-responses-table")?.innerText.includes("documentation")`)
	tried := false
	for _, request := range p.asked() {
		address := strings.Fields(request)[1]
		if !strings.HasPrefix(address, s.url) && !strings.HasPrefix(address, "data:") {
			t.Errorf("the page asks another host: %s", request)
		}
		tried = tried || address == s.url+"/admin/api/"
	}
	if !tried {
		t.Errorf("trying GET / led to none of %q", p.asked())
	}
}
