package browser_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// limit is the timeout of a page. It catches pages that hang, not slow ones.
const limit = 30 * time.Second

// One Chromium serves all tests. Each test has its own cookies and storage. Chromium ends with the tests, and with their process.
var (
	chromium    = sync.OnceValues(startChromium)
	endChromium = func() {}
	scratch     string // a folder for as long as the tests run
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if scratch, err = os.MkdirTemp("", "browser"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	defer func() { endChromium() }()
	code := m.Run()
	if testing.Verbose() {
		fmt.Printf("%d pages were loaded\n", loaded.Load())
	}
	return code
}

func startChromium() (context.Context, error) {
	program, err := exec.LookPath("chromium")
	if err != nil {
		return nil, err
	}
	ctx, endAllocator := chromedp.NewExecAllocator(context.Background(),
		append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
			chromedp.ExecPath(program),
			chromedp.UserDataDir(filepath.Join(scratch, "profile")),
			chromedp.Flag("headless", "new"),
			chromedp.WSURLReadTimeout(2*time.Minute), // of the start, whose default of 20 s is short for a busy machine
			chromedp.NoSandbox, chromedp.DisableGPU,
			chromedp.Flag("disable-features", "Translate,BlinkGenPropertyTrees,SpareRendererForSitePerProcess"),
			chromedp.Flag("lang", "en-US"), // the order of the parts of a date
			chromedp.Flag("host-resolver-rules", "MAP *.example 127.0.0.1"),
		)...)
	ctx, endBrowser := chromedp.NewContext(ctx)
	endChromium = func() { endBrowser(); endAllocator() }
	if err := chromedp.Do(ctx); err != nil { // this starts it
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	return ctx, nil
}

// missing skips a test because a program is missing, or fails it if APITOKEN_TEST_REQUIRE lists the name.
func missing(t *testing.T, name string, err error) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("APITOKEN_TEST_REQUIRE"), ","), name) {
		t.Fatalf("APITOKEN_TEST_REQUIRE names %s: %v", name, err)
	}
	t.Skipf("NOT TESTED: %s: %v; install.sh installs it", name, err)
}

// await polls until isSo.
func await(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	begun := time.Now()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for !isSo() {
		if time.Since(begun) > limit {
			t.Fatalf("not within %v: %s", limit, what)
		}
		<-again.C
	}
}

// must ends the test if there is an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
