package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Patroni is a cluster of two PostgreSQL servers, nodes 0 and 1. An agent beside each server decides with the others, through
// etcd, which one is the primary. There are two hosts, 0 and 1, from which clients connect; each has an HAProxy.
//
// The network has two sides, which can be separated: node 0 and host 0; and node 1, host 1 and etcd.
type Patroni struct {
	dir     string
	account *account
	etcd    *server
	agents  [2]*server
	proxies [2]*server
}

// PatroniOptions are settings of a cluster.
type PatroniOptions struct {
	// Lenient lets a primary that loses its standby acknowledge writes alone: synchronous_mode without synchronous_mode_strict.
	Lenient bool
}

// The addresses of a cluster, for clients on its hosts.
const (
	PatroniNode0 = "10.80.0.1:5432"
	PatroniNode1 = "10.80.0.2:5432"
	PatroniProxy = "127.0.0.1:5000"

	patroniREST = "8008"
	etcdAddress = "10.80.0.3:2379"
)

const (
	switches  namespace = "apitoken-ha-switch"
	etcdSpace namespace = "apitoken-ha-etcd"
)

var (
	nodeSpaces = [2]namespace{"apitoken-ha-node0", "apitoken-ha-node1"}
	hostSpaces = [2]namespace{"apitoken-ha-host0", "apitoken-ha-host1"}
	nodeIPs    = [2]string{"10.80.0.1", "10.80.0.2"}
)

// StartPatroni makes an empty cluster in a folder, and returns when its primary waits for its standby. It needs root, because it
// makes networks, and there is one cluster at a time on a machine. What a killed test has left of an earlier one is ended.
func StartPatroni(dir string, opts *PatroniOptions) (*Patroni, error) {
	if opts == nil {
		opts = &PatroniOptions{}
	}
	p, err := newPatroni(dir, opts.Lenient)
	if err != nil {
		return nil, fmt.Errorf("start Patroni: %w", err)
	}
	if err := p.start(); err != nil {
		return nil, fmt.Errorf("start Patroni: %w", errors.Join(err, p.Stop()))
	}
	return p, nil
}

func newPatroni(dir string, lenient bool) (*Patroni, error) {
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("a network of its own is %w: root makes it", ErrMissing)
	}
	bin, err := postgresBin()
	if err != nil {
		return nil, err
	}
	paths := map[string]string{}
	for name, debianPackage := range map[string]string{"patroni": "patroni", "etcd": "etcd-server", "haproxy": "haproxy", "ip": "iproute2"} {
		if paths[name], err = lookIn(searched("", "/usr/sbin", "/usr/bin", "/sbin", "/bin"), name, debianPackage); err != nil {
			return nil, err
		}
	}
	p := new(Patroni)
	if p.account, err = serverAccount("postgres", "postgresql"); err != nil {
		return nil, err
	}
	if p.dir, err = p.account.folders(dir, "node0", "node1"); err != nil {
		return nil, err
	}
	p.etcd = p.server(etcdSpace, paths["etcd"], "etcd", p.etcdAnswers,
		"--data-dir", filepath.Join(p.dir, "etcd"),
		"--listen-client-urls", "http://"+etcdAddress, "--advertise-client-urls", "http://"+etcdAddress,
		"--listen-peer-urls", "http://10.80.0.3:2380", "--initial-advertise-peer-urls", "http://10.80.0.3:2380",
		"--initial-cluster", "default=http://10.80.0.3:2380",
	)
	for i := range p.agents {
		config := filepath.Join(p.dir, fmt.Sprintf("node%d.yml", i))
		if err := os.WriteFile(config, []byte(p.agentConfig(i, bin, lenient)), 0o644); err != nil {
			return nil, err
		}
		p.agents[i] = p.server(nodeSpaces[i], paths["patroni"], fmt.Sprintf("agent%d", i), p.runs(i), config)
		p.agents[i].program.account = p.account
		proxy := filepath.Join(p.dir, "haproxy.cfg")
		if err := os.WriteFile(proxy, []byte(proxyConfig), 0o644); err != nil {
			return nil, err
		}
		p.proxies[i] = p.server(hostSpaces[i], paths["haproxy"], fmt.Sprintf("proxy%d", i), p.proxyListens(i), "-f", proxy, "-db")
	}
	return p, nil
}

func (p *Patroni) server(n namespace, path, name string, ready func(context.Context) error, args ...string) *server {
	return &server{
		program: program{
			path: path, args: args, dir: p.dir, log: filepath.Join(p.dir, name+".log"), network: n, farewell: syscall.SIGKILL,
		},
		limit: time.Minute, ready: ready,
	}
}

