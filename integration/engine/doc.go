// Package engine starts throwaway database servers for tests: PostgreSQL with standbys, a pooler in front of it, MariaDB, and
// a Galera cluster of three nodes. The tests kill them and look at what is left.
//
// A server keeps everything in the folder that it is given. It listens on an address of its own within 127.0.0.0/8 and on no
// other, so that several stand beside each other and beside those of the system. Where only 127.0.0.1 exists it takes ports
// that are free.
//
// It is a child of the test. On Linux it dies with the test, however that dies; elsewhere only Stop and Kill end it. When root
// runs the test the server runs as the user that its Debian package has made, postgres or mysql.
//
// Nothing is installed and no configuration of the system is read. The programs are looked for in PATH and where Debian puts
// them. Environment variables name other places, and then nothing else is searched:
//
//   - APITOKEN_POSTGRES_BIN is the folder of initdb, postgres and pg_basebackup.
//   - APITOKEN_MARIADB_BIN is the folder, or a list of folders like PATH, of mariadbd and mariadb-install-db.
//   - APITOKEN_PGBOUNCER_BIN is the folder of pgbouncer.
//   - APITOKEN_GALERA_LIB is the file of the Galera library.
//
// What is missing is an [ErrMissing]; [Require] makes a loud skip of it, or a failure.
//
// The methods of a server are for one goroutine at a time. A DSN never changes and is for everybody.
package engine
