package engine_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken/integration/engine"
)

func TestMissingProgramNamesItsPackage(t *testing.T) {
	nowhere := t.TempDir()
	postgres := func(t *testing.T) error {
		_, err := engine.StartPostgres(t.TempDir(), nil)
		return err
	}
	mariaDB := func(t *testing.T) error {
		_, err := engine.StartMariaDB(t.TempDir(), nil)
		return err
	}
	galera := func(t *testing.T) error {
		_, err := engine.StartGalera(t.TempDir(), nil)
		return err
	}
	pgBouncer := func(t *testing.T) error {
		_, err := engine.StartPgBouncer(t.TempDir(), "postgres://postgres@127.0.0.1/postgres", 1)
		return err
	}
	haProxy := func(t *testing.T) error {
		_, err := engine.StartHAProxy(t.TempDir(), "postgres://postgres@127.0.0.1/postgres")
		return err
	}
	for _, c := range []struct {
		name        string
		environment map[string]string
		start       func(*testing.T) error
		want        string
	}{
		{"PostgreSQL", map[string]string{"APITOKEN_POSTGRES_BIN": nowhere}, postgres, "postgresql"},
		{"MariaDB", map[string]string{"APITOKEN_MARIADB_BIN": nowhere}, mariaDB, "mariadb-server"},
		{"PgBouncer", map[string]string{"APITOKEN_PGBOUNCER_BIN": nowhere}, pgBouncer, "pgbouncer"},
		{"HAProxy", map[string]string{"APITOKEN_HAPROXY_BIN": nowhere}, haProxy, "haproxy"},
		{"Galera", map[string]string{"APITOKEN_GALERA_LIB": filepath.Join(nowhere, "none")}, galera, "galera-4"},
		{"MariaDB of Galera", map[string]string{"APITOKEN_GALERA_LIB": nowhere, "APITOKEN_MARIADB_BIN": nowhere}, galera, "mariadb-server"},
		{"rsync of Galera", map[string]string{"APITOKEN_GALERA_LIB": nowhere, "PATH": nowhere}, galera, "rsync"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, value := range c.environment {
				t.Setenv(name, value)
			}
			err := c.start(t)
			if !errors.Is(err, engine.ErrMissing) {
				t.Fatalf("error %v, want %v", err, engine.ErrMissing)
			}
			if want := "the Debian package " + c.want + " has it"; !strings.Contains(err.Error(), want) {
				t.Errorf("error %q does not say %q", err, want)
			}
		})
	}
}

// verdict is a test that records how it ends.
type verdict struct {
	testing.TB
	is string
}

func (v *verdict) Helper()                  {}
func (v *verdict) Fatal(...any)             { v.is = "fatal" }
func (v *verdict) Fatalf(string, ...any)    { v.is = "fatal" }
func (v *verdict) Skipf(f string, a ...any) { v.is = fmt.Sprintf(f, a...) }

func TestRequireSkipsLoudlyOrFails(t *testing.T) {
	missing := fmt.Errorf("initdb is %w", engine.ErrMissing)
	for _, c := range []struct {
		name, required string
		err            error
		want           string
	}{
		{"no error", "postgres", nil, ""},
		{"missing, nothing is required", "", missing, "NOT TESTED: initdb is not installed"},
		{"missing, others are required", "mysql,galera", missing, "NOT TESTED: initdb is not installed"},
		{"missing and required", "mysql,postgres", missing, "fatal"},
		{"any other error", "", errors.New("it has no disk"), "fatal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("APITOKEN_TEST_REQUIRE", c.required)
			v := new(verdict)
			engine.Require(v, "postgres", c.err)
			if v.is != c.want {
				t.Errorf("the end is %q, want %q", v.is, c.want)
			}
		})
	}
}
