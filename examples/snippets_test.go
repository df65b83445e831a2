package examples_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// snippet is a directive of a template for a block of a page: the page, the number of the block among those in Go, and a part.
// The parts exist because methods can be declared only outside of functions, and statements only inside.
var snippet = regexp.MustCompile(`(?m)^\t*//snippet (\S+) (\d+)(?: (declarations|statements))?$`)

// TestSnippetsOfPages compiles and runs every block of Go on every page, in a module of its own, like that of a host. The templates
// in testdata/snippets have the code around the blocks. Each block has to be in exactly one template.
func TestSnippetsOfPages(t *testing.T) {
	blocks := pageBlocks(t)
	templates, err := filepath.Glob("testdata/snippets/*.go.txt")
	if err != nil || len(templates) == 0 {
		t.Fatalf("no templates: %v", err)
	}
	folder := t.TempDir()
	beginModule(t, folder)
	for _, template := range templates {
		text, err := os.ReadFile(template)
		must(t, err)
		name := strings.TrimSuffix(filepath.Base(template), ".go.txt") + "_test.go"
		code := snippet.ReplaceAllStringFunc(string(text), func(directive string) string { return blocks.take(t, template, directive) })
		must(t, os.WriteFile(filepath.Join(folder, name), []byte(code), 0o600))
	}
	for _, key := range slices.Sorted(maps.Keys(blocks)) {
		t.Errorf("%s is in no template of testdata/snippets:\n%s", key, blocks[key].text)
	}
	program := filepath.Join(folder, "snippets.test")
	build := command(t, "go", "test", "-c", "-vet=off", "-o", program, ".")
	build.Dir = folder
	build.Env = append(build.Environ(), "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the pages do not compile: %v\n%s", err, out)
	}
	run := command(t, program, "-test.v", fmt.Sprint("-test.short=", testing.Short()))
	run.Dir = folder
	out, err := run.CombinedOutput()
	if err != nil {
		t.Errorf("the code of the pages fails: %v\n%s", err, out)
	}
	t.Logf("%d tests ran", strings.Count(string(out), "\n--- PASS"))
}

// beginModule makes a module that requires what this one does.
func beginModule(t *testing.T, folder string) {
	t.Helper()
	for _, file := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(file)
		must(t, err)
		if file == "go.mod" {
			here, err := filepath.Abs(".")
			must(t, err)
			text = bytes.Replace(text, []byte("module github.com/seed-d6cf0a46/apitoken/examples"), []byte("module example.com/host"), 1)
			text = bytes.ReplaceAll(text, []byte("=> ../"), []byte("=> "+filepath.Dir(here)+"/"))
		}
		must(t, os.WriteFile(filepath.Join(folder, file), text, 0o600))
	}
}

// codeBlock is a block of Go on a page, or the part of it that is in no template yet.
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

// take removes and returns the code of a directive, with the line numbers of the page for errors of the compiler.
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
