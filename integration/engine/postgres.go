package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options are settings of a server. nil means the zero value.
type Options struct {
	// Fast makes the server acknowledge writes before they are on the disk, for tests without crashes. When the server is killed,
	// acknowledged writes may be lost. By default all acknowledged writes are on the disk.
	Fast bool
}

func (o *Options) fast() bool { return o != nil && o.Fast }

// Postgres is a PostgreSQL server, a primary or a standby.
type Postgres struct {
	name    string // for other servers
	bin     string // the folder of the programs
	dir     string
	fast    bool
	address address
	server  server
}

// StartPostgres makes an empty PostgreSQL server in a folder and starts it. Settings that affect results have their defaults. The
// encoding is UTF-8 and the locale C.
func StartPostgres(dir string, opts *Options) (*Postgres, error) {
	p, err := newPostgres("primary", dir, opts.fast())
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	initdb := []string{"-D", p.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"}
	if err := p.tool("initdb", initdb...).run(p.server.limit); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	if err := p.Start(); err != nil {
		return nil, err
	}
	return p, nil
}

// newPostgres prepares a server without data.
func newPostgres(name, dir string, fast bool) (*Postgres, error) {
	bin, err := postgresBin()
	if err != nil {
		return nil, err
	}
	account, err := serverAccount("postgres", "postgresql")
	if err != nil {
		return nil, err
	}
	p := &Postgres{name: name, bin: bin, fast: fast}
	if p.dir, err = account.folders(dir, "data"); err != nil {
		return nil, err
	}
	if p.address, err = freeAddress(5432); err != nil {
		return nil, err
	}
	p.server = server{
		program: program{
			path:     filepath.Join(bin, "postgres"),
			args:     p.arguments(),
			dir:      p.dir,
			log:      filepath.Join(p.dir, "log"),
			account:  account,
			farewell: syscall.SIGQUIT, // on SIGKILL it would leave its shared memory behind
		},
		limit: time.Minute,
		ready: func(ctx context.Context) error { return p.exec(ctx, "SELECT 1") },
	}
	return p, nil
}

// arguments returns the arguments of the server.
func (p *Postgres) arguments() []string {
	settings := []string{
		"cluster_name=" + p.name,
		"listen_addresses=" + p.address.host,
		"port=" + strconv.Itoa(p.address.ports[0]),
		"unix_socket_directories=",        // the path would be too long in some folders
		"dynamic_shared_memory_type=mmap", // in the data, and not where it is left behind
		"shared_buffers=32MB",
		"max_connections=200",
		"wal_keep_size=256MB", // for a standby that was away
	}
	if p.fast {
		settings = append(settings, "fsync=off", "full_page_writes=off")
	}
	args := []string{"-D", p.data()}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	return args
}

func (p *Postgres) data() string { return filepath.Join(p.dir, "data") }

// tool returns one of the programs that prepare a server.
func (p *Postgres) tool(name string, args ...string) program {
	return program{
		path:     filepath.Join(p.bin, name),
		args:     args,
		dir:      p.dir,
		log:      filepath.Join(p.dir, name+".log"),
		account:  p.server.program.account,
		farewell: syscall.SIGKILL,
	}
}

// DSN returns the URL of this server for pgx. The user postgres has all rights and needs no password.
func (p *Postgres) DSN() string {
	return "postgres://postgres@" + p.address.at(0) + "/postgres?sslmode=disable&connect_timeout=10"
}

// ReadWriteDSN returns the URL of several servers for pgx. Connections go to the one that accepts writes, so they follow a
// promotion.
func ReadWriteDSN(servers ...*Postgres) string {
	var hosts []string
	for _, p := range servers {
		hosts = append(hosts, p.address.at(0))
	}
	return "postgres://postgres@" + strings.Join(hosts, ",") + "/postgres?sslmode=disable&connect_timeout=2&target_session_attrs=read-write"
}

// Kill kills the server, like a crash, and waits until all of its processes are gone.
func (p *Postgres) Kill() error {
	return wrapped(p.server.kill(), "kill PostgreSQL %s", p.name)
}

// Start starts the server again after Kill or Stop, with the same DSN. Never start a primary whose standby was promoted:
// there would be two primaries.
func (p *Postgres) Start() error {
	return wrapped(p.server.start(), "start PostgreSQL %s", p.name)
}

// Stop ends the server if it runs. Its standby keeps running.
func (p *Postgres) Stop() error {
	return wrapped(p.server.stop(), "stop PostgreSQL %s", p.name)
}

// exec runs statements on a new connection.
func (p *Postgres) exec(ctx context.Context, statements ...string) error {
	conn, err := pgx.Connect(ctx, p.DSN())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// postgresBin returns the folder of the programs of PostgreSQL, the newest version if there are several.
func postgresBin() (string, error) {
	folders := searched("APITOKEN_POSTGRES_BIN")
	if os.Getenv("APITOKEN_POSTGRES_BIN") == "" {
		found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
		if err != nil {
			return "", err
		}
		version := func(bin string) int {
			n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin))) // a folder without a number comes last
			return n
		}
		slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
		folders = append(folders, found...)
	}
	initdb, err := lookIn(folders, "initdb", "postgresql")
	if err != nil {
		return "", err
	}
	// initdb may be a link in a folder without the other programs.
	if initdb, err = filepath.EvalSymlinks(initdb); err != nil {
		return "", err
	}
	return filepath.Dir(initdb), nil
}
