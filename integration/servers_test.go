package integration_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

// The environment variables that point the tests at servers which run already. Without them the tests start their own.
const (
	envPostgres = "APITOKEN_TEST_POSTGRES" // a URL of a role that may create databases
	envMySQL    = "APITOKEN_TEST_MYSQL"    // a data source name of a user who may create databases
	envGalera   = "APITOKEN_TEST_GALERA"   // three data source names, one of each node, with spaces between them
)

// TestMain ends the servers that the tests have started.
func TestMain(m *testing.M) {
	code := m.Run()
	for _, stop := range started.stops {
		if err := stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop a server:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// started are the servers that all tests of the process share, each started by the first test that needs it.
var started struct {
	mu    sync.Mutex
	stops []func() error
}

// postgresDSN is the URL of the PostgreSQL server that the tests share.
func postgresDSN(t testing.TB) string {
	t.Helper()
	return os.Getenv(envPostgres)
}

// mysqlDSN is the data source name of the MySQL or MariaDB server that the tests share.
func mysqlDSN(t testing.TB) string {
	t.Helper()
	return os.Getenv(envMySQL)
}

// galeraDSNs are the data source names of the nodes of the Galera cluster that the tests share.
func galeraDSNs(t testing.TB) []string {
	t.Helper()
	return strings.Fields(os.Getenv(envGalera))
}
