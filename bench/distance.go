package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/seed-d6cf0a46/apitoken"
	"github.com/seed-d6cf0a46/apitoken/cachestore"
)

// distance is the time that a round trip takes longer in the group of a server that is not on the same machine.
const distance = time.Millisecond

// byHandNear and byHandFar are the most that Generate and Revoke may take in multiples of the same rows and events by hand in a transaction:
// near the server and far from it.
var byHandNear, byHandFar = map[string]float64{"PostgreSQL": 1.15}, map[string]float64{"PostgreSQL": 0.70}

// most is an aim against another case, if there is one for the engine.
func most(against int, of map[string]float64, name string) []aim {
	if limit, ok := of[name]; ok {
		return []aim{{against: against, most: limit}}
	}
	return nil
}

// fromAfar measures on a connection on which each round trip takes longer.
func (b *bench) fromAfar(ctx context.Context, s *server, presented []bearer) (err error) {
	if s.driver == "sqlite" {
		return nil // there is no network between
	}
	far, stop, err := s.behindDelay()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	h, err := far.newHost(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	hand, err := h.prepareByHand(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, hand.close()) }()
	return b.compare(ctx, func(ctx context.Context) (group, error) { return h.distant(ctx, hand, presented) })
}

// cachedOfLookup is the most that Authenticate may take from a cache, in multiples of a lookup from afar.
const cachedOfLookup = 0.001

// distant compares everything with one SELECT 1, and Authenticate from a cache with Authenticate without.
func (h *host) distant(ctx context.Context, hand *byHand, presented []bearer) (group, error) {
	background, owner := context.Background(), userID(3)
	generating, err := h.generating(ctx, hand, nil)
	if err != nil {
		return group{}, err
	}
	revoking, err := h.revoking(ctx, hand, nil)
	if err != nil {
		return group{}, err
	}
	cache, err := warmCache(ctx, h.store, presented)
	if err != nil {
		return group{}, err
	}
	cached, err := apitoken.New(cache, &apitoken.Options{LastUsedInterval: -1})
	if err != nil {
		return group{}, err
	}
	g := group{
		title: fmt.Sprintf("With %s between host and server, %s", distance, h.name),
		scale: 4,
		cases: []benchCase{
			{name: "floor: SELECT 1", run: repeat(func() error {
				var one int
				return h.db.QueryRowContext(background, "SELECT 1").Scan(&one)
			})},
			{name: "ListTokens", run: repeat(func() error {
				_, err := h.m.ListTokens(background, apitoken.As(owner), apitoken.TokenQuery{Owner: owner, Limit: 10})
				return err
			})},
			{name: "SetPolicy", run: repeat(func() error {
				_, err := h.m.SetPolicy(background, apitoken.System(), apitoken.MaxLifetimePolicy{Max: apitoken.NoExpiration})
				return err
			})},
			generating.cases[1], generating.cases[2], revoking.cases[1], revoking.cases[2],
			{name: "Authenticate", run: authenticate(background, h.m, presented)},
			{name: "Authenticate, from a cachestore", run: authenticate(background, cached, presented)},
		},
		close: func() error { return errors.Join(cache.Close(), revoking.close()) },
	}
	for i := range g.cases {
		g.cases[i].aims, g.cases[i].cost = nil, ""
	}
	g.cases[8].aims = []aim{{against: 7, most: cachedOfLookup}}
	g.cases[4].aims, g.cases[6].aims = most(3, byHandFar, h.name), most(5, byHandFar, h.name)
	return g, nil
}

// warmCache returns a cache of a store that holds the tokens.
func warmCache(ctx context.Context, store apitoken.Store, presented []bearer) (*cachestore.Store, error) {
	cache, err := cachestore.New(store, nil)
	if err != nil {
		return nil, err
	}
	m, err := apitoken.New(cache, &apitoken.Options{LastUsedInterval: -1})
	if err != nil {
		return nil, err
	}
	for cache.Stats().Held < len(presented) { // the first poll has to succeed before anything is kept
		for i := range presented {
			if _, err := m.Authenticate(ctx, presented[i].text); err != nil {
				return nil, err
			}
		}
	}
	return cache, nil
}

// behindDelay returns the server behind a proxy that holds what a client sends for the distance.
func (s *server) behindDelay() (far *server, stop func() error, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	at := *s
	address := ""
	if s.driver == "pgx" {
		dsn, err := url.Parse(s.dsn)
		if err != nil {
			return nil, nil, errors.Join(err, listener.Close())
		}
		address, dsn.Host = dsn.Host, listener.Addr().String()
		at.dsn = dsn.String()
	} else {
		config, err := mysql.ParseDSN(s.dsn)
		if err != nil {
			return nil, nil, errors.Join(err, listener.Close())
		}
		address, config.Addr = config.Addr, listener.Addr().String()
		at.dsn = config.FormatDSN()
	}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go delay(client, address)
		}
	}()
	return &at, listener.Close, nil
}

// delay forwards one connection until one side closes it.
func delay(client net.Conn, address string) {
	defer client.Close()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	}()
	buffer := make([]byte, 1<<16)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		time.Sleep(distance)
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
	}
}
