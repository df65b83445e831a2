package examples_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTheWalkPrintsWhatThePageSays runs the commands of docs/walk.md in one shell against a fresh server.
func TestTheWalkPrintsWhatThePageSays(t *testing.T) {
	needCurl(t)
	const address, file = "http://127.0.0.1:8080", "./apitoken.db"
	blocks := blocksOf(t, "../docs/walk.md")
	db := filepath.Join(t.TempDir(), "walk.db")
	s := start(t, build(t, "server"), db)

	if len(blocks) < 10 || blocks[0].language != "text" {
		t.Fatalf("the walk has %d blocks, and the first is not what the server prints", len(blocks))
	}
	printed := strings.NewReplacer(s.url, address, db, file).Replace(s.output)
	if !matches(blocks[0].text, printed) {
		t.Errorf("on its first start the server printed\n%s\nand the page says\n%s", printed, blocks[0].text)
	}

	// All commands run in one shell, which keeps variables. A mark separates their outputs.
	const mark = "@@@"
	script := "set -u\n"
	for i, b := range blocks {
		if b.language == "sh" {
			script += fmt.Sprintf("echo '%s%d'\n%s", mark, i, strings.ReplaceAll(b.text, address, s.url))
		}
	}
	shell := command(t, "sh", "-c", script)
	shell.Env = append(os.Environ(), "ADMIN="+s.logins["ADMIN"], "BOB="+s.logins["BOB"])
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("the shell: %v\n%s", err, out)
	}
	for _, part := range strings.Split("\n"+string(out), "\n"+mark)[1:] {
		number, got, _ := strings.Cut(part, "\n")
		var i int
		if _, err := fmt.Sscan(number, &i); err != nil {
			t.Fatal(err)
		}
		want := ""
		if i+1 < len(blocks) && blocks[i+1].language != "sh" {
			want = blocks[i+1].text
		}
		if !matches(want, got) {
			t.Errorf("this of the page\n%s\nprinted\n%s\nand the page says\n%s", blocks[i].text, got, want)
		}
	}
	s.stop(t, os.Interrupt)
}

// block is a fenced block of a page.
type block struct{ language, text string }

var fenced = regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```$")

// blocksOf returns the fenced blocks of a page.
func blocksOf(t *testing.T, page string) []block {
	t.Helper()
	text, err := os.ReadFile(page)
	must(t, err)
	var blocks []block
	for _, m := range fenced.FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, block{language: m[1], text: m[2]})
	}
	return blocks
}

// matches compares a text with the page, where "..." stands for a part that differs each time.
func matches(shown, text string) bool {
	pattern := regexp.QuoteMeta(strings.TrimSpace(shown))
	pattern = strings.ReplaceAll(pattern, `\.\.\.`, `[^\n]+`)
	return regexp.MustCompile(`\A` + pattern + `\z`).MatchString(strings.TrimSpace(text))
}

// needCurl skips the test if there is no curl, or fails it if APITOKEN_TEST_REQUIRE lists curl.
func needCurl(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err == nil {
		return
	}
	if slices.Contains(strings.Split(os.Getenv("APITOKEN_TEST_REQUIRE"), ","), "curl") {
		t.Fatal("there is no curl, and APITOKEN_TEST_REQUIRE lists it")
	}
	t.Skip("NOT TESTED: there is no curl, so docs/walk.md was not walked")
}
