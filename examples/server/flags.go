package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
)

type options struct {
	addr, db, prefix, origin string
	demo                     bool
	level                    slog.Level // of the log
}

const usage = `A small application with API tokens. On the first start it makes two accounts, the administrator
admin and the user bob, and prints their passwords once. Later starts keep everything.

  /                  the administration as pages, after signing in
  /admin/api/...     the same as JSON, with a name and password (HTTP Basic), a token, or a session;
                     its routes: go doc github.com/seed-d6cf0a46/apitoken/adminapi
  GET  /api/hello    a route that needs a token: Authorization: Bearer tok_...
  /verify            for a proxy that asks whether to let a request with a token pass

It speaks plain HTTP, so passwords and tokens are not encrypted on the network. Put a proxy with TLS in
front of it before it listens on anything but a loopback address, and name the proxy with -origin.

It logs each request to stderr, and at the level debug each decision of the library.

Usage: server [flags]

`

const usageOfDB = "the `database`: an SQLite file, which is created if it does not exist, or\n" +
	"postgres://user:password@host:5432/database, or mysql://user:password@host:3306/database;\n" +
	"to begin again, delete the file and its -wal and -shm"

func readFlags(args []string, out io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints the error, and nothing else
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8080", "`address` to listen on; port 0 takes a free one")
	flags.StringVar(&o.db, "db", "./apitoken.db", usageOfDB)
	flags.BoolVar(&o.demo, "demo", false, "on the first start, also create 40 users and 400 tokens; later it does nothing")
	flags.TextVar(&o.level, "log", slog.LevelInfo, "the least `level` that is logged: debug, info, warn or error")
	flags.StringVar(&o.origin, "origin", "", "the public `address` of a proxy with TLS, such as https://tokens.example.com;\ncookies then need HTTPS, and the proxy has to append the client's address to X-Forwarded-For\nand to pass paths on unchanged: in nginx, proxy_pass without a path, or user ids with slashes change")
	flags.StringVar(&o.prefix, "prefix", "tok", "`text` that every token begins with; tokens with another prefix are refused")
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
