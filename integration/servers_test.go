package integration_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/seed-d6cf0a46/apitoken/integration/engine"
)

// The environment variables with the addresses of running servers. Without them the tests start their own.
const (
	envPostgres = "APITOKEN_TEST_POSTGRES" // a URL of a role that may create databases
	envMySQL    = "APITOKEN_TEST_MYSQL"    // a data source name of a user with the right to create databases
	envGalera   = "APITOKEN_TEST_GALERA"   // the data source names of three nodes, separated by spaces; 1 starts a cluster
)

// TestMain ends the servers that the tests have started.
func TestMain(m *testing.M) {
	code := m.Run()
	for _, s := range []*sharedServer{&sharedPostgres, &sharedMySQL, &sharedGalera} {
		if err := s.stop(); err != nil {
			fmt.Fprintf(os.Stderr, "stop %s: %v\n", s.name, err)
			code = 1
		}
	}
	os.Exit(code)
}

// sharedServer is a server that all tests of the process share. The first test that needs it starts it. Its data are temporary,
// so nothing waits for the disk.
type sharedServer struct {
	name     string // in APITOKEN_TEST_REQUIRE
	variable string
	start    func(dir string) (dsns []string, stop func() error, err error)

	once sync.Once
	dsns []string
	err  error
	dir  string
	end  func() error
}

var (
	sharedPostgres = sharedServer{name: "postgres", variable: envPostgres, start: func(dir string) ([]string, func() error, error) {
		p, err := engine.StartPostgres(dir, &engine.Options{Fast: true})
		if err != nil {
			return nil, nil, err
		}
		return []string{p.DSN()}, p.Stop, nil
	}}
	sharedMySQL = sharedServer{name: "mysql", variable: envMySQL, start: func(dir string) ([]string, func() error, error) {
		m, err := engine.StartMariaDB(dir, &engine.Options{Fast: true})
		if err != nil {
			return nil, nil, err
		}
		return []string{m.DSN()}, m.Stop, nil
	}}
	sharedGalera = sharedServer{name: "galera", variable: envGalera, start: func(dir string) ([]string, func() error, error) {
		g, err := engine.StartGalera(dir, &engine.Options{Fast: true})
		if err != nil {
			return nil, nil, err
		}
		return []string{g.DSN(0), g.DSN(1), g.DSN(2)}, g.Stop, nil
	}}
)

// needed returns the data source names of the server, one for each node. The first call starts the server.
func (s *sharedServer) needed(t testing.TB) []string {
	t.Helper()
	s.once.Do(func() {
		if given := os.Getenv(s.variable); given != "" && given != "1" {
			s.dsns = strings.Fields(given)
			return
		}
		if s.dir, s.err = os.MkdirTemp("", "apitoken-"+s.name+"-"); s.err == nil {
			s.dsns, s.end, s.err = s.start(s.dir)
		}
	})
	engine.Require(t, s.name, s.err)
	return s.dsns
}

func (s *sharedServer) stop() (err error) {
	if s.end != nil {
		err = s.end()
	}
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}

// needGalera returns the data source names of the nodes of the cluster. A cluster takes long to start and needs much memory, so
// its tests run only on request.
func needGalera(t testing.TB) []string {
	t.Helper()
	if os.Getenv(envGalera) == "" {
		t.Skipf("NOT TESTED: Galera; set %s=1, as make test-galera does", envGalera)
	}
	return sharedGalera.needed(t)
}
