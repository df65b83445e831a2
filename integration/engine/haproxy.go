package engine

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
)

// HAProxy is a proxy in front of PostgreSQL servers. It sends connections to the one that accepts writes, and closes the
// connections to a server that it counts as down.
type HAProxy struct {
	behind  []*url.URL // the servers
	address address
	server  server
}

// StartHAProxy starts a proxy in a folder, in front of the servers with the given URLs, whose users need no password.
func StartHAProxy(dir string, postgres ...string) (*HAProxy, error) {
	p, err := newHAProxy(dir, postgres)
	if err != nil {
		return nil, fmt.Errorf("start HAProxy: %w", err)
	}
	if err := p.server.start(); err != nil {
		return nil, fmt.Errorf("start HAProxy: %w", err)
	}
	return p, nil
}

func newHAProxy(dir string, postgres []string) (*HAProxy, error) {
	program := program{farewell: syscall.SIGKILL}
	var err error
	if program.path, err = lookIn(searched("APITOKEN_HAPROXY_BIN", "/usr/sbin", "/usr/bin"), "haproxy", "haproxy"); err != nil {
		return nil, err
	}
	if program.account, err = serverAccount("haproxy", "haproxy"); err != nil {
		return nil, err
	}
	if program.dir, err = program.account.folders(dir, "run"); err != nil {
		return nil, err
	}
	p := new(HAProxy)
	for _, dsn := range postgres {
		u, err := url.Parse(dsn)
		if err != nil {
			return nil, err
		}
		p.behind = append(p.behind, u)
	}
	if p.address, err = freeAddress(5000); err != nil {
		return nil, err
	}
	settings, err := p.settings()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(program.dir, "haproxy.cfg")
	if err := os.WriteFile(file, []byte(settings), 0o644); err != nil {
		return nil, err
	}
	program.args = []string{"-f", file, "-db"}
	program.log = filepath.Join(program.dir, "log")
	p.server = server{program: program, limit: time.Minute, ready: p.knowsThePrimary}
	return p, nil
}

// knowsThePrimary connects more often than there are servers. The proxy takes the servers in turn, and until it has checked them it
// counts a standby as up, which is refused here.
func (p *HAProxy) knowsThePrimary(ctx context.Context) error {
	for range 2 * len(p.behind) {
		conn, err := pgx.Connect(ctx, p.DSN("postgres"))
		if err != nil {
			return err
		}
		if err := conn.Close(ctx); err != nil {
			return err
		}
	}
	return nil
}

// settings returns the configuration. The check of a server asks whether it is a standby.
func (p *HAProxy) settings() (string, error) {
	startup := &pgproto3.StartupMessage{
		ProtocolVersion: pgproto3.ProtocolVersion30,
		Parameters:      map[string]string{"user": p.behind[0].User.Username(), "database": "postgres"},
	}
	var check []string
	for _, m := range []pgproto3.Message{
		startup,
		&pgproto3.Query{String: "SELECT pg_is_in_recovery()"},
		&pgproto3.DataRow{Values: [][]byte{[]byte("f")}},
		&pgproto3.Terminate{},
	} {
		message, err := m.Encode(nil)
		if err != nil {
			return "", err
		}
		do := "send-binary "
		if _, ofServer := m.(*pgproto3.DataRow); ofServer {
			do = "expect binary "
		}
		check = append(check, "tcp-check "+do+hex.EncodeToString(message))
	}
	var servers []string
	for i, u := range p.behind {
		servers = append(servers, fmt.Sprintf("server node%d %s check", i, u.Host))
	}
	return fmt.Sprintf(`
global
  maxconn 500
defaults
  mode tcp
  timeout connect 2s
  timeout check 1s
  timeout client 30m
  timeout server 30m
listen primary
  bind %s
  option tcp-check
  tcp-check connect
  %s
  default-server inter 300ms fall 2 rise 1 on-marked-down shutdown-sessions
  %s
`, p.address.at(0), strings.Join(check, "\n  "), strings.Join(servers, "\n  ")), nil
}

// DSN returns the URL of a database through the proxy for pgx.
func (p *HAProxy) DSN(database string) string {
	host, port, _ := net.SplitHostPort(p.address.at(0))
	dsn := url.URL{Scheme: "postgres", User: url.User(p.behind[0].User.Username()), Host: net.JoinHostPort(host, port), Path: database}
	dsn.RawQuery = "sslmode=disable&connect_timeout=2&target_session_attrs=read-write"
	return dsn.String()
}

// Stop ends the proxy if it runs.
func (p *HAProxy) Stop() error {
	return wrapped(p.server.stop(), "stop HAProxy")
}