// agentConfig keeps the times short: the leadership of a primary that is not heard of ends after 20 s, the least that Patroni takes.
func (p *Patroni) agentConfig(i int, bin string, lenient bool) string {
	return fmt.Sprintf(`
scope: apitoken
name: node%[1]d
restapi: {listen: "%[2]s:%[3]s", connect_address: "%[2]s:%[3]s"}
etcd3: {host: "%[4]s"}
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 5
    retry_timeout: 5
    primary_start_timeout: 0
    synchronous_mode: true
    synchronous_mode_strict: %[5]t
    postgresql: {use_pg_rewind: true, parameters: {max_connections: 100, shared_buffers: 32MB, wal_log_hints: "on"}}
  initdb: [{encoding: UTF8}, {locale: C}]
  pg_hba: ["host all all 0.0.0.0/0 trust", "local all all trust", "host replication all 0.0.0.0/0 trust"]
postgresql:
  listen: "%[2]s:5432"
  connect_address: "%[2]s:5432"
  data_dir: %[6]s/data
  bin_dir: %[7]s
  pgpass: %[6]s/pgpass
  authentication:
    superuser: {username: postgres, password: x}
    replication: {username: standby, password: x}
    rewind: {username: rewinder, password: x}
  parameters: {unix_socket_directories: %[6]s, dynamic_shared_memory_type: mmap}
`, i, nodeIPs[i], patroniREST, etcdAddress, !lenient, filepath.Join(p.dir, fmt.Sprintf("node%d", i)), bin)
}

const proxyConfig = `
global
  maxconn 200
defaults
  mode tcp
  timeout connect 2s
  timeout client 30m
  timeout server 30m
listen primary
  bind ` + PatroniProxy + `
  option httpchk OPTIONS /primary
  http-check expect status 200
  default-server inter 1s fall 3 rise 2 on-marked-down shutdown-sessions
  server node0 ` + PatroniNode0 + ` check port ` + patroniREST + `
  server node1 ` + PatroniNode1 + ` check port ` + patroniREST + `
`

func (p *Patroni) start() error {
	if err := endNamespaces(); err != nil {
		return err
	}
	left := map[namespace]string{nodeSpaces[0]: nodeIPs[0], hostSpaces[0]: "10.80.0.11"}
	right := map[namespace]string{nodeSpaces[1]: nodeIPs[1], hostSpaces[1]: "10.80.0.12", etcdSpace: "10.80.0.3"}
	if err := twoSides(switches, left, right); err != nil {
		return err
	}
	for _, s := range []*server{p.etcd, p.agents[0], p.agents[1], p.proxies[0], p.proxies[1]} {
		if err := s.start(); err != nil {
			return err
		}
	}
	return p.AwaitBoth(time.Minute)
}

// endNamespaces ends everything in the namespaces of a cluster, and removes them.
func endNamespaces() (err error) {
	for _, n := range []namespace{nodeSpaces[0], nodeSpaces[1], hostSpaces[0], hostSpaces[1], etcdSpace, switches} {
		if _, statErr := os.Stat(filepath.Join("/run/netns", string(n))); statErr != nil {
			continue
		}
		killErr := n.kill()
		_, removeErr := ip("netns", "del", string(n))
		err = errors.Join(err, killErr, removeErr)
	}
	return err
}

// Stop ends the cluster and its network.
func (p *Patroni) Stop() error {
	for i := range p.agents {
		_ = p.signal(i, syscall.SIGCONT) // a hung agent cannot end
	}
	return endNamespaces()
}

// Dialer returns how a client on a host connects.
func (p *Patroni) Dialer(host int) func(ctx context.Context, network, address string) (net.Conn, error) {
	return hostSpaces[host].dial
}

// Cut separates the two sides, without a word to either: packets vanish.
func (p *Patroni) Cut() error {
	_, err := ip("-n", string(switches), "link", "set", middle, "down")
	return err
}

// Heal ends what Cut began.
func (p *Patroni) Heal() error {
	_, err := ip("-n", string(switches), "link", "set", middle, "up")
	return err
}

// Hang stops the agent of a node as if it hung; the server goes on. Resume lets it continue.
func (p *Patroni) Hang(node int) error { return p.signal(node, syscall.SIGSTOP) }

