package main

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"net/http"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/cachestore"
	"github.com/seed-d6cf0a46/apitoken/httpauth"
	"github.com/seed-d6cf0a46/apitoken/sqlstore"
)

// replica is one process of the host. Its parts are listed from the inside out.
type replica struct {
	db      *sql.DB
	store   *sqlstore.Store
	cache   *cachestore.Store
	manager *apitoken.Manager
	server  *http.Server
	url     string
}

// newReplica connects to the database and serves one route to those who present a token. Replicas may start at the same time:
// Migrate is safe.
func newReplica(ctx context.Context, database string) (_ *replica, err error) {
	r := &replica{}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close(ctx))
		}
	}()
	if r.db, err = sql.Open("pgx", database); err != nil {
		return nil, err
	}
	if r.store, err = sqlstore.New(r.db, sqlstore.PostgreSQL, nil); err != nil {
		return nil, err
	}
	if err = r.store.Migrate(ctx); err != nil {
		return nil, err
	}
	if r.cache, err = cachestore.New(r.store, nil); err != nil { // MaxStale is one second
		return nil, err
	}
	if r.manager, err = apitoken.New(r.cache, nil); err != nil {
		return nil, err
	}
	return r, r.serve()
}

func (r *replica) serve() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	hello := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	r.server = &http.Server{Handler: httpauth.Require(r.manager, nil)(hello), ReadHeaderTimeout: 5 * time.Second}
	r.url = "http://" + listener.Addr().String()
	go func() { _ = r.server.Serve(listener) }()
	return nil
}

// close ends a replica from the outside in: first the requests, then the Manager with its last writes, then the cache, the
// statements and the connections.
func (r *replica) close(ctx context.Context) (err error) {
	if r.server != nil {
		err = r.server.Shutdown(ctx)
	}
	if r.manager != nil {
		err = errors.Join(err, r.manager.Close(ctx))
	}
	if r.cache != nil {
		err = errors.Join(err, r.cache.Close())
	}
	if r.store != nil {
		err = errors.Join(err, r.store.Close())
	}
	if r.db != nil {
		err = errors.Join(err, r.db.Close())
	}
	return err
}
