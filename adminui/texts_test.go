package adminui_test

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template/parse"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-d6cf0a46/apitoken/adminui"
)

var update = flag.Bool("update", false, "write texts.txt")

// The list of texts is what the templates and the Go files translate. Run the test with -update to write it.
func TestTextsAreThoseOfTheSource(t *testing.T) {
	found := map[string]bool{}
	for _, file := range files(t, "*.go") {
		if !strings.HasSuffix(file, "_test.go") {
			collectFromGo(t, file, found)
		}
	}
	for _, file := range files(t, "templates/*.html") {
		collectFromTemplate(t, file, found)
	}
	want := slices.Sorted(maps.Keys(found))
	if *update {
		must(t, os.WriteFile("texts.txt", []byte(strings.Join(want, "\n")+"\n"), 0o644))
		return
	}
	if diff := cmp.Diff(want, adminui.Texts()); diff != "" {
		t.Errorf("the texts (-source +texts.txt):\n%s", diff)
	}
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	must(t, err)
	if len(names) == 0 {
		t.Fatalf("no file matches %s", pattern)
	}
	return names
}

// textsIn is where the English texts are among the arguments of the functions that take some: from the first index and before the
// second.
var textsIn = map[string][2]int{
	"english": {0, 1}, "text": {0, 1}, "sentence": {0, 1}, "translated": {0, 1}, "plural": {1, 3}, // in Go
	"t": {0, 1}, "plain": {0, 1}, "n": {1, 3}, // in templates
}

func collectFromGo(t *testing.T, name string, found map[string]bool) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	must(t, err)
	ast.Inspect(file, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is {
			return true
		}
		called := ""
		switch f := call.Fun.(type) {
		case *ast.Ident:
			called = f.Name
		case *ast.SelectorExpr:
			called = f.Sel.Name
		}
		if at, takes := textsIn[called]; takes {
			for _, argument := range call.Args[at[0]:min(at[1], len(call.Args))] {
				if text := literal(argument); text != "" {
					found[text] = true
				}
			}
		}
		return true
	})
}

// literal returns the text of a string literal, or of several that are joined; empty: it is neither.
func literal(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(e.Value)
		return text
	case *ast.BinaryExpr:
		return literal(e.X) + literal(e.Y)
	}
	return ""
}

func collectFromTemplate(t *testing.T, name string, found map[string]bool) {
	t.Helper()
	source, err := os.ReadFile(name)
	must(t, err)
	functions := map[string]any{}
	for _, f := range []string{"t", "plain", "n", "part", "lang", "rtl", "action", "asset", "hasEnded", "and", "or", "not", "eq", "ne", "gt", "len"} {
		functions[f] = func() {}
	}
	trees, err := parse.Parse(name, string(source), "{{", "}}", functions)
	must(t, err)
	var walk func(parse.Node)
	inBranch := func(b parse.BranchNode) {
		walk(b.Pipe)
		walk(b.List)
		if b.ElseList != nil {
			walk(b.ElseList)
		}
	}
	walk = func(n parse.Node) {
		switch n := n.(type) {
		case *parse.ListNode:
			for _, child := range n.Nodes {
				walk(child)
			}
		case *parse.ActionNode:
			walk(n.Pipe)
		case *parse.IfNode:
			inBranch(n.BranchNode)
		case *parse.RangeNode:
			inBranch(n.BranchNode)
		case *parse.WithNode:
			inBranch(n.BranchNode)
		case *parse.PipeNode:
			for _, c := range n.Cmds {
				walk(c)
			}
		case *parse.CommandNode:
			for _, argument := range n.Args {
				walk(argument)
			}
			if called, is := n.Args[0].(*parse.IdentifierNode); is {
				at := textsIn[called.Ident]
				for _, argument := range n.Args[1:][at[0]:at[1]] {
					if text, is := argument.(*parse.StringNode); is {
						found[text.Text] = true
					}
				}
			}
		}
	}
	for _, tree := range trees {
		walk(tree.Root)
	}
}
