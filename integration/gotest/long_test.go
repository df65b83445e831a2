package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLongTestsAreThoseThatAskShort(t *testing.T) {
	const source = `package p

func TestAsks(t *testing.T)              { if testing.Short() { t.Skip() } }
func TestAsksThroughAFunction(t *testing.T) { long(t) }
func TestAsksThroughTwo(t *testing.T)    { rounds(t) }
func TestAsksInASubtest(t *testing.T)    { t.Run("a", func(t *testing.T) { long(t) }) }
func TestIsQuick(t *testing.T)           { quick(t) }
func long(t *testing.T)                  { if testing.Short() { t.Skip() } }
func rounds(t *testing.T) int            { long(t); return 1 }
func quick(t *testing.T)                 {}
`
	file, err := parser.ParseFile(token.NewFileSet(), "p_test.go", source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	got := testsThatAskShort([]*ast.File{file})
	slices.Sort(got)
	want := []string{"TestAsks", "TestAsksInASubtest", "TestAsksThroughAFunction", "TestAsksThroughTwo"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("long tests (-want +got):\n%s", diff)
	}
}
