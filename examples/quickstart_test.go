package examples_test

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what the programs print into the golden files")

func TestQuickstartPrintsWhatItShould(t *testing.T) {
	const golden = "testdata/quickstart.golden"
	program := build(t, "quickstart")
	got, err := command(t, program).CombinedOutput()
	if err != nil {
		t.Fatalf("quickstart: %v\n%s", err, got)
	}
	if *update {
		must(t, os.WriteFile(golden, got, 0o644))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("quickstart (-want +got):\n%s", diff)
	}
}
