package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken/integration/engine"
)

func TestMariaDBIsFastOnlyWhenAsked(t *testing.T) {
	for _, c := range []struct {
		name string
		opts *engine.Options
		want int
	}{
		{"no options", nil, 1},
		{"fast", &engine.Options{Fast: true}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := openMariaDB(t, startMariaDB(t, c.opts).DSN())
			for _, setting := range []string{"innodb_flush_log_at_trx_commit", "innodb_doublewrite"} {
				if got := mustQuery[int](t, db, "SELECT @@"+setting); got != c.want {
					t.Errorf("%s is %d, want %d", setting, got, c.want)
				}
			}
		})
	}
}

func TestMariaDBThatDoesNotStartQuotesItsLog(t *testing.T) {
	dir := t.TempDir()
	m, err := engine.StartMariaDB(dir, nil)
	engine.Require(t, "mysql", err)
	stopped(t, m)
	if err := m.Start(); err == nil {
		t.Error("a server that runs was started")
	}
	must(t, m.Stop())
	settings, err := os.OpenFile(filepath.Join(dir, "my.cnf"), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	if _, err := settings.WriteString("colour=green\n"); err != nil {
		t.Fatal(err)
	}
	must(t, settings.Close())
	if err := m.Start(); err == nil || !strings.Contains(err.Error(), "unknown variable 'colour=green'") {
		t.Errorf("error %v, want one that names the wrong setting", err)
	}
}
