// Package engine starts temporary database servers for tests: PostgreSQL with a standby, a pooler or a proxy in front of it,
// MariaDB, a Galera cluster of three nodes, and on Linux a cluster of Patroni. Tests can kill the servers. The network of Patroni
// is its own, and tests can cut it.
//
// A server keeps its data in the given folder. It listens only on an address of its own within 127.0.0.0/8, so servers do not
// conflict with each other or with those of the system. If only 127.0.0.1 exists, a server uses free ports.
//
// A server is a child process of the test. On Linux it ends with the test, even if the test is killed. Elsewhere only Stop
// and Kill end it. If root runs the test, the server runs as the user of its Debian package, postgres or mysql.
//
// The package installs nothing and reads no configuration of the system. It searches the programs in PATH and in Debian's
// folders. Environment variables replace these places:
//
//   - APITOKEN_POSTGRES_BIN is the folder of initdb, postgres and pg_basebackup.
//   - APITOKEN_MARIADB_BIN is the folder, or a list of folders like PATH, of mariadbd and mariadb-install-db.
//   - APITOKEN_PGBOUNCER_BIN is the folder of pgbouncer.
//   - APITOKEN_HAPROXY_BIN is the folder of haproxy.
//   - APITOKEN_GALERA_LIB is the file of the Galera library.
//
// A missing program is an [ErrMissing]. [Require] turns it into a skip that says so, or into a failure.
//
// Methods of a server are not safe for concurrent use, except DSN, whose result never changes.
package engine
