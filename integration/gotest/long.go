package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// longOnly adds to the arguments of go test a pattern that selects the long tests: those that ask testing.Short themselves, or
// through functions of their package. A test that runs in part under -short is among them, and runs in full.
func longOnly(args []string) ([]string, error) {
	tests, err := longTests(args)
	if err != nil {
		return nil, err
	}
	if len(tests) == 0 {
		return nil, errors.New("no test asks testing.Short")
	}
	return append([]string{"-run", "^(" + strings.Join(tests, "|") + ")$"}, args...), nil
}

// longTests returns the names of the long tests of the packages that the arguments of go test name, in order.
func longTests(args []string) ([]string, error) {
	list := exec.Command("go", append([]string{"list", "-json=Dir,TestGoFiles,XTestGoFiles"}, patterns(args)...)...)
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var tests []string
	packages := json.NewDecoder(bytes.NewReader(out))
	for {
		var p struct {
			Dir                       string
			TestGoFiles, XTestGoFiles []string
		}
		err := packages.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		for _, names := range [][]string{p.TestGoFiles, p.XTestGoFiles} {
			files, err := parse(p.Dir, names)
			if err != nil {
				return nil, err
			}
			tests = append(tests, testsThatAskShort(files)...)
		}
	}
	slices.Sort(tests)
	return slices.Compact(tests), nil
}

// patterns returns the arguments that name packages.
func patterns(args []string) []string {
	var packages []string
	for _, arg := range args {
		if strings.HasPrefix(arg, "./") {
			packages = append(packages, arg)
		}
	}
	return packages
}

func parse(dir string, names []string) ([]*ast.File, error) {
	var files []*ast.File
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// testsThatAskShort returns the tests of a package that call testing.Short, or a function that does. It tells functions by
// their names alone, so it may return a test too many, but none too few.
func testsThatAskShort(files []*ast.File) []string {
	mentions := map[string][]string{} // by function
	for _, file := range files {
		for _, declaration := range file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Body != nil {
				mentions[f.Name.Name] = append(mentions[f.Name.Name], identifiers(f.Body)...)
			}
		}
	}
	asks := map[string]bool{"Short": true}
	for grown := true; grown; {
		grown = false
		for function, names := range mentions {
			if !asks[function] && slices.ContainsFunc(names, func(name string) bool { return asks[name] }) {
				asks[function], grown = true, true
			}
		}
	}
	var tests []string
	for function := range asks {
		if strings.HasPrefix(function, "Test") {
			tests = append(tests, function)
		}
	}
	return tests
}

func identifiers(body ast.Node) []string {
	var names []string
	ast.Inspect(body, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			names = append(names, id.Name)
		}
		return true
	})
	return names
}
