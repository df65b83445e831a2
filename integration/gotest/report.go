package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// event is a line of go test -json.
type event struct {
	Action     string
	Package    string
	ImportPath string // of what is built
	Test       string
	Output     string
	Elapsed    float64
}

type test struct{ pkg, name string }

// leftToLong is how the reason ends for which a test is skipped by -short.
const leftToLong = "make test-long"

// slow is how many seconds a test takes that is worth a line: the time of the gate is limited.
const slow = 20

// report prints a line for each package and for each slow test, the output of packages that fail, and why tests were skipped.
func report(from io.Reader, to io.Writer) error {
	output := map[string][]event{} // by package
	silent := map[test]bool{}      // those that pass or are skipped
	skipped := map[string]int{}    // by reason
	left := 0
	events := json.NewDecoder(from)
	for {
		var e event
		err := events.Decode(&e)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read the output of go test: %w", err)
		}
		if e.Test != "" && (e.Action == "pass" || e.Action == "skip") {
			silent[test{e.Package, e.Test}] = true
		}
		switch {
		case e.Action == "build-output":
			fmt.Fprint(to, e.Output)
		case e.Action == "output":
			output[e.Package] = append(output[e.Package], e)
		case e.Action == "skip" && e.Test != "":
			why := reason(output[e.Package], e.Test)
			if strings.HasSuffix(why, leftToLong) {
				left++
			} else {
				skipped[why]++
			}
		case e.Action == "pass" && e.Elapsed >= slow && e.Test != "" && !strings.Contains(e.Test, "/"):
			fmt.Fprintf(to, "slow\t%s\t%.0fs\n", e.Test, e.Elapsed)
		case e.Test == "" && (e.Action == "pass" || e.Action == "fail"):
			if e.Action == "fail" {
				printFailed(to, output[e.Package], silent)
			}
			fmt.Fprintf(to, "%s\t%s\t%.1fs\n", e.Action, e.Package, e.Elapsed)
			delete(output, e.Package)
		}
	}
	if left > 0 {
		fmt.Fprintf(to, "%d tests take long and are left to %s\n", left, leftToLong)
	}
	for _, why := range slices.Sorted(maps.Keys(skipped)) {
		fmt.Fprintf(to, "!! SKIPPED, %d tests: %s\n", skipped[why], why)
	}
	return nil
}

// reason returns what a skipped test said last.
func reason(output []event, test string) string {
	for _, e := range slices.Backward(output) {
		text := strings.TrimSpace(e.Output)
		if e.Test != test || text == "" || strings.HasPrefix(text, "---") || strings.HasPrefix(text, "===") {
			continue
		}
		if _, said, ok := strings.Cut(text, ".go:"); ok { // file.go:12: text
			_, text, _ = strings.Cut(said, ": ")
		}
		return text
	}
	return "says nothing: " + test
}

// printFailed prints the output of a package that fails without that of its silent tests.
func printFailed(to io.Writer, output []event, silent map[test]bool) {
	for _, e := range output {
		if !silent[test{e.Package, e.Test}] && !strings.HasPrefix(e.Output, "=== ") {
			fmt.Fprint(to, e.Output)
		}
	}
}
