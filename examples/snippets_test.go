package examples_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// snippet is where a template wants a block of a page: the page, the number of the block among those in Go, and which part
// of it. Methods can only be declared outside of functions, and statements only inside.
var snippet = regexp.MustCompile(`(?m)^\t*//snippet (\S+) (\d+)(?: (declarations|statements))?$`)

// TestSnippetsOfPages compiles every block of Go on every page, as it stands there, and runs it. The templates in
// testdata/snippets say what is around a block. Each block has to be in exactly one of them.
func TestSnippetsOfPages(t *testing.T) {
	blocks := pageBlocks(t)
	module, err := filepath.Abs(".")
	must(t, err)
	templates, err := filepath.Glob("testdata/snippets/*.go.txt")
	if err != nil || len(templates) == 0 {
		t.Fatalf("no templates: %v", err)
	}
	// An overlay lets the go command see a package in this module that is not on the disk.
	folder := t.TempDir()
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for _, template := range templates {
		text, err := os.ReadFile(template)
		must(t, err)
		name := strings.TrimSuffix(filepath.Base(template), ".go.txt") + "_test.go"
		code := snippet.ReplaceAllStringFunc(string(text), func(directive string) string { return blocks.take(t, template, directive) })
		must(t, os.WriteFile(filepath.Join(folder, name), []byte(code), 0o600))
		overlay.Replace[filepath.Join(module, "snippets", name)] = filepath.Join(folder, name)
	}
	for _, key := range slices.Sorted(maps.Keys(blocks)) {
		t.Errorf("%s is in no template of testdata/snippets:\n%s", key, blocks[key].text)
	}
	list, err := json.Marshal(overlay)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(folder, "overlay.json"), list, 0o600))
	program := filepath.Join(folder, "snippets.test")
	if out, err := command(t, "go", "test", "-c", "-vet=off", "-o", program, "-overlay", filepath.Join(folder, "overlay.json"), "./snippets").CombinedOutput(); err != nil {
		t.Fatalf("the pages do not compile: %v\n%s", err, out)
	}
	run := command(t, program, "-test.v", "-test.short")
	run.Dir = folder
	out, err := run.CombinedOutput()
	if err != nil {
		t.Errorf("the pages do not do what they say: %v\n%s", err, out)
	}
	t.Logf("%d tests ran", strings.Count(string(out), "\n--- PASS"))
}

// codeBlock is a block of Go on a page, as far as no template has it yet.
type codeBlock struct {
	page string
	line int // of its first line of code
	text string
}

type codeBlocks map[string]codeBlock

// pageBlocks are the blocks of Go on all pages, by page and number: "docs/kinds.md 1".
func pageBlocks(t *testing.T) codeBlocks {
	t.Helper()
	blocks := codeBlocks{}
	for _, pattern := range []string{"../*.md", "../docs/*.md", "../docs/notes/*.md", "*/README.md"} {
		pages, err := filepath.Glob(pattern)
		must(t, err)
		for _, path := range pages {
			text, err := os.ReadFile(path)
			must(t, err)
			page, n := filepath.ToSlash(strings.TrimPrefix(path, "../")), 0
			for _, at := range fenced.FindAllSubmatchIndex(text, -1) {
				if string(text[at[2]:at[3]]) != "go" {
					continue
				}
				n++
				blocks[fmt.Sprint(page, " ", n)] = codeBlock{page, 1 + strings.Count(string(text[:at[4]]), "\n"), string(text[at[4]:at[5]])}
			}
		}
	}
	if len(blocks) < 15 {
		t.Errorf("only %d blocks of Go are found on the pages", len(blocks))
	}
	return blocks
}

var declaration = regexp.MustCompile(`(?m)\A(//.*\n)*(type|func|const|var) `)

// take gives what a directive stands for, with the lines of the page for the compiler's errors, and takes it out.
func (b codeBlocks) take(t *testing.T, template, directive string) string {
	t.Helper()
	m := snippet.FindStringSubmatch(directive)
	key, part := m[1]+" "+m[2], m[3]
	block, ok := b[key]
	if !ok {
		t.Errorf("%s: there is no %s, or it is taken twice", template, key)
		return ""
	}
	taken, rest := block, codeBlock{page: block.page, line: block.line}
	if part != "" {
		taken.text = ""
		for _, paragraph := range strings.SplitAfter(block.text, "\n\n") {
			if declaration.MatchString(paragraph) == (part == "declarations") {
				taken.text += paragraph
			} else {
				rest.text += paragraph
			}
		}
	}
	delete(b, key)
	if rest.text != "" {
		b[key] = rest
	}
	return fmt.Sprintf("//line %s:%d\n%s//line %s:1\n", taken.page, taken.line, taken.text, template)
}
