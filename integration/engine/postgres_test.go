package engine_test

import (
	"os"
	"strings"
	"testing"

	"github.com/seed-d6cf0a46/apitoken/integration/engine"
)

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
	must(t, p.Stop())
	must(t, os.WriteFile(settings, []byte("colour = green\n"), 0))
	if err := p.Start(); err == nil || !strings.Contains(err.Error(), `unrecognized configuration parameter "colour"`) {
		t.Errorf("error %v, want one that names the wrong setting", err)
	}
}
