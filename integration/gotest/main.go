// Command gotest runs go test with the arguments that it is given and prints what needs attention: the output of packages
// that fail, and at the end every reason for which tests were skipped. go test itself names a skipped test only with -v,
// among thousands of other lines.
//
//	go run ./integration/gotest -race -short ./...
//
// With -long as its first argument it runs the tests that -short skips or cuts down, and no other.
//
//	go run ./integration/gotest -long ./...
package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "gotest:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) > 0 && args[0] == "-long" {
		var err error
		if args, err = longOnly(args[1:]); err != nil {
			return err
		}
	}
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	reading := report(out, os.Stdout)
	return cmp.Or(cmd.Wait(), reading)
}
