// Command scanning keeps tokens out of logs and repositories.
//
// It copies its input to its output line by line, and redacts the tokens:
//
//	./application 2>&1 | go run ./examples/scanning -prefix acme
//
// With -gitleaks it prints a configuration with which gitleaks finds tokens in a folder or in the history of a repository:
//
//	go run ./examples/scanning -prefix acme -gitleaks > .gitleaks.toml
//	gitleaks dir . -c .gitleaks.toml
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/seed-d6cf0a46/apitoken"
)

func main() {
	prefix := flag.String("prefix", "tok", "`prefix` of the tokens, as in Options.Prefix of the host")
	gitleaks := flag.Bool("gitleaks", false, "print a configuration for gitleaks, and read no input")
	flag.Parse()
	if err := run(*prefix, *gitleaks, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "scanning:", err)
		os.Exit(1)
	}
}

func run(prefix string, gitleaks bool, in io.Reader, out io.Writer) error {
	s, err := apitoken.NewScanner(prefix)
	if err != nil {
		return err
	}
	if gitleaks {
		_, err := fmt.Fprintf(out, "[extend]\nuseDefault = true\n\n%s", s.GitleaksRule())
		return err
	}
	return redact(s, in, out)
}

// redact works on whole lines, however long. Half a token would not be recognized.
func redact(s apitoken.Scanner, in io.Reader, out io.Writer) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if _, err := io.WriteString(out, s.Redact(line)); err != nil {
			return err
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
