package integration_test

import (
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// proxy is between a driver and a server on the network, and cuts connections for a test. It records the statement at which
// it cut, as seen on the wire: a test that cuts at another one, such as the ping before a connection is reused, proves
// nothing.
type proxy struct {
	listener net.Listener
	server   string // the address
	newWire  func() wire
	serving  sync.WaitGroup

	mu       sync.Mutex
	refusing bool
	links    map[*link]bool
	seen     []string // statements, in order
	cutting  *severance
	severed  []severance // the completed ones
}

// severance is an order to cut a connection, and its result.
type severance struct {
	at     func(text string) bool // selects the statement
	after  bool                   // after the server has run the statement; its answer is dropped
	refuse bool                   // from then on all connections are refused
	silent bool                   // drop all messages instead of closing the connection
	then   func()                 // is called afterwards; may be nil

	text   string // the statement
	sent   bool   // to the server
	answer string // of the server, if it was dropped
}

// link is one connection of a driver with its connection to the server.
type link struct {
	client, server net.Conn
	wire           wire
	swallow        *severance // guarded by the proxy's mu
	silent         bool       // guarded by the proxy's mu
}

// through returns a database whose connections go through a proxy.
func (d database) through(t *testing.T) (database, *proxy) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	p := &proxy{listener: listener, links: map[*link]bool{}, newWire: newPostgresWire}
	if d.driver != "pgx" {
		hushMySQL(t)
		p.newWire = newMySQLWire
	}
	d, p.server = d.reachedAt(t, listener.Addr().String())
	p.serving.Go(p.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		p.refuse(true)
		p.serving.Wait()
	})
	return d, p
}

// reachedAt returns the database under another address, and the address of its server.
func (d database) reachedAt(t *testing.T, address string) (proxied database, server string) {
	t.Helper()
	if d.driver == "pgx" {
		dsn, err := url.Parse(d.dsns[0])
		must(t, err)
		server, dsn.Host = dsn.Host, address
		d.dsns = []string{dsn.String()}
		return d, server
	}
	config := parseMySQL(t, d.dsns[0])
	server, config.Addr = config.Addr, address
	d.dsns = []string{config.FormatDSN()}
	return d, server
}

// cut orders a cut of the next connection that sends the statement.
func (p *proxy) cut(s severance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cutting = &s
}

// cuts returns the cuts since the last call.
func (p *proxy) cuts() []severance {
	p.mu.Lock()
	defer p.mu.Unlock()
	severed := p.severed
	p.severed, p.cutting = nil, nil
	return severed
}

// statements returns the statements since the last call.
func (p *proxy) statements() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := p.seen
	p.seen = nil
	return seen
}

// refuse turns refusing on or off. Turning it on closes all connections.
func (p *proxy) refuse(refuse bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusing = refuse
	if refuse {
		for l := range p.links {
			l.close()
		}
	}
}

// forget drops all further messages of the connections that are open, as a firewall that has forgotten them does. It returns
// their number.
func (p *proxy) forget() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.silent = true
	}
	return len(p.links)
}

// awaitNoConnection waits until all connections are closed.
func (p *proxy) awaitNoConnection(t *testing.T) {
	t.Helper()
	open := func() int {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.links)
	}
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	late := time.After(longestWait)
	for open() > 0 {
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("%d connections are open after %v", open(), longestWait)
		}
	}
}

// hangUp closes the silent connections.
func (p *proxy) hangUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		if l.silent {
			l.close()
		}
	}
}

func (l *link) close() {
	_ = l.client.Close()
	_ = l.server.Close()
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // the test is over
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		l := &link{client: client, server: server, wire: p.newWire()}
		p.mu.Lock()
		p.links[l] = true
		if p.refusing {
			l.close()
		}
		p.mu.Unlock()
		p.serving.Go(func() {
			p.forward(l)
			p.mu.Lock()
			defer p.mu.Unlock()
			delete(p.links, l)
		})
	}
}

// forward forwards the messages of both sides until one of them closes or is cut.
func (p *proxy) forward(l *link) {
	var both sync.WaitGroup
	both.Go(func() { pass(l, l.client, l.server, p.fromClient) })
	both.Go(func() { pass(l, l.server, l.client, p.fromServer) })
	both.Wait()
}

// fate is the handling of a message.
type fate int

const (
	forwarded fate = iota
	dropped
	cutOff // with the connection
)

func pass(l *link, from, to net.Conn, look func(*link, message) fate) {
	defer l.close()
	for {
		m, err := l.wire.read(from, from == l.client)
		if err != nil {
			return
		}
		switch look(l, m) {
		case forwarded:
			if _, err := to.Write(m.raw); err != nil {
				return
			}
		case cutOff:
			return
		}
	}
}

// fromClient sees a message before the server does.
func (p *proxy) fromClient(l *link, m message) fate {
	text := l.wire.statement(m)
	p.mu.Lock()
	defer p.mu.Unlock()
	if l.silent {
		return dropped
	}
	if text == "" || strings.Contains(text, "-- ping") {
		return forwarded
	}
	p.seen = append(p.seen, text)
	s := p.cutting
	if s == nil || !s.at(text) {
		return forwarded
	}
	p.cutting = nil
	s.text, s.sent = text, s.after
	if s.after {
		l.swallow = s // the remaining messages of the statement are forwarded
		return forwarded
	}
	return p.sever(l, s)
}

// fromServer sees a message before the client does.
func (p *proxy) fromServer(l *link, m message) fate {
	answer := l.wire.answer(m)
	p.mu.Lock()
	defer p.mu.Unlock()
	if l.silent {
		return dropped
	}
	s := l.swallow
	if s == nil || answer == "" { // the answer is not complete
		return forwarded
	}
	s.answer = answer
	return p.sever(l, s)
}

// sever cuts a connection, or makes it silent. The proxy's mu is held.
func (p *proxy) sever(l *link, s *severance) fate {
	p.severed = append(p.severed, *s)
	if s.then != nil {
		s.then()
	}
	if s.silent {
		l.silent = true
		return dropped
	}
	l.close()
	if s.refuse {
		p.refusing = true
		for other := range p.links {
			other.close()
		}
	}
	return cutOff
}
