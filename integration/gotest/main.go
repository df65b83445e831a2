// Command gotest runs go test with the arguments that it is given and prints what needs attention: the output of packages
// that fail, and at the end every reason for which tests were skipped. go test itself names a skipped test only with -v,
// among thousands of other lines.
//
//	go run ./integration/gotest -race -short ./...
package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
)

func main() {
	cmd := exec.Command("go", append([]string{"test", "-json"}, os.Args[1:]...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	reading := report(out, os.Stdout)
	if err := cmp.Or(cmd.Wait(), reading); err != nil {
		fmt.Fprintln(os.Stderr, "go test:", err)
		os.Exit(1)
	}
}
