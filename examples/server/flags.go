package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

type options struct {
	addr, db, prefix string
}

const usage = `A small application with API tokens. On the first start it makes two accounts, the administrator
admin and the user bob, and prints their passwords once. Later starts keep everything.

  GET  /api/hello    for whoever presents a token: Authorization: Bearer tok_...
  /admin/api/...     the administration, for whoever signs in with name and password (HTTP Basic);
                     its routes: go doc github.com/seed-d6cf0a46/apitoken/adminapi

It speaks plain HTTP, so passwords and tokens travel as they are. Have something with TLS in front of
it before you let it listen on anything but a loopback address.

Usage: server [flags]

`

func readFlags(args []string, out io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints the error, and nothing else
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8080", "`address` to listen on; port 0 takes a free one")
	flags.StringVar(&o.db, "db", "./apitoken.db", "SQLite `file`, made if it is not there; to begin anew, delete it and its -wal and -shm")
	flags.StringVar(&o.prefix, "prefix", "tok", "`text` that every token begins with; with another one, the tokens of before are refused")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(out, usage)
		flags.SetOutput(out)
		flags.PrintDefaults()
		return options{}, err
	case err != nil:
		return options{}, fmt.Errorf("%w, see -h", err)
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected argument %q, see -h", flags.Arg(0))
	}
	return o, nil
}
