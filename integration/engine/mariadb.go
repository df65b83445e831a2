package engine

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"
)

// MariaDB is a MariaDB server.
type MariaDB struct {
	install string // the program that initializes the data
	address address
	server  server
}

// StartMariaDB makes an empty MariaDB server in a folder and starts it. Settings that affect results, such as the collation and
// sql_mode, have their defaults.
func StartMariaDB(dir string, opts *Options) (*MariaDB, error) {
	m, err := newMariaDB(dir, opts.fast(), 3306)
	if err != nil {
		return nil, fmt.Errorf("start MariaDB: %w", err)
	}
	if err := m.makeData(); err != nil {
		return nil, fmt.Errorf("start MariaDB: %w", err)
	}
	if err := m.Start(); err != nil {
		return nil, err
	}
	return m, nil
}

// newMariaDB prepares a server without data. The first port is the one for clients.
func newMariaDB(dir string, fast bool, ports ...int) (*MariaDB, error) {
	folders := searched("APITOKEN_MARIADB_BIN", "/usr/sbin", "/usr/bin")
	mariadbd, err := lookIn(folders, "mariadbd", "mariadb-server")
	if err != nil {
		return nil, err
	}
	m := new(MariaDB)
	if m.install, err = lookIn(folders, "mariadb-install-db", "mariadb-server"); err != nil {
		return nil, err
	}
	account, err := serverAccount("mysql", "mariadb-server")
	if err != nil {
		return nil, err
	}
	if dir, err = account.folders(dir, "data", "tmp"); err != nil {
		return nil, err
	}
	if m.address, err = freeAddress(ports...); err != nil {
		return nil, err
	}
	settings := filepath.Join(dir, "my.cnf")
	if err := os.WriteFile(settings, []byte(m.settings(dir, fast)), 0o644); err != nil {
		return nil, err
	}
	m.server = server{
		program: program{
			path:     mariadbd,
			args:     []string{"--defaults-file=" + settings},
			dir:      dir,
			log:      filepath.Join(dir, "log"),
			account:  account,
			farewell: syscall.SIGKILL,
		},
		limit: time.Minute,
		ready: func(ctx context.Context) error { return m.status(ctx, nil) },
	}
	return m, nil
}

// settings returns the configuration of the server, which replaces that of the system.
func (m *MariaDB) settings(dir string, fast bool) string {
	lines := []string{
		"[mysqld]",
		`datadir="` + filepath.Join(dir, "data") + `"`,
		`tmpdir="` + filepath.Join(dir, "tmp") + `"`,
		"socket=mariadbd.sock", // within the data: a full path would be too long in some folders
		"pid-file=mariadbd.pid",
		"bind-address=" + m.address.host,
		fmt.Sprintf("port=%d", m.address.ports[0]),
		"skip-name-resolve",
		"performance-schema=OFF",
		"innodb-buffer-pool-size=64M",
		"innodb-log-file-size=48M",
		"max-connections=200",
	}
	if fast {
		lines = append(lines, "innodb-flush-log-at-trx-commit=0", "innodb-doublewrite=0")
	} else {
		lines = append(lines, "innodb-flush-log-at-trx-commit=1", "innodb-doublewrite=1")
	}
	return strings.Join(lines, "\n") + "\n"
}

// makeData creates the system tables, the user and the database.
func (m *MariaDB) makeData() error {
	// The tool has not loaded the privileges before it runs this.
	const statements = `
CREATE DATABASE test;
FLUSH PRIVILEGES;
CREATE USER 'test'@'%' IDENTIFIED BY 'test';
GRANT ALL ON *.* TO 'test'@'%' WITH GRANT OPTION;
`
	tool := m.server.program
	file := filepath.Join(tool.dir, "user.sql")
	if err := os.WriteFile(file, []byte(statements), 0o644); err != nil {
		return err
	}
	tool.path = m.install
	settings := tool.args[:1:1] // the others are about nodes of a cluster
	tool.args = append(settings, "--auth-root-authentication-method=normal", "--skip-test-db", "--extra-file="+file)
	tool.log = filepath.Join(tool.dir, "mariadb-install-db.log")
	return tool.run(m.server.limit)
}

// DSN returns the data source name of the server for go-sql-driver/mysql, without parameters. The user test has all rights.
func (m *MariaDB) DSN() string { return "test:test@tcp(" + m.address.at(0) + ")/test" }

// Kill kills the server, like a crash, and waits until it is gone.
func (m *MariaDB) Kill() error {
	return wrapped(m.server.kill(), "kill MariaDB")
}

// Start starts the server again after Kill or Stop, with the same DSN.
func (m *MariaDB) Start() error {
	return wrapped(m.server.start(), "start MariaDB")
}

// Stop ends the server if it runs.
func (m *MariaDB) Stop() error {
	return wrapped(m.server.stop(), "stop MariaDB")
}

// status returns an error if the server cannot be reached, or if one of its status variables differs.
func (m *MariaDB) status(ctx context.Context, want map[string]string) error {
	config, err := mysql.ParseDSN(m.DSN())
	if err != nil {
		return err
	}
	config.Timeout = 2 * time.Second
	config.Logger = new(mysql.NopLogger)
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	if err := db.PingContext(ctx); err != nil {
		return err
	}
	for name, value := range want {
		var got string
		if err := db.QueryRowContext(ctx, "SHOW STATUS LIKE '"+name+"'").Scan(&name, &got); err != nil {
			return fmt.Errorf("the status variable %s: %w", name, err)
		}
		if got != value {
			return fmt.Errorf("the status variable %s is %s", name, got)
		}
	}
	return nil
}
