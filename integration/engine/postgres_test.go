package engine_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/seed-d6cf0a46/apitoken/integration/engine"
)

func TestPostgresKeepsWhatItAcknowledged(t *testing.T) {
	long(t)
	p := startPostgres(t, nil)
	db := openPostgres(t, p.DSN())
	expectWhatWasCommitted(t, p, db)
	expectStopped(t, p, postgresPID(t, db))
}

func TestPostgresIsFastOnlyWhenAsked(t *testing.T) {
	for _, c := range []struct {
		name string
		opts *engine.Options
		want string
	}{
		{"no options", nil, "on"},
		{"fast", &engine.Options{Fast: true}, "off"},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := openPostgres(t, startPostgres(t, c.opts).DSN())
			for _, setting := range []string{"fsync", "full_page_writes"} {
				if got := mustQuery[string](t, db, "SHOW "+setting); got != c.want {
					t.Errorf("%s is %s, want %s", setting, got, c.want)
				}
			}
			if got := mustQuery[string](t, db, "SHOW server_encoding"); got != "UTF8" {
				t.Errorf("the encoding is %s", got)
			}
		})
	}
}

func TestPostgresThatDoesNotStartQuotesItsLog(t *testing.T) {
	p := startPostgres(t, nil)
	settings := mustQuery[string](t, openPostgres(t, p.DSN()), "SHOW config_file")
	if err := p.Start(); err == nil {
		t.Error("a server that runs was started")
	}
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(settings, []byte("colour = green\n"), 0); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err == nil || !strings.Contains(err.Error(), `unrecognized configuration parameter "colour"`) {
		t.Errorf("error %v, want one that names the wrong setting", err)
	}
}

// With two standbys one of them is enough, and none is not.
func TestPostgresCommitsWaitForAStandbyThatCanTakeOver(t *testing.T) {
	long(t)
	p := startPostgres(t, nil)
	first := startStandby(t, p)
	second := startStandby(t, p)
	db := openPostgres(t, p.DSN())
	mustExec(t, db, "CREATE TABLE numbers (n INT)")
	mustExec(t, db, "INSERT INTO numbers VALUES (1)")
	if err := first.Kill(); err != nil {
		t.Fatal(err)
	}
	mustExec(t, db, "INSERT INTO numbers VALUES (2)")
	if err := second.Kill(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	if _, err := db.ExecContext(ctx, "INSERT INTO numbers VALUES (3)"); err == nil {
		t.Error("a commit was acknowledged while no standby was there")
	}
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	mustExec(t, db, "INSERT INTO numbers VALUES (4)")

	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := second.Promote(); err != nil {
		t.Fatal(err)
	}
	all := openPostgres(t, engine.ReadWriteDSN(p, first, second))
	mustExec(t, all, "INSERT INTO numbers VALUES (5)")
	expectNumbers(t, all, map[int]bool{1: true, 2: true, 4: true, 5: true})
	expectNumbers(t, openPostgres(t, second.DSN()), map[int]bool{5: true})
}

func startStandby(t testing.TB, p *engine.Postgres) *engine.Postgres {
	t.Helper()
	standby, err := p.StartStandby(t.TempDir())
	engine.Require(t, "postgres", err)
	stopped(t, standby)
	return standby
}
