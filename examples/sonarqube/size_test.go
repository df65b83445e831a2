package main

import (
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// maxLines is the most lines of code that the example may have. Lines with only a comment do not count.
const maxLines = 900

// others are the packages that the example may import besides the standard library and the public packages of this module.
var others = map[string]bool{"modernc.org/sqlite": true, "golang.org/x/crypto/bcrypt": true, "github.com/alexedwards/scs/v2": true}

func TestTheExampleIsShortAndBuiltFromPublicPackages(t *testing.T) {
	files, err := filepath.Glob("*.go")
	must(t, err)
	code, all, packages := 0, 0, map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		must(t, err)
		all += strings.Count(string(text), "\n")
		code += linesOfCode(text)
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly)
		must(t, err)
		for _, imported := range file.Imports {
			path, err := strconv.Unquote(imported.Path.Value)
			must(t, err)
			packages[path] = true
		}
	}
	if code == 0 || code >= maxLines {
		t.Errorf("the example has %d lines of code, less than %d are wanted", code, maxLines)
	}
	for path := range packages {
		const module = "github.com/seed-d6cf0a46/apitoken"
		own, isOurs := strings.CutPrefix(path, module)
		standard := !strings.Contains(strings.Split(path, "/")[0], ".")
		if !standard && !others[path] && (!isOurs || strings.Contains(own, "internal") || strings.HasPrefix(own, "/examples")) {
			t.Errorf("the example imports %s", path)
		}
	}
	t.Logf("%d lines of code, %d with comments and blank ones, %d packages", code, all, len(packages))
}

// linesOfCode counts the lines that have more than a comment.
func linesOfCode(text []byte) int {
	files := token.NewFileSet()
	file := files.AddFile("", -1, len(text))
	var s scanner.Scanner
	s.Init(file, text, nil, 0) // it leaves comments out
	lines := map[int]bool{}
	for {
		pos, tok, literal := s.Scan()
		if tok == token.EOF {
			return len(lines)
		}
		if tok == token.SEMICOLON && literal == "\n" {
			continue
		}
		first := file.Line(pos)
		for i := range strings.Count(literal, "\n") + 1 {
			lines[first+i] = true
		}
	}
}
