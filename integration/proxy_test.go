package integration_test

import (
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// proxy stands between a driver and a server on the network, and cuts connections where a test tells it to. What it cuts it
// has seen on the wire: a test that cuts something else than it means to, such as the ping before a connection is used
// again, proves nothing.
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
	severed  []severance // what became of each
}

// severance is where connections are to be cut, and how far they got.
type severance struct {
	at     func(text string) bool // which statement
	after  bool                   // the server is to have done it, and its answer is swallowed
	refuse bool                   // from then on nobody gets through
	silent bool                   // it is not cut, but neither side hears anything more
	then   func()                 // what to do when it has happened; nil: nothing

	text   string // the statement
	sent   bool   // to the server
	answer string // of the server, where it is swallowed
}

// link is one connection of a driver, and the one to the server that goes with it.
type link struct {
	client, server net.Conn
	wire           wire
	swallow        *severance // guarded by the proxy's mu
	silent         bool       // guarded by the proxy's mu
}

// through is a database behind a proxy.
func (d database) through(t *testing.T) (database, *proxy) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	p := &proxy{listener: listener, links: map[*link]bool{}}
	here := listener.Addr().String()
	if d.driver == "pgx" {
		dsn, err := url.Parse(d.dsns[0])
		must(t, err)
		p.server, p.newWire = dsn.Host, newPostgresWire
		dsn.Host = here
		d.dsns = []string{dsn.String()}
	} else {
		hushMySQL(t)
		config := parseMySQL(t, d.dsns[0])
		p.server, p.newWire = config.Addr, newMySQLWire
		config.Addr = here
		d.dsns = []string{config.FormatDSN()}
	}
	p.serving.Go(p.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		p.refuse(true)
		p.serving.Wait()
	})
	return d, p
}

// cut has the next connection that sends such a statement be cut.
func (p *proxy) cut(s severance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cutting = &s
}

// cuts are those that were made since they were last asked for.
func (p *proxy) cuts() []severance {
	p.mu.Lock()
	defer p.mu.Unlock()
	severed := p.severed
	p.severed, p.cutting = nil, nil
	return severed
}

// statements are those that were sent since they were last asked for.
func (p *proxy) statements() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := p.seen
	p.seen = nil
	return seen
}

// refuse lets nobody through, or everybody. Who is through already is thrown out.
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

// hangUp ends the connections that have fallen silent.
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

// forward passes on what both sides say, message by message, until one of them ends or is cut.
func (p *proxy) forward(l *link) {
	var both sync.WaitGroup
	both.Go(func() { pass(l, l.client, l.server, p.fromClient) })
	both.Go(func() { pass(l, l.server, l.client, p.fromServer) })
	both.Wait()
}

// fate is what becomes of a message.
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
		l.swallow = s // and the rest of what belongs to the statement goes on to the server
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
	if s == nil || answer == "" { // or there is more to come, such as rows
		return forwarded
	}
	s.answer = answer
	return p.sever(l, s)
}

// sever cuts a connection, or has it fall silent. The proxy's mu is held.
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