// Resume continues an agent after Hang.
func (p *Patroni) Resume(node int) error { return p.signal(node, syscall.SIGCONT) }

func (p *Patroni) signal(node int, signal syscall.Signal) error {
	s := p.agents[node]
	if !s.running() {
		return errNotRunning
	}
	return s.process.cmd.Process.Signal(signal)
}

// Kill kills the server and the agent of a node. Start starts the agent, which starts the server.
func (p *Patroni) Kill(node int) error {
	if !p.agents[node].running() {
		return errNotRunning
	}
	p.agents[node].process = nil
	return nodeSpaces[node].kill()
}

// Start starts the agent of a node that was killed.
func (p *Patroni) Start(node int) error { return p.agents[node].start() }

// Restart ends the agent of a node, which ends the server, and starts them again.
func (p *Patroni) Restart(node int) error {
	s := p.agents[node]
	if s.process == nil {
		return errNotRunning
	}
	process := s.process
	s.process = nil
	if err := process.end(syscall.SIGTERM); err != nil {
		return err
	}
	return s.start()
}

// Primary returns the node that is the primary and knows that it still is. ok is false if neither says so, or both do.
func (p *Patroni) Primary(ctx context.Context) (node int, ok bool) {
	is := [2]bool{p.says(ctx, 0, "primary"), p.says(ctx, 1, "primary")}
	if is[0] == is[1] {
		return 0, false
	}
	if is[1] {
		return 1, true
	}
	return 0, true
}

// AwaitPrimary returns when that node, and no other, is the primary.
func (p *Patroni) AwaitPrimary(node int, limit time.Duration) error {
	return within(limit, fmt.Sprintf("node %d is the primary", node), func(ctx context.Context) bool { return p.says(ctx, node, "primary") })
}

// AwaitAny returns when one of the nodes is the primary.
func (p *Patroni) AwaitAny(limit time.Duration) error {
	return within(limit, "one node is the primary", func(ctx context.Context) bool {
		_, ok := p.Primary(ctx)
		return ok
	})
}

// AwaitBoth returns when one node is the primary and the other one its synchronous standby.
func (p *Patroni) AwaitBoth(limit time.Duration) error {
	return within(limit, "both nodes work together", func(ctx context.Context) bool {
		primary, ok := p.Primary(ctx)
		return ok && p.says(ctx, 1-primary, "sync")
	})
}

// MakePrimary makes a node the primary, in a planned change.
func (p *Patroni) MakePrimary(node int) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if p.says(ctx, node, "primary") {
		return nil
	}
	body := strings.NewReader(fmt.Sprintf(`{"leader": "node%d", "candidate": "node%d"}`, 1-node, node))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url(1-node, "switchover"), body)
	if err != nil {
		return err
	}
	client := p.client(1 - node)
	client.Timeout = 0 // that of the context
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusOK {
		return fmt.Errorf("switchover: %s, %w", answer.Status, err)
	}
	return p.AwaitBoth(time.Minute)
}

// within polls a condition until it is met.
func within(limit time.Duration, what string, met func(context.Context) bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for !met(ctx) {
		select {
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("not within %v: %s", limit, what)
		}
	}
	return nil
}

// says reports whether the agent of a node answers a question about its role with yes. It is asked on its own side.
func (p *Patroni) says(ctx context.Context, node int, question string) bool {
	return answersOK(ctx, p.client(node), p.url(node, question)) == nil
}

func (p *Patroni) url(node int, path string) string {
	return "http://" + net.JoinHostPort(nodeIPs[node], patroniREST) + "/" + path
}

func (p *Patroni) client(host int) *http.Client { return clientIn(hostSpaces[host]) }

func clientIn(n namespace) *http.Client {
	return &http.Client{Timeout: time.Second, Transport: &http.Transport{DialContext: n.dial, DisableKeepAlives: true}}
}

func answersOK(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s, %w", url, answer.Status, err)
	}
	return nil
}

func (p *Patroni) etcdAnswers(ctx context.Context) error {
	return answersOK(ctx, clientIn(etcdSpace), "http://"+etcdAddress+"/health")
}

// runs asks whether the server of a node runs, in whatever role.
func (p *Patroni) runs(node int) func(context.Context) error {
	return func(ctx context.Context) error { return answersOK(ctx, p.client(node), p.url(node, "health")) }
}

func (p *Patroni) proxyListens(host int) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := hostSpaces[host].dial(ctx, "tcp", PatroniProxy)
		if err != nil {
			return err
		}
		return conn.Close()
	}
}
