package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"

	_ "modernc.org/sqlite" // the driver is the host's choice; the library imports none
)

// dsn is what package sqlstore recommends for this driver, and why: go doc github.com/seed-d6cf0a46/apitoken/sqlstore
const dsn = "file:%s?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_pragma=foreign_keys(ON)&_txlock=immediate"

func openDatabase(ctx context.Context, path string) (*sql.DB, error) {
	// SQLite would make the file readable for everybody on this computer.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", fmt.Sprintf(dsn, (&url.URL{Path: path}).EscapedPath()))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return db, nil
}
