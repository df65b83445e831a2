// Command mcp is a server of the Model Context Protocol whose tools need a token.
//
//	go run ./examples/mcp
//
// It keeps everything in memory and prints a token of the user Bob. A client connects to http://127.0.0.1:8080/mcp with the header
// "Authorization: Bearer <token>". The part to copy is in server.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`address` to listen on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *addr, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, addr string, out io.Writer) (err error) {
	m, err := apitoken.New(memstore.New(), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close(context.WithoutCancel(ctx))) }()
	if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob"}); err != nil {
		return err
	}
	_, secret, err := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "assistant", Lifetime: apitoken.NoExpiration})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	origin := "http://" + listener.Addr().String()
	handler, err := newHandler(m, origin)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "export BOB=%s\nlistening on %s/mcp; Ctrl-C ends it\n", secret.Reveal(), origin)
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
