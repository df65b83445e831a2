package sqlstore

import (
	"context"
	"fmt"
	"strings"
)

// CheckDurability returns a sentence for each setting of the database that may undo acknowledged writes later, so that a
// revoked token would work again. An empty result means that the settings are sufficient as far as the database reports
// them. Call it when the host starts, and log the sentences.
//
// It reads the settings of one connection, which the host's data source name may have changed. It cannot examine the disk, a
// future fail-over, or a pooler in between.
func (s *Store) CheckDurability(ctx context.Context) (missing []string, err error) {
	err = s.retry(ctx, func() error {
		missing, err = s.dialect.checkDurability(ctx, s.pool)
		return err
	})
	if err != nil {
		return nil, failed("check durability", err)
	}
	return missing, nil
}

// settings are the settings of a database, by name in lower case, without those that it does not know.
type settings map[string]string

// readSettings runs a query that returns names and values.
func readSettings(ctx context.Context, db querier, query string) (settings, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	all, err := scanAll(rows, func(pair *[2]string) []any { return []any{&pair[0], &pair[1]} })
	if err != nil {
		return nil, err
	}
	found := settings{}
	for _, pair := range all {
		found[strings.ToLower(pair[0])] = strings.ToLower(pair[1])
	}
	return found, nil
}

// violations returns a sentence for each setting that is known and has none of the required values.
func (s settings) violations(required []requirement) (missing []string) {
	for _, r := range required {
		value, known := s[r.name]
		if known && !strings.Contains(" "+r.values+" ", " "+value+" ") {
			missing = append(missing, fmt.Sprintf("%s is %s: %s", r.name, value, r.otherwise))
		}
	}
	return missing
}

// requirement is a setting, its sufficient values, separated by spaces, and the consequence of any other value.
type requirement struct{ name, values, otherwise string }

func checkSQLiteDurability(ctx context.Context, db querier) ([]string, error) {
	found, err := readSettings(ctx, db, `
SELECT 'synchronous', CAST(synchronous AS TEXT) FROM pragma_synchronous
UNION ALL
SELECT 'journal_mode', journal_mode FROM pragma_journal_mode`)
	if err != nil {
		return nil, err
	}
	return found.violations([]requirement{
		{"synchronous", "2 3", "a power failure may undo the last acknowledged writes; set it to FULL"},
		{"journal_mode", "wal delete truncate persist", "a crash may destroy the database; set it to WAL"},
	}), nil
}

func checkPostgreSQLDurability(ctx context.Context, db querier) ([]string, error) {
	found, err := readSettings(ctx, db, `
SELECT name, setting FROM pg_settings
WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'synchronous_standby_names')
UNION ALL
SELECT 'in_recovery', pg_is_in_recovery()::text
UNION ALL
SELECT 'standbys', count(*)::text FROM pg_stat_replication`)
	if err != nil {
		return nil, err
	}
	missing := found.violations([]requirement{
		{"in_recovery", "false", "this is a standby; connect to the primary"},
		{"fsync", "on", "a power failure may destroy the database; set it to on"},
		{"full_page_writes", "on", "a power failure may destroy the database; set it to on"},
		{"synchronous_commit", "on local remote_write remote_apply",
			"a crash may undo the last acknowledged writes; set it to on"},
	})
	switch {
	case found["synchronous_standby_names"] != "":
		missing = append(missing, found.violations([]requirement{{"synchronous_commit", "off on remote_apply",
			"a fail-over may undo the last acknowledged writes; set it to on or remote_apply"}})...)
	case found["standbys"] != "0":
		missing = append(missing, "synchronous_standby_names is empty while standbys are connected: "+
			"a fail-over to one of them may undo the last acknowledged writes; name those that may take over")
	}
	return missing, nil
}

func checkMySQLDurability(ctx context.Context, db querier) ([]string, error) {
	found, err := readSettings(ctx, db, `
SHOW VARIABLES WHERE variable_name IN (
	'innodb_flush_log_at_trx_commit', 'innodb_doublewrite', 'log_bin', 'sync_binlog', 'binlog_format',
	'wsrep_on', 'wsrep_sync_wait', 'wsrep_provider_options'
)`)
	if err != nil {
		return nil, err
	}
	missing := found.violations([]requirement{
		{"innodb_flush_log_at_trx_commit", "1", "a crash may undo the last acknowledged writes; set it to 1"},
		{"innodb_doublewrite", "on 1 detect_and_recover", "a power failure may destroy the database; set it to ON"},
	})
	if found["log_bin"] == "on" {
		missing = append(missing, found.violations([]requirement{
			{"sync_binlog", "1", "a power failure may undo the last acknowledged writes; set it to 1"},
			{"binlog_format", "row mixed", "transactions that are READ COMMITTED are refused; set it to ROW"},
		})...)
	}
	if found["wsrep_on"] != "on" {
		return missing, nil
	}
	return append(missing, found.galeraViolations()...), nil
}

// galeraViolations returns a sentence for each setting that a node of a Galera cluster lacks.
func (s settings) galeraViolations() (missing []string) {
	// The value is a bit mask; bit 1 makes a read wait.
	missing = s.violations([]requirement{{"wsrep_sync_wait", "1 3 5 7 9 11 13 15",
		"a revocation on one node is seen late on the others; set it to 1 in the data source name"}})
	for option := range strings.SplitSeq(s["wsrep_provider_options"], ";") {
		name, value, _ := strings.Cut(option, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if (name == "pc.ignore_quorum" || name == "pc.ignore_sb") && value != "false" && value != "no" && value != "0" {
			missing = append(missing, fmt.Sprintf("%s is %s: disconnected nodes continue separately; set it to false", name, value))
		}
	}
	return missing
}
