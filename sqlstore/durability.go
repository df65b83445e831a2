package sqlstore

import (
	"context"
	"fmt"
	"strings"
)

// CheckDurability reads how the database is set and says in a sentence each what that lacks, so that what is acknowledged
// may be undone later: a revoked token would work again. No sentence means that nothing is missing as far as the database
// tells. Call it when the host starts, and log what it says.
//
// It sees the settings of one connection, which the host's data source name may have changed. It does not see the disk, what
// a fail-over is going to do, nor whether a pooler stands between.
func (s *Store) CheckDurability(ctx context.Context) (missing []string, err error) {
	err = s.patiently(ctx, func() error {
		missing, err = s.dialect.durability(ctx, s.db)
		return err
	})
	if err != nil {
		return nil, failed("check durability", err)
	}
	return missing, nil
}

// settings are what a database is set to, by name in lower case. What it does not know is missing.
type settings map[string]string

// readSettings reads a query that answers names and values.
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

// without says for each of the settings that is known and is none of the good values what follows from that.
func (s settings) without(wants []wanted) (missing []string) {
	for _, w := range wants {
		value, known := s[w.name]
		if known && !strings.Contains(" "+w.values+" ", " "+value+" ") {
			missing = append(missing, fmt.Sprintf("%s is %s: %s", w.name, value, w.otherwise))
		}
	}
	return missing
}

// wanted is a setting, the values that will do, with spaces between them, and what follows from any other.
type wanted struct{ name, values, otherwise string }

func sqliteDurability(ctx context.Context, db querier) ([]string, error) {
	found, err := readSettings(ctx, db, `
SELECT 'synchronous', CAST(synchronous AS TEXT) FROM pragma_synchronous
UNION ALL
SELECT 'journal_mode', journal_mode FROM pragma_journal_mode`)
	if err != nil {
		return nil, err
	}
	return found.without([]wanted{
		{"synchronous", "2 3", "a power failure may undo what was acknowledged last; set it to FULL"},
		{"journal_mode", "wal delete truncate persist", "a crash may destroy the database; set it to WAL"},
	}), nil
}

func postgresDurability(ctx context.Context, db querier) ([]string, error) {
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
	missing := found.without([]wanted{
		{"in_recovery", "false", "this is a standby; connect to the primary"},
		{"fsync", "on", "a power failure may destroy the database; set it to on"},
		{"full_page_writes", "on", "a power failure may destroy the database; set it to on"},
		{"synchronous_commit", "on local remote_write remote_apply",
			"a crash may undo what was acknowledged last; set it to on"},
	})
	switch {
	case found["synchronous_standby_names"] != "":
		missing = append(missing, found.without([]wanted{{"synchronous_commit", "off on remote_apply",
			"a fail-over may undo what was acknowledged last; set it to on or remote_apply"}})...)
	case found["standbys"] != "0":
		missing = append(missing, "synchronous_standby_names is empty while standbys are connected: "+
			"a fail-over to one of them may undo what was acknowledged last; name those that may take over")
	}
	return missing, nil
}

func mysqlDurability(ctx context.Context, db querier) ([]string, error) {
	found, err := readSettings(ctx, db, `
SHOW VARIABLES WHERE variable_name IN (
	'innodb_flush_log_at_trx_commit', 'innodb_doublewrite', 'log_bin', 'sync_binlog', 'binlog_format',
	'wsrep_on', 'wsrep_sync_wait', 'wsrep_provider_options'
)`)
	if err != nil {
		return nil, err
	}
	missing := found.without([]wanted{
		{"innodb_flush_log_at_trx_commit", "1", "a crash may undo what was acknowledged last; set it to 1"},
		{"innodb_doublewrite", "on 1 detect_and_recover", "a power failure may destroy the database; set it to ON"},
	})
	if found["log_bin"] == "on" {
		missing = append(missing, found.without([]wanted{
			{"sync_binlog", "1", "a power failure may undo what was acknowledged last; set it to 1"},
			{"binlog_format", "row mixed", "transactions that are READ COMMITTED are refused; set it to ROW"},
		})...)
	}
	if found["wsrep_on"] != "on" {
		return missing, nil
	}
	return append(missing, found.galera()...), nil
}

// galera is what a node of a Galera cluster lacks.
func (s settings) galera() (missing []string) {
	// The value is a sum, in which 1 stands for waiting before a read.
	missing = s.without([]wanted{{"wsrep_sync_wait", "1 3 5 7 9 11 13 15",
		"a revocation on one node is seen late on the others; set it to 1 in the data source name"}})
	for option := range strings.SplitSeq(s["wsrep_provider_options"], ";") {
		name, value, _ := strings.Cut(option, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if (name == "pc.ignore_quorum" || name == "pc.ignore_sb") && value != "false" && value != "no" && value != "0" {
			missing = append(missing, fmt.Sprintf("%s is %s: nodes that have lost each other go on separately; set it to false", name, value))
		}
	}
	return missing
}
