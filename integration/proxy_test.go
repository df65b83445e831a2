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

	text   string // the statement
	sent   bool   // to the server
	answer string // of the server, where it is swallowed
}

// link is one connection of a driver, and the one to the server that goes with it.
type link struct {
	client, server net.Conn
	wire           wire
	swallow        *severance // guarded by the proxy's mu
}

// through is a database behind a proxy.
func (d database) through(t *testing.T) (database, *proxy) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, links: map[*link]bool{}}
	here := listener.Addr().String()
	if d.driver == "pgx" {
		dsn, err := url.Parse(d.dsns[0])
		if err != nil {
			t.Fatal(err)
		}
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

func pass(l *link, from, to net.Conn, look func(*link, message) (goOn bool)) {
	defer l.close()
	for {
		m, err := l.wire.read(from, from == l.client)
		if err != nil || !look(l, m) {
			return
		}
		if _, err := to.Write(m.raw); err != nil {
			return
		}
	}
}

// fromClient sees a message before the server does.
func (p *proxy) fromClient(l *link, m message) (goOn bool) {
	text := l.wire.statement(m)
	if text == "" || strings.Contains(text, "-- ping") {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, text)
	s := p.cutting
	if s == nil || !s.at(text) {
		return true
	}
	p.cutting = nil
	s.text, s.sent = text, s.after
	if s.after {
		l.swallow = s // and the rest of what belongs to the statement goes on to the server
		return true
	}
	p.sever(l, s)
	return false
}

// fromServer sees a message before the client does.
func (p *proxy) fromServer(l *link, m message) (goOn bool) {
	answer := l.wire.answer(m)
	p.mu.Lock()
	defer p.mu.Unlock()
	s := l.swallow
	if s == nil {
		return true
	}
	if answer == "" {
		return true // there is more to come, such as rows
	}
	s.answer = answer
	p.sever(l, s)
	return false
}

// sever cuts a connection. The proxy's mu is held.
func (p *proxy) sever(l *link, s *severance) {
	p.severed = append(p.severed, *s)
	l.close()
	if !s.refuse {
		return
	}
	p.refusing = true
	for other := range p.links {
		other.close()
	}
}
