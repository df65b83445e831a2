package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReport(t *testing.T) {
	for _, c := range []struct {
		name   string
		events []string
		want   string
	}{{
		"a package that passes says one line",
		[]string{
			`{"Action":"output","Package":"a","Test":"TestA","Output":"=== RUN   TestA\n"}`,
			`{"Action":"output","Package":"a","Test":"TestA","Output":"    a_test.go:7: chatter\n"}`,
			`{"Action":"output","Package":"a","Test":"TestA","Output":"--- PASS: TestA (0.00s)\n"}`,
			`{"Action":"pass","Package":"a","Test":"TestA","Elapsed":0}`,
			`{"Action":"pass","Package":"a","Elapsed":1.25}`,
		},
		"pass\ta\t1.2s\n",
	}, {
		"a test that takes long has a line",
		[]string{
			`{"Action":"pass","Package":"a","Test":"TestA/x","Elapsed":25}`,
			`{"Action":"pass","Package":"a","Test":"TestA","Elapsed":25.3}`,
			`{"Action":"pass","Package":"a","Test":"TestB","Elapsed":19.9}`,
			`{"Action":"pass","Package":"a","Elapsed":45}`,
		},
		"slow\tTestA\t25s\npass\ta\t45.0s\n",
	}, {
		"a package that fails shows the output of its failures and what belongs to no test",
		[]string{
			`{"Action":"output","Package":"a","Test":"TestA","Output":"    a_test.go:7: chatter\n"}`,
			`{"Action":"output","Package":"a","Test":"TestA","Output":"--- PASS: TestA (0.00s)\n"}`,
			`{"Action":"pass","Package":"a","Test":"TestA","Elapsed":0}`,
			`{"Action":"output","Package":"a","Test":"TestB","Output":"=== RUN   TestB\n"}`,
			`{"Action":"output","Package":"a","Test":"TestB","Output":"    b_test.go:8: got 1\n"}`,
			`{"Action":"output","Package":"a","Test":"TestB","Output":"--- FAIL: TestB (0.00s)\n"}`,
			`{"Action":"fail","Package":"a","Test":"TestB","Elapsed":0}`,
			`{"Action":"output","Package":"a","Test":"TestC","Output":"panic: no verdict\n"}`,
			`{"Action":"output","Package":"a","Output":"FAIL\n"}`,
			`{"Action":"fail","Package":"a","Elapsed":1}`,
		},
		"    b_test.go:8: got 1\n--- FAIL: TestB (0.00s)\npanic: no verdict\nFAIL\nfail\ta\t1.0s\n",
	}, {
		"a test that fails is shown although it prints the results of other tests, and though its name passes elsewhere",
		[]string{
			`{"Action":"pass","Package":"b","Test":"TestA","Elapsed":0}`,
			`{"Action":"output","Package":"a","Test":"TestA","Output":"    a_test.go:7: passes:\n"}`,
			`{"Action":"output","Package":"a","Test":"TestA","Output":"        --- PASS: TestInAChildProcess (0.00s)\n"}`,
			`{"Action":"output","Package":"a","Test":"TestA","Output":"--- FAIL: TestA (0.00s)\n"}`,
			`{"Action":"fail","Package":"a","Test":"TestA","Elapsed":0}`,
			`{"Action":"fail","Package":"a","Elapsed":1}`,
		},
		"    a_test.go:7: passes:\n        --- PASS: TestInAChildProcess (0.00s)\n--- FAIL: TestA (0.00s)\nfail\ta\t1.0s\n",
	}, {
		"a package that does not build shows why",
		[]string{
			`{"ImportPath":"a","Action":"build-output","Output":"a.go:1: undefined\n"}`,
			`{"ImportPath":"a","Action":"build-fail"}`,
			`{"Action":"fail","Package":"a","Elapsed":0,"FailedBuild":"a"}`,
		},
		"a.go:1: undefined\nfail\ta\t0.0s\n",
	}, {
		"skipped tests are counted by what they say, in every package",
		[]string{
			`{"Action":"output","Package":"a","Test":"TestA/x","Output":"    a_test.go:7: NOT TESTED: no server: Galera\n"}`,
			`{"Action":"output","Package":"a","Test":"TestA/x","Output":"--- SKIP: TestA/x (0.00s)\n"}`,
			`{"Action":"skip","Package":"a","Test":"TestA/x","Elapsed":0}`,
			`{"Action":"pass","Package":"a","Elapsed":1}`,
			`{"Action":"output","Package":"b","Test":"TestB","Output":"    b_test.go:7: NOT TESTED: no server: Galera\n"}`,
			`{"Action":"skip","Package":"b","Test":"TestB","Elapsed":0}`,
			`{"Action":"skip","Package":"b","Test":"TestC","Elapsed":0}`,
			`{"Action":"output","Package":"b","Test":"TestD","Output":"    b_test.go:9: takes long: make test-long\n"}`,
			`{"Action":"skip","Package":"b","Test":"TestD","Elapsed":0}`,
			`{"Action":"pass","Package":"b","Elapsed":1}`,
			`{"Action":"skip","Package":"c","Elapsed":0}`,
		},
		"pass\ta\t1.0s\npass\tb\t1.0s\n1 tests take long and are left to make test-long\n" +
			"!! SKIPPED, 2 tests: NOT TESTED: no server: Galera\n!! SKIPPED, 1 tests: says nothing: TestC\n",
	}} {
		t.Run(c.name, func(t *testing.T) {
			var printed strings.Builder
			if err := report(strings.NewReader(strings.Join(c.events, "\n")), &printed); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, printed.String()); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReportRefusesWhatIsNotJSON(t *testing.T) {
	if err := report(strings.NewReader("ok a 0.1s"), &strings.Builder{}); err == nil {
		t.Error("no error")
	}
}
