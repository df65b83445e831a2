// Command demo runs the host and the application behind the gateways of the folders beside it, and prints a token to try.
//
//	go run ./examples/gateway/demo
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/adminapi"
	"github.com/seed-d6cf0a46/apitoken/examples/gateway"
	"github.com/seed-d6cf0a46/apitoken/memstore"
)

func main() {
	host := flag.String("host", "127.0.0.1:9000", "`address` that the gateways ask")
	application := flag.String("application", "127.0.0.1:9001", "`address` of the application that they protect")
	flag.Parse()
	log.Fatal(run(*host, *application))
}

func run(hostAddr, applicationAddr string) error {
	ctx := context.Background()
	m, err := apitoken.New(memstore.New(), nil)
	if err != nil {
		return err
	}
	if _, err := m.PutUser(ctx, apitoken.System(), apitoken.User{ID: "bob", Name: "Bob"}); err != nil {
		return err
	}
	_, secret, err := m.Generate(ctx, apitoken.As("bob"), apitoken.GenerateParams{Owner: "bob", Name: "demo", Lifetime: apitoken.Days(1)})
	if err != nil {
		return err
	}
	clients, err := adminapi.FixedClients(map[string]string{"gateway": "REPLACE-THIS-CLIENT-SECRET"}) // as in the folder apache
	if err != nil {
		return err
	}
	host, err := gateway.Host(m, "http://"+hostAddr, &adminapi.IntrospectionOptions{Clients: clients})
	if err != nil {
		return err
	}
	fmt.Printf("export TOKEN=%s\n", secret.Reveal())
	fmt.Printf("the host listens on http://%s, the application on http://%s; Ctrl-C ends both\n", hostAddr, applicationAddr)
	ended := make(chan error)
	go func() { ended <- serve(hostAddr, host) }()
	go func() { ended <- serve(applicationAddr, gateway.Application()) }()
	return <-ended
}

func serve(addr string, h http.Handler) error {
	server := &http.Server{Addr: addr, Handler: h, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10}
	return server.ListenAndServe()
}
